"""The origins of one open buffer: the live snapshot, names for its regions, and the sessions behind them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence

from earmark.lsp.identity import Named, RegionNames
from earmark.origin.live import LiveOrigins, Observed
from earmark.origin.lookup import clock
from earmark.origin.model import Origin, Session, Snapshot
from earmark.text.edits import Edit

# A block this long keeps its owners when it is moved (DESIGN §4.2); less recurs by accident.
_BLOCK_LINES = 3


class Tracking:
    """Follows one buffer. `sessions` holds what is known of the sessions and people that its regions name."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.live = LiveOrigins(snapshot)
        self.names = RegionNames()
        self.sessions: dict[str, Session] = {}
        self._cut: Snapshot | None = None
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._follow(())

    @property
    def snapshot(self) -> Snapshot:
        """The present text and its origins."""
        return self.live.snapshot

    @property
    def named(self) -> tuple[Named, ...]:
        """The regions whose origin is known, with their names, in order of place."""
        return self.names.named

    @property
    def ai(self) -> tuple[Named, ...]:
        """The regions that an assistant wrote, in order of place."""
        return tuple(named for named in self.names.named if named.region.origin.kind == "ai")

    @property
    def outline(self) -> tuple[tuple[str, str, int], ...]:
        """(name, session, length) of the AI regions and removals: equal while nothing but their place changed."""
        regions = [(n.id, n.region.origin.author, n.region.end - n.region.start) for n in self.ai]
        return (*regions, *(("", r.session, len(r.lines)) for r in self.snapshot.removals))

    def apply(self, edits: Sequence[Edit], text: bytes, observed: Observed) -> None:
        """Follow the edits that led to `text`."""
        before = self.snapshot.regions
        self._cut = self._cut_by(edits) if before else None
        self.live.apply(edits, text, observed, clock())
        if before or self.snapshot.regions:
            self._follow(edits)

    def take_cut(self) -> Snapshot | None:
        """The block with text of an assistant that the last change took out, once."""
        cut, self._cut = self._cut, None
        return cut

    def paste(self, at: int, block: Snapshot, sessions: Mapping[str, Session]) -> None:
        """`block`, whose text stands at byte `at`, was cut elsewhere and keeps its owners."""
        self.sessions.update({key: session for key, session in sessions.items() if key not in self.sessions})
        self.live.paste(at, block)
        self._follow(())

    def begin(self, snapshot: Snapshot, sessions: Mapping[str, Session]) -> None:
        """Start again from a recorded snapshot of the present text."""
        self.live = LiveOrigins(snapshot)
        self.sessions.update(sessions)
        self._follow(())

    def adopt(self, recorded: Snapshot, sessions: Mapping[str, Session]) -> None:
        """Take in what the ledger knows; `recorded` may be of an older or newer text."""
        self.sessions.update(sessions)
        self.live.adopt(recorded, clock())
        self._follow(())

    def fill(self, noted: Snapshot, sessions: Mapping[str, Session]) -> None:
        """Take in what the notes say of committed text; it yields to everything else that is known."""
        self.sessions.update({key: session for key, session in sessions.items() if key not in self.sessions})
        self.live.fill(noted, clock())
        self._follow(())

    def claim(self, start: int, end: int, session: Session) -> None:
        """Bytes `start` to `end` were inserted by `session`."""
        self.sessions[session.id] = session
        self.live.claim(start, end, session.id, clock())
        self._follow(())

    def mark(self, start: int, end: int, origin: Origin) -> None:
        """The user says who wrote bytes `start` to `end`."""
        self.live.mark(start, end, origin, clock())
        self._follow(())

    def is_ai(self, start: int, end: int) -> bool:
        """Whether an assistant wrote any of bytes `start` to `end`, or removed lines beside theirs."""
        if self._starts:
            index = bisect_right(self._starts, max(end - 1, start)) - 1
            if index >= 0 and self._ends[index] > start:
                return True
        if not self.snapshot.removals:
            return False
        text = self.snapshot.text
        line_start, line_end = text.rfind(b"\n", 0, start) + 1, text.find(b"\n", max(end - 1, start))
        line_end = len(text) if line_end < 0 else line_end + 1
        return any(line_start <= removal.at <= line_end for removal in self.snapshot.removals)

    def session_of(self, named: Named) -> Session | None:
        """Who wrote this region, where that is known."""
        return self.sessions.get(named.region.origin.author)

    def _cut_by(self, edits: Sequence[Edit]) -> Snapshot | None:
        if len(edits) != 1 or edits[0].new or self.snapshot.text.count(b"\n", *edits[0][:2]) < _BLOCK_LINES:
            return None
        block = self.live.piece(edits[0].start, edits[0].end)
        return block if any(region.origin.kind == "ai" for region in block.regions) else None

    def _follow(self, edits: Sequence[Edit]) -> None:
        self.names.follow(edits, self.snapshot.regions)
        ai = self.ai
        self._starts = [named.region.start for named in ai]
        self._ends = [named.region.end for named in ai]
