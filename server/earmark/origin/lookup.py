"""Which old snapshot a content continues: the choice that DESIGN §4 leaves beside the kernel."""

from __future__ import annotations

import os
import time

from earmark.git.repository import Repository
from earmark.origin import stashed
from earmark.origin.ledger import Ledger, Stored
from earmark.origin.model import UNKNOWN, Snapshot
from earmark.origin.transfer import transfer

_TINY = 3


def snapshot(repo: Repository, ledger: Ledger, path: str, text: bytes, *, old_path: str = "") -> Snapshot:
    """The origins of `text` at `path`, which arrived from outside any stream of edits.

    The last snapshot when it has this content; else the newest earlier one of exactly this content at this path or at
    `old_path` (never for empty or tiny content, which recurs by accident); else the last one, transferred. Text of
    which nothing is known is unknown.
    """
    last = ledger.last(path) or (ledger.last(old_path) if old_path else None)
    content = repo.blob_id(text)
    if last and last.content == content:
        return last.snapshot._replace(text=text)
    exact = exact_snapshot(ledger, path, content, text, old_path)
    if exact:
        return exact
    known = last.snapshot if last and last.has_text else None
    found = transfer(known, text, UNKNOWN, last.at + 1) if last and known else Snapshot(text)
    return stashed.applied(ledger, path, found)


def exact_snapshot(ledger: Ledger, path: str, content: str, text: bytes, old_path: str = "") -> Snapshot | None:
    """The newest snapshot of exactly `text` (object id `content`) at the path or its rename source."""
    if _is_tiny(text):
        return None
    found = ledger.exact(path, content) or (ledger.exact(old_path, content) if old_path else None)
    return found.snapshot._replace(text=text) if found else None


def on_disk(repo: Repository, ledger: Ledger, path: str, text: bytes, *, old_path: str = "") -> Snapshot:
    """`snapshot` of a text that stands in the worktree now.

    A path of which nothing is known may be a file that was renamed, before git was told: exactly the same text was
    recorded at a path where there is no file any more. Where that file still stands, this one is a copy. Never asked
    about a commit, which is told by its objects whatever the worktree has become.
    """
    if not _is_tiny(text) and not old_path and not ledger.last_at(path):
        found = ledger.exact_anywhere(repo.blob_id(text))
        if found is not None and not os.path.lexists(os.path.join(repo.top, found.path)):
            return found.snapshot._replace(text=text)
    return snapshot(repo, ledger, path, text, old_path=old_path)


def _is_tiny(text: bytes) -> bool:
    """Too little to be told from what recurs by accident."""
    return text.count(b"\n") < _TINY and len(text) < 200


def has_evidence(stored: Stored | Snapshot | None) -> bool:
    """Whether a snapshot holds AI text or removals."""
    if stored is None:
        return False
    snap = stored.snapshot if isinstance(stored, Stored) else stored
    return bool(snap.removals) or any(region.origin.kind == "ai" for region in snap.regions)


def clock() -> int:
    """Now, as an order: microseconds since the epoch."""
    return time.time_ns() // 1000
