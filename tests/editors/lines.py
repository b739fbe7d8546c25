"""Talks to another program in lines of JSON: {id, op, args} there, {id, result} or {id, error} back."""

from __future__ import annotations

import json
from typing import IO, Any


class Refused(AssertionError):
    """The other side could not do what was asked; the message is its own."""


class Lines:
    """One question at a time; `reader` and `writer` are binary, and reading ends with an error rather than never."""

    def __init__(self, reader: IO[bytes], writer: IO[bytes]) -> None:
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
