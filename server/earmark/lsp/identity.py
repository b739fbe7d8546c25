"""Names for the regions of a buffer that outlive edits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from earmark.origin.model import Origin, Region
from earmark.text.edits import Edit


class Named(NamedTuple):
    """A region with its id, which is unique within its buffer and never given to another region."""

    id: str
    region: Region


class RegionNames:
    """Ids of the regions of one buffer.

    A region keeps its id while some of its text, or of the text put into it, is still of its origin. Where a region
    falls apart the first part keeps the id; where two grow together the first one's id stays.
    """

    def __init__(self) -> None:
        self.named: tuple[Named, ...] = ()
        self._last = 0

    def follow(self, edits: Sequence[Edit], regions: Sequence[Region]) -> None:
        """Name `regions`, those of the text after `edits`, which were made one after the other."""
        places = [(name, region.origin, moved(region.start, region.end, edits)) for name, region in self.named]
        fresh = []
        first = 0
        for region in regions:
            if region.origin.kind == "unknown":
                continue
            while first < len(places) and places[first][2][1] < region.start:
                first += 1
            fresh.append(Named(self._claim(places, first, region) or self._next(), region))
        self.named = tuple(fresh)

    def get(self, region_id: str) -> Named | None:
        """The region of this name, if it still stands."""
        return next((named for named in self.named if named.id == region_id), None)

    def _claim(self, places: list[tuple[str, Origin, tuple[int, int]]], first: int, region: Region) -> str:
        for index in range(first, len(places)):
            name, origin, (start, end) = places[index]
            if start > region.end:
                break
            if origin == region.origin and start < region.end and region.start < end:
                del places[index]
                return name
        return ""

    def _next(self) -> str:
        self._last += 1
        return f"r{self._last}"


def moved(start: int, end: int, edits: Sequence[Edit]) -> tuple[int, int]:
    """Where the text of bytes `start` to `end`, with what was put into it, stands after `edits`."""
    for edit in edits:
        if end <= edit.start:
            continue
        if start >= edit.end:
            start, end = start + edit.shift, end + edit.shift
            continue
        start = min(start, edit.start)
        end = edit.start + len(edit.new) if end <= edit.end else end + edit.shift
    return start, end
