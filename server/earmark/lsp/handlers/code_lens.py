"""`textDocument/codeLens`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from earmark.lsp.regions import markers
from earmark.lsp.text import plain

if TYPE_CHECKING:
    from earmark.lsp.server import EarmarkServer

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
    """One lens for each thing still asked of this file, above its first AI text; none where nothing is open."""
    buffer = ls.session.buffers.get(params.text_document.uri)
    if buffer is None or buffer.place is None or not ls.session.settings.code_lenses:
        return []
    asked = ls.session.standing(buffer).open_for(buffer.place.path)
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
