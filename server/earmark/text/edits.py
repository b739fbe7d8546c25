"""One replacement of bytes."""

from __future__ import annotations

from typing import NamedTuple


class Edit(NamedTuple):
    """Replace bytes `start` to `end` (0-based, half-open, in the text before the edit) by `new`."""

    start: int
    end: int
    new: bytes

    @property
    def shift(self) -> int:
        """How far the text behind the edit moves, in bytes."""
        return len(self.new) - (self.end - self.start)
