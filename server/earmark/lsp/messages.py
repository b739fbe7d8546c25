"""Commit messages while they are written: what is wrong with the trailers, and what the commit will have to declare."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from typing import NamedTuple

from earmark.git.repository import Repository
from earmark.git.run import GitError
from earmark.lsp.buffer import Buffer
from earmark.lsp.convert import INFORMATION, WARNING, Mark
from earmark.lsp.scheduler import Scheduler
from earmark.lsp.text import plain
from earmark.origin.ledger import Ledger, LedgerError

log = logging.getLogger(__name__)

_CODES = {
    "hidden": "trailer-hidden",
    "contradiction": "trailer-contradiction",
    "duplicate": "trailer-contradiction",
}
_MISSING = "undeclared-ai"


class Due(NamedTuple):
    """What the staged change declares: `block` (empty: nothing), the evidence in words, the string that begins a
    comment in this message."""

    block: str
    summary: str
    comment: str


def due(repo: Repository, message: bytes) -> Due:
    """What the commit being written has to declare; runs in the pool and keeps the staged regions in the ledger."""
    from earmark.commit import declared, preview, situation
    from earmark.commit.parent import Parent
    from earmark.git import config

    now = situation.read(repo, "", "", Parent(), {})
    with Ledger.open(repo) as ledger:
        found = declared.staged(repo, ledger, now, os.environ)
    return Due(found.block, found.summary, preview.comment_char(config.read(repo), message))


class Messages:
    """What is due for the open commit messages. Owned by the loop thread; `changed` is called when it is known."""

    def __init__(self, scheduler: Scheduler, changed: Callable[[Buffer], None]) -> None:
        self._scheduler = scheduler
        self._changed = changed
        self._due: dict[str, Due] = {}

    def open(self, buffer: Buffer, repo: Repository) -> None:
        """Find out what the commit declares. In a workspace nobody trusts only the message itself is read."""
        if repo.trusted:
            self._scheduler.spawn(self._ask(buffer, repo), "deriving the trailers")

    def close(self, buffer: Buffer) -> None:
        """The message is closed."""
        self._due.pop(buffer.uri, None)

    def offer(self, buffer: Buffer) -> bytes | None:
        """The message with the trailers that it lacks; None where it lacks none, or nothing is known."""
        from earmark.commit.messages import with_block

        known = self._due.get(buffer.uri)
        if known is None:
            return None
        written = with_block(buffer.text, known.block, known.comment)
        return written if written != buffer.text else None

    def marks(self, buffer: Buffer) -> list[Mark]:
        """What is wrong with the message as it stands."""
        from earmark.commit.preview import agreed
        from earmark.trailers.message import parse

        known = self._due.get(buffer.uri)
        comment = known.comment if known is not None else "#"
        read = parse(buffer.text, comment)
        found = [
            Mark(
                *_line(buffer, problem.line),
                WARNING,
                _CODES.get(problem.code, "trailer-missing"),
                plain(problem.message),
            )
            for problem in read.problems
        ]
        if known is not None and known.block and not agreed(buffer.text, comment):
            found += self._against(buffer, known, read.declared.assisted)
        return sorted(found)

    def _against(self, buffer: Buffer, known: Due, assisted: bool | None) -> list[Mark]:
        """The message against what is known of the staged change."""
        where = _line(buffer, 1)
        if assisted is None:
            message = f"{known.summary}; this message does not say so. The trailers can be written for you."
            return [Mark(*where, INFORMATION, _MISSING, plain(message))]
        if assisted is False:
            message = f"{known.summary}, but the message says that none was."
            return [Mark(*where, WARNING, "trailer-contradiction", plain(message))]
        if self.offer(buffer) is not None:
            message = "The trailers do not fit what is staged now. They can be written again."
            return [Mark(*where, WARNING, "trailer-contradiction", message)]
        return []

    async def _ask(self, buffer: Buffer, repo: Repository) -> None:
        try:
            found = await self._scheduler.slow_io(due, repo, buffer.text)
        except (GitError, LedgerError, OSError) as error:
            log.warning("What this commit declares is not known: %s", error)
            return
        if not buffer.closed:
            self._due[buffer.uri] = found
            self._changed(buffer)


def _line(buffer: Buffer, number: int) -> tuple[int, int]:
    """The bytes of a line, 1-based."""
    line = min(max(number - 1, 0), buffer.document.line_count - 1)
    return buffer.document.line_start(line), buffer.document.line_end(line)
