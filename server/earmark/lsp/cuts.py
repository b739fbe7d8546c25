"""Blocks that were cut from one place of the open buffers, until they are pasted in another.

A block of three or more lines keeps its owners where its source lost it (DESIGN §4.2); a copy's text is nobody's.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from earmark.lsp.buffer import Buffer
from earmark.origin.model import Session, Snapshot

_KEPT = 8


class _Cut(NamedTuple):
    source: Buffer
    block: Snapshot
    sessions: dict[str, Session]


class Cuts:
    """Follows the changes of all buffers. Owned by the loop thread."""

    def __init__(self) -> None:
        self._cuts: deque[_Cut] = deque(maxlen=_KEPT)

    def follow(self, buffer: Buffer) -> bool:
        """Take note of the buffer's last change; whether it was a paste that brought owners along."""
        if buffer.tracking is None:
            return False
        block = buffer.tracking.take_cut()
        if block is not None:
            self._cuts.append(_Cut(buffer, block, dict(buffer.tracking.sessions)))
            return False
        step = buffer.history[-1] if buffer.history else None
        if step is None or len(step.edits) != 1 or step.replaced[0] or not self._cuts:
            return False
        edit = step.edits[0]
        for cut in reversed(self._cuts):
            if cut.block.text == edit.new and _is_lost(cut, buffer):
                buffer.tracking.paste(edit.start, cut.block, cut.sessions)
                self._cuts.remove(cut)
                return True
        return False

    def forget(self, buffer: Buffer) -> None:
        """The buffer is closed: whether its file still holds what was cut is not ours to know."""
        self._cuts = deque((cut for cut in self._cuts if cut.source is not buffer), maxlen=_KEPT)


def _is_lost(cut: _Cut, target: Buffer) -> bool:
    there = cut.source.text.count(cut.block.text)
    return there == (1 if cut.source is target else 0)
