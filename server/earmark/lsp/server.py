"""The server process: streams, loop, and what happens when either ends."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from threading import Thread
from typing import BinaryIO

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from earmark import __version__
from earmark.lsp.capabilities import Client
from earmark.lsp.clock import Clock, LoopClock
from earmark.lsp.features import register
from earmark.lsp.parent import watch
from earmark.lsp.protocol import EarmarkProtocol
from earmark.lsp.session import Session
from earmark.lsp.transport import FrameError, Inbox, Writer, read_message

log = logging.getLogger(__name__)

# What a shutdown waits for work that is being written.
SHUTDOWN_SECONDS = 1.0


class EarmarkServer(LanguageServer):
    """One client's server. `client` and `session` belong to the loop thread."""

    protocol: EarmarkProtocol

    def __init__(self, clock: Clock) -> None:
        super().__init__("earmark", __version__, protocol_cls=EarmarkProtocol)
        self.clock = clock
        self.client = Client()
        self.initialized = False
        self.session = Session(self.protocol, clock)
        self.stopped: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        register(self)

    def begin(self, params: types.InitializeParams) -> None:
        """Take note of who the client is; called once, by `initialize`."""
        self.client = Client.of(params)
        self.initialized = True
        self.session.begin(self.client, params)
        if params.process_id is not None:
            watch(params.process_id, self.clock, lambda: self.stop(1))

    def stop(self, code: int) -> None:
        """Let the process end with `code`; the first call counts."""
        if not self.stopped.done():
            self.stopped.set_result(code)


async def run(server: EarmarkServer, stdin: BinaryIO, stdout: BinaryIO) -> int:
    """Serve one client over two streams until it is done; returns the exit code of the process."""
    loop = asyncio.get_running_loop()
    server.protocol.set_writer(Writer(stdout))
    inbox = Inbox(loop, server.protocol.receive, server.session.settle)

    def read() -> None:
        try:
            while (body := read_message(stdin)) is not None:
                inbox.put(body)
        except (FrameError, OSError, ValueError) as error:
            log.error("Reading stopped: %s", error)  # noqa: TRY400  (the trace says nothing about the client)
        loop.call_soon_threadsafe(inbox.when_empty, hang_up)

    def hang_up() -> None:
        server.session.scheduler.spawn(_end_after_answers(server), "the end of input")

    # Ended with the process: a thread that blocks on a read cannot be told to stop.
    Thread(target=read, name="earmark-reader", daemon=True).start()
    code = await server.stopped
    await server.session.end(SHUTDOWN_SECONDS)
    return code


async def _end_after_answers(server: EarmarkServer) -> None:
    """The client will say no more: answer what it asked, then stop as `exit` without `shutdown` does."""
    await server.session.scheduler.drained(SHUTDOWN_SECONDS)
    server.stop(1)


def serve() -> int:
    """Serve over standard input and output, then end the process; nothing else may write there meanwhile."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("pygls").setLevel(logging.ERROR)
    stdin = os.fdopen(os.dup(0), "rb", buffering=1 << 16)
    stdout = os.fdopen(os.dup(1), "wb")
    # A stray print must not corrupt the protocol, nor a child process read the client's messages.
    os.dup2(2, 1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)

    async def main() -> int:
        return await run(EarmarkServer(LoopClock()), stdin, stdout)

    code = asyncio.run(main())
    sys.stderr.flush()
    # Threads of the pool may hang in a read of a dead file system; nothing of theirs is worth waiting for.
    os._exit(code)
