"""The kernel: how origins follow a text from one content to the next (DESIGN §4).

Laws (tests/unit/origin/test_transfer.py holds each as a property):
- unchanged text keeps its origin; equal contents change nothing;
- an AI writer owns the lines its diff changed, except where only trailing white space or line ends differ, and leaves
  a `Removal` for the lines its diff took away;
- any other writer owns the tokens it changed. Token-equal text (formatting, indentation, reflow) keeps its owners, and
  three or more lines moved within the file keep theirs where the source lost them; a copy does not;
- a removal travels with its place and is cancelled when its text returns;
- no origin appears that neither `old` nor `writer` had.

Bounds: `text.diff` degrades to whole hunks on pathological pairs, and a hunk of more than 20,000 tokens that is not
token-equal goes to the writer as a whole; both err towards the writer, never towards an assistant that did not write.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from earmark.origin.model import Origin, Region, Removal, Snapshot
from earmark.origin.moves import moved_lines
from earmark.origin.regions import Regions, tidy
from earmark.origin.tokens import carry
from earmark.text.diff import Hunk, diff_lines, match, split_lines


def transfer(old: Snapshot, new: bytes, writer: Origin, order: int) -> Snapshot:
    """The snapshot of `new`, which `writer` made of `old`.

    `order` is the writer's place in time (see `Region.order`); it must exceed those in `old` for the writer's text to
    count as the newest.
    """
    if old.text == new:
        return old
    return _Transfer(old, new, writer, order).run()


class _Transfer:
    """One run of the kernel: both texts as lines, with the byte offset of each line start."""

    def __init__(self, old: Snapshot, new: bytes, writer: Origin, order: int) -> None:
        self.old, self.new, self.writer, self.order = old, new, writer, order
        self.old_lines, self.new_lines = split_lines(old.text), split_lines(new)
        self.old_at, self.new_at = offsets(self.old_lines), offsets(self.new_lines)
        self.regions = Regions(old.regions)
        self.hunks = diff_lines(self.old_lines, self.new_lines)

    def run(self) -> Snapshot:
        pieces: list[Region] = []
        removals: list[Removal] = []
        moved: dict[int, int] = {}
        if self.writer.kind != "ai" and self.old.regions:
            moved = moved_lines(self.old_lines, self.new_lines, self.hunks)
        i = j = 0
        for hunk in self.hunks:
            pieces.extend(self.regions.moved(self.old_at[i], self.old_at[hunk.old_start], self.new_at[j]))
            if self.writer.kind == "ai":
                pieces.extend(self._written_by_ai(hunk, removals))
            else:
                pieces.extend(self._written_by_other(hunk, moved))
            i, j = hunk.old_end, hunk.new_end
        pieces.extend(self.regions.moved(self.old_at[i], len(self.old.text), self.new_at[j]))
        removals.extend(self._carried_removals())
        return Snapshot(self.new, tidy(pieces, self.new), tuple(sorted(removals, key=lambda r: r.at)))

    def _written_by_ai(self, hunk: Hunk, removals: list[Removal]) -> Iterator[Region]:
        """Changed lines are the assistant's; lines that differ in trailing white space alone keep their owner."""
        old = [line.rstrip() for line in self.old_lines[hunk.old_start : hunk.old_end]]
        new = [line.rstrip() for line in self.new_lines[hunk.new_start : hunk.new_end]]
        same = [(i, j) for i, j in match(old, new) if new[j]]
        i = j = 0
        for next_i, next_j in [*same, (len(old), len(new))]:
            start, end = self.new_at[hunk.new_start + j], self.new_at[hunk.new_start + next_j]
            yield Region(start, end, self.writer, self.order)
            if next_i > i:
                removals.append(Removal(self.writer.author, start, tuple(old[i:next_i]), self.order))
            if next_j < len(new):
                yield from self._same_line(hunk.old_start + next_i, hunk.new_start + next_j)
            i, j = next_i + 1, next_j + 1

    def _same_line(self, old_line: int, new_line: int) -> Iterator[Region]:
        start, end = self.old_at[old_line], self.old_at[old_line + 1]
        to, stop = self.new_at[new_line], self.new_at[new_line + 1]
        last: Region | None = None
        for region in self.regions.moved(start, end, to):
            if region.start < stop:
                last = region._replace(end=min(region.end, stop))
                yield last
        owner = self.regions.owner(end - 1)
        if last and owner.order == last.order and last.end < stop and stop - to > end - start:
            yield last._replace(start=last.end, end=stop)

    def _written_by_other(self, hunk: Hunk, moved: dict[int, int]) -> Iterator[Region]:
        """Token by token; lines that were moved here take their owners along."""
        j = hunk.new_start
        while j < hunk.new_end:
            if j in moved:
                old_line = moved[j]
                yield from self._carry(old_line, old_line + 1, j, j + 1)
                j += 1
                continue
            stop = j
            while stop < hunk.new_end and stop not in moved:
                stop += 1
            yield from self._carry(hunk.old_start, hunk.old_end, j, stop)
            j = stop

    def _carry(self, old_start: int, old_end: int, new_start: int, new_end: int) -> Iterator[Region]:
        return carry(
            self.old.text,
            self.regions,
            (self.old_at[old_start], self.old_at[old_end]),
            self.new,
            (self.new_at[new_start], self.new_at[new_end]),
            self.writer,
            self.order,
        )

    def _carried_removals(self) -> Iterator[Removal]:
        for removal in self.old.removals:
            at, hunk = self._moved_anchor(removal.at)
            lines = removal.lines
            if hunk:
                lines = without(lines, self.new_lines[hunk.new_start : hunk.new_end])
            if lines:
                yield removal._replace(at=at, lines=lines)

    def _moved_anchor(self, at: int) -> tuple[int, Hunk | None]:
        """Where an anchor stands now, and the hunk that touches it, if one does."""
        shift = 0
        for hunk in self.hunks:
            if at < self.old_at[hunk.old_start]:
                break
            if at <= self.old_at[hunk.old_end]:
                return self.new_at[hunk.new_start], hunk
            shift = self.new_at[hunk.new_end] - self.old_at[hunk.old_end]
        return at + shift, None


def without(lines: tuple[bytes, ...], returned: Sequence[bytes]) -> tuple[bytes, ...]:
    """`lines` less those that came back in `returned`, in order, trailing white space aside."""
    found = {i for i, _ in match(lines, [line.rstrip() for line in returned])}
    return tuple(line for index, line in enumerate(lines) if index not in found)


def offsets(lines: Sequence[bytes]) -> list[int]:
    """The byte offset of each line start, and of the end of the text."""
    at = [0]
    for line in lines:
        at.append(at[-1] + len(line))
    return at
