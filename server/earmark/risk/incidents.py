"""What broke here before: reports in the repository, and the changes that resemble them.

A report is `incidents/NAME.md`: front matter between two `---` lines, then prose for people. Its keys are `id` (default
NAME), `date`, `severity` (low to critical, default medium), `title`, `lesson`, and what a change is compared by:
`paths` (globs of gitignore), `symbols` (names of functions or types), `pattern` (an RE2 expression, or a tree-sitter
query for `language`). A change resembles a report when a touched path is one of `paths` (any, without) and, where
symbols or a pattern are given, one of those stands in what was changed.

Reports are foreign text. They are bounded in number and size; YAML is read without aliases and without types; patterns
run on RE2; queries hold no predicates and no quantifiers, few nodes, and run over the changed lines only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from earmark.risk.finding import SEVERITIES, Finding
from earmark.risk.places import ConditionError, regex
from earmark.text.syntax import grammar, parse

if TYPE_CHECKING:
    from tree_sitter import Query

FOLDER = "incidents/"
RULE = "incident-resembled"
MOST_REPORTS = 300
LARGEST = 64 << 10
_MOST_ITEMS = 100
_LONGEST_ITEM = 300
_LONGEST_PATTERN = 1000
_MOST_NODES = 16
_LONGEST_HEAD, _MOST_BRACKETS = 16 << 10, 200
_LARGEST_TEXT = 512 << 10
_MATCH_LIMIT = 256

# How a report looks; the examples of the rule are compared with it.
EXAMPLE = b"""---
id: 2026-03-retry-storm
date: 2026-03-14
severity: high
title: retries without backoff took the order service down
symbols: [Settlement]
pattern: 'retry\\(.*backoff\\s*=\\s*(?:0|None)'
lesson: Back off with jitter, and bound the number of attempts.
---
Every client retried at once, and the queue behind it never drained.
"""

Ranges = Sequence[tuple[int, int]]


class Incident(NamedTuple):
    """One report. `pattern` is an expression where `language` is empty, else a query for that language."""

    id: str
    date: str
    severity: str
    title: str
    lesson: str
    paths: tuple[str, ...]
    symbols: tuple[str, ...]
    pattern: str
    language: str


class Problem(NamedTuple):
    """Why a report, or its pattern, is not used: the file and a sentence."""

    path: str
    message: str


def is_report(path: str) -> bool:
    """Whether a path of a repository is that of a report."""
    return path.startswith(FOLDER) and path.endswith(".md") and path.count("/") == 1


def read(files: Iterable[tuple[str, bytes]], *, trusted: bool) -> tuple[tuple[Incident, ...], tuple[Problem, ...]]:
    """The incidents of (path, content) pairs, by path, and what is wrong with the others. Without `trusted` the reports
    that need their pattern are left out: it would be the repository's word that runs."""
    found: list[Incident] = []
    problems: list[Problem] = []
    for path, content in sorted(files)[:MOST_REPORTS]:
        try:
            incident = parse_report(path, content)
        except ValueError as problem:
            problems.append(Problem(path, str(problem)))
            continue
        if incident is not None and (trusted or not incident.pattern):
            found.append(incident)
    return tuple(found), tuple(problems)


def parse_report(path: str, content: bytes) -> Incident | None:
    """The incident a report tells of; None for a page without front matter. Raises ValueError saying what to change."""
    if len(content) > LARGEST:
        raise ValueError(f"longer than {LARGEST >> 10} KiB")
    text = content.decode("utf-8", "replace").replace("\r\n", "\n")
    if not text.startswith("---\n"):
        return None
    head, closed, _ = text[4:].partition("\n---")
    if not closed:
        raise ValueError("the front matter is not closed by a line ---")
    facts = _yaml(head)
    language = _word(facts, "language")
    incident = Incident(
        id=_word(facts, "id") or path.rpartition("/")[2].removesuffix(".md"),
        date=_word(facts, "date"),
        severity=_word(facts, "severity") or "medium",
        title=_word(facts, "title"),
        lesson=_word(facts, "lesson"),
        paths=_words(facts, "paths"),
        symbols=_words(facts, "symbols"),
        pattern=_word(facts, "pattern", _LONGEST_PATTERN),
        language=language,
    )
    if incident.severity not in SEVERITIES:
        raise ValueError(f"severity must be one of {', '.join(SEVERITIES)}")
    if not (incident.paths or incident.symbols or incident.pattern):
        raise ValueError("needs paths, symbols or a pattern to compare a change by")
    _globs(incident.paths)
    _check_pattern(incident)
    return incident


def resembling(
    text: bytes,
    language: str,
    path: str,
    incidents: Sequence[Incident],
    *,
    ranges: Ranges | None = None,
    symbols: Sequence[str] = (),
) -> tuple[Finding, ...]:
    """A finding for each incident that the changed `ranges` of `text` (bytes, 0-based, half-open) resemble. `symbols`
    are the definitions that the change touches, beside those it names. Without `ranges` the text is not a change but
    what stands: it resembles no report by its path alone."""
    found = []
    spans = [(0, len(text))] if ranges is None else list(ranges)
    for incident in incidents:
        if ranges is None and not (incident.symbols or incident.pattern):
            continue
        likeness = _likeness(incident, text, language, path, spans, symbols)
        if likeness is not None:
            start, end, why = likeness
            when = f" of {incident.date}" if incident.date else ""
            message = f"This resembles incident {incident.id}{when}: {incident.title or why}."
            lesson = incident.lesson or "Read the report and say what is different now."
            found.append(
                Finding(
                    RULE, "production-change", incident.severity, start, end, message, lesson, f"{incident.id}: {why}"
                )
            )
    return tuple(found)


