"""Open buffers for a fuzzer: the real server over streams in memory, driven step by step from synchronous code."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable
from pathlib import Path
from typing import TypeVar

sys.path.insert(0, str(Path(__file__).parents[1] / "lsp"))

from editor import Editor

from earmark.lsp.origins import WATCH_SECONDS
from earmark.origin.regions import line_owners

T = TypeVar("T")
_ENOUGH = 0.6  # seconds of the editor's clock until the server has looked at the ledger and at git


class Buffers:
    """One editor in which every buffer's text is known, with an undo stack a buffer. Lines end with a line feed."""

    def __init__(self, top: Path) -> None:
        self._top = top
        self._loop = asyncio.new_event_loop()
        self._editor = self._do(self._started())
        self.texts: dict[str, str] = {}
        self._saved: dict[str, str] = {}
        self._versions: dict[str, int] = {}
        self._undo: dict[str, list[str]] = {}
        self._redo: dict[str, list[str]] = {}

    async def _started(self) -> Editor:
        editor = Editor()
        await editor.initialize({"general": {"positionEncodings": ["utf-16"]}}, rootUri=self._top.as_uri())
        return editor

    def _do(self, step: Awaitable[T]) -> T:
        return self._loop.run_until_complete(step)  # type: ignore[arg-type]

    def end(self) -> None:
        """Close the editor."""
        self._editor.unread.clear()
        self._do(self._editor.__aexit__(None))
        self._loop.close()

    def settle(self) -> None:
        """Let the server look at what has changed on disk."""
        for _ in range(round(_ENOUGH / WATCH_SECONDS)):
            self._do(self._editor.pass_time(WATCH_SECONDS))
        self._editor.unread.clear()

    def _uri(self, name: str) -> str:
        return (self._top / name).as_uri()

    def on_disk(self, name: str) -> str:
        """The file's content, empty when there is none."""
        path = self._top / name
        return path.read_text() if path.exists() else ""

    def is_stale(self, name: str) -> bool:
        """Whether others have changed the file, and the buffer holds nothing that is not saved."""
        return self.texts[name] == self._saved[name] != self.on_disk(name)

    def open(self, name: str) -> None:
        """Open the file."""
        self.texts[name] = self._saved[name] = self.on_disk(name)
        self._versions[name] = 1
        self._undo[name], self._redo[name] = [], []
        self._editor.open(self._uri(name), self.texts[name], "plaintext")
        self.settle()

    def close(self, name: str) -> None:
        """Close the buffer; what is not saved is gone."""
        self._editor.close_document(self._uri(name))
        del self.texts[name]
        self.settle()

    def type_line(self, name: str, line: int, text: str) -> None:
        """Type one line, letter by letter, in front of 0-based `line`; undo takes it back as a whole."""
        before = self.texts[name]
        for column, letter in enumerate(text):
            self._change(name, (line, column), (line, column), letter)
        del self._undo[name][-len(text) :]
        self._undo[name].append(before)

    def delete_line(self, name: str, line: int) -> None:
        """Delete one line with one keystroke."""
        self._change(name, (line, 0), (line + 1, 0), "")

    def paste(self, name: str, line: int, text: str) -> None:
        """Text of nobody known comes in at once in front of 0-based `line`."""
        self._change(name, (line, 0), (line, 0), text)

    def cut(self, name: str, line: int, count: int) -> str:
        """Take `count` lines out, from 0-based `line`, and return them."""
        lines = self.texts[name].splitlines(keepends=True)
        self._change(name, (line, 0), (line + count, 0), "")
        return "".join(lines[line : line + count])

    def undo(self, name: str) -> None:
        """Take the last change back."""
        if self._undo[name]:
            self._redo[name].append(self.texts[name])
            self._become(name, self._undo[name].pop())

    def redo(self, name: str) -> None:
        """Make it again."""
        if self._redo[name]:
            self._undo[name].append(self.texts[name])
            self._become(name, self._redo[name].pop())

    def save(self, name: str) -> None:
        """Write the file as the buffer stands."""
        path = self._top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.texts[name])
        self._saved[name] = self.texts[name]
        self._editor.send("textDocument/didSave", {"textDocument": {"uri": self._uri(name)}})
        self.settle()

    def reload(self, name: str) -> None:
        """The editor reads the file again, as one edit that undo can take back."""
        self._undo[name].append(self.texts[name])
        self._redo[name].clear()
        self._become(name, self.on_disk(name))
        self._saved[name] = self.texts[name]
        self.settle()

    def owners(self, name: str) -> list[tuple[str, str]]:
        """(kind, session) of each line of the buffer, as the server has it."""
        self._do(self._editor.idle())
        tracking = self._editor.server.session.buffers[self._uri(name)].tracking
        assert tracking is not None
        return [(o.origin.kind, o.origin.author) for o in line_owners(tracking.snapshot)]

    def _change(self, name: str, start: tuple[int, int], end: tuple[int, int], new: str) -> None:
        lines = self.texts[name].splitlines(keepends=True)
        self._undo[name].append(self.texts[name])
        self._redo[name].clear()
        at, to = (sum(map(len, lines[:line])) + column for line, column in (start, end))
        self.texts[name] = self.texts[name][:at] + new + self.texts[name][to:]
        self._send(name, (start, end, new))

    def _become(self, name: str, text: str) -> None:
        """One replacement of what differs, as editors send an undo or a reload."""
        old, new = self.texts[name].splitlines(keepends=True), text.splitlines(keepends=True)
        head = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
        tail = 0
        while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
            tail += 1
        self.texts[name] = text
        if old != new:
            self._send(name, ((head, 0), (len(old) - tail, 0), "".join(new[head : len(new) - tail])))

    def _send(self, name: str, change: tuple[tuple[int, int], tuple[int, int], str]) -> None:
        self._versions[name] += 1
        self._editor.change(self._uri(name), self._versions[name], change)
