"""A changed file as plain data, and what the rules said of it.

What a trailer says (`risk_level_for_trailer`) counts findings of the named rule-set only: the same everywhere, whoever
computes it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from earmark.risk.finding import SEVERITIES, Finding, in_order

LEVELS = SEVERITIES


class ChangedFile(NamedTuple):
    """One file of a change, as plain data.

    `old` and `new` are whole contents, empty for a file that was added or deleted. `lines` are the lines of `new` to
    look at (1-based, inclusive) and `removed_at` the lines of `new` after which something was removed (0 for the top);
    None means every line the change adds or removes. `added` and `removed` count lines.
    """

    path: str
    old: bytes
    new: bytes
    old_path: str = ""
    lines: tuple[tuple[int, int], ...] | None = None
    removed_at: tuple[int, ...] | None = None
    added: int = 0
    removed: int = 0


class FileFindings(NamedTuple):
    """The findings of one changed file: those of its text and those of what changed, both placed in the new text.
    `context` are findings that the repository around it decides; no trailer speaks of them."""

    path: str
    text: tuple[Finding, ...]
    change: tuple[Finding, ...]
    errors: tuple[str, ...] = ()
    context: tuple[Finding, ...] = ()

    @property
    def all(self) -> tuple[Finding, ...]:
        return in_order([*self.text, *self.change])


def risk_level_for_trailer(found: Iterable[FileFindings]) -> str:
    """The level `AI-Risk` states: the worst severity of the named rule-set's findings in AI text and AI removals, and
    nothing else. A file's level depends on that file alone, so it may be kept by content."""
    return LEVELS[max((f.rank for file in found for f in file.all), default=0)]
