"""Origins of a commit that continues another: an amend, a squash, a pick, a merge.

Apart from `declared`, so that a plain commit does not pay for importing it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from earmark.commit.situation import Situation
from earmark.git import history
from earmark.git import notes as git_notes
from earmark.git.changes import FileChange, commit_changes
from earmark.git.history import Commit
from earmark.git.objects import Objects
from earmark.git.repository import Repository
from earmark.origin import notes, settle
from earmark.origin.commit_origins import derive
from earmark.origin.digest import digest
from earmark.origin.ledger import Ledger
from earmark.origin.model import Change
from earmark.trailers.message import blocks


def change(
    repo: Repository, ledger: Ledger, objects: Objects, situation: Situation, pairs: Sequence[FileChange]
) -> tuple[Change, str]:
    """The origins of the staged change (`pairs`) against the first parent, and the source commit that cannot be
    explained, or empty."""
    if situation.sources and not os.path.isdir(os.path.join(repo.git_dir, "rebase-merge")):
        settle.settle(repo, ledger)
    priors, unexplained = _priors(repo, ledger, objects, situation.sources)
    commit = Commit("", "", situation.parents, "", "", 0, "", "", 0, b"")
    return derive(repo, ledger, objects, commit, pairs, priors, True), unexplained


def _priors(
    repo: Repository, ledger: Ledger, objects: Objects, sources: Sequence[str]
) -> tuple[list[tuple[str, bytes]], str]:
    """The notes of `sources`, and the first of them whose declaration nothing here accounts for.

    In the middle of a rebase commits have no notes yet: one that the ledger accounts for exactly as it declares is
    as good as noted.
    """
    present = [id_ for id_ in sources if objects.info(id_) is not None]
    stored = git_notes.read(repo, notes.REF, present, objects=objects)
    pairs = commit_changes(repo, [id_ for id_ in present if id_ not in stored])
    unexplained = ""
    for commit in history.read(repo, list(pairs), objects=objects):
        change = derive(repo, ledger, objects, commit, pairs[commit.id], [], True)
        known = digest(change.files)
        if change.is_ai:
            stored[commit.id] = notes.format_note(notes.from_change(change, known))
        declared = blocks(commit.message)
        if declared and known not in [block.digest for block in declared]:
            unexplained = unexplained or commit.id
    return [(id_, stored[id_]) for id_ in present if id_ in stored], unexplained
