"""An editor without a screen: the real server over stdio, spoken to as any client would."""

from __future__ import annotations

import contextlib
import json
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

_PATIENCE = 8.0
_QUIET = 0.7


class EditorError(Exception):
    """The server did not answer as a server should; the message says to what."""


class Editor:
    """Opens files, follows them on disk, and keeps what the server last published for each."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self._folder = folder
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  (closed with the server)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "earmark", "serve", "--stdio"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=dict(env),
            cwd=folder,
        )
        self._inbox: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._answers: dict[int, dict[str, Any]] = {}
        self._versions: dict[str, int] = {}
        self._next = 0
        self.diagnostics: dict[str, tuple[int, list[dict[str, Any]]]] = {}
        self.regions_changed: dict[str, int] = {}
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def __enter__(self) -> Self:
        self.request(
            "initialize",
            {
                "processId": None,
                "rootUri": self._folder.as_uri(),
                "workspaceFolders": [{"uri": self._folder.as_uri(), "name": self._folder.name}],
                "capabilities": {
                    "general": {"positionEncodings": ["utf-8"]},
                    "textDocument": {
                        "publishDiagnostics": {"versionSupport": True, "codeDescriptionSupport": True},
                        "inlayHint": {},
                        "codeLens": {},
                        "hover": {"contentFormat": ["markdown", "plaintext"]},
                    },
                    "workspace": {"inlayHint": {"refreshSupport": True}},
                },
            },
        )
        self.notify("initialized", {})
        return self

    def __exit__(self, *exc: object) -> None:
        try:
            self.request("shutdown", None)
            self.notify("exit", None)
            self._process.wait(timeout=3)
        except (EditorError, OSError, subprocess.TimeoutExpired):
            self._process.kill()
        finally:
            self._listener.join(timeout=3)
            for stream in (self._process.stdin, self._process.stdout, self._log):
                if stream is not None:
                    with contextlib.suppress(OSError):
                        stream.close()

    def open(self, path: str, language: str) -> None:
        """Open a file of the folder; one that does not exist yet opens empty."""
        file = self._folder / path
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        self._versions[self.uri(path)] = 1
        item = {"uri": self.uri(path), "languageId": language, "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": item})

    def reload(self, path: str) -> int:
        """Take over what is on disk now, as editors do when a file changed under them; returns the new version."""
        uri = self.uri(path)
        self._versions[uri] += 1
        change = {"text": (self._folder / path).read_text(encoding="utf-8")}
        document = {"uri": uri, "version": self._versions[uri]}
        self.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})
        return self._versions[uri]

    def uri(self, path: str) -> str:
        return (self._folder / path).as_uri()

    def request(self, method: str, params: object) -> Any:
        """The result of one request. Raises EditorError when the server refuses or falls silent."""
        self._next += 1
        number = self._next
        self._send({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        self.wait(lambda: number in self._answers, f"answer to {method}")
        answer = self._answers.pop(number)
        if "error" in answer:
            raise EditorError(f"{method}: {answer['error'].get('message', 'error')}")
        return answer.get("result")

    def notify(self, method: str, params: object) -> None:
        self._send({"jsonrpc": "2.0", "method": method, "params": params})

    def wait(self, ready: Callable[[], bool], what: str) -> None:
        """Handle messages until `ready`; raises EditorError after eight seconds or when the server is gone."""
        end = time.monotonic() + _PATIENCE
        while not ready():
            try:
                message = self._inbox.get(timeout=max(end - time.monotonic(), 0.001))
            except queue.Empty:
                raise EditorError(f"no {what} from the server within {_PATIENCE:g} s") from None
            if message is None:
                raise self._ended(f"before the {what}")
            self._handle(message)

    def idle(self) -> None:
        """Handle messages until the server has been quiet for a moment: what needs an idle editor has then arrived."""
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            try:
                message = self._inbox.get(timeout=_QUIET)
            except queue.Empty:
                return
            if message is None:
                raise self._ended("while nothing was asked of it")
            self._handle(message)

    def _handle(self, message: dict[str, Any]) -> None:
        method, params = message.get("method"), message.get("params") or {}
        if method is None:
            self._answers[message["id"]] = message
        elif "id" in message:
            result: object = [None for _ in params.get("items", [])] if method == "workspace/configuration" else None
            self._send({"jsonrpc": "2.0", "id": message["id"], "result": result})
        elif method == "textDocument/publishDiagnostics":
            self.diagnostics[params["uri"]] = (params.get("version") or 0, params["diagnostics"])
        elif method == "earmark/regionsChanged":
            self.regions_changed[params["uri"]] = params.get("version") or 0

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps(message).encode()
        stdin = self._process.stdin
        assert stdin is not None
        try:
            stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
            stdin.flush()
        except BrokenPipeError:
            raise self._ended(f"before it read {message.get('method', 'an answer')}") from None

    def _ended(self, when: str) -> EditorError:
        self._log.seek(0)
        said = self._log.read().decode("utf-8", "replace").strip().splitlines()
        return EditorError(f"the server ended {when}" + (f": {said[-1]}" if said else ""))

    def _listen(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        while True:
            size = 0
            while (line := stream.readline().strip()) or not size:
                if not line:
                    self._inbox.put(None)
                    return
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    size = int(value)
            self._inbox.put(json.loads(stream.read(size)))
