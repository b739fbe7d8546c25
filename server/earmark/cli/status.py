"""`earmark status [--json] [--audit]`: origins of the worktree and of the staged change, risk, open obligations."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from earmark.cli.workspace import Workspace, display, guarded, workspace

if TYPE_CHECKING:
    from earmark.git.changes import FileChange
    from earmark.origin.model import Change, FileOrigins
    from earmark.policy.assessed import Assessed
    from earmark.policy.model import Policy
    from earmark.policy.obligations import Obligation


def run(argv: list[str]) -> int:
    """Exit code 0, or 2 when the state cannot be told."""
    return guarded("status", _status(argv))


def _status(argv: list[str]) -> Iterator[int]:
    from argparse import ArgumentParser

    parser = ArgumentParser(prog="earmark status", description="Origins, risk and open obligations of this change.")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--audit", action="store_true", help="print the audit table instead")
    asked = parser.parse_args(argv)
    with workspace() as here:
        told = _audit(here) if asked.audit else _state(here)
    if asked.json:
        print(json.dumps(told))
    elif asked.audit:
        for row in told["audit"]:
            print(f"{_when(row['at'])}  {display(row['who'])}  {display(row['what'])}  {display(row['why'])}".rstrip())
        print(f"head: {told['head'] or 'none'}; {_summed_up(told)}")
    else:
        _print(told)
    yield 0


def _audit(here: Workspace) -> dict[str, Any]:
    """The rows, the head of their chain, whether each row's digest still follows from the row before, and whether the
    notes that were anchored in this chain still are."""
    from earmark.origin import audit

    rows = here.ledger.audit_rows()
    notes = audit.anchored(here.repo, rows)
    return {
        "audit": [row._asdict() for row in rows],
        "head": rows[-1].head if rows else "",
        "unbroken": audit.unbroken(rows) and not notes.lost,
        "notes": notes.agree,
        "lost": list(notes.lost),
    }


def _summed_up(told: dict[str, Any]) -> str:
    if told["lost"]:
        return f"BROKEN: rows are gone that the notes of {len(told['lost'])} commits rest on"
    if not told["unbroken"]:
        return "BROKEN: a row was changed"
    return f"unbroken; {told['notes']} notes rest on it"


def _when(seconds: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(seconds))


def _state(here: Workspace) -> dict[str, Any]:
    from earmark.git import refs
    from earmark.git.changes import staged_changes, worktree_changes
    from earmark.origin import state

    repo, ledger = here
    staged, worktree = state.staged(repo, ledger), state.worktree(repo, ledger)
    staged_pairs, pairs = staged_changes(repo), worktree_changes(repo)
    policy, problems = _policy(here)
    risk = _assessed(here, worktree, pairs, policy)
    files = [_file(f, pair.path, staged=True) for pair in staged_pairs if (f := _of(staged, pair.path)) is not None] + [
        _file(f, pair.path, staged=False)
        for pair in pairs
        if (f := _of(worktree, pair.path)) is not None and f != _of(staged, pair.path)
    ]
    return {
        "head": refs.head(repo).commit,
        "files": files,
        "risk": risk.whole.level if worktree.is_ai else "",
        "score": risk.whole.score if worktree.is_ai else 0,
        "findings": [
            {"path": found.path, "rule": f.rule, "severity": f.severity, "message": f.message, "detail": f.detail}
            for found in risk.files
            for f in found.all
        ],
        "obligations": [
            {"code": o.code, "message": o.message, "met": o.met, "policy": o.where, "fix": o.fix}
            for o in _obligations(worktree, risk, policy, [pair.path for pair in pairs])
        ],
        "candidates": [{"path": path, "reason": reason} for path, reason in dict(ledger.candidates()).items()],
        "problems": [*problems, *risk.errors],
    }


def _policy(here: Workspace) -> tuple[Policy, list[str]]:
    """The policy that the gate will read, what is wrong with it, and with the one on disk where that is another."""
    from earmark.commit.declared import policy_of
    from earmark.git.objects import Objects
    from earmark.origin.seen import Refused, read_file
    from earmark.policy import load, model

    with Objects(here.repo) as objects:
        policy, problems = policy_of(here.repo, objects, os.environ)
    try:
        raw = read_file(os.path.join(here.repo.top, model.FILE))
    except Refused as error:
        return policy, [*problems, f"{model.FILE}: {error}"]
    if raw == policy.text:
        return policy, problems
    wrong = [f"{model.FILE} line {p.line}: {p.message}" for p in load.parse(raw)[1]]
    other = f"{model.FILE} on disk is not the one the gate reads; it counts once it is on the branch this goes to"
    return policy, [*problems, *wrong, other]


def _assessed(here: Workspace, change: Change, pairs: tuple[FileChange, ...], policy: Policy) -> Assessed:
    from earmark.git.objects import Objects
    from earmark.origin.seen import Refused, read_file
    from earmark.policy.assessed import assessed

    with Objects(here.repo) as objects:

        def read(pair: FileChange) -> tuple[bytes, bytes]:
            try:
                return objects.blob(pair.old), read_file(os.path.join(here.repo.top, pair.path))
            except Refused:
                return b"", b""

        return assessed(here.ledger, change, pairs, read, policy)


def _obligations(change: Change, risk: Assessed, policy: Policy, touched: list[str]) -> tuple[Obligation, ...]:
    from earmark.policy.obligations import State, obligations

    now = State(touched=tuple(touched), now=int(time.time()))
    return obligations(policy, [change], risk.whole.level if change.is_ai else "", now)


def _of(change: Change, path: str) -> FileOrigins | None:
    return next((file for file in change.files if file.path == path), None)


def _file(file: FileOrigins, path: str, *, staged: bool) -> dict[str, Any]:
    return {
        "path": path,
        "staged": staged,
        "ai_lines": file.ai_lines,
        "ai_removed": file.ai_removed,
        "human_lines": file.human_lines,
        "unknown_lines": file.unknown_lines,
        "sessions": list(file.sessions),
    }


def _print(told: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, markup=False)
    if not told["files"]:
        console.print("nothing changed")
    else:
        table = Table(
            "file", "", "AI", "removed by AI", "human", "unknown", box=None, header_style="dim", pad_edge=False
        )
        for file in told["files"]:
            counts = [str(file[name]) for name in ("ai_lines", "ai_removed", "human_lines", "unknown_lines")]
            table.add_row(display(file["path"]), "staged" if file["staged"] else "", *counts)
        console.print(table)
    if told["risk"]:
        console.print(f"risk: {told['risk']} ({told['score']} of 100); `earmark assess` shows every term")
    for finding in told["findings"]:
        console.print(f"  {finding['severity']:8} {display(finding['path'])}: {display(finding['message'])}")
    for item in told["obligations"]:
        fix = f"; {display(item['fix'])}" if item["fix"] and not item["met"] else ""
        console.print(f"  {'met ' if item['met'] else 'open'} {display(item['message'])}{fix}")
    for item in told["candidates"]:
        console.print(f"  ?    {display(item['path'])}: {display(item['reason'])}")
    for problem in told["problems"]:
        print(f"earmark status: {display(problem)}", file=sys.stderr)
