"""What is known about who wrote the open buffers, kept in step with the ledger."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from pygls.uris import to_fs_path

from earmark.git.repository import Repository
from earmark.git.run import GitError
from earmark.lsp import recall
from earmark.lsp.buffer import Buffer, Claim, Place
from earmark.lsp.clock import Clock, Timer
from earmark.lsp.cuts import Cuts
from earmark.lsp.on_disk import OnDisk
from earmark.lsp.recall import Recalled
from earmark.lsp.scheduler import Scheduler
from earmark.lsp.tracking import Tracking
from earmark.origin.ledger import LedgerError
from earmark.origin.model import Origin, Session, Snapshot

log = logging.getLogger(__name__)

# How often the ledger's files are looked at; two `stat` calls a repository.
WATCH_SECONDS = 0.1
# How long the notes are left alone after HEAD or they have moved.
_PAUSE_SECONDS = 0.2

# What a file system says of the watched files: (mtime in ns, size) each, (0, 0) for one that is not there. The first
# two are the ledger's, then come git's list of stashes, HEAD with its log, and the notes.
_Stats = tuple[tuple[int, int], ...]
_OF_LEDGER = 2
_STASHES = 2
_NOTED = slice(3, 6)


class _Known(NamedTuple):
    """How far the ledger of a repository has been read, and what its files looked like then."""

    repo: Repository
    stats: _Stats
    seq: int


class Origins:
    """Loads, follows and saves the origins of buffers.

    `changed` is called when those of one buffer are other than before; `located` when its place is known; `moved` when
    HEAD, the policy or the ledger of a repository has changed on disk.
    """

    def __init__(
        self,
        clock: Clock,
        scheduler: Scheduler,
        *,
        changed: Callable[[Buffer], None],
        located: Callable[[Buffer], None],
        moved: Callable[[Repository], None],
    ) -> None:
        self._clock = clock
        self._scheduler = scheduler
        self._changed = changed
        self._located = located
        self._moved = moved
        self._buffers: dict[str, Buffer] = {}
        self._known: dict[str, _Known] = {}
        self._cuts = Cuts()
        self._noting: dict[str, Timer] = {}
        self._timer: Timer | None = None

    def open(self, buffer: Buffer) -> None:
        """Find out where the buffer's file is and what is recorded about it."""
        self._buffers[buffer.uri] = buffer
        path = to_fs_path(buffer.uri) if buffer.uri.startswith("file:") else None
        buffer.file = OnDisk(path) if path else None
        self._scheduler.spawn(self._locate(buffer, path), "looking up the repository")

    def close(self, buffer: Buffer) -> None:
        """The buffer is closed."""
        self._buffers.pop(buffer.uri, None)
        self._cuts.forget(buffer)

    def arrived(self, buffer: Buffer) -> None:
        """Text that nobody typed has come or gone: a content that the ledger may know, or a block on the move."""
        if self._cuts.follow(buffer):
            self._changed(buffer)
        if buffer.place is not None:
            self._scheduler.spawn(self._recognize(buffer, buffer.place), "looking up a content")

    def claim(self, buffer: Buffer, claim: Claim) -> None:
        """An assistant's insertion was reported; it counts as soon as its version is here."""
        buffer.claims.append(claim)
        self.settle_claims(buffer)

    def settle_claims(self, buffer: Buffer) -> None:
        """Apply the claims whose version has arrived; one about text that has gone since says nothing."""
        if buffer.tracking is None or not buffer.claims:
            return
        due = [claim for claim in buffer.claims if claim.version <= buffer.version]
        for claim in due:
            buffer.claims.remove(claim)
            place = buffer.now(claim.version, claim.locate)
            if place is not None and place[0] < place[1]:
                buffer.tracking.claim(*place, claim.session)
        if due:
            self._changed(buffer)

    def save(self, buffer: Buffer) -> None:
        """The buffer's file has been written as the buffer stands."""
        if buffer.file is not None:
            buffer.file.saved()
        if buffer.place is not None and buffer.tracking is not None:
            self._scheduler.spawn(self._save(buffer.place, buffer.tracking), "saving origins")

    async def mark(self, buffer: Buffer, start: int, end: int, origin: Origin, session: Session, reason: str) -> None:
        """The user says who wrote bytes `start` to `end`; the reason is kept."""
        assert buffer.place is not None
        assert buffer.tracking is not None
        ai = origin.kind == "ai"
        if ai:
            buffer.tracking.claim(start, end, session)
        else:
            buffer.tracking.mark(start, end, origin)
        lines = [buffer.document.line_at(start) + 1, buffer.document.line_at(max(end - 1, start)) + 1]
        self._changed(buffer)
        snapshot, who = buffer.tracking.snapshot, session if ai else None
        detail = {"kind": origin.kind, "lines": lines}
        await self._scheduler.io(recall.mark, buffer.place, snapshot, who, reason, detail)

    def stop(self) -> None:
        """Look at the ledger no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for timer in self._noting.values():
            timer.cancel()

    async def _locate(self, buffer: Buffer, path: str | None) -> None:
        place = await self._scheduler.io(recall.place_of, path) if path else None
        if buffer.closed:
            return
        buffer.place = place
        self._located(buffer)
        if place is None:
            buffer.tracking = Tracking(Snapshot(buffer.text))
            self.settle_claims(buffer)
            self._changed(buffer)
            return
        stats = await self._scheduler.io(_stats, place.repo)
        version, text = buffer.version, buffer.text
        recalled = await self._ask(recall.whole, place, text)
        if buffer.closed:
            return
        unchanged = buffer.version == version
        buffer.tracking = Tracking(recalled.snapshot if recalled and unchanged else Snapshot(buffer.text))
        if recalled is not None:
            buffer.tracking.sessions.update(recalled.sessions)
            if not unchanged:
                buffer.tracking.adopt(recalled.snapshot, recalled.sessions)
            self._known.setdefault(place.repo.top, _Known(place.repo, stats, recalled.seq))
        self.settle_claims(buffer)
        self._changed(buffer)
        self._watch()
        if recalled is not None:
            await self._from_notes(buffer, place)

    async def _from_notes(self, buffer: Buffer, place: Place) -> None:
        try:
            recalled = await self._scheduler.slow_io(recall.noted, place)
        except (LedgerError, GitError, ValueError, OSError) as error:
            log.warning("The notes about %s are not read: %s", place.path, error)
            return
        if recalled is None or buffer.tracking is None or buffer.closed:
            return
        before = buffer.tracking.outline
        buffer.tracking.fill(recalled.snapshot, recalled.sessions)
        if buffer.tracking.outline != before:
            self._changed(buffer)

    async def _recognize(self, buffer: Buffer, place: Place) -> None:
        version, text = buffer.version, buffer.text
        recalled = await self._ask(recall.exact, place, text)
        if recalled is not None and buffer.version == version:
            self._take(buffer, recalled)

    async def _reload(self, buffer: Buffer, place: Place) -> None:
        recalled = await self._ask(recall.whole, place, buffer.text)
        if recalled is None or buffer.tracking is None:
            return
        buffer.tracking.sessions.update(recalled.sessions)
        if recalled.snapshot.regions:
            self._take(buffer, recalled)

    def _take(self, buffer: Buffer, recalled: Recalled) -> None:
        if buffer.closed or buffer.tracking is None:
            return
        before = buffer.tracking.outline
        buffer.tracking.adopt(recalled.snapshot, recalled.sessions)
        if buffer.tracking.outline != before:
            self._changed(buffer)

    async def _save(self, place: Place, tracking: Tracking) -> None:
        snapshot, sessions = tracking.snapshot, _named(tracking)
        try:
            await self._scheduler.io(recall.save, place, snapshot, sessions.values())
        except (LedgerError, GitError, OSError) as error:
            log.warning("Origins of %s are not saved: %s", place.path, error)

    async def _ask(
        self, question: Callable[[Place, bytes], Recalled | None], place: Place, text: bytes
    ) -> Recalled | None:
        try:
            return await self._scheduler.io(question, place, text)
        except (LedgerError, GitError, OSError) as error:
            log.warning("The ledger is not read: %s", error)
            return None

    def _watch(self) -> None:
        if self._timer is None:
            self._timer = self._clock.call_later(WATCH_SECONDS, self._look)

    def _look(self) -> None:
        """See whether a ledger has changed; in the loop, because two `stat` calls are cheaper than a thread."""
        self._timer = None
        tops = {buffer.place.repo.top for buffer in self._buffers.values() if buffer.place is not None}
        self._known = {top: known for top, known in self._known.items() if top in tops}
        for top, known in self._known.items():
            stats = _stats(known.repo)
            if stats == known.stats:
                continue
            self._known[top] = known._replace(stats=stats)
            self._moved(known.repo)
            if stats[_STASHES] != known.stats[_STASHES]:
                self._scheduler.spawn(self._notice_stashes(known.repo), "looking at the stashes")
            if stats[_NOTED] != known.stats[_NOTED]:
                self._read_notes_soon(top)
            if stats[:_OF_LEDGER] != known.stats[:_OF_LEDGER]:
                self._scheduler.spawn(self._catch_up(top), "reading the ledger")
        if tops:
            self._watch()

    async def _notice_stashes(self, repo: Repository) -> None:
        try:
            await self._scheduler.slow_io(recall.notice_stashes, repo)
        except (LedgerError, GitError, OSError) as error:
            log.warning("The stashes are not looked at: %s", error)

    def _read_notes_soon(self, top: str) -> None:
        """One reading at a time, behind a pause: a rebase moves HEAD once a commit."""
        if top not in self._noting:
            self._noting[top] = self._clock.call_later(_PAUSE_SECONDS, lambda: self._begin_reading(top))

    def _begin_reading(self, top: str) -> None:
        self._scheduler.spawn(self._read_notes(top), "reading the notes")

    async def _read_notes(self, top: str) -> None:
        """A merge or a checkout brings text that only the notes know, and a fetch brings notes."""
        known = self._known.get(top)
        try:
            if known is not None:
                await self._scheduler.slow_io(recall.settled, known.repo)
        except (LedgerError, GitError, OSError) as error:
            log.warning("The notes are not brought up to date: %s", error)
        for buffer in [b for b in self._buffers.values() if b.place is not None and b.place.repo.top == top]:
            if buffer.place is not None:
                await self._from_notes(buffer, buffer.place)
        self._noting.pop(top, None)
        now = self._known.get(top)
        if known is not None and now is not None and now.stats[_NOTED] != known.stats[_NOTED]:
            self._read_notes_soon(top)

    async def _catch_up(self, top: str) -> None:
        known = self._known.get(top)
        if known is None:
            return
        try:
            seq, paths = await self._scheduler.io(recall.newer, known.repo, known.seq)
        except (LedgerError, OSError) as error:
            log.warning("The ledger is not read: %s", error)
            return
        if top in self._known:
            self._known[top] = self._known[top]._replace(seq=max(seq, self._known[top].seq))
        for buffer in self._at(top, paths):
            assert buffer.place is not None
            await self._reload(buffer, buffer.place)

    def _at(self, top: str, paths: Iterable[str]) -> list[Buffer]:
        wanted = set(paths)
        return [
            buffer
            for buffer in self._buffers.values()
            if buffer.place is not None and buffer.place.repo.top == top and buffer.place.path in wanted
        ]


def _named(tracking: Tracking) -> Mapping[str, Session]:
    """The sessions that the regions and removals of a buffer speak of; not those known from notes alone, whose
    conversation no note tells."""
    keys = {named.region.origin.author for named in tracking.ai} | {r.session for r in tracking.snapshot.removals}
    known = {key: tracking.sessions[key] for key in keys if key in tracking.sessions}
    return {key: session for key, session in known.items() if session.id == key}


def _stats(repo: Repository) -> _Stats:
    found = []
    for path in recall.files_to_watch(repo):
        try:
            status = os.stat(path)
            found.append((status.st_mtime_ns, status.st_size))
        except OSError:
            found.append((0, 0))
    return tuple(found)
