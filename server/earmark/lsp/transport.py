"""Messages over two byte streams, framed as the base protocol of LSP says.

A thread of our own reads, because a loop that reads through a thread pool waits behind whatever else the pool does.
What it reads is queued, so the loop can see that more has come before it spends time on an answer.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from time import perf_counter
from typing import BinaryIO

# The largest body taken. Editors send whole files in didOpen; anything above this is not a file anyone reviews.
LARGEST_BODY = 256 << 20
_LONGEST_HEADER = 4096

# While input keeps coming the loop still answers and lets timers run this often.
_TURN_SECONDS = 0.01
_SETTLE_SECONDS = 0.05


class FrameError(Exception):
    """The stream does not hold framed messages; nothing after this point can be understood."""


def read_message(stream: BinaryIO) -> bytes | None:
    """The body of the next message, or None at the end of the stream (also in the middle of a message)."""
    length = -1
    while True:
        line = stream.readline(_LONGEST_HEADER)
        if not line:
            return None
        name, colon, value = line.partition(b":")
        if not line.strip():
            if length >= 0:
                break
            continue
        if not colon or not line.endswith(b"\n"):
            raise FrameError(f"expected a header, got {line[:80]!r}")
        if name.strip().lower() == b"content-length":
            length = _length(value)
    body = stream.read(length)
    return body if len(body) == length else None


def _length(value: bytes) -> int:
    digits = value.strip()
    if not digits.isdigit() or int(digits) > LARGEST_BODY:
        raise FrameError(f"Content-Length {digits[:40]!r} is not a number of bytes up to {LARGEST_BODY}")
    return int(digits)


def frame(body: bytes) -> bytes:
    """`body` with its header."""
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


class Writer:
    """Whole messages to a byte stream; what pygls calls a writer."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, data: bytes) -> None:
        self._stream.write(data)
        self._stream.flush()

    def close(self) -> None:
        self._stream.close()


class Inbox:
    """Messages on their way from the reader's thread to the loop.

    `handle` gets each body in the loop thread, in order, and says whether the next one must wait until the loop has
    taken a turn, so that a task it started sees the state of its own moment. `settle` is called once nothing more is
    queued, and at the latest 50 ms after a message was handled while others keep coming.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        handle: Callable[[bytes], bool],
        settle: Callable[[], None],
        now: Callable[[], float] = perf_counter,
    ) -> None:
        self._loop = loop
        self._handle = handle
        self._settle = settle
        self._now = now
        self._queue: deque[bytes] = deque()
        self._scheduled = False
        self._unsettled_since = 0.0
        self._at_end: Callable[[], None] | None = None

    @property
    def busy(self) -> bool:
        """Whether anything is queued or being handled."""
        return bool(self._queue) or self._scheduled

    def put(self, body: bytes) -> None:
        """Queue a message; called in the reader's thread."""
        self._queue.append(body)
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon_threadsafe(self.drain)

    def drain(self) -> None:
        """Handle what is queued; called in the loop thread."""
        began = self._now()
        self._unsettled_since = self._unsettled_since or began
        while self._queue:
            wait = self._handle(self._queue.popleft())
            now = self._now()
            if now - self._unsettled_since > _SETTLE_SECONDS:
                self._unsettled_since = now
                self._settle()
            if wait or now - began > _TURN_SECONDS:
                # `_scheduled` stays true, so that the reader cannot put a turn of its own before the task's.
                self._loop.call_soon(self.drain)
                return
        self._unsettled_since = 0.0
        self._settle()
        self._scheduled = False
        # The reader may have queued a message while it still saw `_scheduled` as true.
        if self._queue:
            self._scheduled = True
            self._loop.call_soon(self.drain)
        elif self._at_end is not None:
            self._at_end()

    def when_empty(self, call: Callable[[], None]) -> None:
        """Call `call` once everything queued has been handled; called in the loop thread, after the last `put`."""
        if self._queue or self._scheduled:
            self._at_end = call
        else:
            call()
