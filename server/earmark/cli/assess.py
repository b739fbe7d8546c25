"""`earmark assess [--json] [RANGE, --staged]`: the risk of commits or of the staged change, every term shown."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from earmark.cli.workspace import CannotTell, Workspace, display, guarded, workspace

if TYPE_CHECKING:
    from earmark.git.changes import FileChange
    from earmark.git.history import Commit
    from earmark.git.objects import Objects
    from earmark.origin.model import Change
    from earmark.risk.assess import Assessment, ChangedFile

# How far back churn and fixes are counted, in commits before the one that is judged.
_MEMORY = 400
_LARGEST = 2 << 20


def run(argv: list[str]) -> int:
    """Exit code 0, or 2 when there is nothing to judge."""
    return guarded("assess", _assess(argv))


def _assess(argv: list[str]) -> Iterator[int]:
    from argparse import ArgumentParser

    parser = ArgumentParser(prog="earmark assess", description="The risk of commits or of the staged change.")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--staged", action="store_true", help="what the next commit would do (the default)")
    parser.add_argument("range", nargs="?", metavar="RANGE", help="commits, as git rev-list takes them, or one commit")
    asked = parser.parse_args(argv)
    if asked.staged and asked.range:
        raise CannotTell("give a RANGE or --staged, not both")
    with workspace() as here:
        judged = list(_commits(here, asked.range) if asked.range else _staged(here))
    if asked.json:
        print(json.dumps({"commits": [_plain(commit, assessment) for commit, assessment in judged]}))
    else:
        for commit, assessment in judged:
            _show(commit, assessment)
    yield 0


def _staged(here: Workspace) -> Iterator[tuple[str, Assessment]]:
    from earmark.git.changes import staged_changes
    from earmark.git.objects import Objects
    from earmark.git.refs import head
    from earmark.origin import state

    change = state.staged(here.repo, here.ledger)
    with Objects(here.repo) as objects:
        past = _Past(here, head(here.repo).commit, objects)
        pairs = staged_changes(here.repo)
        yield "", _judge(here, objects, pairs, change, past.of(pairs, before=None))


def _commits(here: Workspace, asked: str) -> Iterator[tuple[str, Assessment]]:
    from earmark.git import history
    from earmark.git.changes import commit_changes
    from earmark.git.objects import Objects
    from earmark.origin import state

    with Objects(here.repo) as objects:
        alone = ".." not in asked and not asked.startswith("-")
        single = history.resolve(here.repo, asked) if alone else None
        if alone and single is None:
            raise CannotTell(f"{asked} names no commit here")
        chosen = [single] if single else [c.id for c in history.commits(here.repo, asked, objects=objects)]
        ids = [id_ for id_ in chosen if id_]
        changes = commit_changes(here.repo, ids)
        commits = history.read(here.repo, ids, objects=objects)
        past = _Past(here, commits[0].parent if commits else "", objects)
        for commit, change in zip(commits, state.commits(here.repo, here.ledger, ids), strict=True):
            pairs = changes[commit.id]
            yield commit.id, _judge(here, objects, pairs, change, past.of(pairs, before=commit))
            past.learn(commit, pairs)


class _Past:
    """Churn and fixes of paths, from commits before the one that is judged; grows as a range is walked."""

    def __init__(self, here: Workspace, tip: str, objects: Objects) -> None:
        from earmark.git import history
        from earmark.git.changes import commit_changes

        self.touched: Counter[str] = Counter()
        self.fixed: Counter[str] = Counter()
        self.authors: dict[str, Counter[str]] = {}
        if tip:
            earlier = history.commits(here.repo, f"--max-count={_MEMORY}", tip, objects=objects)
            changes = commit_changes(here.repo, [commit.id for commit in earlier])
            for commit in earlier:
                self.learn(commit, changes[commit.id])

    def learn(self, commit: Commit, pairs: Sequence[FileChange]) -> None:
        fix = is_fix(commit.message)
        for pair in pairs:
            self.touched[pair.path] += 1
            self.fixed[pair.path] += fix
            self.authors.setdefault(pair.path, Counter())[commit.author_email] += 1

    def of(self, pairs: Sequence[FileChange], *, before: Commit | None) -> Any:
        """The numbers for the files of one change."""
        from earmark.risk.assess import Context

        paths = [pair.old_path or pair.path for pair in pairs]
        alone = [p for p in paths if len(self.authors.get(p, ())) == 1 and self.touched[p] >= 5]
        mine = before.author_email if before is not None else ""
        return Context(
            churn=sum(self.touched[p] for p in paths),
            past_fixes=sum(self.fixed[p] for p in paths),
            concentrated=tuple(p for p in alone if mine not in self.authors[p]),
        )


def is_fix(message: bytes) -> bool:
    """Whether a commit says that it mends or takes back an earlier one."""
    title = message.split(b"\n", 1)[0].lower()
    return any(word in title for word in (b"fix", b"bug", b"revert", b"regression", b"crash", b"hotfix", b"broken"))


def _judge(here: Workspace, objects: Objects, pairs: Sequence[FileChange], change: Change, context: Any) -> Assessment:
    from earmark.risk.assess import judge
    from earmark.risk.rules import load_default

    files = [file for pair in pairs if (file := _file(objects, pair)) is not None]
    assessment, _, errors = judge(files, load_default(), context._replace(ai_lines=change.ai_lines + change.ai_removed))
    for error in errors:
        print(f"earmark assess: {display(error)}", file=sys.stderr)
    return assessment


def _file(objects: Objects, pair: FileChange) -> ChangedFile | None:
    from earmark.risk.assess import ChangedFile
    from earmark.text.diff import diff_lines, split_lines

    if any(mode not in ("", "100644", "100755") for mode in (pair.old_mode, pair.new_mode)):
        return None
    old, new = (objects.blob(pair.old) if pair.old else b""), (objects.blob(pair.new) if pair.new else b"")
    if b"\0" in old[:8000] or b"\0" in new[:8000] or max(len(old), len(new)) > _LARGEST:
        return None
    hunks = diff_lines(split_lines(old), split_lines(new))
    added = sum(h.new_end - h.new_start for h in hunks)
    removed = sum(h.old_end - h.old_start for h in hunks)
    return ChangedFile(pair.path, old, new, pair.old_path, added=added, removed=removed)


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
