"""Running the text rules over a buffer: around its edits, and over the whole of it without holding up the loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from time import thread_time
from typing import TYPE_CHECKING

from earmark.lsp.buffer import Buffer
from earmark.lsp.scheduler import Scheduler

if TYPE_CHECKING:
    from earmark.lsp.around import Heard
    from earmark.risk.finding import Finding
    from earmark.risk.rules import ChangeRule, Rule, RuleSet
    from earmark.risk.source import Source

log = logging.getLogger(__name__)

# Around an edit: whole lines, and the statement it is in, up to this size; what holds statements ends the climb.
_AROUND = 1 << 10
_HOLDERS = ("block", "body", "suite", "module", "program", "source_file", "compound_statement", "translation_unit",
            "declaration_list", "stream", "document", "ERROR")  # fmt: skip
_MOST_AROUND = 64 << 10

# A whole text is scanned in pieces that take about this long each (seconds of our own thread, so that a busy machine
# does not look like a slow rule).
_PIECE_SECONDS = 0.004
_SMALLEST, _LARGEST = 1 << 10, 256 << 10
# Where even a small piece takes longer than this, the rules of the language look at the whole text for any part of it.
_TOO_LONG = 0.02


class Scanner:
    """Belongs to the loop thread; the rules are loaded when first needed."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._rules: RuleSet | None = None
        self._by_language: dict[str, dict[str, Rule | ChangeRule]] = {}
        self._complaints: set[str] = set()
        self._loaded: set[str] = set()

    @property
    def rules(self) -> RuleSet:
        """The rule-set in use."""
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

    def edited(self, buffer: Buffer) -> None:
        """Bring the findings around the buffer's edits up to date, where that takes no look at the whole text."""
        changed, local = buffer.changed.items, buffer.scans_locally
        buffer.changed.clear()
        around = []
        budget = _MOST_AROUND
        for start, end in changed if local else ():
            low, high = _around(buffer, start, end)
            budget -= high - low
            if budget < 0:
                break
            around.append((low, high))
        if around:
            found = self._scan(buffer, around)
            for low, high in around:
                buffer.found.replace(low, high, [f for f in found if f.start <= high and f.end >= low])

    async def whole(self, buffer: Buffer, passed: Callable[[], bool]) -> Sequence[Finding] | None:
        """The findings of the whole text, or None once `passed` says that it is not the present one any more."""
        if buffer.language not in self._loaded:
            await self._load(buffer.language)
            if passed():
                return None
        text, source = buffer.text, _source_of(buffer)
        found: list[Finding] = []
        start, size = 0, _SMALLEST
        while buffer.scans_locally:
            end = _piece_end(text, start, size)
            began = thread_time()
            found += self._scan(buffer, [(start, end)], source)
            took = thread_time() - began
            if end == len(text):
                return found
            # The first piece pays for what is asked of the whole text once.
            if start and size == _SMALLEST and took > _TOO_LONG:
                buffer.scans_locally = False
                break
            size = min(size * 2, _LARGEST) if took < _PIECE_SECONDS / 2 else size
            size = max(size // 2, _SMALLEST) if took > _PIECE_SECONDS * 2 else size
            start = end
            await asyncio.sleep(0)
            if passed():
                return None
        return await self._elsewhere(buffer, passed)

    async def _load(self, language: str) -> None:
        """Read and compile the rules of a language in the pool: the first scan of each pays for that."""
        from earmark.risk.engine import scan

        await self._scheduler.io(scan, b"", language, "", rules=self.rules)
        self._loaded.add(language)

    async def compare(self, buffer: Buffer, base: bytes) -> Sequence[Finding]:
        """The findings of change rules between `base` and the present text; in the pool, because both are parsed."""
        from earmark.risk.change_rules import compare

        text, language, name = buffer.text, buffer.language, buffer.name
        found, errors = await self._scheduler.io(compare, base, text, language, name, rules=self.rules)
        self._complain(errors)
        return found

    async def around(self, buffer: Buffer) -> Heard:
        """What the repository around the buffer adds; in the pool, for it looks at files."""
        from earmark.lsp.around import Subject, look

        place = buffer.place
        path, repo = (place.path, place.repo) if place is not None else (buffer.name, None)
        tree = buffer.tree.tree.copy() if buffer.tree is not None and buffer.tree.tree is not None else None
        subject = Subject(buffer.text, buffer.language, path, buffer.base, repo)
        heard = await self._scheduler.io(look, subject, tree)
        self._complain(heard.errors)
        return heard

    async def _elsewhere(self, buffer: Buffer, passed: Callable[[], bool]) -> Sequence[Finding] | None:
        """The whole text in one go, in the pool, with a copy of the tree: the loop edits its own."""
        from earmark.risk.engine import scan

        tree = buffer.tree.tree.copy() if buffer.tree is not None and buffer.tree.tree is not None else None
        text, language, name = buffer.text, buffer.language, buffer.name
        found, errors = await self._scheduler.io(scan, text, language, name, tree=tree, rules=self.rules)
        self._complain(errors)
        return None if passed() else found

    def _scan(self, buffer: Buffer, ranges: list[tuple[int, int]], source: Source | None = None) -> tuple[Finding, ...]:
        from earmark.risk.engine import scan

        tree = buffer.tree.tree if buffer.tree is not None else None
        found, errors = scan(
            buffer.text, buffer.language, buffer.name, ranges=ranges, tree=tree, source=source, rules=self.rules
        )
        self._complain(errors)
        return found

    def _complain(self, errors: Sequence[str]) -> None:
        """Log what went wrong, once: the next keystroke would say it again."""
        for error in errors:
            if error not in self._complaints:
                self._complaints.add(error)
                log.warning("%s", error)


def _source_of(buffer: Buffer) -> Source | None:
    """The buffer's text and tree as they stand, for a scan in pieces; None without a tree."""
    from earmark.risk.source import Source

    tree = buffer.tree.tree if buffer.tree is not None else None
    return Source(buffer.text, tree, buffer.language, buffer.name) if tree is not None else None


def _piece_end(text: bytes, start: int, size: int) -> int:
    """Where a piece of about `size` bytes ends: behind a line, unless the line is very long."""
    if start + size >= len(text):
        return len(text)
    end = text.find(b"\n", start + size, start + size + _SMALLEST)
    return end + 1 if end >= 0 else start + size


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
