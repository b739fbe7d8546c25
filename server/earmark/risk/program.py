"""The rules of one language, compiled: one merged query and the tables its matches are looked up in."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Any, NamedTuple

from earmark.risk.places import last_segment, regex
from earmark.risk.profiles import profile
from earmark.risk.query import compiled, kinds, setting_patterns
from earmark.risk.required import Row, rows
from earmark.risk.rules import Matcher, Rule, RuleError, RuleSet
from earmark.text.syntax import grammar

if TYPE_CHECKING:
    from tree_sitter import Query

Entry = tuple[str, Rule, Matcher]


class Expressions:
    """Many RE2 expressions tried on one text at once."""

    __slots__ = ("_entries", "_needs_text", "_set")

    def __init__(self, entries: list[Entry]) -> None:
        import re2

        options = re2.Options()
        options.log_errors = False
        self._entries = entries
        self._set = re2.Set.SearchSet(options)
        for pattern, _, _ in entries:
            self._set.Add(pattern)
        if entries:
            self._set.Compile()

    def __bool__(self) -> bool:
        return bool(self._entries)

    def __iter__(self) -> Any:
        return iter(self._entries)

    def match(self, text: str | bytes) -> list[Entry]:
        """The entries whose expression is found in `text`, in the order of the rules."""
        return [self._entries[i] for i in sorted(self._set.Match(text) or ())] if self._entries else []


class Kinds:
    """Entries whose pattern is the kind of an object, found again without matching."""

    __slots__ = ("_entries", "_known")

    def __init__(self, entries: list[Entry]) -> None:
        self._entries = entries
        self._known: dict[str, tuple[Entry, ...]] = {}

    def match(self, kind: str) -> tuple[Entry, ...]:
        """The entries for objects of this kind, in the order of the rules."""
        known = self._known.get(kind)
        if known is None:
            if len(self._known) > _MOST_KINDS:
                self._known.clear()
            known = self._known[kind] = tuple(e for e in self._entries if regex(e[0]).fullmatch(kind))
        return known


# A text may name kinds of its own; what is remembered of them is bounded.
_MOST_KINDS = 4096


class Program(NamedTuple):
    """What one scan of a language needs. `roles[i]` says what pattern i of `query` is: call, setting, string, or the
    entries of the rules whose own query or node type it is; `required` is what tables ask of objects, by their type."""

    query: Query | None
    roles: tuple[str | tuple[Entry, ...], ...]
    calls: dict[str, tuple[Entry, ...]]
    settings: Expressions
    strings: Expressions
    texts: tuple[Entry, ...]
    statements: Expressions
    commands: Expressions
    objects: Kinds
    required: dict[str, tuple[tuple[Row, Entry], ...]]


def program_for(rules: RuleSet, language: str) -> Program:
    """The program of `language`, made once a rule-set. Raises RuleError when a rule's query does not compile."""
    known = rules.programs.get(language)
    if known is None:
        known = rules.programs[language] = _build(rules, language)
    program: Program = known
    return program


def _entries(rules: tuple[Rule, ...], *anchors: str) -> list[Entry]:
    return [(p, r, m) for r in rules for m in r.matchers if m.anchor in anchors for p in m.patterns]


def _build(rules: RuleSet, language: str) -> Program:
    own = rules.for_language(language)
    calls: dict[str, list[Entry]] = {}
    for entry in _entries(own, "call"):
        calls.setdefault(last_segment(entry[0]), []).append(entry)
    settings, strings = _entries(own, "setting"), _entries(own, "string")
    foreign = language not in ("sql", "bash", "")
    statements = list(_entries(rules.for_language("sql"), "statement")) if language in _HOSTS else []
    commands = list(_entries(rules.for_language("bash"), "command")) if language in _HOSTS else []
    if foreign and language not in ("dockerfile", "yaml"):
        statements = [e for e in statements if e[2].embedded]
        commands = [e for e in commands if e[2].embedded]
    if language != "bash":
        commands += _entries(own, "command")
    query, roles = _merge(own, language, bool(calls), bool(settings), bool(strings or statements))
    return Program(
        query=query,
        roles=roles,
        calls={last: tuple(entries) for last, entries in calls.items()},
        settings=Expressions(settings),
        strings=Expressions(strings),
        texts=tuple(_entries(own, "text")),
        statements=Expressions(statements),
        commands=Expressions(commands),
        objects=Kinds(_entries(own, "object")),
        required=_required(own),
    )


