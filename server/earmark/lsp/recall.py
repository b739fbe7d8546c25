"""What the ledger and the notes know about a file. Runs in the pool: no state of the loop is touched here."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from earmark.git import notes as git_notes
from earmark.git.objects import Objects
from earmark.git.repository import Repository, relative
from earmark.git.trust import open_repository
from earmark.lsp.buffer import Place
from earmark.origin import lookup, notes
from earmark.origin.blame import blame
from earmark.origin.identity import identity
from earmark.origin.ledger import Ledger
from earmark.origin.model import LineOrigin, LineRange, Session, Snapshot, ai
from earmark.origin.regions import from_lines
from earmark.origin.seen import LARGEST
from earmark.policy.model import FILE


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
        return _recalled(ledger, lookup.snapshot(place.repo, ledger, place.path, text), seq)


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

    A colleague's AI lines and sessions are in the notes only. Where the ledger has seen the file, the snapshot is
    empty: what was decided here since (a mark, an edit) must not be decided again by an older note.
    """
    if git_notes.tip(place.repo, notes.REF) is None:
        return None
    text = committed(place)
    if not text:
        return None
    with Ledger.open(place.repo, create=False) as ledger:
        seen = ledger.last(place.path) is not None
        ranges = [r for r in blame(place.repo, ledger, place.path, "HEAD") if r.kind == "ai"]
    owned = [LineOrigin(LineRange(r.start, r.end), ai(r.session)) for r in ranges]
    sessions = {r.session: Session(r.tool, "", r.model) for r in ranges}
    return Recalled(Snapshot(b"") if seen else from_lines(text, owned), sessions, 0)


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


def committed(place: Place) -> bytes | None:
    """The content of the file in HEAD, or None where HEAD has no such text file."""
    from earmark.origin.recorder import head_text

    with Objects(place.repo) as objects:
        return head_text(objects, place.path)


def files_to_watch(repo: Repository) -> tuple[str, ...]:
    """The files whose change means that something is known anew: two of the ledger, two of HEAD, the policy."""
    from earmark.origin.ledger import folder

    ledger = os.path.join(folder(repo), "ledger.db")
    head = os.path.join(repo.git_dir, "HEAD")
    return ledger, ledger + "-wal", head, os.path.join(repo.git_dir, "logs", "HEAD"), os.path.join(repo.top, FILE)


def _recalled(ledger: Ledger, snapshot: Snapshot, seq: int) -> Recalled:
    keys = {region.origin.author for region in snapshot.regions} | {r.session for r in snapshot.removals}
    return Recalled(snapshot, ledger.sessions(sorted(key for key in keys if key)), seq)
