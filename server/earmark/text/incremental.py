"""The syntax tree of a text that is being edited, parsed in slices of bounded time.

The binding holds the GIL while it parses, and an open quote near the top of a large file makes the parser read the
rest of it. A parse that stops after a few milliseconds and goes on later lets its thread answer others in between.
"""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from earmark.text import syntax

if TYPE_CHECKING:
    from tree_sitter import Language, Point, Tree

    from earmark.text.edits import Edit

# What one call of the reader hands to the parser; small enough that an edit's neighbourhood is all that is touched.
_CHUNK = 1 << 16


class IncrementalTree:
    """The last complete tree of one text and the parse that follows it.

    `tree` has been told of every edit, so its byte offsets are those of the present text; it is the tree of the
    present text only while `complete`. None before the first parse and for texts of `syntax.LARGEST` bytes or more.
    """

    def __init__(self, language: Language) -> None:
        from tree_sitter import Parser

        self.tree: Tree | None = None
        self.complete = False
        self._parser = Parser(language)
        self._halted = False

    @classmethod
    def of(cls, language: str) -> IncrementalTree | None:
        """A tree without a text for the slug `language`, or None when there is no grammar for it."""
        known = syntax.grammar(language)
        return None if known is None else cls(known)

    def edit(self, edit: Edit, before: bytes, row: int = -1) -> None:
        """Follow `edit` of the text `before`; `row` is the row of its start, where known."""
        if self._halted:
            self._parser.reset()
            self._halted = False
        self.complete = False
        if self.tree is not None:
            syntax.edit_tree(self.tree, edit, before, row)

    def parse(self, text: bytes, seconds: float) -> bool:
        """Go on parsing `text`, the text after all edits, for at most about `seconds`; true when the tree is done."""
        if self.complete:
            return True
        if len(text) >= syntax.LARGEST:
            self.tree, self.complete = None, True
            return True
        view = memoryview(text)
        deadline = perf_counter() + seconds

        def read(offset: int, _: Point) -> memoryview:
            return view[offset : offset + _CHUNK]

        def late(_offset: int, _error: bool) -> bool:
            return perf_counter() > deadline

        try:
            if self.tree is None:
                self.tree = self._parser.parse(read, progress_callback=late)
            else:
                self.tree = self._parser.parse(read, self.tree, progress_callback=late)
        except ValueError:
            # The binding's way to say that the progress callback stopped the parse; the parser keeps its place.
            self._halted = True
            return False
        self._halted, self.complete = False, True
        return True
