"""Tasks of the loop that nobody forgets, and the pool for files, git and the ledger."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

_THREADS = 2


class Scheduler:
    """Owned by the loop thread."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="earmark-io")
        self._tasks: set[asyncio.Task[Any]] = set()
        self._calls = 0
        # One slow command leaves a thread for what an open buffer needs.
        self._slow = asyncio.Semaphore(_THREADS - 1)

    @property
    def busy(self) -> bool:
        """Whether any task or call has not ended."""
        return bool(self._tasks or self._calls)

    def spawn(self, work: Coroutine[Any, Any, None], what: str) -> asyncio.Task[None]:
        """Run `work` as a task that is kept until it ends; its failure is logged as that of `what`."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)

        def ended(task: asyncio.Task[None]) -> None:
            self._tasks.discard(task)
            if not task.cancelled() and (error := task.exception()) is not None:
                log.error("%s failed", what, exc_info=error)

        task.add_done_callback(ended)
        return task

    async def io(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of `call`, run in the pool; it must not touch any state of the loop."""
        self._calls += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, lambda: call(*args, **kwargs))
        finally:
            self._calls -= 1

    async def slow_io(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """As `io`, for calls that may take seconds: they never hold every thread."""
        async with self._slow:
            return await self.io(call, *args, **kwargs)

    async def drained(self, seconds: float) -> set[asyncio.Task[Any]]:
        """Wait until the tasks that run now have ended, at most `seconds`; those that have not."""
        waiting = {task for task in self._tasks if task is not asyncio.current_task()}
        if not waiting:
            return set()
        return (await asyncio.wait(waiting, timeout=seconds))[1]

    async def close(self, seconds: float) -> None:
        """Let what runs end for at most `seconds`, then cancel it."""
        for task in await self.drained(seconds):
            task.cancel()
        self._pool.shutdown(wait=False, cancel_futures=True)
