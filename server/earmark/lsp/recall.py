"""What the ledger and the notes know about a file. Runs in the pool: no state of the loop is touched here."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from earmark.git import notes as git_notes
from earmark.git import refs
from earmark.git.objects import Objects
from earmark.git.repository import Repository, relative
from earmark.git.trust import open_repository
from earmark.lsp.buffer import Place
from earmark.origin import lookup, notes, rewrites, settle, stashed, stashes
from earmark.origin.blame import committed_origins
from earmark.origin.identity import identity
from earmark.origin.ledger import Ledger, folder
from earmark.origin.model import Session, Snapshot
from earmark.origin.seen import LARGEST, committed_text
from earmark.policy.model import FILE
from earmark.review.approvals import REF as APPROVALS
from earmark.review.outbox import file_of as outbox_of

log = logging.getLogger(__name__)


class Recalled(NamedTuple):
    """A recorded snapshot, the sessions it names, and the ledger's sequence number when it was read."""

    snapshot: Snapshot
    sessions: Mapping[str, Session]
    seq: int


def place_of(path: str) -> Place | None:
    """The repository and path of the file `path`, or None outside any worktree."""
    repo = open_repository(path)
    within = relative(repo, path) if repo else None
    return Place(repo, within) if repo and within else None


def repository_of(path: str) -> Repository | None:
    """The repository that a folder, or a commit message in a git directory, belongs to."""
    folder = os.path.dirname(path)
    try:
        # A linked worktree's git directory says where the worktree is.
        with open(os.path.join(folder, "gitdir"), encoding="utf-8", errors="surrogateescape") as file:
            path = file.readline(4096).rstrip("\n")
    except OSError:
        pass
    return open_repository(path)


def whole(place: Place, text: bytes) -> Recalled:
    """The origins of `text` as far as the ledger can tell, by the rules for content from outside."""
    with Ledger.open(place.repo, create=False) as ledger:
        seq, _ = ledger.newer(1 << 62)
        if len(text) > LARGEST:
            return Recalled(Snapshot(text), {}, seq)
        return _recalled(ledger, lookup.on_disk(place.repo, ledger, place.path, text), seq)


def exact(place: Place, text: bytes) -> Recalled | None:
    """The newest snapshot of exactly `text` at this path, if one was recorded."""
    with Ledger.open(place.repo, create=False) as ledger:
        seq, _ = ledger.newer(1 << 62)
        content = place.repo.blob_id(text)
        last = ledger.last(place.path)
        if last is not None and last.content == content:
            return _recalled(ledger, last.snapshot._replace(text=text), seq)
        found = lookup.exact_snapshot(ledger, place.path, content, text)
        return _recalled(ledger, found, seq) if found else None


def noted(place: Place) -> Recalled | None:
    """What the shared notes say about the file as HEAD has it; None where this clone has no notes or no such file.

    Other people's commits, and what a merge or a checkout brought, are in the notes only.
    """
    if git_notes.tip(place.repo, notes.REF) is None:
        return None
    commit = refs.head(place.repo).commit  # read once: HEAD may move meanwhile
    snapshot, sessions = committed_origins(place.repo, place.path, commit) if commit else (Snapshot(b""), {})
    return Recalled(snapshot, sessions, 0) if snapshot.text else None


def settled(repo: Repository) -> None:
    """Derive the notes that are due where this clone keeps a ledger: no hook runs behind a commit. In the middle of a
    rebase nobody reads them."""
    if rewrites.in_progress(repo):
        return
    with Ledger.open(repo, create=False) as ledger:
        settle.settle(repo, ledger)


def newer(repo: Repository, seq: int) -> tuple[int, tuple[str, ...]]:
    """(newest sequence number, paths of this worktree with rows after `seq`)."""
    with Ledger.open(repo, create=False) as ledger:
        return ledger.newer(seq)


def save(place: Place, snapshot: Snapshot, sessions: Iterable[Session]) -> None:
    """Keep what the editor saw of a file that has been saved, where there is anything to keep."""
    known = bool(snapshot.regions or snapshot.removals)
    if len(snapshot.text) > LARGEST or b"\0" in snapshot.text[:8000]:
        return
    with Ledger.open(place.repo, create=known) as ledger:
        if not known and ledger.last(place.path) is None:
            return
        with ledger.transaction():
            for session in sessions:
                new = not session.director and ledger.session(session.id) is None
                ledger.put_session(session._replace(director=identity(place.repo)) if new else session)
            ledger.put_snapshot(place.path, snapshot, source="editor", at=ledger.now())
        if lookup.has_evidence(snapshot):
            ledger.mark_dirty(place.path)


def mark(place: Place, snapshot: Snapshot, session: Session | None, reason: str, detail: Mapping[str, Any]) -> None:
    """Keep what the user said about who wrote a text, with the reason."""
    with Ledger.open(place.repo) as ledger:
        who = identity(place.repo)
        with ledger.transaction():
            ledger.audit(who, "mark", reason, json.dumps({"path": place.path, **detail}))
            if session is not None:
                ledger.put_session(session._replace(director=who))
            if len(snapshot.text) <= LARGEST:
                ledger.put_snapshot(place.path, snapshot, source="editor", at=ledger.now())
        if lookup.has_evidence(snapshot):
            ledger.mark_dirty(place.path)


def audited(repo: Repository, what: str, why: str, detail: Mapping[str, object]) -> None:
    """Make what the user decided a row of the audit."""
    from earmark.origin import audit

    with Ledger.open(repo, create=False) as ledger:
        problem = audit.keep(repo, ledger, what, why, detail)
    if problem:
        log.warning("%s", problem)


def committed(place: Place) -> bytes | None:
    """The content of the file in HEAD, or None where HEAD has no such text file."""
    with Objects(place.repo) as objects:
        return committed_text(objects, "HEAD", place.path)


def files_to_watch(repo: Repository) -> tuple[str, ...]:
    """The files whose change means that something is known anew: two of the ledger, the list of stashes, two of HEAD,
    the policy, the signed approvals, the outbox."""
    ledger = os.path.join(folder(repo), "ledger.db")
    head = os.path.join(repo.git_dir, "HEAD")
    log = os.path.join(repo.git_dir, "logs", "HEAD")
    review = os.path.join(repo.common_dir, APPROVALS), outbox_of(repo)
    return ledger, ledger + "-wal", stashed.log_file(repo), head, log, os.path.join(repo.top, FILE), *review


def notice_stashes(repo: Repository) -> None:
    """Tell the ledger which stashes have come and gone: git runs no hook for them."""
    with Ledger.open(repo, create=False) as ledger:
        stashes.notice(repo, ledger)


def _recalled(ledger: Ledger, snapshot: Snapshot, seq: int) -> Recalled:
    keys = {region.origin.author for region in snapshot.regions} | {r.session for r in snapshot.removals}
    return Recalled(snapshot, ledger.sessions(sorted(key for key in keys if key)), seq)
