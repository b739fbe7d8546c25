"""Which rewritten commits declare something else than their note knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from earmark.git import history
from earmark.git import notes as git_notes
from earmark.git.objects import Objects
from earmark.git.repository import Repository
from earmark.origin import notes
from earmark.origin.state import parsed
from earmark.trailers.message import parse


def find(repo: Repository, rewritten: Mapping[str, Sequence[str]]) -> list[str]:
    """Those of the new commits whose trailers hold another digest than their note, or one although all AI text that
    the old commits' notes knew is gone."""
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
