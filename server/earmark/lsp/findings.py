"""The findings of one buffer, kept in place while the text is edited."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from earmark.risk.finding import Finding
from earmark.text.edits import Edit


class Placed(NamedTuple):
    """A finding and where it stands in the present text.

    `begin` and `reach` enclose the finding and the fix it offers; `finding` carries the offsets of the text it was
    found in, and `shift` is how far it has moved since.
    """

    begin: int
    reach: int
    shift: int
    finding: Finding

    @property
    def start(self) -> int:
        """The offset of the finding's first byte in the present text."""
        return self.finding.start + self.shift

    @property
    def end(self) -> int:
        """The offset behind the finding's last byte in the present text."""
        return self.finding.end + self.shift


class FindingList:
    """Findings sorted by place, which edits move without touching those before or far behind them.

    As `ByteDocument` does with line starts: findings before the place of the last edit hold offsets, those behind it
    the length of the text when their offsets were true, last finding first.
    """

    def __init__(self, length: int = 0) -> None:
        self._length = length
        self._head: list[Placed] = []
        self._tail: list[tuple[Placed, int]] = []

    def __len__(self) -> int:
        return len(self._head) + len(self._tail)

    def __iter__(self) -> Iterator[Placed]:
        """In order of place."""
        yield from self._head
        for placed, length in reversed(self._tail):
            yield _moved(placed, self._length - length)

    def edit(self, edit: Edit) -> None:
        """Follow an edit: findings behind it move, those it touches stretch or shrink with their text.

        Whether a touched one still holds only a new look can say; until then it stays, without its fix, because it
        would otherwise blink under every key that is typed in it.
        """
        self._open_at(edit.start)
        # What is typed right behind a finding leaves its bytes as they were.
        typed = edit.start == edit.end
        kept: list[Placed] = []
        touched: list[Placed] = []
        for placed in self._head:
            before = placed.reach < edit.start or (typed and placed.reach == edit.start)
            (kept if before else touched).append(placed)
        while self._tail and self._first_behind() < max(edit.end, edit.start + 1):
            placed, length = self._tail.pop()
            touched.append(_moved(placed, self._length - length))
        self._length += edit.shift
        self._head = kept
        if touched:
            stretched = sorted((new for old in touched if (new := _through(old, edit)) is not None), key=_key)
            self._head = sorted([*kept, *(placed for placed in stretched if placed.begin < edit.start)], key=_key)
            self._tail += [(placed, self._length) for placed in reversed(stretched) if placed.begin >= edit.start]

    def replace(self, start: int, end: int, found: Iterable[Finding]) -> None:
        """Forget the findings that touch bytes `start` to `end` and add `found`, whose offsets are of the present text.

        A finding of `found` that reaches beyond the range replaces its like outside.
        """
        fresh = {_like(placed): placed for placed in map(_placed, found)}
        self._open_at(min([start, *(placed.begin for placed in fresh.values())]))
        last = max([end, *(placed.start for placed in fresh.values())])
        kept = [p for p in self._head if p.end < start]
        while self._tail and self._first_behind() <= last:
            placed, length = self._tail.pop()
            placed = _moved(placed, self._length - length)
            if placed.end < start or placed.start > end:
                kept.append(placed)
        self._head = sorted(({_like(placed): placed for placed in kept} | fresh).values(), key=_key)

    def clear(self, length: int) -> None:
        """Forget everything; the text has `length` bytes from now on."""
        self._length, self._head, self._tail = length, [], []

    def _first_behind(self) -> int:
        placed, length = self._tail[-1]
        return placed.begin + self._length - length

    def _open_at(self, offset: int) -> None:
        """Move findings between head and tail so that head holds exactly those that begin before `offset`."""
        keep = bisect_left(self._head, offset, key=lambda placed: placed.begin)
        if keep < len(self._head):
            self._tail += [(placed, self._length) for placed in reversed(self._head[keep:])]
            del self._head[keep:]
        while self._tail and self._first_behind() < offset:
            placed, length = self._tail.pop()
            self._head.append(_moved(placed, self._length - length))


def _placed(finding: Finding) -> Placed:
    fix = finding.fix
    if fix is None:
        return Placed(finding.start, finding.end, 0, finding)
    return Placed(min(finding.start, fix.start), max(finding.end, fix.end), 0, finding)


def _moved(placed: Placed, by: int) -> Placed:
    return Placed(placed.begin + by, placed.reach + by, placed.shift + by, placed.finding) if by else placed


def _through(placed: Placed, edit: Edit) -> Placed | None:
    """A touched finding after the edit; None where nothing of its text is left."""
    start, end = placed.start, placed.end
    if start >= edit.end:
        start += edit.shift
    elif start >= edit.start:
        start = edit.start + len(edit.new)
    if end > edit.end:
        end += edit.shift
    elif end > edit.start:
        end = edit.start
    if start >= end:
        return None
    return _placed(placed.finding._replace(start=start, end=end, fix=None))


def _like(placed: Placed) -> tuple[int, int, str, str]:
    """What two accounts of one finding share."""
    return placed.start, placed.end, placed.finding.rule, placed.finding.detail


def _key(placed: Placed) -> tuple[int, int, int, str, str]:
    return placed.begin, placed.start, placed.end, placed.finding.rule, placed.finding.detail
