"""Arithmetic on regions: clip, join, look up, and who owns a line.

A region's origin may be "unknown" only to say that text by nobody known arrived later than what stands beside it on
the same line; `tidy` drops such regions anywhere else.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import NamedTuple

from earmark.origin.model import UNKNOWN, LineOrigin, LineRange, Origin, Region, Snapshot
from earmark.text.diff import split_lines

_start, _end = attrgetter("start"), attrgetter("end")


class Owner(NamedTuple):
    """Who owns a byte; `order` 0 is text of the base, which nobody has claimed."""

    origin: Origin = UNKNOWN
    order: int = 0
    overrode: str = ""


NOBODY = Owner()


class Regions:
    """Look-up by offset in sorted, disjoint regions."""

    def __init__(self, regions: Sequence[Region]) -> None:
        self._regions = regions
        self._starts = [region.start for region in regions]

    def owner(self, offset: int) -> Owner:
        """The owner of the byte at `offset`."""
        index = bisect_right(self._starts, offset) - 1
        if index >= 0 and offset < self._regions[index].end:
            return Owner(*self._regions[index][2:])
        return NOBODY

    def clip(self, start: int, end: int) -> Iterator[Region]:
        """The parts of regions within `start` to `end`, in order."""
        if start >= end:
            return
        for index in range(max(bisect_right(self._starts, start) - 1, 0), len(self._regions)):
            region = self._regions[index]
            if region.start >= end:
                return
            if region.end > start:
                yield region._replace(start=max(region.start, start), end=min(region.end, end))

    def moved(self, start: int, end: int, to: int) -> Iterator[Region]:
        """The regions of `start` to `end` as they stand when that text begins at `to`."""
        shift = to - start
        for region in self.clip(start, end):
            yield region._replace(start=region.start + shift, end=region.end + shift)


def join(pieces: Iterable[Region]) -> list[Region]:
    """Join neighbours of one origin; empty and unclaimed pieces fall away. `pieces` are sorted and disjoint."""
    joined: list[Region] = []
    for piece in pieces:
        if piece.start >= piece.end or (piece.origin.kind == "unknown" and not piece.order):
            continue
        last = joined[-1] if joined else None
        if last and last.end == piece.start and last.origin == piece.origin:
            joined[-1] = Region(
                last.start, piece.end, last.origin, max(last.order, piece.order), last.overrode or piece.overrode
            )
        else:
            joined.append(piece)
    return joined


def tidy(pieces: Iterable[Region], text: bytes) -> tuple[Region, ...]:
    """`join`, and drop unknown pieces that share no line with a known region."""
    joined = join(pieces)
    kept: list[Region] = []
    for index, piece in enumerate(joined):
        if piece.origin.kind == "unknown":
            line_start = text.rfind(b"\n", 0, piece.start) + 1
            line_end = text.find(b"\n", max(piece.end - 1, piece.start))
            line_end = len(text) if line_end < 0 else line_end
            before = kept[-1].end if kept else -1
            following = next((r.start for r in joined[index + 1 :] if r.origin.kind != "unknown"), len(text) + 1)
            if before <= line_start and following > line_end:
                continue
        kept.append(piece)
    return tuple(kept)


def tidied(pieces: Sequence[Region], text: bytes, start: int, end: int) -> tuple[Region, ...]:
    """`tidy` of pieces that are tidy outside the lines of bytes `start` to `end`: the cost of one edit does not depend
    on how many regions there are elsewhere."""
    line_start = text.rfind(b"\n", 0, start) + 1
    line_end = text.find(b"\n", end)
    line_end = len(text) if line_end < 0 else line_end
    # A neighbour on each side, and up to one that is known: an unknown piece is kept for the sake of a known one.
    first = max(bisect_left(pieces, line_start, key=_end) - 1, 0)
    while first and pieces[first].origin.kind == "unknown":
        first -= 1
    last = bisect_right(pieces, line_end, key=_start) + 1
    while last < len(pieces) and pieces[last - 1].origin.kind == "unknown":
        last += 1
    return (*pieces[:first], *tidy(pieces[first:last], text), *pieces[last:])


def spliced(regions: Sequence[Region], start: int, end: int, inside: Iterable[Region], new_end: int) -> list[Region]:
    """`regions` where bytes `start` to `end` became `start` to `new_end`, which hold the regions `inside`."""
    first = bisect_right(regions, start, key=_end)
    last = bisect_left(regions, end, key=_start)
    before = list(regions[:first])
    if first < len(regions) and regions[first].start < start:
        before.append(regions[first]._replace(end=start))
    after: list[Region] = []
    if last and regions[last - 1].end > end:
        after.append(regions[last - 1]._replace(start=end))
    after += regions[last:]
    return [*before, *inside, *move(after, new_end - end)]


def move(regions: Sequence[Region], shift: int) -> Sequence[Region]:
    """`regions`, `shift` bytes further on."""
    if not shift:
        return regions
    return [Region(a + shift, b + shift, origin, order, over) for a, b, origin, order, over in regions]


def line_owners(snapshot: Snapshot, start: int = 0, end: int | None = None) -> list[Owner]:
    """One owner a line (split at LF) of bytes `start` to `end`, which lie on line starts.

    The newest region with non-blank text owns the line; a blank line belongs to whoever owns its line end. Where the
    newest text is not an assistant's but older text on the line is, `overrode` names that session.
    """
    regions = Regions(snapshot.regions)
    owners: list[Owner] = []
    at = start
    text = snapshot.text if not start and end is None else snapshot.text[start:end]
    for line in split_lines(text):
        owners.append(_line_owner(snapshot.text, regions, at, at + len(line)))
        at += len(line)
    return owners


def _line_owner(text: bytes, regions: Regions, start: int, end: int) -> Owner:
    pieces = list(regions.clip(start, end))
    if not pieces:
        return NOBODY
    if len(pieces) == 1 and pieces[0].start == start and pieces[0].end == end:
        return Owner(*pieces[0][2:])
    if not text[start:end].strip():
        return regions.owner(end - 1)
    solid = [piece for piece in pieces if text[piece.start : piece.end].strip()]
    if not solid:
        return NOBODY
    newest = max(solid, key=lambda piece: piece.order)
    if newest.origin.kind == "ai":
        return Owner(newest.origin, newest.order)
    older = next((piece.origin.author for piece in solid if piece.origin.kind == "ai"), newest.overrode)
    return Owner(newest.origin, newest.order, older)


def runs(owners: Sequence[Owner], first_line: int = 1) -> tuple[LineOrigin, ...]:
    """Maximal runs of lines with one known owner; lines without one are left out. `first_line` is 1-based."""
    found: list[LineOrigin] = []
    for index, owner in enumerate(owners):
        if owner.origin.kind == "unknown" and not owner.overrode:
            continue
        line = first_line + index
        last = found[-1] if found else None
        if last and last.lines.end == line - 1 and (last.origin, last.overrode) == (owner.origin, owner.overrode):
            found[-1] = last._replace(lines=LineRange(last.lines.start, line))
        else:
            found.append(LineOrigin(LineRange(line, line), owner.origin, owner.overrode))
    return tuple(found)


def from_lines(text: bytes, owned: Iterable[LineOrigin], order: int = 1) -> Snapshot:
    """The snapshot in which whole lines are owned as a note says. Ranges past the end of the text are cut."""
    starts = [0]
    for line in split_lines(text):
        starts.append(starts[-1] + len(line))
    last = len(starts) - 1
    pieces = [
        Region(starts[min(o.lines.start - 1, last)], starts[min(o.lines.end, last)], o.origin, order, o.overrode)
        for o in owned
        if o.lines.start >= 1
    ]
    clean: list[Region] = []
    for piece in sorted(pieces):
        start = max(piece.start, clean[-1].end) if clean else piece.start
        if start < piece.end:
            clean.append(piece._replace(start=start))
    return Snapshot(text, tidy(clean, text))


def overlay(under: Snapshot, over: Snapshot) -> Snapshot:
    """Two accounts of one text: `over`'s AI evidence wins over what `under` calls human or unknown, its word on people
    counts where `under` says nothing.

    Text that `under` already gives to an AI session stays with it, so a second report of one edit changes nothing.
    """
    return _laid(under, over, ("unknown", "human"))


def filled(under: Snapshot, over: Snapshot) -> Snapshot:
    """`under`, and what `over`, an account of the same text, knows of the text that `under` gives to nobody."""
    return _laid(under, over, ("unknown",))


def _laid(under: Snapshot, over: Snapshot, weaker_than_ai: tuple[str, ...]) -> Snapshot:
    assert under.text == over.text
    below = Regions(under.regions)
    pieces: list[Region] = []
    at = 0
    for claim in over.regions:
        # That later text by nobody known stands beside an assistant's is part of the account: it owns the line.
        weaker = {"ai": weaker_than_ai, "human": ("unknown",), "unknown": ()}[claim.origin.kind]
        pieces.extend(below.clip(at, claim.start))
        cursor = claim.start
        for region in below.clip(claim.start, claim.end):
            if region.origin.kind not in weaker:
                pieces.append(claim._replace(start=cursor, end=region.start))
                pieces.append(region)
                cursor = region.end
        pieces.append(claim._replace(start=cursor))
        at = claim.end
    pieces.extend(below.clip(at, len(under.text)))
    known = {(removal.session, removal.lines) for removal in under.removals}
    removals = [*under.removals, *(r for r in over.removals if (r.session, r.lines) not in known)]
    return Snapshot(under.text, tidy(pieces, under.text), tuple(sorted(removals, key=lambda r: r.at)))