def _required(rules: tuple[Rule, ...]) -> dict[str, tuple[tuple[Row, Entry], ...]]:
    """Type of an object -> the rows that ask something of it, in the order of the rules."""
    by_type: dict[str, list[tuple[Row, Entry]]] = {}
    for entry in _entries(rules, "require"):
        for row in rows(entry[0]):
            for name in row.types:
                by_type.setdefault(name, []).append((row, entry))
    return {name: tuple(asked) for name, asked in by_type.items()}


# Languages whose strings, steps or lines may hold SQL or shell.
_HOSTS = frozenset(
    {"sql", "bash", "dockerfile", "yaml", "python", "javascript", "typescript", "tsx", "go", "java", "rust", "csharp",
     "ruby", "php", "kotlin", "swift"}
)  # fmt: skip


def _merge(
    rules: tuple[Rule, ...], language: str, calls: bool, settings: bool, strings: bool
) -> tuple[Query | None, tuple[str | tuple[Entry, ...], ...]]:
    known = grammar(language)
    if known is None:
        return None, ()
    shape = profile(language)
    patterns: dict[str, list[Entry]] = {}
    shared: list[tuple[str, str]] = []
    if calls and kinds(language, shape.calls):
        shared.append(("call", f"[{' '.join(f'({n})' for n in kinds(language, shape.calls))}] @match"))
    if settings:
        shared.extend(("setting", p) for p in setting_patterns(language, shape.settings))
    if strings and kinds(language, shape.strings):
        shared.append(("string", f"[{' '.join(f'({n})' for n in kinds(language, shape.strings))}] @match"))
    for entry in _entries(rules, "node", "query"):
        for pattern in _own_patterns(entry, language):
            patterns.setdefault(pattern, []).append(entry)
    text = "\n".join([p for _, p in shared] + list(patterns))
    if not text:
        return None, ()
    from tree_sitter import QueryError

    try:
        query = compiled(known, text)
    except QueryError:
        _blame(known, patterns)
        raise
    chunks: list[tuple[str, str | tuple[Entry, ...]]] = [(pattern, role) for role, pattern in shared]
    chunks += [(pattern, tuple(entries)) for pattern, entries in patterns.items()]
    starts, at = [], 0
    for pattern, _ in chunks:
        starts.append(at)
        at += len(pattern.encode()) + 1
    # One text of a rule may hold several patterns; where a pattern begins says whose it is.
    places = [bisect_right(starts, query.start_byte_for_pattern(i)) - 1 for i in range(query.pattern_count)]
    return query, tuple(chunks[place][1] for place in places)


def _own_patterns(entry: Entry, language: str) -> list[str]:
    pattern, _, matcher = entry
    if matcher.anchor == "query":
        # Rules that ask for the same shape share one pattern of the query.
        return [pattern.strip()]
    shape = profile(language)
    roles = {"@loop": shape.loops, "@catch": shape.catches, "@function": shape.functions, "@try": shape.tries,
             "@call": frozenset(shape.calls), "@string": frozenset(shape.strings)}  # fmt: skip
    names = roles.get(pattern, frozenset({pattern}))
    found = kinds(language, names)
    return [f"[{' '.join(f'({name})' for name in found)}] @match"] if found else []


def _blame(known: Any, patterns: dict[str, list[Entry]]) -> None:
    """Say which rule's query does not compile."""
    from tree_sitter import QueryError

    for pattern, entries in patterns.items():
        try:
            compiled(known, pattern)
        except QueryError as problem:
            raise RuleError(f"rule {entries[0][1].id}: its query does not compile: {problem}") from None
