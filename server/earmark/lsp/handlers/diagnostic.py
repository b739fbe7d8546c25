"""`textDocument/diagnostic`."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from lsprotocol import types

if TYPE_CHECKING:
    from earmark.lsp.server import EarmarkServer

_FIRST_SECONDS = 3.0

Report = types.RelatedFullDocumentDiagnosticReport | types.RelatedUnchangedDocumentDiagnosticReport


async def diagnostic(ls: EarmarkServer, params: types.DocumentDiagnosticParams) -> Report:
    """What can be said at once; where a longer look finds something else, the client is asked to ask again.

    Only the first answer waits for a whole look: an empty one would be taken for "nothing wrong here".
    """
    buffer = ls.session.buffers.get(params.text_document.uri)
    if buffer is None:
        return types.RelatedFullDocumentDiagnosticReport(items=[])
    ls.session.settle_one(buffer)
    if not buffer.ready.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(buffer.ready.wait(), _FIRST_SECONDS)
    return ls.session.diagnostics.pull(buffer, ls.session.marks(buffer), ls.client, params.previous_result_id)
