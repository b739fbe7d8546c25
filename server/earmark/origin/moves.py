"""Blocks of lines that left one place of a file and stand in another."""

from __future__ import annotations

from collections.abc import Sequence

from earmark.text.diff import Hunk, match

_LEAST = 3


def moved_lines(old: Sequence[bytes], new: Sequence[bytes], hunks: Sequence[Hunk]) -> dict[int, int]:
    """New line index → old line index for runs of three or more lines that `old` lost and `new` gained elsewhere.

    Lines are compared without surrounding white space; a run needs at least one line with more than punctuation, so
    that closing brackets do not travel. Each lost line is used once.
    """
    lost: dict[int, bytes] = {}
    gains: list[tuple[Hunk, dict[int, bytes]]] = []
    for hunk in hunks:
        before = [line.strip() for line in old[hunk.old_start : hunk.old_end]]
        after = [line.strip() for line in new[hunk.new_start : hunk.new_end]]
        stayed = match(before, after)  # re-indented in place: neither lost nor gained
        kept_old, kept_new = {i for i, _ in stayed}, {j for _, j in stayed}
        lost |= {hunk.old_start + i: line for i, line in enumerate(before) if i not in kept_old}
        gains.append((hunk, {hunk.new_start + j: line for j, line in enumerate(after) if j not in kept_new}))
    places: dict[tuple[bytes, ...], list[int]] = {}
    for i in lost:
        window = _window(lost, i)
        if window:
            places.setdefault(window, []).append(i)
    if not places:
        return {}
    moved: dict[int, int] = {}
    used: set[int] = set()
    for hunk, gained in gains:
        j = hunk.new_start
        while j < hunk.new_end:
            run = _longest(places.get(_window(gained, j), ()), lost, gained, j, used, hunk)
            for step in range(run[1]):
                moved[j + step] = run[0] + step
                used.add(run[0] + step)
            j += max(run[1], 1)
    return moved


def _window(lines: dict[int, bytes], at: int) -> tuple[bytes, ...]:
    window = tuple(lines[at + step] for step in range(_LEAST) if at + step in lines)
    if len(window) < _LEAST or not any(any(chr(byte).isalnum() for byte in line) for line in window):
        return ()
    return window


def _longest(
    starts: Sequence[int], lost: dict[int, bytes], gained: dict[int, bytes], j: int, used: set[int], hunk: Hunk
) -> tuple[int, int]:
    """(old start, length) of the longest unused run that equals the gained lines from `j`; length 0 when none is."""
    best = (0, 0)
    for i in starts[:64]:
        if hunk.old_start <= i < hunk.old_end:
            continue  # not a move: the token diff of this hunk decides
        length = 0
        while (
            i + length in lost
            and j + length in gained
            and i + length not in used
            and lost[i + length] == gained[j + length]
        ):
            length += 1
        if length >= _LEAST and length > best[1]:
            best = (i, length)
    return best
