"""When a buffer is looked at: at once around an edit, as a whole when the typing pauses.

First look: findings move with the text; the tree is parsed for a millisecond; where that is enough, the lines around
each edit are scanned; the result is sent. A parse that takes longer goes on in slices, and its result is sent after
what has merely moved. Deep look, after a pause: the whole text, then the change against HEAD and what the
repository around it says of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from earmark.lsp.buffer import Buffer
from earmark.lsp.clock import Clock, Timer
from earmark.lsp.scanning import Scanner
from earmark.lsp.scheduler import Scheduler

if TYPE_CHECKING:
    from earmark.git.repository import Repository

# Seconds of parsing before the first answer to an edit. A client that asks has to live with that answer for longer than
# one that is sent the next, so it waits longer; one that is sent them waits for the parse of a small text only.
PULL_SLICE = 0.001
PUSH_SLICE = 0.0003
_SMALL = 16 << 10
SLICE = 0.002

# Seconds without an edit before the deep look; large files wait longer, for theirs takes longer.
PAUSE = 0.15
LONG_PAUSE = 0.4
_LARGE = 400 << 10


class Analysis:
    """Looks at buffers; `told` is called when a look has ended, and whether it was the last of the present text;
    `unlearnt` with a repository whose symbol index would take long to build."""

    def __init__(
        self,
        clock: Clock,
        scheduler: Scheduler,
        told: Callable[[Buffer, bool], None],
        unlearnt: Callable[[Repository], None],
    ) -> None:
        self._unlearnt = unlearnt
        self.scanner = Scanner(scheduler)
        self._clock = clock
        self._scheduler = scheduler
        self._told = told
        self._pauses: dict[str, Timer] = {}
        self._jobs: dict[str, asyncio.Task[None]] = {}

    def first_look(self, buffer: Buffer, *, pulled: bool) -> None:
        """Answer for the present text after little or no parsing, and see to it that a better answer follows."""
        self.forget(buffer)
        if buffer.is_commit_message:
            self._told(buffer, True)
            return
        if not buffer.looked:
            self.look_again(buffer)
            return
        seconds = PULL_SLICE if pulled else PUSH_SLICE if len(buffer.text) <= _SMALL else 0
        if buffer.tree is None or (seconds and buffer.tree.parse(buffer.text, seconds)):
            self.scanner.edited(buffer)
        else:
            self._jobs[buffer.uri] = self._scheduler.spawn(self._finish(buffer, buffer.version), "parse")
        self._told(buffer, False)
        self._pause(buffer)

    def forget(self, buffer: Buffer) -> None:
        """Stop whatever is still going to look at an earlier text of this buffer."""
        if (timer := self._pauses.pop(buffer.uri, None)) is not None:
            timer.cancel()
        if (job := self._jobs.pop(buffer.uri, None)) is not None:
            job.cancel()

    def look_again(self, buffer: Buffer) -> None:
        """Look at the whole text now: it is new, or what it is judged by has changed."""
        self.forget(buffer)
        self._jobs[buffer.uri] = self._scheduler.spawn(self._deep_look(buffer, buffer.version), "scan")

    def _pause(self, buffer: Buffer) -> None:
        def paused() -> None:
            self._pauses.pop(buffer.uri, None)
            self.look_again(buffer)

        seconds = LONG_PAUSE if len(buffer.text) > _LARGE else PAUSE
        self._pauses[buffer.uri] = self._clock.call_later(seconds, paused)

    async def _finish(self, buffer: Buffer, version: int) -> None:
        """Parse to the end, then scan around the edits."""
        if await self._parsed(buffer, version):
            self.scanner.edited(buffer)
            self._told(buffer, False)

    async def _deep_look(self, buffer: Buffer, version: int) -> None:
        if not await self._parsed(buffer, version):
            return
        found = await self.scanner.whole(buffer, lambda: buffer.version != version or buffer.closed)
        if found is None:
            return
        buffer.found.clear(len(buffer.text))
        buffer.found.replace(0, len(buffer.text), found)
        buffer.changed.clear()
        buffer.looked = True
        await self._compare(buffer)
        if buffer.version == version and not buffer.closed:
            self._told(buffer, True)

    async def _parsed(self, buffer: Buffer, version: int) -> bool:
        """Parse in slices; whether the tree of `version` is there, and that is still the present one."""
        while buffer.tree is not None and not buffer.tree.parse(buffer.text, SLICE):
            await asyncio.sleep(0)
            if buffer.version != version or buffer.closed:
                return False
        return True

    async def _compare(self, buffer: Buffer) -> None:
        """Judge the change from the committed text to the present one, and hear what the repository says of it."""
        text, base = buffer.text, buffer.base
        judged = base is not None and base != text and buffer.language
        found = [*(await self.scanner.compare(buffer, base) if judged and base is not None else ())]
        heard = await self.scanner.around(buffer)
        found += heard.findings
        if heard.callers is None and buffer.place is not None:
            self._unlearnt(buffer.place.repo)
        if buffer.text is text:
            buffer.callers = heard.callers or ()
            buffer.compared.clear(len(text))
            buffer.compared.replace(0, len(text), found)
