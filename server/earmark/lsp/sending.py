"""Sending what is kept in the outbox while the editor is open: in the background, visibly, until the user cancels it.

The outbox decides when a request is due, with growing pauses and a last attempt; a process of `earmark review outbox
send` makes the attempt. Two servers of one repository do not send it twice: the outbox hands a request to one of them.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from earmark.git.repository import Repository
from earmark.lsp.clock import Clock, Timer
from earmark.lsp.program import TookTooLong, earmark
from earmark.lsp.progress import Progress
from earmark.lsp.scheduler import Scheduler
from earmark.lsp.text import plain
from earmark.review.outbox import Entry, Outbox, OutboxError

if TYPE_CHECKING:
    from earmark.lsp.capabilities import Client
    from earmark.lsp.protocol import EarmarkProtocol

log = logging.getLogger(__name__)

SECONDS = 600.0  # after so long the outbox takes an attempt for dead itself
_LEAST_PAUSE = 1.0


class Sending:
    """The kept requests of every repository with an open buffer. Owned by the loop thread; `changed` is called with a
    worktree's top when something was sent, or will not be."""

    def __init__(
        self,
        clock: Clock,
        scheduler: Scheduler,
        protocol: EarmarkProtocol,
        client: Callable[[], Client],
        changed: Callable[[str], None],
    ) -> None:
        self._clock = clock
        self._scheduler = scheduler
        self._protocol = protocol
        self._client = client
        self._changed = changed
        self._timers: dict[str, Timer] = {}
        self._busy: set[str] = set()

    def touch(self, repo: Repository) -> None:
        """The outbox may hold something else than before: see when its next request is due."""
        if repo.trusted and repo.top not in self._busy and Outbox.exists(repo):
            self._scheduler.spawn(self._plan(repo), "looking at the outbox")

    def stop(self) -> None:
        """Begin nothing more; what is being sent is left to its process or to the next one that looks."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    async def _plan(self, repo: Repository) -> None:
        try:
            due = await self._scheduler.io(next_due, repo)
        except OutboxError as error:
            log.warning("%s", error)
            return
        if (timer := self._timers.pop(repo.top, None)) is not None:
            timer.cancel()
        if due is not None:
            entry, wait = due
            self._timers[repo.top] = self._clock.call_later(max(wait, _LEAST_PAUSE), lambda: self._due(repo, entry))

    def _due(self, repo: Repository, entry: Entry) -> None:
        self._timers.pop(repo.top, None)
        self._scheduler.spawn(self._send(repo, entry), "sending a review request")

    async def _send(self, repo: Repository, entry: Entry) -> None:
        if repo.top in self._busy:
            return
        self._busy.add(repo.top)
        try:
            await self._attempt(repo, entry)
        except (TookTooLong, OutboxError, OSError) as error:
            log.warning("A kept review request is not sent: %s", error)
        finally:
            self._busy.discard(repo.top)
        self._changed(repo.top)
        await self._plan(repo)

    async def _attempt(self, repo: Repository, entry: Entry) -> None:
        title = f"Sending the review request “{plain(entry.ask.title, 60)}”"
        async with Progress(self._protocol, self._client(), title, cancellable=True) as progress:
            attempt = asyncio.ensure_future(earmark(repo, "review", "outbox", "send", entry.key, seconds=SECONDS))
            waiting: set[asyncio.Future[object]] = {attempt, progress.cancelled}  # type: ignore[arg-type]
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if attempt.done():
                ran = attempt.result()
                log.info("%s", ran.said.strip() or "nothing was sent")
            else:
                await self._scheduler.io(cancel, repo, entry.key)
                attempt.cancel()
                await asyncio.wait({attempt})


def next_due(repo: Repository) -> tuple[Entry, float] | None:
    """The kept request that is to be sent next, and in how many seconds; None when there is none. Runs in the pool."""
    with Outbox.open(repo, time.time) as outbox:
        found = outbox.next_due()
    return (found[0], found[1] - time.time()) if found else None


def cancel(repo: Repository, key: str) -> bool:
    """Take a kept request back; whether there was one. Runs in the pool."""
    with Outbox.open(repo, time.time) as outbox:
        return outbox.cancel(key)
