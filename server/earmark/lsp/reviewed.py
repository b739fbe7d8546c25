"""Where the regions under review stand in a buffer, and what an edit since the commit makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from earmark.lsp.reviews import RegionReview, ReviewState
from earmark.lsp.text import plain
from earmark.origin.model import LineRange
from earmark.text.diff import Hunk, diff_lines, split_lines

if TYPE_CHECKING:
    from earmark.lsp.buffer import Buffer
    from earmark.lsp.identity import Named

# Where a buffer's lines stand is derived anew for a new text or a new review only.
_Key = tuple[int, int, int]

EDITED = "it was edited here and is not committed yet"
_WORST_FIRST = ("changes", "stale", "pending", "approved")


class Reviewed:
    """The regions under review of every open buffer, where they stand now. Owned by the loop thread."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[_Key, tuple[RegionReview, ...]]] = {}

    def of(self, buffer: Buffer, state: ReviewState) -> tuple[RegionReview, ...]:
        """As `in_buffer`."""
        if not state.regions:
            return ()
        key = (buffer.version, id(state), id(buffer.base))
        known = self._known.get(buffer.uri)
        if known is None or known[0] != key:
            known = self._known[buffer.uri] = (key, in_buffer(buffer, state))
        return known[1]

    def forget(self, buffer: Buffer) -> None:
        """The buffer is closed."""
        self._known.pop(buffer.uri, None)


def in_buffer(buffer: Buffer, state: ReviewState) -> tuple[RegionReview, ...]:
    """The regions of the buffer's file, lines (1-based, inclusive) of its present text. Nothing where the committed
    text that the review speaks of is not the one this buffer is based on."""
    if buffer.place is None or buffer.base is None:
        return ()
    found = state.regions.get(buffer.place.path, ())
    if not found or state.files.get(buffer.place.path) != buffer.place.repo.blob_id(buffer.base):
        return ()
    if buffer.base == buffer.text:
        return found
    return moved(found, diff_lines(split_lines(buffer.base), split_lines(buffer.text)))


def moved(found: Sequence[RegionReview], hunks: Sequence[Hunk]) -> tuple[RegionReview, ...]:
    """`found` after `hunks`: shifted where nothing inside was touched; else what was approved is stale."""
    out = []
    for review in found:
        start, end = review.lines.start - 1, review.lines.end
        if end == 0:
            out.append(review)
            continue
        inside = [h for h in hunks if _touches(h, start, end)]
        shift = sum(_growth(h) for h in hunks if h.old_end <= start and h not in inside)
        lines = LineRange(start + shift + 1, max(start + shift + 1, end + shift + sum(map(_growth, inside))))
        if inside and review.state == "approved":
            out.append(RegionReview(lines, "stale", (), EDITED))
        else:
            out.append(review._replace(lines=lines))
    return tuple(out)


def _touches(hunk: Hunk, start: int, end: int) -> bool:
    if hunk.old_start == hunk.old_end:
        return start < hunk.old_start < end
    return hunk.old_start < end and hunk.old_end > start


def _growth(hunk: Hunk) -> int:
    return (hunk.new_end - hunk.new_start) - (hunk.old_end - hunk.old_start)


def committed_lines(buffer: Buffer, first: int, last: int) -> LineRange | None:
    """The lines of the committed text that stand unchanged in lines `first` to `last` of the buffer (1-based,
    inclusive); None where nothing there is committed."""
    if buffer.base is None:
        return None
    before, now = split_lines(buffer.base), split_lines(buffer.text)
    same: list[int] = []
    old = new = 0
    for hunk in (*diff_lines(before, now), Hunk(len(before), len(before), len(now), len(now))):
        low, high = max(new, first - 1), min(hunk.new_start, last)
        same += range(old + low - new, old + high - new)
        old, new = hunk.old_end, hunk.new_end
    return LineRange(same[0] + 1, same[-1] + 1) if same else None


def of_region(buffer: Buffer, named: Named, reviews: Sequence[RegionReview]) -> RegionReview | None:
    """How the review of one region stands: the worst of those whose lines it touches, None where there is none."""
    region = named.region
    first = buffer.document.line_at(region.start) + 1
    last = buffer.document.line_at(max(region.end - 1, region.start)) + 1
    touched = [review for review in reviews if review.lines.start <= last and review.lines.end >= first]
    return min(touched, key=lambda review: _WORST_FIRST.index(review.state), default=None)


def standing(review: RegionReview | None) -> dict[str, Any]:
    """How one region stands; an empty state where it is not under review."""
    if review is None:
        return {"state": "", "by": [], "because": ""}
    by = [{"name": plain(name), "level": plain(level)} for name, level in review.by]
    return {"state": review.state, "by": by, "because": plain(review.because)}


def sentence(review: RegionReview, state: ReviewState) -> str:
    """One line on how a region stands, plain text with foreign names in it."""
    by = ", ".join(f"{name} ({level})" if level else name for name, level in review.by)
    if review.state == "approved":
        return f"approved by {by}"
    if review.state == "changes":
        return f"changes requested by {by}"
    if review.state == "stale":
        return f"approval no longer holds: {review.because}"
    if state.waiting:
        return f"waits for {', '.join(state.waiting)}"
    asked = state.url or state.asked_days_ago is not None
    return "asked for, not approved yet" if asked else "not reviewed, and not asked for from here"
