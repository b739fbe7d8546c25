"""`earmark.showRegion {uri, id}` → the region as `earmark/regions` gives it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lsprotocol import types

from earmark.lsp.commands.asking import Refused, argument, require_buffer
from earmark.lsp.convert import range_of
from earmark.lsp.handlers.arguments import word
from earmark.lsp.regions import described

if TYPE_CHECKING:
    from earmark.lsp.server import EarmarkServer


async def show_region(ls: EarmarkServer, *arguments: Any) -> dict[str, Any]:
    """Put the cursor on the region, where the client can, and answer with it."""
    given = argument(arguments)
    buffer = require_buffer(ls, given)
    named = buffer.tracking.names.get(word(given, "id")) if buffer.tracking is not None else None
    if named is None:
        raise Refused("This region is no longer there.")
    answer = described(ls.session, buffer, named)
    if ls.client.show_document:
        where = range_of(buffer.document, named.region.start, named.region.end, ls.client.encoding)
        await ls.window_show_document_async(types.ShowDocumentParams(buffer.uri, take_focus=True, selection=where))
    return answer
