"""Commit messages while they are written: what the commit will have to declare, and what the gate will say of the
message as it stands."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from earmark.gate.neighbours.model import Subject
from earmark.git.repository import Repository
from earmark.git.run import GitError
from earmark.lsp.buffer import Buffer
from earmark.lsp.clock import Clock, Timer
from earmark.lsp.convert import INFORMATION, WARNING, Mark
from earmark.lsp.scheduler import Scheduler
from earmark.lsp.text import plain
from earmark.origin.ledger import Ledger, LedgerError
from earmark.origin.model import Change
from earmark.policy.model import DEFAULT, Policy
from earmark.trailers.attribution import ADDRESSES
from earmark.trailers.vocabulary import PROVENANCE

if TYPE_CHECKING:
    from earmark.gate.facts import Violation
    from earmark.gate.neighbours.read import Gate
    from earmark.trailers.message import Parsed

log = logging.getLogger(__name__)

# How often the index is looked at while a message is open; one `stat` or two.
WATCH_SECONDS = 0.5
_CODES = {
    "hidden": "trailer-hidden",
    "contradiction": "trailer-contradiction",
    "duplicate": "trailer-contradiction",
}
_MISSING = "undeclared-ai"
_SIGNED = "assistant-signature"
_REFUSED = "refused-elsewhere"


class Due(NamedTuple):
    """What the commit being made declares: `block` (empty: nothing), the evidence in words, the string that begins a
    comment in this message, and what gates will compare the message with: the change and its risk for ours, the
    `subject` for other `gates` that the repository configures."""

    block: str
    summary: str
    comment: str
    problems: tuple[str, ...] = ()
    change: Change = Change("", "", (), {})
    risk: str = ""
    policy: Policy = DEFAULT
    gates: tuple[Gate, ...] = ()
    subject: Subject = Subject()

    @property
    def addresses(self) -> Mapping[str, str]:
        """The addresses of assistants under this policy, with their slugs."""
        from earmark.trailers.attribution import addresses

        return addresses(self.policy.declare)


def due(repo: Repository, message: bytes) -> Due:
    """What the commit being written has to declare; runs in the pool and keeps the staged regions in the ledger."""
    from earmark.commit import open_message, preview
    from earmark.gate.facts import CommitFacts, Facts
    from earmark.gate.neighbours import read as neighbours
    from earmark.gate.neighbours.model import MAX_BYTES
    from earmark.git import config
    from earmark.git.objects import Objects
    from earmark.origin.identity import identity

    comment = preview.comment_char(config.read(repo), message)
    with Ledger.open(repo) as ledger:
        found = open_message.staged(repo, ledger, message, comment, os.environ)
    known = Due(found.block, found.summary, comment, found.problems, found.change, found.risk, found.policy)
    with Objects(repo, limit=MAX_BYTES) as objects:
        gates = neighbours.configured(objects)
    if not gates:
        return known
    touched = tuple(file.path for file in found.change.files)
    facts = Facts("draft", (CommitFacts("", b"", found.change, risk=found.risk),), found.policy, level=found.risk,
                  touched=touched)  # fmt: skip
    return known._replace(gates=gates, subject=neighbours.subject(facts, identity(repo)))


def mended(message: bytes, known: Due) -> bytes:
    """`message` as it passes the gate: with the block that is due in its last paragraph and nowhere else, and without
    an assistant's signature."""
    from earmark.commit.messages import with_block
    from earmark.trailers.attribution import without_signatures

    return with_block(without_signatures(message, known.addresses, known.comment), known.block, known.comment)


