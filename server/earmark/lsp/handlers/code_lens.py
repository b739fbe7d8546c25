"""`textDocument/codeLens`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from lsprotocol import types

from earmark.lsp.regions import markers
from earmark.lsp.reviewed import sentence
from earmark.lsp.text import plain
from earmark.origin.model import LineRange

if TYPE_CHECKING:
    from earmark.lsp.buffer import Buffer
    from earmark.lsp.reviews import RegionReview
    from earmark.lsp.server import EarmarkServer

_APART = 5  # lines
# What mends an obligation that is open, by the obligation's code; the others are mended by editing.
MENDS = {
    "undeclared-ai": "earmark.tagCommit",
    "rollout-missing": "earmark.tagCommit",
    "approval-missing": "earmark.requestReview",
    "approval-level": "earmark.requestReview",
    "approval-stale": "earmark.requestReview",
    "self-approval": "earmark.requestReview",
}


def code_lens(ls: EarmarkServer, params: types.CodeLensParams) -> list[types.CodeLens]:
    """One lens for each thing still asked of this file, above its first AI text, and one above each stretch under
    review that says how it stands; none where nothing is asked and nothing is under review."""
    buffer = ls.session.buffers.get(params.text_document.uri)
    if buffer is None or buffer.place is None or not ls.session.settings.code_lenses:
        return []
    return [*_open(ls, buffer, buffer.place.path), *_reviews(ls, buffer)]


def _reviews(ls: EarmarkServer, buffer: Buffer) -> Iterator[types.CodeLens]:
    state = ls.session.reviews.of(buffer.place.repo if buffer.place else None)
    for review in stretches(ls.session.reviewed_in(buffer)):
        line = max(review.lines.start - 1, 0)
        end = types.Position(max(review.lines.end - 1, line), 0)
        where = {"start": {"line": line, "character": 0}, "end": {"line": end.line, "character": 0}}
        said = plain(f"Review: {sentence(review, state)}")
        argument = {"uri": buffer.uri, "version": buffer.version, "range": where, "scope": "region"}
        if not review.lines.start:
            argument = {"uri": buffer.uri, "version": buffer.version, "scope": "file"}
        place = types.Range(types.Position(line, 0), types.Position(line, 0))
        yield types.CodeLens(
            range=place, command=types.Command(title=said, command="earmark.requestReview", arguments=[argument])
        )


def stretches(reviews: Sequence[RegionReview]) -> list[RegionReview]:
    """`reviews`, those that stand alike and a few lines apart as one: an edit has lines of others between its own."""
    found: list[RegionReview] = []
    for review in sorted(reviews):
        before = found[-1] if found else None
        alike = before is not None and before._replace(lines=review.lines) == review
        if before is not None and alike and review.lines.start - before.lines.end <= _APART:
            found[-1] = before._replace(lines=LineRange(before.lines.start, review.lines.end))
        else:
            found.append(review)
    return found


def _open(ls: EarmarkServer, buffer: Buffer, path: str) -> list[types.CodeLens]:
    asked = ls.session.standing(buffer).open_for(path)
    shown = markers(buffer)
    if not asked or not shown:
        return []
    line = buffer.document.line_at(shown[0].start)
    place = types.Range(types.Position(line, 0), types.Position(line, 0))
    lenses = {
        plain(o.message): types.Command(
            title=plain(o.message),
            command=MENDS[o.code],
            arguments=[{"uri": buffer.uri, "version": buffer.version}],
        )
        for o in asked
        if o.code in MENDS
    }
    return [types.CodeLens(range=place, command=command) for command in lenses.values()]
