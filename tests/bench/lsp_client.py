"""A client as fast as Python can be: messages are built before the clock starts, and nothing is parsed twice."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from time import perf_counter
from typing import Any, Self

URI = "file:///bench/service.py"


class Client:
    """One server process and its two pipes."""

    def __init__(self, argv: list[str], *, pull: bool = False) -> None:
        self.started = perf_counter()
        self.process = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self._in, self._out = self.process.stdin.fileno(), self.process.stdout.fileno()
        self._read = bytearray()
        self._next = 0
        self.pull = pull
        self.startup = self._initialize()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.process.kill()
        self.process.wait()

    def _initialize(self) -> float:
        text: dict[str, Any] = {
            "publishDiagnostics": {"versionSupport": True},
            "synchronization": {"didSave": True},
        }
        if self.pull:
            text["diagnostic"] = {"dynamicRegistration": False}
        capabilities = {"textDocument": text, "general": {"positionEncodings": ["utf-16"]}}
        self.request("initialize", {"processId": os.getpid(), "rootUri": None, "capabilities": capabilities})
        took = perf_counter() - self.started
        self.notify("initialized", {})
        return took

    def write(self, message: dict[str, Any]) -> None:
        self.write_framed(framed(message))

    def write_framed(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._in, view) :]

    def notify(self, method: str, params: Any) -> None:
        self.write({"jsonrpc": "2.0", "method": method, "params": params})

    def request(self, method: str, params: Any) -> Any:
        """The result of a request; messages before it are skipped, questions are answered with null."""
        self._next += 1
        self.write({"jsonrpc": "2.0", "id": self._next, "method": method, "params": params})
        while True:
            message = self.read()
            if message.get("id") == self._next and "method" not in message:
                if "error" in message:
                    raise RuntimeError(message["error"])
                return message["result"]
            self._answer(message)

    def read(self) -> dict[str, Any]:
        while True:
            end = self._read.find(b"\r\n\r\n")
            if end >= 0:
                header = bytes(self._read[:end]).lower()
                length = int(header.split(b"content-length:")[1].split(b"\r\n")[0])
                if len(self._read) >= end + 4 + length:
                    body = bytes(self._read[end + 4 : end + 4 + length])
                    del self._read[: end + 4 + length]
                    message: dict[str, Any] = json.loads(body)
                    return message
            data = os.read(self._out, 1 << 20)
            if not data:
                raise EOFError("the server has ended")
            self._read += data

    def diagnostics(self, version: int) -> list[dict[str, Any]]:
        """The diagnostics of `version`: pushed, or asked for."""
        if self.pull:
            report = self.request("textDocument/diagnostic", {"textDocument": {"uri": URI}})
            items: list[dict[str, Any]] = report.get("items", [])
            return items
        while True:
            message = self.read()
            if message.get("method") == "textDocument/publishDiagnostics" and message["params"]["version"] == version:
                found: list[dict[str, Any]] = message["params"]["diagnostics"]
                return found
            self._answer(message)

    def quiet(self, seconds: float) -> None:
        """Let the server finish whatever it does after a pause, and skip what it says."""
        import select

        until = perf_counter() + seconds
        while (left := until - perf_counter()) > 0:
            if select.select([self._out], [], [], left)[0]:
                self._read += os.read(self._out, 1 << 20)
        while b"\r\n\r\n" in self._read:
            self._answer(self.read())

    def open(self, text: str) -> list[dict[str, Any]]:
        document = {"uri": URI, "languageId": "python", "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": document})
        return self.diagnostics(1)

    def memory(self) -> float:
        """Resident set of the server in MiB."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        return 0.0

    def _answer(self, message: dict[str, Any]) -> None:
        if "id" in message and "method" in message:
            self.write({"jsonrpc": "2.0", "id": message["id"], "result": None})


def framed(message: dict[str, Any]) -> bytes:
    body = json.dumps(message).encode()
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def change(version: int, start: tuple[int, int], end: tuple[int, int], text: str) -> bytes:
    """A framed didChange that replaces what stands between two places (line, character) by `text`."""
    place = {
        "start": {"line": start[0], "character": start[1]},
        "end": {"line": end[0], "character": end[1]},
    }
    params = {"textDocument": {"uri": URI, "version": version}, "contentChanges": [{"range": place, "text": text}]}
    return framed({"jsonrpc": "2.0", "method": "textDocument/didChange", "params": params})
