"""Which rewritten commits declare something else than their note knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from earmark.git import history
from earmark.git import notes as git_notes
from earmark.git.repository import Repository
from earmark.origin import notes
from earmark.origin.state import parsed
from earmark.trailers.message import parse


def commits(repo: Repository, rewritten: Mapping[str, Sequence[str]]) -> list[str]:
    """Those of the new commits whose trailers hold another digest than their note, or one although all AI text that
    the old commits' notes knew is gone."""
    stored = git_notes.read(repo, notes.REF, sorted({*rewritten, *(old for ids in rewritten.values() for old in ids)}))
    found = []
    for commit in history.read(repo, list(rewritten)):
        declared = parse(commit.message).declared.digest
        note = parsed(stored.get(commit.id))
        known = notes.recorded_digest(note) if note else ""
        gone = commit.id not in stored and any(old in stored for old in rewritten[commit.id])
        if declared and (gone or (known and known != declared)):
            found.append(commit.id)
    return found
