"""When a buffer is looked at: at once around an edit, as a whole when the typing pauses.

First look: findings move with the text; the tree is parsed for a few milliseconds; where that is enough, the lines
around each edit are scanned; the result is sent. A parse that takes longer goes on in slices, and its result is sent
after what has merely moved. Deep look, after a pause: the whole text, then the change against HEAD.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from earmark.lsp.buffer import Buffer
from earmark.lsp.clock import Clock, Timer
from earmark.lsp.scheduler import Scheduler

if TYPE_CHECKING:
    from earmark.risk.finding import Finding
    from earmark.risk.rules import ChangeRule, Rule, RuleSet

log = logging.getLogger(__name__)

# Seconds that may pass before the first answer to an edit, spent on parsing: enough for a letter in 2,000 lines.
FIRST_SLICE = 0.001
SLICE = 0.003
# Bytes scanned in one slice of the deep look.
CHUNK = 16 << 10
# Around an edit: whole lines, and the statement it is in, up to this size; what holds statements ends the climb.
_AROUND = 1 << 10
_HOLDERS = ("block", "body", "suite", "module", "program", "source_file", "compound_statement", "translation_unit",
            "declaration_list", "stream", "document", "ERROR")  # fmt: skip
_MOST_AROUND = 64 << 10

# Seconds without an edit before the deep look; large files wait longer, for theirs takes longer.
PAUSE = 0.15
LONG_PAUSE = 0.4
_LARGE = 400 << 10


class Analysis:
    """Looks at buffers; `told` is called when a look has ended, and whether it was the last of the present text."""

    def __init__(self, clock: Clock, scheduler: Scheduler, told: Callable[[Buffer, bool], None]) -> None:
        self._clock = clock
        self._scheduler = scheduler
        self._told = told
        self._pauses: dict[str, Timer] = {}
        self._jobs: dict[str, asyncio.Task[None]] = {}
        self._rules: RuleSet | None = None
        self._by_language: dict[str, dict[str, Rule | ChangeRule]] = {}

    @property
    def rules(self) -> RuleSet:
        """The rule-set in use, loaded when first needed."""
        if self._rules is None:
            from earmark.risk.rules import load_default

            self._rules = load_default()
        return self._rules

    def rule(self, language: str, rule_id: str) -> Rule | ChangeRule | None:
        """The rule of this id among those for a language."""
        known = self._by_language.get(language)
        if known is None:
            every: list[Rule | ChangeRule] = [*self.rules.for_language(language), *self.rules.changes()]
            known = {rule.id: rule for rule in every}
            self._by_language[language] = known
        return known.get(rule_id)

    def first_look(self, buffer: Buffer) -> None:
        """Answer for the present text, and see to it that a better answer follows."""
        self.forget(buffer)
        if buffer.is_commit_message:
            self._told(buffer, True)
            return
        if not buffer.looked:
            self._jobs[buffer.uri] = self._scheduler.spawn(self._deep_look(buffer, buffer.version), "scan")
            return
        if buffer.tree is None or buffer.tree.parse(buffer.text, FIRST_SLICE):
            self._scan_around_edits(buffer)
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
        """The text is the same but what it is judged by has changed."""
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
        assert buffer.tree is not None
        while not buffer.tree.parse(buffer.text, SLICE):
            await asyncio.sleep(0)
            if buffer.version != version or buffer.closed:
                return
        self._scan_around_edits(buffer)
        self._told(buffer, False)

    async def _deep_look(self, buffer: Buffer, version: int) -> None:
        def passed() -> bool:
            return buffer.version != version or buffer.closed

        while buffer.tree is not None and not buffer.tree.parse(buffer.text, SLICE):
            await asyncio.sleep(0)
            if passed():
                return
        found: list[Finding] = []
        for start, end in _chunks(buffer.text):
            found += self._scan(buffer, [(start, end)])
            await asyncio.sleep(0)
            if passed():
                return
        buffer.found.clear(len(buffer.text))
        buffer.found.replace(0, len(buffer.text), found)
        buffer.changed.clear()
        buffer.looked = True
        await self._compare(buffer)
        if not passed():
            self._told(buffer, True)

    async def _compare(self, buffer: Buffer) -> None:
        """The change rules: the committed text against the present one, in the pool because they parse both."""
        text, base = buffer.text, buffer.base
        buffer.compared.clear(len(text))
        if base is None or base == text or not buffer.language:
            return
        from earmark.risk.change_rules import compare

        found, errors = await self._scheduler.io(compare, base, text, buffer.language, buffer.name, rules=self.rules)
        for error in errors:
            log.warning("%s", error)
        if buffer.text is text:
            buffer.compared.replace(0, len(text), found)

    def _scan_around_edits(self, buffer: Buffer) -> None:
        if not buffer.changed:
            return
        around = []
        budget = _MOST_AROUND
        for start, end in buffer.changed.items:
            low, high = _around(buffer, start, end)
            budget -= high - low
            if budget < 0:
                break
            around.append((low, high))
        if around:
            found = self._scan(buffer, around)
            for low, high in around:
                buffer.found.replace(low, high, [f for f in found if f.start <= high and f.end >= low])
        buffer.changed.clear()

    def _scan(self, buffer: Buffer, ranges: list[tuple[int, int]]) -> tuple[Finding, ...]:
        from earmark.risk.engine import scan

        tree = buffer.tree.tree if buffer.tree is not None else None
        found, errors = scan(buffer.text, buffer.language, buffer.name, ranges=ranges, tree=tree, rules=self.rules)
        for error in errors:
            log.warning("%s", error)
        return found


def _around(buffer: Buffer, start: int, end: int) -> tuple[int, int]:
    """The bytes that an edit at `start` to `end` may give another meaning, as far as they are near."""
    document = buffer.document
    low = document.line_start(document.line_at(start))
    high = document.line_end(document.line_at(end))
    tree = buffer.tree.tree if buffer.tree is not None else None
    if tree is None:
        return low, high
    node = tree.root_node.descendant_for_byte_range(start, end)
    while node is not None and node.end_byte - node.start_byte <= _AROUND and not node.type.endswith(_HOLDERS):
        low, high = min(low, node.start_byte), max(high, node.end_byte)
        node = node.parent
    return low, high


def _chunks(text: bytes) -> Iterator[tuple[int, int]]:
    """`text` in pieces of whole lines, of about `CHUNK` bytes."""
    start = 0
    while start < len(text) or start == 0:
        end = text.find(b"\n", start + CHUNK)
        end = len(text) if end < 0 else end + 1
        yield start, end
        start = max(end, 1)
