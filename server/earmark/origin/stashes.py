"""What assistants wrote in stashed text, kept until the stash is taken back.

A stash that is popped onto a file which changed meanwhile gives a content that nobody has ever seen, and its entry is
gone by then. So each stash is looked at while it exists: which lines it added, and what the ledger knew of them. Such a
line gets its owner back when it arrives together with all other lines that the stash added to the file.

git runs no hook for a stash; it is noticed at the next record, read or look of the server. One that came and went
unseen leaves its text unknown.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from earmark.git.changes import FileChange, commit_changes
from earmark.git.history import read
from earmark.git.objects import Objects
from earmark.git.repository import Repository
from earmark.origin import lookup
from earmark.origin.ledger import Ledger
from earmark.origin.seen import LARGEST, Refused, read_file
from earmark.origin.stashed import MARK, Files, Stashed, laid_over, log_file, log_mark, remember, remembered
from earmark.text.diff import diff_lines, split_lines

_MOST = 20


def notice(repo: Repository, ledger: Ledger) -> None:
    """Take in which stashes have come and gone since last time; one `stat` when none has."""
    mark = log_mark(repo)
    if ledger.in_memory or mark == ledger.meta(MARK):
        return
    present, known = _entries(repo), remembered(ledger)
    fresh = [id_ for id_ in present if id_ not in known]
    found = _looked_at(repo, ledger, fresh) if fresh else {}
    with ledger.transaction():
        remember(ledger, {id_: known.get(id_) or found.get(id_, {}) for id_ in present})
        ledger.set_meta(MARK, mark)
        for id_ in known.keys() - set(present):
            _take_back(repo, ledger, known[id_])


def _entries(repo: Repository) -> list[str]:
    """The commits of the stashes there are, the newest ones, oldest first."""
    try:
        with open(log_file(repo), "rb") as file:
            lines = file.read().splitlines()[-_MOST:]
    except OSError:
        return []
    return [fields[1].decode("ascii", "replace") for line in lines if len(fields := line.split(b" ", 2)) == 3]


def _looked_at(repo: Repository, ledger: Ledger, ids: Sequence[str]) -> dict[str, Files]:
    """What the stashes `ids` hold of assistants. A stash is a commit on the one it was made on; its third parent, if
    any, is a commit of the untracked files (git-stash(1), "DISCUSSION")."""
    with Objects(repo) as objects:
        there = [id_ for id_ in ids if objects.info(id_) is not None]
        parts = {commit.id: (commit.id, *commit.parents[2:3]) for commit in read(repo, there, objects=objects)}
        changes = commit_changes(repo, [part for each in parts.values() for part in each])
        return {
            id_: {
                change.path: held
                for part in each
                for change in changes[part]
                if (held := _stashed(repo, ledger, objects, change))
            }
            for id_, each in parts.items()
        }


def _stashed(repo: Repository, ledger: Ledger, objects: Objects, change: FileChange) -> Stashed | None:
    if not change.new_mode.startswith("100") or not ledger.last_at(change.path):
        return None
    old, new = objects.blob(change.old), objects.blob(change.new)
    if b"\0" in new[:8000] or len(new) > LARGEST:
        return None
    snap = lookup.snapshot(repo, ledger, change.path, new)
    if not snap.regions and not snap.removals:
        return None
    ledger.put_snapshot(change.path, snap, source="index", at=ledger.now())
    # What the stash left behind is the state that later text is compared with, not what it took away.
    left = lookup.snapshot(repo, ledger, change.path, old)
    ledger.put_snapshot(change.path, left, source="stash", at=ledger.now())
    added = tuple((h.new_start, h.new_end) for h in diff_lines(split_lines(old), split_lines(new)))
    return Stashed(change.new, added)


def _take_back(repo: Repository, ledger: Ledger, files: Files) -> None:
    """A stash is gone: where its text stands on disk it was popped, elsewhere it was dropped."""
    for path, held in files.items():
        try:
            text = read_file(os.path.join(repo.top, path))
        except Refused:
            continue
        under = lookup.snapshot(repo, ledger, path, text)
        found = laid_over(ledger, path, under, held)
        if found is not None:
            ledger.put_snapshot(path, found, source="stash", at=ledger.now())
            if lookup.has_evidence(found):
                ledger.mark_dirty(path)
