"""What the rules say of a changed file. The score (`score`) adds size, history and context."""

from __future__ import annotations

from collections.abc import Sequence

from earmark.risk.change_rules import compare
from earmark.risk.changed import ChangedFile, FileFindings
from earmark.risk.engine import scan
from earmark.risk.finding import Finding
from earmark.risk.rules import RuleSet
from earmark.text.diff import diff_lines, split_lines
from earmark.text.languages import language_of


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