class Messages:
    """What is due for the open commit messages. Owned by the loop thread; `changed` is called when it is known."""

    def __init__(self, clock: Clock, scheduler: Scheduler, changed: Callable[[Buffer], None]) -> None:
        self._clock = clock
        self._scheduler = scheduler
        self._changed = changed
        self._open: dict[str, tuple[Buffer, Repository]] = {}
        self._due: dict[str, Due] = {}
        self._seen: dict[str, object] = {}
        self._timer: Timer | None = None

    def open(self, buffer: Buffer, repo: Repository) -> None:
        """Find out what the commit declares, and again whenever something else is staged. In a workspace nobody trusts
        only the message itself is read."""
        if repo.trusted:
            self._open[buffer.uri] = (buffer, repo)
            self._look()

    def close(self, buffer: Buffer) -> None:
        """The message is closed."""
        for kept in (self._open, self._due, self._seen):
            kept.pop(buffer.uri, None)

    def stop(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()

    def of(self, buffer: Buffer) -> Due | None:
        """What is known to be due, None until something is."""
        return self._due.get(buffer.uri)

    def offer(self, buffer: Buffer) -> bytes | None:
        """The message as it passes the gate; None where nothing is wrong with it, or nothing is known."""
        known = self._due.get(buffer.uri)
        if known is None or not self.marks(buffer):
            return None
        written = mended(buffer.text, known)
        return written if written != buffer.text else None

    def marks(self, buffer: Buffer) -> list[Mark]:
        """What is wrong with the message as it stands."""
        from earmark.trailers.message import parse

        known = self._due.get(buffer.uri)
        read = parse(buffer.text, known.comment if known is not None else "#")
        found = [_mark(buffer, p.line, _CODES.get(p.code, "trailer-missing"), p.message) for p in read.problems]
        found += _signed(buffer, read, known)
        if known is not None:
            found += _against(buffer, read, known)
            found += _elsewhere(buffer, known)
        return sorted(found)

    def _look(self) -> None:
        """Ask where the index is another than it was; in the loop, because a `stat` is cheaper than a thread."""
        from earmark.commit.open_message import index_state

        self._timer = None
        for uri, (buffer, repo) in self._open.items():
            now = index_state(repo)
            if self._seen.get(uri) != now:
                self._seen[uri] = now
                self._scheduler.spawn(self._ask(buffer, repo), "deriving the trailers")
        if self._open:
            self._timer = self._clock.call_later(WATCH_SECONDS, self._look)

    async def _ask(self, buffer: Buffer, repo: Repository) -> None:
        try:
            found = await self._scheduler.slow_io(due, repo, buffer.text)
        except (GitError, LedgerError, OSError) as error:
            log.warning("What this commit declares is not known: %s", error)
            return
        if not buffer.closed and found != self._due.get(buffer.uri):
            self._due[buffer.uri] = found
            self._changed(buffer)


def _signed(buffer: Buffer, read: Parsed, known: Due | None) -> Iterator[Mark]:
    from earmark.trailers.attribution import signatures

    for trailer, slug in signatures(read, known.addresses if known is not None else ADDRESSES):
        message = f"`{trailer.key}` names an assistant ({slug}), which can sign nothing; `Assisted-by` names it"
        yield _mark(buffer, trailer.line, _SIGNED, message)


def _against(buffer: Buffer, read: Parsed, known: Due) -> Iterator[Mark]:
    """What the gate will say of this message, by its own predicate; and a preview that is out of date."""
    from earmark.commit.messages import as_committed
    from earmark.gate import commits
    from earmark.gate.facts import CommitFacts
    from earmark.origin.digest import digest

    if _previewed(buffer.text, known):
        return
    text = as_committed(buffer.text, known.comment)
    facts = CommitFacts("", text, known.change, digest(known.change.files), risk=known.risk)
    judged = commits.read(facts, known.policy.declare)
    if known.policy.declare.mode == "forbid" and (known.change.is_ai or judged.bot):
        yield _mark(buffer, 1, "forbidden-ai", commits.forbidden(judged, known.policy).message)
        return
    for violation in commits.violations(judged, known.policy, bool(known.block)):
        if violation.message.startswith("line "):
            continue  # said already, at its place
        if violation.code == _MISSING and known.block:
            message = f"{known.summary}, and this message does not say so. To be written:"
            start, end = _line(buffer, 1)
            yield Mark(start, end, INFORMATION, _MISSING, f"{plain(message)}\n{known.block}".rstrip())
        else:
            yield _mark(buffer, _place(read, violation), violation.code, violation.message)


def _elsewhere(buffer: Buffer, known: Due) -> Iterator[Mark]:
    """What other gates of this repository will refuse of the message as it will be committed."""
    from earmark.commit.messages import as_committed, with_block
    from earmark.gate.neighbours.model import Message
    from earmark.gate.neighbours.read import said

    text = with_block(buffer.text, known.block, known.comment) if _previewed(buffer.text, known) else buffer.text
    written = as_committed(text, known.comment).decode("utf-8", "replace")
    if not known.gates or not written.strip():
        return
    about = known.subject._replace(messages=(Message("", written.lstrip("\n")),))
    for gate in known.gates:
        for finding in said(gate, about):
            if finding.verdict == "refuses":
                place = f"{finding.path}:{finding.line}" if finding.line else finding.path
                message = f"{finding.gate} ({place}) will refuse this commit: {finding.message}; {finding.fix}"
                yield _mark(buffer, 1, _REFUSED, message)


def _previewed(text: bytes, known: Due) -> bool:
    """Whether the commit-msg hook will write exactly the block that is due: its line stands, and shows it."""
    from earmark.commit import preview

    return preview.agreed(text, known.comment) and preview.shown(text, known.comment) == known.block


def _place(read: Parsed, violation: Violation) -> int:
    """The line of the trailer that a violation is about; the title's where it names none."""
    key = PROVENANCE if violation.code == "digest-mismatch" else ""
    lines = (t.line for t in read.trailers if t.key == key or f"`{t.key}" in violation.message)
    return next(lines, 1)


def _mark(buffer: Buffer, line: int, code: str, message: str) -> Mark:
    return Mark(*_line(buffer, line), WARNING, code, plain(message))


def _line(buffer: Buffer, number: int) -> tuple[int, int]:
    """The bytes of a line, 1-based."""
    line = min(max(number - 1, 0), buffer.document.line_count - 1)
    return buffer.document.line_start(line), buffer.document.line_end(line)
