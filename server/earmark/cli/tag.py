"""`earmark tag [--dry-run] [MESSAGE-FILE]` and `earmark tag RANGE [--force]`: compute and write the declaration."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator

from earmark.cli.workspace import CannotTell, Workspace, audited, display, guarded, workspace


def run(argv: list[str]) -> int:
    """Exit code 0; 2 when there is nothing to work on or a rewrite is not possible."""
    return guarded("tag", _tag(_parser().parse_args(argv)))


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="earmark tag",
        description="The declaration of the staged change: written into a message file, or kept for the next commit. "
        "With a range: written into the messages of commits that are not pushed yet.",
    )
    parser.add_argument("what", nargs="?", metavar="MESSAGE-FILE|RANGE", help="a file, or A..B, or A for A..HEAD")
    parser.add_argument("--dry-run", action="store_true", help="print the block and change nothing")
    parser.add_argument("--force", action="store_true", help="rewrite commits that are pushed already, too")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def _tag(asked: Namespace) -> Iterator[int]:
    from earmark.commit.rewrite import CannotRewrite
    from earmark.gate.facts import CannotTell as MissingFact

    try:
        with workspace(create=True, settle=False) as here:
            if asked.what and not os.path.isfile(asked.what):
                yield _range(here, asked)
            else:
                yield _staged(here, asked)
    except (CannotRewrite, MissingFact) as error:
        raise CannotTell(str(error)) from error


def _staged(here: Workspace, asked: Namespace) -> int:
    from earmark.commit import tag

    found = tag.staged(here.repo, here.ledger, os.environ, asked.what or "")
    for problem in found.problems:
        print(f"earmark tag: {display(problem)}", file=sys.stderr)
    if asked.what and not asked.dry_run and not tag.write(here.repo, found, asked.what):
        raise CannotTell(f"{asked.what} has no text yet; write the message first, an empty one must stay empty")
    if found.block and not asked.dry_run:
        audited(here, "tagged", "", {"block": found.block.splitlines(), "fingerprint": found.fingerprint})
    if asked.json:
        import json

        print(json.dumps({"block": found.block, "summary": found.summary}))
    elif not asked.what or asked.dry_run:
        sys.stdout.write(found.block)
    if found.block and not asked.what and not asked.dry_run:
        tag.keep(here.repo, found)
        if not tag.installed(here.repo):
            hint = "no hook is here to write this; run `earmark init --git-hooks`, or name the message file"
            print(f"earmark tag: {hint}", file=sys.stderr)
    return 0


def _range(here: Workspace, asked: Namespace) -> int:
    from earmark.commit import tag

    chosen = tag.select(here.repo, asked.what, force=asked.force)
    entries = tag.retag(here.repo, here.ledger, chosen, os.environ, dry_run=asked.dry_run)
    moved = {entry.old: entry.new for entry in entries if entry.old != entry.new}
    if moved and not asked.dry_run:
        audited(here, "tagged", "forced" if asked.force else "", {"ref": chosen.ref, "commits": moved})
    if asked.json:
        import json

        print(json.dumps({"ref": chosen.ref, "commits": [entry._asdict() for entry in entries]}))
        return 0
    for entry in entries:
        if entry.old == entry.new:
            continue
        print(f"{entry.old[:10]} -> {entry.new[:10] or 'would change'}  {display(entry.title)}")
        if asked.dry_run:
            print("".join(f"    {line}\n" for line in entry.block.splitlines()), end="")
    print(tag.summary(entries) + (", had this not been a dry run" if asked.dry_run else ""))
    return 0
