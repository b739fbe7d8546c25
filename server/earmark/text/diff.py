"""The one line diff that buffers, notes and the gate share.

Version 1 of the algorithm, pinned because the provenance digest depends on it: common head and tail are set aside,
lines that occur on one side only are changed by definition, the rest is Myers' greedy O(ND) search. A hunk that only
inserts or only deletes is then slid to where a reader expects it (the indent heuristic of git, see `_slide`).

Bounds: the search stops after `_LIMIT` differences. It then splits at lines that occur exactly once on both sides
(patience) and searches the gaps; a gap that is still too different becomes one whole hunk. So a pathological pair
costs bounded time and yields a correct, though coarser, answer.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Sequence
from typing import NamedTuple

_LIMIT = 700
_SLIDE_LIMIT = 200


class Hunk(NamedTuple):
    """Old lines `old_start` to `old_end` became new lines `new_start` to `new_end` (0-based, half-open)."""

    old_start: int
    old_end: int
    new_start: int
    new_end: int


def split_lines(text: bytes) -> list[bytes]:
    """Lines with their ends, split at LF only, as git counts them. An empty text has no lines."""
    lines = text.split(b"\n")
    last = lines.pop()
    lines = [line + b"\n" for line in lines]
    if last:
        lines.append(last)
    return lines


def diff_lines(old: Sequence[bytes], new: Sequence[bytes]) -> tuple[Hunk, ...]:
    """The hunks that turn `old` into `new`, in order, never touching one another."""
    pairs = match(old, new)
    hunks = _hunks(pairs, len(old), len(new))
    return _merge([_slide(hunk, old, new, before, after) for before, hunk, after in _around(hunks, len(old))])


def match(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Index pairs (old, new) of equal items, increasing on both sides: a longest common subsequence within bounds."""
    head = 0
    end = min(len(old), len(new))
    while head < end and old[head] == new[head]:
        head += 1
    tail = 0
    end -= head
    while tail < end and old[len(old) - 1 - tail] == new[len(new) - 1 - tail]:
        tail += 1
    pairs = [(i, i) for i in range(head)]
    old_stop, new_stop = len(old) - tail, len(new) - tail
    if head < old_stop and head < new_stop:
        known: dict[Hashable, int] = {}
        a = [known.setdefault(item, len(known)) for item in old[head:old_stop]]
        b = [known.setdefault(item, len(known)) for item in new[head:new_stop]]
        pairs.extend((i + head, j + head) for i, j in _common(a, b))
    pairs.extend((old_stop + k, new_stop + k) for k in range(tail))
    return pairs


def _common(a: list[int], b: list[int]) -> list[tuple[int, int]]:
    in_a, in_b = set(a), set(b)
    ai = [i for i, x in enumerate(a) if x in in_b]
    bi = [j for j, x in enumerate(b) if x in in_a]
    pairs = _search([a[i] for i in ai], [b[j] for j in bi])
    if pairs is None:
        pairs = _patience([a[i] for i in ai], [b[j] for j in bi])
    return [(ai[i], bi[j]) for i, j in pairs]


def _search(a: list[int], b: list[int]) -> list[tuple[int, int]] | None:
    """Myers' greedy search; None when more than `_LIMIT` differences would be needed."""
    n, m = len(a), len(b)
    if not n or not m:
        return []
    if abs(n - m) > _LIMIT:
        return None
    limit = min(n + m, _LIMIT)
    frontier = [0] * (2 * limit + 3)
    trace: list[list[int]] = []
    for d in range(limit + 1):
        for k in range(-d, d + 1, 2):
            at = limit + 1 + k
            x = (
                frontier[at + 1]
                if k == -d or (k != d and frontier[at - 1] < frontier[at + 1])
                else frontier[at - 1] + 1
            )
            y = x - k
            while x < n and y < m and a[x] == b[y]:
                x += 1
                y += 1
            frontier[at] = x
            if x >= n and y >= m:
                trace.append(frontier[limit + 1 - d : limit + 2 + d])
                return _backtrack(trace, n, m)
        trace.append(frontier[limit + 1 - d : limit + 2 + d])
    return None


def _backtrack(trace: list[list[int]], x: int, y: int) -> list[tuple[int, int]]:
    pairs: list[tuple[int, int]] = []
    for d in range(len(trace) - 1, 0, -1):
        row = trace[d - 1]  # row[i] is the reach on diagonal i - (d - 1)
        k = x - y
        below = row[k + d] if k + 1 <= d - 1 else -1
        left = row[k - 1 + d - 1] if k - 1 >= -(d - 1) else -1
        down = k == -d or (k != d and left < below)
        px = below if down else left
        py = px - (k + 1 if down else k - 1)
        while x > px and y > py and x > (px if down else px + 1):
            x -= 1
            y -= 1
            pairs.append((x, y))
        x, y = px, py
    while x and y:
        x -= 1
        y -= 1
        pairs.append((x, y))
    pairs.reverse()
    return pairs


def _patience(a: list[int], b: list[int]) -> list[tuple[int, int]]:
    """Anchor on items that are unique on both sides, then search each gap within the same bound."""
    anchors = _anchors(a, b)
    pairs: list[tuple[int, int]] = []
    i = j = 0
    for x, y in [*anchors, (len(a), len(b))]:
        gap = _search(a[i:x], b[j:y])
        if gap:
            pairs.extend((i + p, j + q) for p, q in gap)
        if x < len(a):
            pairs.append((x, y))
        i, j = x + 1, y + 1
    return pairs