def _likeness(
    incident: Incident, text: bytes, language: str, path: str, spans: Ranges, symbols: Sequence[str]
) -> tuple[int, int, str] | None:
    """Where and why a change resembles a report."""
    if incident.paths and not _globs(incident.paths)(path):
        return None
    first = spans[0][0] if spans else 0
    line_end = text.find(b"\n", first)
    whole = (first, line_end if line_end >= 0 else len(text))
    if not incident.symbols and not incident.pattern:
        return (*whole, f"{path} is one of its paths")
    touched = set(symbols) & set(incident.symbols)
    if touched:
        return (*whole, f"{min(touched)} is touched")
    for symbol in incident.symbols:
        place = _search(rf"\b{_quoted(symbol)}\b", text, spans)
        if place is not None:
            return (*place, f"{symbol} is named")
    if not incident.pattern or len(text) > _LARGEST_TEXT:
        return None
    by_query = incident.language != ""
    place = _queried(incident, text, language, spans) if by_query else _search(incident.pattern, text, spans)
    return None if place is None else (*place, "its pattern matches")


def _search(expression: str, text: bytes, spans: Ranges) -> tuple[int, int] | None:
    for start, end in spans:
        match = regex(expression).search(text[start:end])
        if match is not None:
            return start + match.start(), start + match.end()
    return None


def _queried(incident: Incident, text: bytes, language: str, spans: Ranges) -> tuple[int, int] | None:
    query = _query(incident.pattern, incident.language)
    tree = parse(text, language) if query is not None and language == incident.language else None
    if query is None or tree is None:
        return None
    from tree_sitter import QueryCursor

    cursor = QueryCursor(query, match_limit=_MATCH_LIMIT)
    for start, end in spans:
        cursor.set_byte_range(start, max(end, start + 1))
        for _, captures in cursor.matches(tree.root_node):
            nodes = [node for nodes in captures.values() for node in nodes]
            if nodes:
                return min(n.start_byte for n in nodes), max(n.end_byte for n in nodes)
    return None


def _check_pattern(incident: Incident) -> None:
    if not incident.pattern:
        return
    if not incident.language:
        try:
            regex(incident.pattern)
        except ConditionError as problem:
            raise ValueError(str(problem)) from None
        return
    if "#" in incident.pattern or regex(r"[)\]\"_]\s*[*+?]").search(incident.pattern):
        raise ValueError("a query must hold neither predicates (#eq? and its like) nor quantifiers (* + ?)")
    if incident.pattern.count("(") > _MOST_NODES or "@" not in incident.pattern:
        raise ValueError(f"a query needs a capture and at most {_MOST_NODES} nodes")
    if _query(incident.pattern, incident.language) is None:
        raise ValueError(f"there is no grammar for {incident.language!r}")


@lru_cache(maxsize=512)
def _query(source: str, language: str) -> Query | None:
    from tree_sitter import Query, QueryError

    known = grammar(language)
    if known is None:
        return None
    try:
        return Query(known, source)
    except (QueryError, ValueError) as problem:
        raise ValueError(f"the query does not compile: {problem}") from None


@lru_cache(maxsize=512)
def _globs(patterns: tuple[str, ...]) -> Callable[[str], bool]:
    from pathspec import GitIgnoreSpec

    spec = GitIgnoreSpec.from_lines(patterns, backend="re2")
    return lambda path: spec.match_file(path.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))


def _quoted(name: str) -> str:
    import re2

    return str(re2.escape(name))


def _yaml(head: str) -> dict[str, Any]:
    import yaml

    # Aliases could refer to what holds them; nothing in a report needs one.
    if regex(r"(?m)(?:^|[\s:\[,{-])[&*]\w").search(head):
        raise ValueError("anchors, aliases and globs without quotes (*) are not read; quote them")
    if len(head) > _LONGEST_HEAD or head.count("[") + head.count("{") > _MOST_BRACKETS:
        raise ValueError(f"front matter holds at most {_LONGEST_HEAD} characters and {_MOST_BRACKETS} brackets")
    try:
        facts = yaml.load(head, Loader=yaml.BaseLoader)  # noqa: S506 - strings, lists and mappings only
    except (yaml.YAMLError, RecursionError, ValueError) as problem:
        raise ValueError(f"the front matter is no YAML: {str(problem).splitlines()[0]}") from None
    if not isinstance(facts, dict):
        raise ValueError("the front matter must be keys and values")  # noqa: TRY004 - one error for any malformed report
    return facts


def _word(facts: dict[str, Any], key: str, longest: int = _LONGEST_ITEM) -> str:
    value = facts.get(key, "")
    if not isinstance(value, str) or len(value) > longest:
        raise ValueError(f"{key} must be one string of at most {longest} characters")
    return " ".join(value.split()) if key != "pattern" else value


def _words(facts: dict[str, Any], key: str) -> tuple[str, ...]:
    value = facts.get(key, [])
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list) or len(items) > _MOST_ITEMS:
        raise ValueError(f"{key} must be a list of at most {_MOST_ITEMS} strings")
    if not all(isinstance(item, str) and 0 < len(item) <= _LONGEST_ITEM for item in items):
        raise ValueError(f"each of {key} must be a string of at most {_LONGEST_ITEM} characters")
    return tuple(items)
