"""`textDocument/diagnostic`."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from earmark.lsp.protocol import Json

if TYPE_CHECKING:
    from earmark.lsp.server import EarmarkServer

_FIRST_SECONDS = 3.0


def diagnostic(ls: EarmarkServer, params: types.DocumentDiagnosticParams) -> Generator[Any, Any, Json]:
    """What can be said at once; where a longer look finds something else, the client is asked to ask again.

    Only the first answer waits for a whole look: an empty one would be taken for "nothing wrong here". A generator of
    the kind that pygls runs at once and lets wait where it yields: a task would have to take its turn behind a parse.
    """
    buffer = ls.session.buffers.get(params.text_document.uri)
    if buffer is None:
        return Json('{"kind":"full","items":[]}')
    ls.session.settle_one(buffer)
    if not buffer.ready.is_set():
        yield _until, (buffer.ready,), None
    return Json(ls.session.diagnostics.pull(buffer, ls.session.marks(buffer), ls.client, params.previous_result_id))


async def _until(ready: asyncio.Event) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(ready.wait(), _FIRST_SECONDS)
