"""Time as the server sees it, so that a test can be the one who lets it pass."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol


class Timer(Protocol):
    """A call that has been asked for."""

    def cancel(self) -> None:
        """Let the call not happen; no effect once it has."""


class Clock(Protocol):
    """Seconds that only go forward, and calls at a later one of them, in the loop thread."""

    def now(self) -> float: ...

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer: ...


class LoopClock:
    """The time of the running event loop."""

    def now(self) -> float:
        return asyncio.get_running_loop().time()

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        return asyncio.get_running_loop().call_later(seconds, callback)
