"""`earmark policy dry-run RANGE`: what the policy on disk would have refused of commits that exist."""

from __future__ import annotations

import json
import os
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING

from earmark.cli.workspace import CannotTell, Workspace, display, guarded, workspace

if TYPE_CHECKING:
    from earmark.gate.gather import Trust
    from earmark.gate.rehearse import Rehearsed


def run(argv: list[str]) -> int:
    """Exit code 0 whatever was found: nothing is judged for real; 2 when it cannot be told."""
    parser = ArgumentParser(prog="earmark policy", description="Try a policy before it is in force.")
    chosen = parser.add_subparsers(dest="do", required=True, metavar="dry-run")
    dry_run = chosen.add_parser("dry-run", help="judge each change of a range, as for a merge, by the policy on disk")
    dry_run.add_argument("range", help="A..B, along first parents")
    dry_run.add_argument("--policy", metavar="FILE", help="this policy instead of .earmark.toml")
    dry_run.add_argument("--base-policy", metavar="FILE", help="the organisation's policy")
    dry_run.add_argument("--json", action="store_true", help="print one JSON object")
    return guarded("policy dry-run", _dry_run(parser.parse_args(argv)))


def _dry_run(asked: Namespace) -> Iterator[int]:
    from earmark.gate.facts import CannotTell as MissingFact
    from earmark.gate.rehearse import rehearse

    if ".." not in asked.range:
        raise CannotTell(f"{display(asked.range)} is no range; say A..B")
    try:
        with workspace() as here:
            found = list(rehearse(here.repo, here.ledger, asked.range, _trust(here, asked)))
    except MissingFact as error:
        raise CannotTell(str(error)) from error
    refused = [one for one in found if not one.verdict.ok]
    if asked.json:
        print(json.dumps({"checked": len(found), "refused": [_as_json(one) for one in refused]}))
    else:
        for one in refused:
            print(_line(one))
        print(f"{len(refused)} of {len(found)} changes would have been refused")
    yield 0


def _trust(here: Workspace, asked: Namespace) -> Trust:
    from earmark.gate.gather import Trust, base_policy
    from earmark.git.worktree import read_file
    from earmark.policy import load, model

    if asked.policy:
        try:
            with open(asked.policy, "rb") as stream:
                text = stream.read(load.MAX_BYTES + 1)
        except OSError as error:
            raise CannotTell(f"the policy {display(asked.policy)} cannot be read: {error.strerror}") from error
    else:
        text = read_file(here.repo, model.FILE, load.MAX_BYTES) or b""
    policy, problems = load.parse(text)
    if problems:
        first = problems[0]
        raise CannotTell(f"the policy is broken at line {first.line}: {first.message}; correct it first")
    return Trust(base_policy(asked.base_policy, os.environ), instead=policy)


def _line(one: Rehearsed) -> str:
    codes: dict[str, int] = {}
    for violation in one.verdict.violations:
        codes[violation.code] = codes.get(violation.code, 0) + 1
    told = ", ".join(f"{code} ×{count}" if count > 1 else code for code, count in codes.items())
    return f"{one.commit[:10]}  {display(one.title[:60])}: {told}"


def _as_json(one: Rehearsed) -> dict[str, object]:
    violations = [violation._asdict() for violation in one.verdict.violations]
    return {"commit": one.commit, "title": one.title, "violations": violations}
