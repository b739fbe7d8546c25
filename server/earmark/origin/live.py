"""Origins of an open buffer: exact under edits, whole again after undo (DESIGN §4.1).

Invariants
- `snapshot.text` is the buffer's text after the last edit.
- A typed edit is never answered from history; an edit that restores an earlier state of this buffer session is.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import Literal, NamedTuple

from earmark.origin.model import HUMAN, UNKNOWN, Origin, Region, Removal, Snapshot, ai
from earmark.origin.regions import NOBODY, Owner, Regions, filled, move, overlay, spliced, tidied, tidy
from earmark.origin.transfer import transfer, without
from earmark.text.diff import split_lines
from earmark.text.edits import Edit

Observed = Literal["keystroke", "bulk"]
_HISTORY = 1_000
_start, _end = attrgetter("start"), attrgetter("end")


class _State(NamedTuple):
    regions: tuple[Region, ...]
    removals: tuple[Removal, ...]
    fingerprint: int


class LiveOrigins:
    """The origins of one buffer session. Owned by one thread; every call leaves a consistent `snapshot`."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._states: list[_State] = []
        self._at = -1
        self._by_content: dict[int, int] = {}
        self._remember()

    def apply(self, edits: Sequence[Edit], text_after: bytes, observed: Observed, order: int) -> None:
        """Follow one change of the buffer. Each edit is given in the text left by those before it.

        `observed` is "keystroke" when the change can only be a person typing (a character, a line break, a closing
        bracket, a deletion): that text is human. Anything else is by nobody known; it is compared token by token, so
        that a formatter leaves owners alone.
        """
        restored = self._restored(edits, text_after, observed)
        if restored is not None:
            self._at = restored
            state = self._states[restored]
            self.snapshot = Snapshot(text_after, state.regions, state.removals)
            return
        if observed == "keystroke":
            self._type(edits, text_after, HUMAN, order)
        elif (exact := _exact(edits, self.snapshot.text)) is not None:
            self._type(exact, text_after, UNKNOWN, order)
        else:
            self._replace(edits, text_after, order)
        self._remember()

    def claim(self, start: int, end: int, session: str, order: int) -> None:
        """Bytes `start` to `end` of the present text were inserted by AI session `session` (an accepted completion)."""
        regions = Regions(self.snapshot.regions)
        length = len(self.snapshot.text)
        start, end = max(0, min(start, length)), max(0, min(end, length))
        pieces = [
            *regions.clip(0, start),
            Region(start, end, ai(session), order),
            *regions.clip(end, length),
        ]
        self.snapshot = self.snapshot._replace(regions=tidy(pieces, self.snapshot.text))
        self._amend()

    def adopt(self, recorded: Snapshot, order: int) -> None:
        """Take in what the ledger knows: `recorded` may be older or newer than the buffer's text.

        Its evidence holds wherever its text still stands; what the buffer itself saw being typed gives way to an
        assistant's alone.
        """
        there = transfer(recorded, self.snapshot.text, UNKNOWN, order)
        self.snapshot = overlay(self.snapshot, there)
        self._amend()

    def fill(self, noted: Snapshot, order: int) -> None:
        """What a note says, in the text that nobody else is known to have written; `noted` may be of another text."""
        self.snapshot = filled(self.snapshot, transfer(noted, self.snapshot.text, UNKNOWN, order))
        self._amend()

    def piece(self, start: int, end: int) -> Snapshot:
        """Bytes `start` to `end` of the present text as a text of their own."""
        regions = Regions(self.snapshot.regions)
        return Snapshot(self.snapshot.text[start:end], tuple(regions.moved(start, end, 0)))

    def paste(self, at: int, block: Snapshot) -> None:
        """The text of `block`, which stands at byte `at`, was moved here and brings its owners along."""
        regions = Regions(self.snapshot.regions)
        end = at + len(block.text)
        pieces = [*regions.clip(0, at), *move(block.regions, at), *regions.clip(end, len(self.snapshot.text))]
        self.snapshot = self.snapshot._replace(regions=tidy(pieces, self.snapshot.text))
        self._amend()

    def mark(self, start: int, end: int, origin: Origin, order: int) -> None:
        """The user says who wrote these bytes; the caller keeps the reason."""
        regions = Regions(self.snapshot.regions)
        pieces = [
            *regions.clip(0, start),
            Region(start, end, origin, order),
            *regions.clip(end, len(self.snapshot.text)),
        ]
        self.snapshot = self.snapshot._replace(regions=tidy(pieces, self.snapshot.text))
        self._amend()

    def _type(self, edits: Sequence[Edit], text_after: bytes, writer: Origin, order: int) -> None:
        regions, removals = list(self.snapshot.regions), self.snapshot.removals
        for edit in edits:
            regions = typed(regions, edit, writer, order)
            removals = shifted(removals, edit)
        if len(edits) == 1:
            clean = tidied(regions, text_after, edits[0].start, edits[0].start + len(edits[0].new))
        else:
            clean = tidy(regions, text_after)
        self.snapshot = Snapshot(text_after, clean, removals)

    def _replace(self, edits: Sequence[Edit], text_after: bytes, order: int) -> None:
        """Transfer the window of lines that the edits touch; the rest only moves."""
        old = self.snapshot
        start, old_end, new_end = window(edits, old.text, text_after)
        regions = Regions(old.regions)
        inside = Snapshot(
            old.text[start:old_end],
            tuple(regions.moved(start, old_end, 0)),
            tuple(r._replace(at=r.at - start) for r in old.removals if start <= r.at <= old_end),
        )
        moved = transfer(inside, text_after[start:new_end], UNKNOWN, order)
        pieces = spliced(old.regions, start, old_end, move(moved.regions, start), new_end)
        removals = [
            *(r for r in old.removals if r.at < start),
            *(r._replace(at=r.at + start) for r in moved.removals),
            *(r._replace(at=r.at + new_end - old_end) for r in old.removals if r.at > old_end),
        ]
        self.snapshot = Snapshot(text_after, tidied(pieces, text_after, start, new_end), tuple(removals))

    def _restored(self, edits: Sequence[Edit], text: bytes, observed: Observed) -> int | None:
        """The index of the earlier state that this edit restores.

        One keystroke that adds text counts as undo or redo only when it leads to a neighbouring state: typing the last
        letter of a text that once stood there restores nothing. One that only deletes may undo several at once.
        """
        fingerprint = hash(text)
        if observed == "keystroke":
            for near in (self._at - 1, self._at + 1):
                if 0 <= near < len(self._states) and self._states[near].fingerprint == fingerprint:
                    return near
            if any(edit.new for edit in edits):
                return None
        index = self._by_content.get(fingerprint, len(self._states))
        # What was undone and typed over is gone, and other states stand in its place.
        return index if index < len(self._states) and self._states[index].fingerprint == fingerprint else None

    def _remember(self) -> None:
        del self._states[self._at + 1 :]
        if len(self._states) >= _HISTORY:
            del self._states[: _HISTORY // 2]
        fingerprint = hash(self.snapshot.text)
        self._states.append(_State(self.snapshot.regions, self.snapshot.removals, fingerprint))
        self._at = len(self._states) - 1
        if len(self._by_content) > 2 * _HISTORY or self._states[self._at - 1].fingerprint not in self._by_content:
            self._by_content = {state.fingerprint: index for index, state in enumerate(self._states)}
        self._by_content[fingerprint] = self._at

    def _amend(self) -> None:
        """The present state learned more; its text did not change."""
        self._states[self._at] = _State(
            self.snapshot.regions, self.snapshot.removals, self._states[self._at].fingerprint
        )


def _exact(edits: Sequence[Edit], text: bytes) -> Sequence[Edit] | None:
    """The same edits if each only inserts or only deletes, so that nothing is left to compare; else None.

    A single replacement is reduced to what differs first: editors send an accepted completion with its prefix.
    """
    if len(edits) == 1 and edits[0].new and edits[0].start < edits[0].end:
        edits = [_reduced(edits[0], text)]
    return edits if all(edit.start == edit.end or not edit.new for edit in edits) else None


def _reduced(edit: Edit, text: bytes) -> Edit:
    old, new = text[edit.start : edit.end], edit.new
    least = min(len(old), len(new))
    head = next((i for i in range(least) if old[i] != new[i]), least)
    while head and any(head < len(side) and side[head] & 0xC0 == 0x80 for side in (old, new)):
        head -= 1  # never between the bytes of one character
    tail = next((i for i in range(least - head) if old[-1 - i] != new[-1 - i]), least - head)
    while tail and old[len(old) - tail] & 0xC0 == 0x80:
        tail -= 1
    return Edit(edit.start + head, edit.end - tail, new[head : len(new) - tail])


def typed(regions: list[Region], edit: Edit, writer: Origin, order: int) -> list[Region]:
    """`regions` after one exact edit by `writer`. White space typed inside a region stays the region's."""
    first = bisect_left(regions, edit.start, key=_end)
    last = max(first, bisect_left(regions, max(edit.end, edit.start + 1), key=_start))
    touched = _typed_at(regions[first:last], edit, writer, order)
    return [*regions[:first], *touched, *move(regions[last:], edit.shift)]


def _typed_at(regions: list[Region], edit: Edit, writer: Origin, order: int) -> Iterator[Region]:
    """The regions that the edit touches, as it leaves them."""
    inserted = Region(edit.start, edit.start + len(edit.new), writer, order)
    around = NOBODY
    overrode = ""
    placed = not edit.new
    for region in regions:
        if region.start < edit.start < region.end and region.end > edit.end:
            around = Owner(*region[2:])
        if region.origin.kind == "ai" and region.start < max(edit.end, edit.start + 1):
            overrode = overrode or region.origin.author
        if region.end <= edit.start:
            yield region
            continue
        if region.start < edit.start:
            yield region._replace(end=edit.start)
        if not placed:
            yield _inserted(inserted, around, overrode, edit.new)
            placed = True
        if region.end > edit.end:
            yield region._replace(start=max(region.start, edit.end) + edit.shift, end=region.end + edit.shift)
    if not placed:
        yield inserted._replace(overrode=overrode)


def _inserted(region: Region, around: Owner, overrode: str, new: bytes) -> Region:
    if not new.strip() and around.order:
        return Region(region.start, region.end, *around)
    return region._replace(overrode=overrode)


def shifted(removals: tuple[Removal, ...], edit: Edit) -> tuple[Removal, ...]:
    """Removals after one edit; what the edit brings back is cancelled."""
    if not removals:
        return removals
    found: list[Removal] = []
    for removal in removals:
        if removal.at < edit.start:
            found.append(removal)
        elif removal.at > edit.end:
            found.append(removal._replace(at=removal.at + edit.shift))
        else:
            lines = without(removal.lines, split_lines(edit.new)) if b"\n" in edit.new else removal.lines
            if lines:
                found.append(removal._replace(at=edit.start, lines=lines))
    return tuple(found)


def window(edits: Sequence[Edit], old: bytes, new: bytes) -> tuple[int, int, int]:
    """(start, end in `old`, end in `new`): the smallest run of whole lines outside which nothing changed."""
    start, end_old, end_new = len(new), 0, 0
    for edit in edits:
        if end_new < start:
            start, end_new, end_old = edit.start, edit.start + len(edit.new), edit.end
            continue
        over = max(edit.end - end_new, 0)
        end_old, end_new = end_old + over, max(end_new, edit.end) + edit.shift
        start = min(start, edit.start)
    if end_new < start:
        return 0, 0, 0
    start = old.rfind(b"\n", 0, start) + 1
    tail = new.find(b"\n", end_new)
    stop = len(new) if tail < 0 else tail + 1
    return start, end_old + (stop - end_new), stop
