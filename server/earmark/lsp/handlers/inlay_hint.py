"""`textDocument/inlayHint`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from earmark.lsp.convert import bytes_of
from earmark.lsp.regions import channel, describe_author, label, markers

if TYPE_CHECKING:
    from earmark.lsp.server import EarmarkServer


def inlay_hint(ls: EarmarkServer, params: types.InlayHintParams) -> list[types.InlayHint]:
    """A hint at the start of each stretch of AI text in the asked range, for a client that draws no regions itself."""
    buffer = ls.session.buffers.get(params.text_document.uri)
    if buffer is None or channel(ls.client, ls.session.settings) != "inlay hint":
        return []
    start, end = bytes_of(buffer, params.range, ls.client.encoding)
    return [
        types.InlayHint(
            position=types.Position(*buffer.document.position(marker.start, ls.client.encoding)),
            label=label(buffer, marker),
            tooltip=describe_author(buffer, marker.author),
            padding_right=True,
        )
        for marker in markers(buffer)
        if start <= marker.start <= end
    ]
