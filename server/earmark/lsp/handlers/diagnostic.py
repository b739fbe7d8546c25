"""`textDocument/diagnostic`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

if TYPE_CHECKING:
    from earmark.lsp.server import EarmarkServer

Report = types.RelatedFullDocumentDiagnosticReport | types.RelatedUnchangedDocumentDiagnosticReport


def diagnostic(ls: EarmarkServer, params: types.DocumentDiagnosticParams) -> Report:
    """What can be said at once. Where a longer look finds something else, the client is asked to ask again."""
    buffer = ls.session.buffers.get(params.text_document.uri)
    if buffer is None:
        return types.RelatedFullDocumentDiagnosticReport(items=[])
    ls.session.settle_one(buffer)
    return ls.session.diagnostics.pull(buffer, ls.session.marks(buffer), ls.client, params.previous_result_id)
