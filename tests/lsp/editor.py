"""An editor in the same process as the server: the real server over streams in memory, with a clock that the test
moves, and no message that goes unread."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import json
from collections.abc import Callable
from typing import Any, Self

from messages import Conversation

from earmark.lsp.server import EarmarkServer
from earmark.lsp.transport import Inbox

Message = dict[str, Any]


class FakeClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self._now = 1000.0
        self._calls: list[tuple[float, int, _Call]] = []
        self._number = itertools.count()

    def now(self) -> float:
        return self._now

    def call_later(self, seconds: float, callback: Callable[[], None]) -> _Call:
        call = _Call(callback)
        heapq.heappush(self._calls, (self._now + seconds, next(self._number), call))
        return call

    def move(self, seconds: float) -> None:
        """Let time pass and make the calls that fall due, each at its own time."""
        until = self._now + seconds
        while self._calls and self._calls[0][0] <= until:
            self._now, _, call = heapq.heappop(self._calls)
            call.run()
        self._now = until


class _Call:
    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self.callback = None

    def run(self) -> None:
        if self.callback is not None:
            self.callback()


class Editor:
    """One client and its server. `unread` holds what the server sent and the test has not taken."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.server = EarmarkServer(self.clock)
        self.unread: list[Message] = []
        self.capabilities: dict[str, Any] = {}
        self.conversation = Conversation()
        self._wrong: list[AssertionError] = []
        self._results: dict[int, Message] = {}
        self._ids = itertools.count(1)
        self.server.protocol.set_writer(self)
        receive, settle = self.server.protocol.receive, self.server.settle
        self._inbox = Inbox(asyncio.get_running_loop(), receive, settle, self.clock.now)
        self._buffer = b""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *exc: object) -> None:
        await self.idle()
        await self.server.end(1.0)
        if kind is None:
            assert self._wrong == []
            assert self.unread == [], "the server said more than the test expected"

    def write(self, data: bytes) -> None:
        """What the server writes: whole frames, each checked against the protocol."""
        self._buffer += data
        while self._buffer:
            header, _, rest = self._buffer.partition(b"\r\n\r\n")
            length = int(header.removeprefix(b"Content-Length: "))
            if len(rest) < length:
                return
            self._take(json.loads(rest[:length]))
            self._buffer = rest[length:]

    def close(self) -> None:
        """The server closes its end."""

    def _take(self, message: Message) -> None:
        try:
            self.conversation.check(message, "server")
        except AssertionError as wrong:
            # The server logs what goes wrong while it writes; the test is to fail.
            self._wrong.append(wrong)
        if "method" not in message:
            self._results[message["id"]] = message
            return
        if message["method"] == "textDocument/publishDiagnostics" and "version" in message["params"]:
            buffer = self.server.session.buffers[message["params"]["uri"]]
            assert message["params"]["version"] == buffer.version, "diagnostics of an older text"
        self.unread.append(message)

    @property
    def encoding(self) -> str:
        """How positions are counted."""
        return self.conversation.encoding

    def send(self, method: str, params: Any = None, *, broken: bool = False) -> None:
        """Send a notification; the server has not seen it yet when this returns. `broken` ones are not the
        protocol's on purpose."""
        self._put({"jsonrpc": "2.0", "method": method, "params": params}, broken)

    def ask(self, method: str, params: Any = None, *, broken: bool = False) -> int:
        """Send a request and return its id."""
        number = next(self._ids)
        self._put({"jsonrpc": "2.0", "id": number, "method": method, "params": params}, broken)
        return number

    def answered(self, number: int) -> bool:
        return number in self._results

    async def result(self, number: int) -> Any:
        """The result of a request; fails on an error answer."""
        message = await self.answer(number)
        assert "error" not in message, message["error"]
        return message["result"]

    async def answer(self, number: int) -> Message:
        """The whole answer to a request."""
        await self.idle()
        assert number in self._results, f"request {number} has no answer; unread: {self.unread}"
        return self._results.pop(number)

    async def request(self, method: str, params: Any = None) -> Any:
        """The result of a new request."""
        return await self.result(self.ask(method, params))

    def reply(self, message: Message, result: Any = None) -> None:
        """Answer a question of the server's."""
        self._put({"jsonrpc": "2.0", "id": message["id"], "result": result})

    def _put(self, message: Message, broken: bool = False) -> None:
        if not broken:
            self.conversation.check(message, "client")
        elif "id" in message:
            self.conversation.note(message, "client")
        self._inbox.put(json.dumps(message).encode())

    async def breathe(self) -> None:
        """Let the server take one turn of the loop."""
        await asyncio.sleep(0)

    async def until(self, holds: Callable[[], bool], seconds: float = 30.0) -> None:
        """Wait for what another thread or process brings about."""
        deadline = asyncio.get_running_loop().time() + seconds
        while not holds():
            assert asyncio.get_running_loop().time() < deadline, "it does not come about"
            await asyncio.sleep(0.001)

    async def idle(self, seconds: float = 10.0) -> None:
        """Wait until the server has nothing to do before time passes or somebody says something."""
        deadline = asyncio.get_running_loop().time() + seconds
        quiet = 0
        while quiet < 3:
            assert asyncio.get_running_loop().time() < deadline, "the server does not come to rest"
            working = self.server.initialized and self.server.session.scheduler.busy
            await asyncio.sleep(0.0005 if working else 0)
            quiet = 0 if self._inbox.busy or working else quiet + 1

    async def pass_time(self, seconds: float) -> None:
        """Let what is going on come to rest, then let time pass, and let what that starts come to rest."""
        await self.idle()
        self.clock.move(seconds)
        await self.idle()

    async def initialize(self, capabilities: dict[str, Any], **params: Any) -> Any:
        """The handshake; `params` are further parameters of `initialize`."""
        self.capabilities = capabilities
        full = {"processId": None, "rootUri": None, "capabilities": capabilities} | params
        result = await self.request("initialize", full)
        self.send("initialized", {})
        await self.idle()
        return result

    def open(self, uri: str, text: str, language: str = "python", version: int = 1) -> None:
        document = {"uri": uri, "languageId": language, "version": version, "text": text}
        self.send("textDocument/didOpen", {"textDocument": document})

    def change(self, uri: str, version: int, *changes: tuple[tuple[int, int], tuple[int, int], str] | str) -> None:
        """didChange; each change is ((line, character), (line, character), text), or a whole new text."""
        content = [
            {"text": change} if isinstance(change, str) else {"range": span(change[0], change[1]), "text": change[2]}
            for change in changes
        ]
        self.send(
            "textDocument/didChange", {"textDocument": {"uri": uri, "version": version}, "contentChanges": content}
        )

    def close_document(self, uri: str) -> None:
        self.send("textDocument/didClose", {"textDocument": {"uri": uri}})

    def take(self, method: str) -> Message:
        """The oldest unread message, which must be of `method`."""
        assert self.unread, f"expected {method}, but nothing is unread"
        assert self.unread[0]["method"] == method, f"expected {method}, got {self.unread}"
        return self.unread.pop(0)

    def take_all(self, *methods: str) -> list[Message]:
        """All unread messages, which must be of these methods in this order."""
        assert [message["method"] for message in self.unread] == list(methods)
        taken, self.unread = self.unread, []
        return taken

    async def diagnostics(self) -> Any:
        """The parameters of the publishDiagnostics that must be the only unread message."""
        await self.idle()
        return self.take_all("textDocument/publishDiagnostics")[0]["params"]

    def text(self, uri: str) -> str:
        """The server's idea of a document."""
        return self.server.session.buffers[uri].text.decode()


def span(start: tuple[int, int], end: tuple[int, int]) -> dict[str, dict[str, int]]:
    """A range of the protocol."""
    return {
        "start": {"line": start[0], "character": start[1]},
        "end": {"line": end[0], "character": end[1]},
    }
