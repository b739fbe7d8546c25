"""From findings and context to a score, every term shown.

The score is a sum of points (`weights.toml`), each with its evidence and what would lower it; more risk never lowers
it.
What a trailer says (`risk_level_for_trailer`) counts findings of the named rule-set only: the same everywhere, whoever
computes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from math import log2
from typing import Any, NamedTuple

from earmark.risk.change_rules import compare
from earmark.risk.engine import is_test_path, scan
from earmark.risk.finding import Finding, in_order
from earmark.risk.rules import RuleSet
from earmark.text.diff import diff_lines, split_lines
from earmark.text.languages import language_of

LEVELS = ("low", "medium", "high", "critical")


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
    """The findings of one changed file: those of its text and those of what changed, both placed in the new text."""

    path: str
    text: tuple[Finding, ...]
    change: tuple[Finding, ...]
    errors: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[Finding, ...]:
        return in_order([*self.text, *self.change])


class Context(NamedTuple):
    """What is known beside the text; each number is for all touched files together. `incidents` are ids of reports
    that the change resembles, `production` the touched paths of class production."""

    ai_lines: int = 0
    churn: int = 0
    past_fixes: int = 0
    dependents: int = 0
    concentrated: tuple[str, ...] = ()
    production: tuple[str, ...] = ()
    incidents: tuple[str, ...] = ()
    generated: tuple[str, ...] = ()


class Term(NamedTuple):
    """One summand: its points, the facts it rests on, and what would lower it."""

    name: str
    value: float
    evidence: str
    lower: str = ""


class Assessment(NamedTuple):
    """`score` 0 to 100, its level, and every term, largest first."""

    score: int
    level: str
    terms: tuple[Term, ...]


@cache
def weights() -> dict[str, dict[str, float]]:
    """The weights that ship with this version."""
    import tomllib
    from importlib import resources

    table: dict[str, Any] = tomllib.loads((resources.files("earmark.risk") / "weights.toml").read_text("utf-8"))
    return table


def findings_of(file: ChangedFile, rules: RuleSet) -> FileFindings:
    """What the rules say of one changed file, on the lines it is to be looked at."""
    language = language_of(file.path, file.new[:200].split(b"\n", 1)[0])
    lines, gaps = _look_at(file)
    ranges = _byte_ranges(file.new, lines)
    text, text_errors = scan(file.new, language, file.path, ranges=ranges, rules=rules) if ranges else ((), ())
    change, change_errors = compare(file.old, file.new, language, file.path, rules=rules) if file.old else ((), ())
    near = [f for f in change if _is_near(file.new, f, lines, gaps)]
    return FileFindings(file.path, text, tuple(near), text_errors + change_errors)


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


def judge(
    files: Iterable[ChangedFile], rules: RuleSet, context: Context | None = None
) -> tuple[Assessment, tuple[FileFindings, ...], tuple[str, ...]]:
    """The assessment of a change, the findings it rests on, and what could not be looked at."""
    changed = list(files)
    found = tuple(findings_of(file, rules) for file in changed)
    errors = tuple(error for f in found for error in f.errors)
    return assess(changed, found, context or Context()), found, errors


def assess(files: Sequence[ChangedFile], found: Sequence[FileFindings], context: Context) -> Assessment:
    """The sum. Pure: the same input gives the same terms in the same order."""
    terms = [*_finding_terms(found), *_size_terms(files), *_context_terms(files, context)]
    terms = [t for t in terms if t.value > 0]
    terms.sort(key=lambda t: (-t.value, t.name, t.evidence))
    score = min(100, round(sum(t.value for t in terms)))
    return Assessment(score, level_of(score), tuple(terms))


def level_of(score: float) -> str:
    """The level a score falls into."""
    least = weights()["level"]
    return next((level for level in reversed(LEVELS[1:]) if score >= least[level]), "low")


def _finding_terms(found: Sequence[FileFindings]) -> list[Term]:
    table = weights()["finding"]
    weighed = []
    for file in found:
        for finding in file.text:
            weighed.append((table[finding.severity], file.path, finding))
        for finding in file.change:
            weighed.append((table[finding.severity] * table["change_factor"], file.path, finding))
    weighed.sort(key=lambda item: (-item[0], item[1], item[2].start, item[2].rule))
    terms, total = [], 0.0
    for number, (points, path, finding) in enumerate(weighed, 1):
        value = min(points / number, table["cap"] - total)
        if value < 0.05:
            break
        total += value
        said = f"{path}: {finding.rule}" + (f" ({finding.detail})" if finding.detail else "")
        terms.append(Term("finding", round(value, 1), said, finding.hint))
    return terms


def _size_terms(files: Sequence[ChangedFile]) -> list[Term]:
    table = weights()["size"]
    code = [f for f in files if not is_test_path(f.path)]
    added, removed = sum(f.added for f in code), sum(f.removed for f in code)
    parts = [
        ("size-added", table["added"] * log2(1 + added), f"{added} lines added outside tests", "split the change"),
        ("size-removed", table["removed"] * log2(1 + removed), f"{removed} lines removed", "split the change"),
        ("files", table["files"] * log2(max(1, len(code))), f"{len(code)} files touched", "split the change"),
    ]
    return _capped(parts, table["cap"])


def _context_terms(files: Sequence[ChangedFile], context: Context) -> list[Term]:
    table = weights()["context"]
    code = sum(f.added for f in files if not is_test_path(f.path))
    tested = any(is_test_path(f.path) for f in files)
    untested = table["untested"] if code > table["untested_lines"] and not tested else 0.0
    spread = [
        ("production", table["production"] * bool(context.production), ", ".join(context.production[:5]),
         "change production paths on their own, behind a canary"),
        ("incident", table["incident"] * len(context.incidents), ", ".join(context.incidents[:5]),
         "read the report and say what is different now"),
        ("dependents", table["dependents"] * log2(1 + context.dependents),
         f"{context.dependents} places use what changed", "keep the old form working"),
        ("past-fixes", table["past_fixes"] * log2(1 + context.past_fixes),
         f"{context.past_fixes} earlier fixes of these files", "add a test for the case that broke before"),
        ("churn", table["churn"] * log2(1 + context.churn), f"{context.churn} earlier changes of these files", ""),
        ("concentration", table["concentration"] * bool(context.concentrated), ", ".join(context.concentrated[:5]),
         "ask the one person who knows the file"),
        ("untested", untested, f"{code} lines of code without a test", "add a test"),
        ("ai-prior", table["ai_prior"] * bool(context.ai_lines), f"{context.ai_lines} lines by AI", "have it reviewed"),
    ]  # fmt: skip
    return _capped(spread, table["cap"])


def _capped(parts: Sequence[tuple[str, float, str, str]], cap: float) -> list[Term]:
    terms, left = [], cap
    for name, value, evidence, lower in parts:
        points = min(value, left)
        left -= points
        terms.append(Term(name, round(points, 1), evidence, lower))
    return terms


def risk_level_for_trailer(found: Iterable[FileFindings]) -> str:
    """The level `AI-Risk` states: the worst severity of the named rule-set's findings in AI text and AI removals, and
    nothing else. A file's level depends on that file alone, so it may be kept by content."""
    return LEVELS[max((f.rank for file in found for f in file.all), default=0)]
