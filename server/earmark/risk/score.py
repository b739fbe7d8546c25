"""From findings, size, history and context to a score, every term shown.

The score is a sum of points (`weights.toml`), each with its evidence and what would lower it; more risk never lowers
it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from math import log2
from typing import Any, NamedTuple

from earmark.risk.assess import findings_of
from earmark.risk.changed import LEVELS, ChangedFile, FileFindings
from earmark.risk.engine import is_test_path
from earmark.risk.past import History
from earmark.risk.rules import RuleSet
from earmark.text.languages import language_of

Weights = Mapping[str, Mapping[str, float]]


class Context(NamedTuple):
    """What is known beside the text. `history` None: not known, as is `dependents` (places that use what changed, with
    `users` saying which). `incidents` describe reports that the change resembles, `production` are touched paths of
    class production."""

    ai_lines: int = 0
    history: History | None = None
    dependents: int | None = None
    users: tuple[str, ...] = ()
    production: tuple[str, ...] = ()
    incidents: tuple[str, ...] = ()


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
def weights() -> Weights:
    """The weights that ship with this version."""
    import tomllib
    from importlib import resources

    table: dict[str, Any] = tomllib.loads((resources.files("earmark.risk") / "weights.toml").read_text("utf-8"))
    return table


def judge(
    files: Iterable[ChangedFile], rules: RuleSet, context: Context | None = None
) -> tuple[Assessment, tuple[FileFindings, ...], tuple[str, ...]]:
    """The assessment of a change, the findings it rests on, and what could not be looked at."""
    changed = list(files)
    found = tuple(findings_of(file, rules) for file in changed)
    errors = tuple(error for f in found for error in f.errors)
    return assess(changed, found, context or Context()), found, errors


def assess(
    files: Sequence[ChangedFile], found: Sequence[FileFindings], context: Context, table: Weights | None = None
) -> Assessment:
    """The sum. Pure: the same input gives the same terms in the same order. `table` are other weights than ours."""
    table = table or weights()
    size = measured(files)
    terms = [
        *_finding_terms(found, table["finding"]),
        *_size_terms(size, table),
        *(_history_terms(context.history, table["history"]) if context.history is not None else ()),
        *_context_terms(size, context, table["context"]),
    ]
    terms = [Term(t.name, round(t.value, 1), t.evidence, t.lower) for t in terms]
    terms = [t for t in terms if t.value > 0]
    terms.sort(key=lambda t: (-t.value, t.name, t.evidence))
    score = min(100, round(sum(t.value for t in terms)))
    return Assessment(score, level_of(score, table), tuple(terms))


def raised(assessment: Assessment, level: str) -> Assessment:
    """The assessment with at least the level that the rule-set alone gives to AI text: what stands around a change may
    raise what is asked of it, never lower it. `level` may be empty."""
    return assessment._replace(level=max(assessment.level, level or LEVELS[0], key=LEVELS.index))


def level_of(score: float, table: Weights | None = None) -> str:
    """The level a score falls into."""
    least = (table or weights())["level"]
    return next((level for level in reversed(LEVELS[1:]) if score >= least[level]), "low")


class Size(NamedTuple):
    """Lines of code outside tests (`added`, `removed`), lines of tests added, files and first two folders touched, and
    the lines outside the file that changed most (`scattered`), which grow with every line as entropy does not."""

    added: int
    removed: int
    tests: int
    files: int
    folders: int
    scattered: int


def measured(files: Sequence[ChangedFile]) -> Size:
    """How large a change is, and how far it spreads. Prose, data and lock files are no code."""
    code = [f for f in files if is_code(f.path) and not is_test_path(f.path)]
    lines = [f.added + f.removed for f in code]
    folders = {"/".join(f.path.split("/")[:-1][:2]) for f in code}
    return Size(
        added=sum(f.added for f in code),
        removed=sum(f.removed for f in code),
        tests=sum(f.added for f in files if is_test_path(f.path)),
        files=len(code),
        folders=len(folders),
        scattered=sum(lines) - max(lines, default=0),
    )


def is_code(path: str) -> bool:
    """Whether what a file holds is run, built or deployed, by its name."""
    name = path.rsplit("/", 1)[-1].lower()
    locked = name.endswith((".lock", "-lock.json", "-lock.yaml", ".min.js", ".min.css", ".snap", ".map"))
    return bool(language_of(path)) and not locked


def _finding_terms(found: Sequence[FileFindings], table: Mapping[str, float]) -> list[Term]:
    weighed = []
    for file in found:
        for finding in (*file.text, *file.context):
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
        terms.append(Term("finding", value, said, finding.hint))
    return terms


def _size_terms(size: Size, table: Weights) -> list[Term]:
    lines, spread = table["size"], table["spread"]
    split = "split the change"
    return [
        Term("size-added", lines["added"] * log2(1 + size.added), f"{size.added} lines added outside tests", split),
        Term("size-removed", lines["removed"] * log2(1 + size.removed), f"{size.removed} lines removed there", split),
        Term("files", spread["files"] * log2(max(1, size.files)), f"{size.files} files of code touched", split),
        Term("folders", spread["folders"] * log2(max(1, size.folders)), f"{size.folders} folders touched", split),
        Term("scattered", spread["lines"] * log2(1 + size.scattered),
             f"{size.scattered} lines outside the file that changes most", "one concern a change"),
    ]  # fmt: skip


def _history_terms(known: History, table: Mapping[str, float]) -> list[Term]:
    new = max(0.0, 1 - log2(1 + known.experience) / log2(1 + table["settled"]))
    alone = ", ".join(known.concentrated[:5])
    return [
        Term("churn", table["changes"] * log2(1 + known.changes), f"{known.changes} earlier changes of these files",
             "take what changes often out of what does not"),
        Term("churn-recent", table["recent"] * log2(1 + known.recent), f"{known.recent} of them in the last 90 days",
             "let what is new settle first"),
        Term("past-fixes", table["fixes"] * log2(1 + known.fixes), f"{known.fixes} earlier fixes of these files",
             "add a test for the case that broke before"),
        Term("past-reverts", table["reverts"] * log2(1 + known.reverts), f"{known.reverts} changes of them taken back",
             "say what is different from what was taken back"),
        Term("people", table["people"] * log2(1 + known.people), f"{known.people} people have changed these files",
             "ask those who did"),
        Term("newcomer", table["newcomer"] * new, f"{known.experience} earlier commits by the author",
             "work with somebody who knows the code"),
        Term("concentration", table["concentration"] * bool(known.concentrated), f"in one person's head: {alone}",
             "ask the one person who knows the file"),
    ]  # fmt: skip


def _context_terms(size: Size, context: Context, table: Mapping[str, float]) -> list[Term]:
    bare = max(0.0, 1 - size.tests / size.added) if size.added > table["untested_lines"] else 0.0
    uses = "; ".join(context.users[:3])
    return [
        Term("production", table["production"] * bool(context.production), ", ".join(context.production[:5]),
             "change production paths on their own, behind a canary"),
        Term("incident", table["incident"] * len(context.incidents), "; ".join(context.incidents[:5]),
             "read the report and say what is different now"),
        Term("dependents", table["dependents"] * log2(1 + (context.dependents or 0)),
             f"{context.dependents} places use what changed" + (f": {uses}" if uses else ""),
             "keep the old form working"),
        Term("untested", table["untested"] * bare, f"{size.added} lines of code with {size.tests} lines of tests",
             "add a test"),
        Term("ai-prior", table["ai_prior"] * bool(context.ai_lines), f"{context.ai_lines} lines by AI",
             "have it reviewed"),
    ]  # fmt: skip
