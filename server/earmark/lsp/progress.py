"""A progress report in the client, where it can show one."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING, Self

from lsprotocol import types

if TYPE_CHECKING:
    from earmark.lsp.capabilities import Client
    from earmark.lsp.protocol import EarmarkProtocol

_NUMBERS = itertools.count(1)


class Progress:
    """Shown while it is entered. `cancelled` is done once the user has cancelled it."""

    def __init__(self, protocol: EarmarkProtocol, client: Client, title: str, *, cancellable: bool) -> None:
        self._protocol = protocol
        self._shown = client.progress
        self._title = title
        self._cancellable = cancellable
        self._token = f"earmark-{next(_NUMBERS)}"
        self.cancelled: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def __aenter__(self) -> Self:
        if self._shown:
            progress = self._protocol.progress
            await progress.create_async(self._token)
            progress.begin(self._token, types.WorkDoneProgressBegin(self._title, cancellable=self._cancellable))
            # pygls cancels this future in the loop thread when the client's message comes.
            progress.tokens[self._token].add_done_callback(lambda _: self._cancel())
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._shown:
            self._protocol.progress.end(self._token, types.WorkDoneProgressEnd())

    def _cancel(self) -> None:
        if not self.cancelled.done():
            self.cancelled.set_result(None)