def _anchors(a: list[int], b: list[int]) -> list[tuple[int, int]]:
    where_a, where_b = _once(a), _once(b)
    candidates = [(i, where_b[x]) for x, i in where_a.items() if x in where_b]
    candidates.sort()
    tails: list[int] = []
    last: list[int] = []
    back: list[int] = []
    for index, (_, j) in enumerate(candidates):
        at = bisect_left(tails, j)
        back.append(last[at - 1] if at else -1)
        if at == len(tails):
            tails.append(j)
            last.append(index)
        else:
            tails[at] = j
            last[at] = index
    chain: list[tuple[int, int]] = []
    index = last[-1] if last else -1
    while index >= 0:
        chain.append(candidates[index])
        index = back[index]
    chain.reverse()
    return chain


def _once(items: list[int]) -> dict[int, int]:
    seen: dict[int, int] = {}
    for index, item in enumerate(items):
        seen[item] = -1 if item in seen else index
    return {item: index for item, index in seen.items() if index >= 0}


def _hunks(pairs: list[tuple[int, int]], old_len: int, new_len: int) -> list[Hunk]:
    hunks: list[Hunk] = []
    i = j = 0
    for x, y in pairs:
        if x > i or y > j:
            hunks.append(Hunk(i, x, j, y))
        i, j = x + 1, y + 1
    if old_len > i or new_len > j:
        hunks.append(Hunk(i, old_len, j, new_len))
    return hunks


def _around(hunks: list[Hunk], old_len: int) -> list[tuple[int, Hunk, int]]:
    """Each hunk with the number of unchanged lines before and after it."""
    found: list[tuple[int, Hunk, int]] = []
    for index, hunk in enumerate(hunks):
        before = hunk.old_start - (hunks[index - 1].old_end if index else 0)
        after = (hunks[index + 1].old_start if index + 1 < len(hunks) else old_len) - hunk.old_end
        found.append((before, hunk, after))
    return found


def _slide(hunk: Hunk, old: Sequence[bytes], new: Sequence[bytes], before: int, after: int) -> Hunk:
    """Move a pure insertion or deletion over equal lines to the place with the best look.

    The score and its weights are those of git's indent heuristic (Haggerty 2016, `diff.indentHeuristic`), so that
    hunks stand where reviewers know them from git.
    """
    if hunk.old_start == hunk.old_end:
        lines, start, end = new, hunk.new_start, hunk.new_end
    elif hunk.new_start == hunk.new_end:
        lines, start, end = old, hunk.old_start, hunk.old_end
    else:
        return hunk
    up = 0
    while up < min(before, _SLIDE_LIMIT) and lines[start - up - 1] == lines[end - up - 1]:
        up += 1
    down = 0
    while down < min(after, _SLIDE_LIMIT) and lines[start + down] == lines[end + down]:
        down += 1
    if not up and not down:
        return hunk
    # A reader prefers the lowest of equally good places, as git does.
    shift = min(range(-up, down + 1), key=lambda by: (_badness(lines, start + by, end + by), -by))
    return Hunk(hunk.old_start + shift, hunk.old_end + shift, hunk.new_start + shift, hunk.new_end + shift)


def _badness(lines: Sequence[bytes], start: int, end: int) -> tuple[int, int]:
    """(effective indent, penalty) summed over both edges of the group, comparable between places of one group."""
    first, second = _edge(lines, start), _edge(lines, end)
    return (0, 60 * (first[0] + second[0]) + first[1] + second[1])


def _edge(lines: Sequence[bytes], at: int) -> tuple[int, int]:
    indent = _indent(lines[at]) if at < len(lines) else -1
    before_blank, before = _skip_blank(lines, at - 1, -1)
    after_blank, after = _skip_blank(lines, at + 1, 1)
    blanks = before_blank + (1 + after_blank if at < len(lines) and indent < 0 else 0)
    post = 1 + after_blank if at < len(lines) and indent < 0 else 0
    penalty = -30 * blanks + 6 * post
    if before < 0 and at - 1 - before_blank < 0:
        penalty += 1
    if at >= len(lines):
        penalty += 21
    here = indent if indent >= 0 else after
    if here < 0 or before < 0 or here == before:
        return max(here, 0), penalty
    if here > before:
        return here, penalty + (10 if blanks else -4)
    outdent = after > here if indent >= 0 else False
    return here, penalty + ((17 if blanks else 24) if outdent else (17 if blanks else 23))


def _skip_blank(lines: Sequence[bytes], at: int, step: int) -> tuple[int, int]:
    """How many blank lines follow from `at` in direction `step`, and the indent of the line behind them (-1: none)."""
    count = 0
    while 0 <= at < len(lines) and count < 20:
        indent = _indent(lines[at])
        if indent >= 0:
            return count, indent
        count += 1
        at += step
    return count, -1


def _indent(line: bytes) -> int:
    """Columns of leading white space with tab stops of 8; -1 for a blank line."""
    column = 0
    for byte in line:
        if byte == 0x20:
            column += 1
        elif byte == 0x09:
            column += 8 - column % 8
        elif byte in b"\r\n\f\v":
            continue
        else:
            return min(column, 200)
    return -1


def _merge(hunks: list[Hunk]) -> tuple[Hunk, ...]:
    merged: list[Hunk] = []
    for hunk in hunks:
        if merged and merged[-1].old_end == hunk.old_start and merged[-1].new_end == hunk.new_start:
            merged[-1] = Hunk(merged[-1].old_start, hunk.old_end, merged[-1].new_start, hunk.new_end)
        else:
            merged.append(hunk)
    return tuple(merged)
