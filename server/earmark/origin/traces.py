"""Taking other tools' traces into the notes of the commits they describe: only ever added to what is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from earmark.git import history
from earmark.git import notes as git_notes
from earmark.git.changes import FileChange, commit_changes
from earmark.git.history import Commit
from earmark.git.objects import Objects
from earmark.git.repository import Repository
from earmark.git.run import GitError
from earmark.origin import joined, notes, state
from earmark.origin.agent_trace import Trace, TraceError
from earmark.origin.digest import digest

_ATTEMPTS = 5


class Taken(NamedTuple):
    """Commits whose notes changed, AI lines taken in, and AI lines that were claimed but are not lines their commit
    added (older, or past the end of the file)."""

    commits: tuple[str, ...]
    lines: int
    elsewhere: int


def take(repo: Repository, traces: Sequence[Trace]) -> Taken:
    """Add what `traces` say to the notes, all of it or, with a `TraceError`, nothing.

    A note speaks of the lines its own commit added; a claim about any other line is counted and left out.
    """
    with Objects(repo) as objects:
        for trace in traces:
            info = objects.info(trace.revision)
            if info is None or info.kind != "commit":
                raise TraceError(f"{trace.where}: commit {trace.revision} is not in this repository; fetch it first")
        ids = list(dict.fromkeys(trace.revision for trace in traces))
        commits = {commit.id: commit for commit in history.read(repo, ids, objects=objects)}
        pairs = commit_changes(repo, ids)
        told: dict[str, bytes] = {}
        lines = 0
        for trace in traces:
            commit = commits[trace.revision]
            change = state.from_note(objects, commit, pairs[commit.id], trace.note)
            lines += change.ai_lines
            if change.is_ai or any(file.owners for file in change.files):
                raw = notes.format_note(notes.from_change(change, digest(change.files)))
                told[commit.id] = joined.join(told[commit.id], raw) if commit.id in told else raw
        changed = add(repo, objects, told, commits, pairs)
    return Taken(changed, lines, sum(trace.claimed for trace in traces) - lines)


def add(
    repo: Repository,
    objects: Objects,
    told: Mapping[str, bytes],
    commits: Mapping[str, Commit],
    pairs: Mapping[str, Sequence[FileChange]],
) -> tuple[str, ...]:
    """Join the notes `told` to those that are stored; returns the ids of the commits whose note changed."""
    for _ in range(_ATTEMPTS):
        tip = git_notes.tip(repo, notes.REF)
        stored = git_notes.read(repo, tip, list(told), objects=objects) if tip else {}
        fresh: dict[str, bytes | None] = {}
        for id_, raw in told.items():
            whole = joined.join(stored[id_], raw) if id_ in stored else raw
            if whole != stored.get(id_):
                fresh[id_] = joined.redigested(objects, commits[id_], pairs[id_], whole)
        try:
            if fresh:
                git_notes.write(repo, notes.REF, fresh, tip)
        except git_notes.NotesMoved:
            continue
        return tuple(fresh)
    raise GitError(f"{notes.REF} kept moving while notes were added; run it again")
