"""What a change did to one file, from the parent's content and a snapshot of the new one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from earmark.origin.model import FileOrigins, LineOrigin, LineRange, RemovedLines, Snapshot
from earmark.origin.regions import NOBODY, Owner, line_owners, runs
from earmark.origin.transfer import offsets
from earmark.text.diff import Hunk, diff_lines, match, split_lines


def file_origins(path: str, old_path: str, old: bytes, old_blob: str, snapshot: Snapshot) -> FileOrigins:
    """Origins of the lines that turn `old` (blob `old_blob`, empty for a new file) into `snapshot.text`.

    Only lines the change adds are attributed: what stood in the parent belongs to the commit that brought it. A
    removal counts for those of its lines that the parent really has and the change really lacks.
    """
    before, after = split_lines(old), split_lines(snapshot.text)
    hunks = diff_lines(before, after)
    first, changed = _changed_owners(snapshot, after, hunks)
    owners: list[LineOrigin] = []
    ai_text: list[tuple[str, bytes]] = []
    for hunk in hunks:
        owned = changed[hunk.new_start - first : hunk.new_end - first]
        owners.extend(runs(owned, hunk.new_start + 1))
        ai_text.extend(_ai_lines(owned, after[hunk.new_start : hunk.new_end]))
    removed = list(_removed(snapshot, before, after, hunks))
    return FileOrigins(
        path,
        old_path,
        sum(h.new_end - h.new_start for h in hunks),
        sum(h.old_end - h.old_start for h in hunks),
        tuple(owners),
        tuple(_ranges(removed, old_blob)),
        tuple(ai_text),
        tuple((session, before[line].rstrip()) for line, session, _ in removed),
    )


def _changed_owners(snapshot: Snapshot, after: Sequence[bytes], hunks: Sequence[Hunk]) -> tuple[int, Sequence[Owner]]:
    """(the first line that any hunk added, 0-based; the owners of the lines from there to the last such line)."""
    if not hunks:
        return 0, []
    first, last = hunks[0].new_start, hunks[-1].new_end
    if not snapshot.regions:
        return first, [NOBODY] * (last - first)
    start = sum(map(len, after[:first]))
    return first, line_owners(snapshot, start, start + sum(map(len, after[first:last])))


def _ai_lines(owned: Sequence[Owner], lines: Sequence[bytes]) -> Iterator[tuple[str, bytes]]:
    for owner, line in zip(owned, lines, strict=True):
        if owner.origin.kind == "ai":
            yield owner.origin.author, line.rstrip()


def _removed(
    snapshot: Snapshot, before: list[bytes], after: list[bytes], hunks: Sequence[Hunk]
) -> Iterator[tuple[int, str, int]]:
    """(0-based line of the parent, session, 1-based line of the new text after which it stood), in parent order."""
    if not snapshot.removals:
        return
    at = offsets(after)
    for hunk in hunks:
        if hunk.old_start == hunk.old_end:
            continue
        told: dict[str, list[tuple[bytes, ...]]] = {}
        for removal in snapshot.removals:
            if at[hunk.new_start] <= removal.at <= at[hunk.new_end]:
                told.setdefault(removal.session, []).append(removal.lines)
        lost = {i: line.rstrip() for i, line in enumerate(before[hunk.old_start : hunk.old_end], hunk.old_start)}
        owner: dict[int, str] = {}
        for session in sorted(told):
            for i in _places(told[session], {i: line for i, line in lost.items() if i not in owner}):
                owner[i] = session
        for i in sorted(owner):
            yield i, owner[i], hunk.new_start


def _places(told: Sequence[tuple[bytes, ...]], lost: dict[int, bytes]) -> list[int]:
    """Which of the `lost` lines, by number, the removals `told` speak of. Equal lines are told apart by taking the
    first place each time, so that a note read back names the lines it was written from."""
    places = _first_places([line for lines in told for line in lines], lost)
    if places is None:  # more was removed than this change lacks, or in another order
        taken: set[int] = set()
        for lines in told:
            free = [i for i in lost if i not in taken]
            taken |= {free[found] for _, found in match(lines, [lost[i] for i in free])}
        places = _first_places([lost[i] for i in sorted(taken)], lost) or []
    return places


def _first_places(lines: Sequence[bytes], lost: dict[int, bytes]) -> list[int] | None:
    """The first places of `lines`, in order, among `lost`; None when they do not all stand there in order."""
    places: list[int] = []
    rest = iter(lost.items())
    for line in lines:
        place = next((i for i, other in rest if other == line), None)
        if place is None:
            return None
        places.append(place)
    return places


def _ranges(removed: Sequence[tuple[int, str, int]], blob: str) -> Iterator[RemovedLines]:
    start = 0
    for index in range(1, len(removed) + 1):
        last, session, at = removed[index - 1]
        if index == len(removed) or removed[index][0] != last + 1 or removed[index][1:] != (session, at):
            yield RemovedLines(session, blob, LineRange(removed[start][0] + 1, last + 1), at)
            start = index
