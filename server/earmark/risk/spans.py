"""Byte ranges of a text: which touch, and how much of one a finding marks."""

from __future__ import annotations

from collections.abc import Sequence

Ranges = Sequence[tuple[int, int]]

# A finding marks at most so many lines: the head of a construct tells where it is.
TALLEST = 4


def merged(ranges: Ranges, size: int) -> list[tuple[int, int]]:
    """`ranges` sorted, disjoint, none empty, inside a text of `size` bytes."""
    out: list[tuple[int, int]] = []
    for start, end in sorted((max(0, a), min(size, max(b, a + 1))) for a, b in ranges):
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(out[-1][1], end))
        else:
            out.append((start, end))
    return out


def touching(ranges: Ranges, start: int, end: int) -> bool:
    """Whether bytes `start` to `end` (0-based, half-open) share any with one of `ranges`."""
    return any(start < b and end > a for a, b in ranges)


def clipped(text: bytes, start: int, end: int) -> int:
    """The end of what a finding marks: the end of its first line when it is a tall one."""
    if text.count(b"\n", start, end) < TALLEST:
        return end
    line = text.find(b"\n", start, end)
    return len(text[start:line].rstrip()) + start
