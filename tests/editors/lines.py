"""Talks to another program in lines of JSON: {id, op, args} there, {id, result} or {id, error} back."""

from __future__ import annotations

import json
from typing import Any, Protocol


class Refused(AssertionError):
    """The other side could not do what was asked; the message is its own."""


class Reader(Protocol):
    """Where lines come from."""

    def readline(self, limit: int = -1, /) -> bytes: ...


class Writer(Protocol):
    """Where lines go."""

    def write(self, data: bytes, /) -> int: ...
    def flush(self) -> None: ...


class Lines:
    """One question at a time."""

    def __init__(self, reader: Reader, writer: Writer) -> None:
        self.reader, self.writer = reader, writer
        self.asked = 0

    def __call__(self, op: str, *args: Any) -> Any:
        """The result of `op(*args)` over there."""
        self.asked += 1
        self.writer.write(json.dumps({"id": self.asked, "op": op, "args": args}).encode() + b"\n")
        self.writer.flush()
        answer = self.read()
        assert answer["id"] == self.asked, answer
        if "error" in answer:
            raise Refused(f"{op}: {answer['error']}")
        return answer["result"]

    def read(self) -> dict[str, Any]:
        """The next message."""
        line = self.reader.readline()
        if not line:
            raise EOFError("the other side has gone")
        message: dict[str, Any] = json.loads(line)
        return message
