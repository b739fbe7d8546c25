"""The parts of a text that have changed since they were last looked at."""

from __future__ import annotations

from earmark.text.edits import Edit

_MOST = 16


class Ranges:
    """A few disjoint, sorted byte ranges of a text that is being edited; where there are too many, near ones join."""

    def __init__(self) -> None:
        self.items: list[tuple[int, int]] = []

    def edit(self, edit: Edit) -> None:
        """Follow an edit and add what it wrote."""
        start, end, by = edit.start, edit.end, edit.shift
        moved = []
        for low, high in self.items:
            if high < start:
                moved.append((low, high))
            elif low > end:
                moved.append((low + by, high + by))
            else:
                moved.append((min(low, start), max(high, end) + by))
        self.items = moved
        self.add(start, start + len(edit.new))

    def add(self, start: int, end: int) -> None:
        """Add bytes `start` to `end`, which may be empty: the place of a deletion."""
        joined: list[tuple[int, int]] = []
        for low, high in sorted([*self.items, (start, end)]):
            if joined and low <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(high, joined[-1][1]))
            else:
                joined.append((low, high))
        while len(joined) > _MOST:
            gaps = [joined[i + 1][0] - joined[i][1] for i in range(len(joined) - 1)]
            nearest = gaps.index(min(gaps))
            joined[nearest : nearest + 2] = [(joined[nearest][0], joined[nearest + 1][1])]
        self.items = joined

    def clear(self) -> None:
        """Everything has been looked at."""
        self.items = []

    def __bool__(self) -> bool:
        return bool(self.items)
