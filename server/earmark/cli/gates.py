"""`earmark gates export [TARGET…]` and `earmark gates explain [RANGE]`: the gates a team has beside this one."""

from __future__ import annotations

import json
import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING

from earmark.cli.workspace import CannotTell, Workspace, display, guarded, workspace

if TYPE_CHECKING:
    from earmark.gate.export.artifact import Artifact
    from earmark.gate.neighbours.model import Finding
    from earmark.policy.model import Policy


def run(argv: list[str]) -> int:
    """Exit code 0; 1 when `explain` found a gate that will refuse; 2 when something cannot be told."""
    asked = _parser().parse_args(argv)
    return guarded(f"gates {asked.do}", _export(asked) if asked.do == "export" else _explain(asked))


def _parser() -> ArgumentParser:
    from earmark.gate.export.targets import TARGETS

    parser = ArgumentParser(prog="earmark gates", description="Configure other gates, and know what they will say.")
    chosen = parser.add_subparsers(dest="do", required=True, metavar="export|explain")
    export = chosen.add_parser("export", help="write configuration for other gates, generated from the policy")
    export.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(TARGETS)}; all without")
    export.add_argument("--output", metavar="FOLDER", help="write the files below FOLDER; existing ones are kept")
    export.add_argument("--base-policy", metavar="FILE", help="the organisation's policy")
    export.add_argument("--json", action="store_true", help="print one JSON object")
    explain = chosen.add_parser("explain", help="which gate configured here would refuse this change, and why")
    explain.add_argument("range", nargs="?", help="A..B, or a commit; the staged change without")
    explain.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def _export(asked: Namespace) -> Iterator[int]:
    from earmark.gate.export.targets import TARGETS, export

    unknown = [name for name in asked.targets if name not in TARGETS]
    if unknown:
        raise CannotTell(f"no target {unknown[0]}; known: {', '.join(TARGETS)}")
    with workspace(settle=False) as here:
        files = export(_policy(here, asked.base_policy), asked.targets)
    if asked.output:
        _write(asked.output, files)
    if asked.json:
        print(json.dumps({"files": [file._asdict() for file in files]}))
    elif not asked.output:
        for file in files:
            sys.stdout.write(f"## {file.path}: {file.use}\n{file.text}\n")
    yield 0


def _policy(here: Workspace, base: str | None) -> Policy:
    """The policy on disk, tightened by the organisation's. A gate is not generated from a file that is broken."""
    from earmark.gate import gather
    from earmark.gate.facts import CannotTell as MissingFact
    from earmark.git.worktree import read_file
    from earmark.policy import load, merge, model

    policy, problems = load.parse(read_file(here.repo, model.FILE, load.MAX_BYTES) or b"")
    try:
        outside = gather.base_policy(base, os.environ)
    except MissingFact as error:
        raise CannotTell(str(error)) from error
    if outside is not None:
        above, wrong = load.parse(outside)
        problems += wrong
        policy = merge.merge_base(above, policy)
    if problems:
        first = problems[0]
        raise CannotTell(f"the policy is broken at line {first.line}: {first.message}; correct it first")
    return policy


def _write(folder: str, files: tuple[Artifact, ...]) -> None:
    """Every file or none: what is there already belongs to somebody."""
    paths = [os.path.join(folder, *file.path.split("/")) for file in files]
    there = [path for path in paths if os.path.lexists(path)]
    if there:
        raise CannotTell(f"{display(there[0])} exists; merge by hand, or name another folder")
    for path, file in zip(paths, files, strict=True):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "x", encoding="utf-8", newline="\n") as stream:
            stream.write(file.text)
        if file.executable:
            os.chmod(path, 0o755)  # noqa: S103  (a hook of a server is run by other users than its owner)
        print(f"{display(path)}: {file.use}", file=sys.stderr)


def _explain(asked: Namespace) -> Iterator[int]:
    from earmark.gate.facts import CannotTell as MissingFact
    from earmark.gate.neighbours.read import explain

    try:
        with workspace() as here:
            findings = explain(here.repo, here.ledger, asked.range, os.environ)
    except MissingFact as error:
        raise CannotTell(str(error)) from error
    if asked.json:
        print(json.dumps({"gates": [finding._asdict() for finding in findings]}))
    else:
        print("\n".join(map(_line, findings)) or "no other gate is configured in this repository")
    yield 1 if any(finding.verdict == "refuses" for finding in findings) else 0


def _line(finding: Finding) -> str:
    place = f"{finding.path}:{finding.line}" if finding.line else finding.path
    fix = f"; {display(finding.fix)}" if finding.fix else ""
    return f"{finding.verdict:8} {finding.gate} ({display(place)}): {display(finding.message)}{fix}"
