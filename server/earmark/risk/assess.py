"""What the rules say of a change.

What a trailer says (`risk_level_for_trailer`) counts findings of the named rule-set only: the same everywhere, whoever
computes it. The score (`score`) adds size, history and context.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from earmark.risk.change_rules import compare
from earmark.risk.engine import scan
from earmark.risk.finding import SEVERITIES, Finding, in_order
from earmark.risk.rules import RuleSet
from earmark.text.diff import diff_lines, split_lines
from earmark.text.languages import language_of

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


def findings_of(file: ChangedFile, rules: RuleSet) -> FileFindings:
    """What the rules say of one changed file, on the lines it is to be looked at."""
    language = language_of(file.path, file.new[:200].split(b"\n", 1)[0])
    lines, gaps = _look_at(file)
    ranges = _byte_ranges(file.new, lines)
    text, text_errors = scan(file.new, language, file.path, ranges=ranges, rules=rules) if ranges else ((), ())
    change, change_errors = compare(file.old, file.new, language, file.path, rules=rules) if file.old else ((), ())
    near = [f for f in change if _is_near(file.new, f, lines, gaps)]
    return FileFindings(file.path, text, tuple(near), text_errors + change_errors)


def changed_ranges(file: ChangedFile) -> list[tuple[int, int]]:
    """The bytes of the new text (0-based, half-open) that are to be looked at."""
    return _byte_ranges(file.new, _look_at(file)[0])


def _look_at(file: ChangedFile) -> tuple[tuple[tuple[int, int], ...], tuple[int, ...]]:
    if file.lines is not None and file.removed_at is not None:
        return file.lines, file.removed_at
    hunks = diff_lines(split_lines(file.old), split_lines(file.new))
    lines = tuple((h.new_start + 1, h.new_end) for h in hunks if h.new_end > h.new_start)
    gaps = tuple(h.new_start for h in hunks if h.old_end > h.old_start)
    return (lines if file.lines is None else file.lines), (gaps if file.removed_at is None else file.removed_at)


def _byte_ranges(text: bytes, lines: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    starts = [0]
    for line in split_lines(text):
        starts.append(starts[-1] + len(line))
    last = len(starts) - 1
    return [(starts[min(a - 1, last)], starts[min(b, last)]) for a, b in lines if 1 <= a <= b]


def _is_near(text: bytes, finding: Finding, lines: Sequence[tuple[int, int]], gaps: Sequence[int]) -> bool:
    """On a line that is looked at, or beside a place where something was removed."""
    first = text.count(b"\n", 0, finding.start) + 1
    last = text.count(b"\n", 0, max(finding.start, finding.end - 1)) + 1
    return any(first <= b + 1 and last >= a - 1 for a, b in lines) or any(first - 2 <= g <= last + 1 for g in gaps)


def risk_level_for_trailer(found: Iterable[FileFindings]) -> str:
    """The level `AI-Risk` states: the worst severity of the named rule-set's findings in AI text and AI removals, and
    nothing else. A file's level depends on that file alone, so it may be kept by content."""
    return LEVELS[max((f.rank for file in found for f in file.all), default=0)]
