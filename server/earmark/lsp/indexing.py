"""Building the symbol index of a large repository, in a process of its own, with progress, once a session."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from earmark.lsp.program import TookTooLong, earmark
from earmark.lsp.progress import Progress

if TYPE_CHECKING:
    from earmark.git.repository import Repository
    from earmark.lsp.capabilities import Client
    from earmark.lsp.protocol import EarmarkProtocol
    from earmark.lsp.scheduler import Scheduler

log = logging.getLogger(__name__)

_SECONDS = 1800.0


class Indexing:
    """Owned by the loop thread; `done` is called with the top of a repository whose index is there now."""

    def __init__(
        self,
        scheduler: Scheduler,
        protocol: EarmarkProtocol,
        client: Callable[[], Client],
        done: Callable[[str], None],
    ) -> None:
        self._scheduler = scheduler
        self._protocol = protocol
        self._client = client
        self._done = done
        self._asked: set[str] = set()

    def want(self, repo: Repository) -> None:
        """Build the index of `repo`, unless that was tried already."""
        if repo.top not in self._asked:
            self._asked.add(repo.top)
            self._scheduler.spawn(self._build(repo), "learning who uses what")

    async def _build(self, repo: Repository) -> None:
        title = "Learning who uses what"
        async with Progress(self._protocol, self._client(), title, cancellable=True) as progress:
            running = asyncio.ensure_future(earmark(repo, "assess", "--index", seconds=_SECONDS))
            waiting: set[asyncio.Future[object]] = {running, progress.cancelled}  # type: ignore[arg-type]
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if not running.done():
                running.cancel()
                return
        try:
            ran = running.result()
        except TookTooLong as error:
            log.warning("%s", error)
            return
        if ran.code:
            log.warning("Who uses what is not known: %s", ran.said.strip())
        else:
            self._done(repo.top)
