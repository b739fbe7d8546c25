"""The server process: streams, loop, and what happens when either ends."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from threading import Thread
from typing import TYPE_CHECKING, BinaryIO

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from earmark import __version__
from earmark.lsp import features
from earmark.lsp.capabilities import Client
from earmark.lsp.clock import Clock, LoopClock
from earmark.lsp.parent import watch
from earmark.lsp.protocol import EarmarkProtocol
from earmark.lsp.transport import FrameError, Inbox, Writer, read_message

if TYPE_CHECKING:
    from earmark.lsp.session import Session

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
        self.stopped: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._params: types.InitializeParams | None = None
        self._session: Session | None = None
        features.register(self)

    @property
    def session(self) -> Session:
        """The state of the session; made with what it needs after `initialize` is answered, when first asked for."""
        if self._session is None:
            from earmark.lsp.session import Session

            self._session = Session(self.protocol, self.clock)
            if self._params is not None:
                self._session.begin(self.client, self._params)
        return self._session

    def settle(self) -> None:
        """Nothing more is queued; see `Session.settle`."""
        if self._session is not None:
            self._session.settle()

    async def end(self, seconds: float) -> None:
        """Let the session end, if there was one."""
        if self._session is not None:
            await self._session.end(seconds)

    def begin(self, params: types.InitializeParams) -> None:
        """`initialize`: take note of who the client is. Nothing is read from disk, so that the answer comes at once."""
        self.client = Client.of(params)
        self._params = params
        self.initialized = True
        features.register_for_client(self)
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
    inbox = Inbox(loop, server.protocol.receive, server.settle)

    def read() -> None:
        try:
            while (body := read_message(stdin)) is not None:
                inbox.put(body)
        except (FrameError, OSError, ValueError) as error:
            log.error("Reading stopped: %s", error)  # noqa: TRY400  (the trace says nothing about the client)
        loop.call_soon_threadsafe(inbox.when_empty, hang_up)

    ending: set[asyncio.Task[None]] = set()

    def hang_up() -> None:
        ending.add(asyncio.ensure_future(_end_after_answers(server)))

    # Ended with the process: a thread that blocks on a read cannot be told to stop.
    Thread(target=read, name="earmark-reader", daemon=True).start()
    code = await server.stopped
    await server.end(SHUTDOWN_SECONDS)
    return code


async def _end_after_answers(server: EarmarkServer) -> None:
    """The client will say no more: answer what it asked, then stop as `exit` without `shutdown` does."""
    await server.protocol.answered(SHUTDOWN_SECONDS)
    server.stop(1)


def serve() -> int:
    """Serve over standard input and output, then end the process; nothing else may write there meanwhile."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("pygls").setLevel(logging.ERROR)
    # How long the reader may have to wait for the interpreter while the loop parses or scans.
    sys.setswitchinterval(0.0005)
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
