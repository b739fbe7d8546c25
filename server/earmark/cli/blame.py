"""`earmark blame [--json] PATH [REV]`: who wrote each line."""

from __future__ import annotations

import json
from collections.abc import Iterator

from earmark.cli.workspace import CannotTell, display, guarded, workspace


def run(argv: list[str]) -> int:
    """Exit code 0, or 2 when there is nothing to blame."""
    return guarded("blame", _blame(argv))


def _blame(argv: list[str]) -> Iterator[int]:
    from argparse import ArgumentParser

    parser = ArgumentParser(prog="earmark blame", description="Who wrote each line of a file: AI, human or unknown.")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("path")
    parser.add_argument("rev", nargs="?", help="a revision; without it the file on disk")
    asked = parser.parse_args(argv)
    from earmark.origin.blame import BlameError, blame

    with workspace() as (repo, ledger):
        path = _path(repo.top, asked.path)
        try:
            ranges = blame(repo, ledger, path, asked.rev)
        except BlameError as error:
            raise CannotTell(str(error)) from error
    if asked.json:
        print(json.dumps({"path": path, "revision": asked.rev or "", "ranges": [r._asdict() for r in ranges]}))
    else:
        for r in ranges:
            who = f"{r.kind} {r.tool}:{r.model} {r.session}" if r.kind == "ai" else r.kind
            print(f"{r.start:>6}-{r.end:<6} {display(who):50} {r.commit[:10] or 'not committed'}")
    yield 0


def _path(top: str, given: str) -> str:
    """The path relative to the top; it need not exist on disk, since a revision may know it."""
    import os

    path = os.path.relpath(
        os.path.join(os.path.realpath(os.path.dirname(os.path.abspath(given))), os.path.basename(given)), top
    )
    if path.startswith(".."):
        raise CannotTell(f"{display(given)} is outside the worktree {display(top)}")
    return path.replace(os.sep, "/")
