"""Which rewritten commits declare something else than their note knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from earmark.git import history
from earmark.git.changes import FileChange, commit_changes
from earmark.git.objects import Objects
from earmark.git.repository import Repository
from earmark.text.diff import diff_lines, split_lines

_DIGEST = b"\nAI-Provenance: "


def suspects(repo: Repository, rewritten: Mapping[str, Sequence[str]]) -> list[str]:
    """Those of the new commits that declare a digest and do not add and remove the very lines of the one commit they
    repeat: only their declaration can have gone stale."""
    with Objects(repo) as objects:
        declared = [c.id for c in history.read(repo, list(rewritten), objects=objects) if _DIGEST in c.message]
        repeated = {new: rewritten[new][0] for new in declared if len(rewritten[new]) == 1}
        changes = commit_changes(repo, [*repeated, *repeated.values()])
        same = {new for new, old in repeated.items() if _same_lines(objects, changes[new], changes[old])}
    return [new for new in declared if new not in same]


def _same_lines(objects: Objects, new: Sequence[FileChange], old: Sequence[FileChange]) -> bool:
    if [(c.path, c.old_path) for c in new] != [(c.path, c.old_path) for c in old]:
        return False
    pairs = [(n, o) for n, o in zip(new, old, strict=True) if (n.old, n.new) != (o.old, o.new)]
    return all(_lines(objects, n) == _lines(objects, o) for n, o in pairs)


def _lines(objects: Objects, change: FileChange) -> tuple[list[bytes], list[bytes]]:
    """(lines removed, lines added) in file order."""
    before, after = split_lines(objects.blob(change.old)), split_lines(objects.blob(change.new))
    hunks = diff_lines(before, after)
    return (
        [line for hunk in hunks for line in before[hunk.old_start : hunk.old_end]],
        [line for hunk in hunks for line in after[hunk.new_start : hunk.new_end]],
    )


def find(repo: Repository, rewritten: Mapping[str, Sequence[str]]) -> list[str]:
    """Those of the new commits whose trailers hold another digest than their note, or one although all AI text that
    the old commits' notes knew is gone."""
    from earmark.git import notes as git_notes
    from earmark.origin import notes
    from earmark.origin.state import parsed
    from earmark.trailers.message import parse

    with Objects(repo) as objects:
        every = sorted({*rewritten, *(old for ids in rewritten.values() for old in ids)})
        stored = git_notes.read(repo, notes.REF, every, objects=objects)
        noted = [new for new, olds in rewritten.items() if any(id_ in stored for id_ in (new, *olds))]
        commits = history.read(repo, noted, objects=objects)
    found = []
    for commit in commits:
        declared = parse(commit.message).declared.digest
        note = parsed(stored.get(commit.id))
        known = notes.recorded_digest(note) if note else ""
        gone = commit.id not in stored and any(old in stored for old in rewritten[commit.id])
        if declared and (gone or (known and known != declared)):
            found.append(commit.id)
    return found
