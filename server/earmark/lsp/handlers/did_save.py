"""`textDocument/didSave`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

if TYPE_CHECKING:
    from earmark.lsp.server import EarmarkServer


def did_save(ls: EarmarkServer, params: types.DidSaveTextDocumentParams) -> None:
    """Keep what was seen of a file in the ledger. A save of a document that is not open is somebody else's."""
    buffer = ls.session.buffers.get(params.text_document.uri)
    if buffer is not None:
        ls.session.save(buffer)
