"""`earmark assess [--json] [RANGE, --staged]`: the risk of commits or of the staged change, every term shown.

`--index` only brings the index of who uses what up to date with HEAD: a server has it run where that takes long.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from earmark.cli.workspace import CannotTell, Workspace, display, guarded, workspace

if TYPE_CHECKING:
    from earmark.git.changes import FileChange
    from earmark.origin.model import Change
    from earmark.policy.background import Background
    from earmark.policy.dependents import Told
    from earmark.policy.model import Policy
    from earmark.risk.score import Assessment


def run(argv: list[str]) -> int:
    """Exit code 0, or 2 when there is nothing to judge."""
    return guarded("assess", _assess(argv))


def _assess(argv: list[str]) -> Iterator[int]:
    from argparse import ArgumentParser

    parser = ArgumentParser(prog="earmark assess", description="The risk of commits or of the staged change.")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--staged", action="store_true", help="what the next commit would do (the default)")
    parser.add_argument("range", nargs="?", metavar="RANGE", help="commits, as git rev-list takes them, or one commit")
    parser.add_argument("--index", action="store_true", help="only learn who uses what in HEAD, ahead of time")
    asked = parser.parse_args(argv)
    if asked.staged and asked.range:
        raise CannotTell("give a RANGE or --staged, not both")
    if asked.index:
        yield _index()
    with workspace() as here:
        judged = list(_commits(here, asked.range) if asked.range else _staged(here))
    if asked.json:
        print(json.dumps({"commits": [_plain(commit, assessment) for commit, assessment in judged]}))
    else:
        for commit, assessment in judged:
            _show(commit, assessment)
    yield 0


def _index() -> int:
    from earmark.git.objects import Objects
    from earmark.git.refs import head
    from earmark.policy.dependents import build
    from earmark.risk.symbols.index import IndexUnavailable

    with workspace(settle=False) as here, Objects(here.repo) as objects, _Progress() as told:
        tip = head(here.repo).commit
        try:
            if tip:
                build(here.repo, objects, tip, told)
        except IndexUnavailable as problem:
            raise CannotTell(str(problem)) from None
    return 0


def _staged(here: Workspace) -> Iterator[tuple[str, Assessment]]:
    import time

    from earmark.git import config
    from earmark.git.changes import staged_changes
    from earmark.git.objects import Objects
    from earmark.git.refs import head
    from earmark.origin import state
    from earmark.policy.background import background

    change = state.staged(here.repo, here.ledger)
    with Objects(here.repo) as objects, _Progress() as told:
        known = background(here.repo, objects, head(here.repo).commit, _policy(here))
        author = config.read(here.repo).get("user.email") or ""
        yield "", _judge(known, staged_changes(here.repo), change, author, int(time.time()), told)


def _commits(here: Workspace, asked: str) -> Iterator[tuple[str, Assessment]]:
    from earmark.git import history
    from earmark.git.changes import commit_changes
    from earmark.git.objects import Objects
    from earmark.origin import state
    from earmark.policy.background import background

    with Objects(here.repo) as objects, _Progress() as told:
        alone = ".." not in asked and not asked.startswith("-")
        single = history.resolve(here.repo, asked) if alone else None
        if alone and single is None:
            raise CannotTell(f"{asked} names no commit here")
        chosen = [single] if single else [c.id for c in history.commits(here.repo, asked, objects=objects)]
        ids = [id_ for id_ in chosen if id_]
        changes = commit_changes(here.repo, ids)
        commits = history.read(here.repo, ids, objects=objects)
        known = background(here.repo, objects, commits[0].parent if commits else "", _policy(here))
        for commit, change in zip(commits, state.commits(here.repo, here.ledger, ids), strict=True):
            pairs = changes[commit.id]
            before = known._replace(tip=commit.parent)
            yield commit.id, _judge(before, pairs, change, commit.author_email, commit.committer_time, told)
            known = known.after(commit, pairs)


def _policy(here: Workspace) -> Policy:
    """The policy on disk, for its production paths; what is wrong with it is `check`'s business."""
    from earmark.origin.seen import Refused, read_file
    from earmark.policy import load, model

    try:
        return load.parse(read_file(os.path.join(here.repo.top, model.FILE)))[0]
    except Refused:
        return model.DEFAULT


def _judge(
    known: Background, pairs: Sequence[FileChange], change: Change, author: str, when: int, told: Told
) -> Assessment:
    from earmark.policy.background import changed_files
    from earmark.policy.left_behind import with_callers
    from earmark.risk.assess import findings_of
    from earmark.risk.moved import without_moved
    from earmark.risk.rules import load_default
    from earmark.risk.score import assess

    files = changed_files(known.objects, pairs)
    found = [findings_of(file, load_default())._replace(context=known.packages(file, files)) for file in files]
    for error in (error for file in found for error in file.errors):
        print(f"earmark assess: {display(error)}", file=sys.stderr)
    context, users = known.of(files, author, when, told=told)
    found = with_callers(without_moved(files, found), users, load_default())
    return assess(files, found, context._replace(ai_lines=change.ai_lines + change.ai_removed))


class _Progress:
    """Says on a terminal how far the symbol index is, where that takes long enough to wonder."""

    _MANY = 400

    def __enter__(self) -> Told:
        return self._told

    def __exit__(self, *exc: object) -> None:
        return None

    def _told(self, done: int, total: int) -> bool:
        if total >= self._MANY and sys.stderr.isatty():
            print(f"\rlearning who uses what: {done} of {total} files", end="", file=sys.stderr, flush=True)
        return True


def _plain(commit: str, assessment: Assessment) -> dict[str, Any]:
    return {
        "commit": commit,
        "score": assessment.score,
        "level": assessment.level,
        "terms": [term._asdict() for term in assessment.terms],
    }


def _show(commit: str, assessment: Assessment) -> None:
    print(f"{commit[:12] or 'staged':14} {assessment.score:3}  {assessment.level}")
    for term in assessment.terms:
        lower = f"; to lower it: {term.lower}" if term.lower else ""
        print(f"    {term.value:5.1f}  {term.name:14} {display(term.evidence)}{display(lower)}")
