"""Rule packs: loaded when a language is first scanned, validated, compiled.

A pack is TOML (format 1): `languages`, then `[[rule]]` tables. Unknown keys are errors, so that a misspelt condition
never silently widens a rule. Code is matched by `call`, `query`, `node`, `string` and `setting` with conditions
(`conditions`), text by `text`, SQL by `statement`, shell by `command`, configuration by `object` with `at` (`objects`)
and by tables of what a type must say, `require` (`required`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

from earmark.risk.conditions import Test, compile_condition, cost
from earmark.risk.finding import CATEGORIES, RULE_SET, SEVERITIES
from earmark.risk.objects import check_path
from earmark.risk.places import ConditionError, expand, regex
from earmark.risk.required import rows

FORMAT = 1
CHANGES = "change.toml"

# Which packs hold rules for a language, by the first word of the file name.
FAMILIES = {
    "javascript": ("javascript",),
    "typescript": ("javascript", "typescript"),
    "tsx": ("javascript", "typescript"),
    "c": ("c",),
    "cpp": ("c", "cpp"),
    "bash": ("shell",),
    "json": ("json", "yaml"),
    "php-fragment": ("php",),
}
ANCHORS = ("call", "query", "node", "string", "setting", "text", "statement", "command", "object", "require",
           "check")  # fmt: skip
_KEYS = frozenset(
    {"id", "category", "severity", "cwe", "why", "hint", "when", "unless", "also", "tests", "bad", "good", "fix", "but",
     "mark", "embedded", "needs", "path", "name", "entropy", "family", "at", "confidence", "kind", "fact", "examples",
     *ANCHORS}
)  # fmt: skip


class RuleError(ValueError):
    """A pack is malformed; the message names the file, the rule and what to change."""


class Matcher(NamedTuple):
    """One way in which a rule matches: an anchor with its pattern, then conditions.

    `mark` names the capture that the finding is put on. `but` excludes by the anchor's own text; `needs` are bytes of
    which one must stand in the file at all; `embedded` lets statements and commands match inside string literals.
    """

    anchor: str
    patterns: tuple[str, ...]
    when: tuple[Test, ...]
    unless: tuple[Test, ...]
    at: tuple[dict[str, Any], ...]
    but: str
    needs: tuple[bytes, ...]
    mark: str
    embedded: bool
    entropy: float
    family: str


class Rule(NamedTuple):
    """One rule. `cwe` is 0 where no CWE fits; `tests` is true when it also holds in test code; `bad` and `good` are
    example texts, `path` the path they are scanned under."""

    id: str
    category: str
    severity: str
    cwe: int
    why: str
    hint: str
    languages: tuple[str, ...]
    tests: bool
    fix: dict[str, Any] | None
    bad: tuple[str, ...]
    good: tuple[str, ...]
    path: str
    matchers: tuple[Matcher, ...]


class ChangeRule(NamedTuple):
    """A rule on old text against new. `compare` names the comparison, `facts` the kinds of fact it weighs, `words` the
    RE2 expression their keys must match (`deep`: their text too). `where` is "code", "tests" or "all". `cases` are
    (old text, new text that fires, new text that must stay silent, language, path)."""

    id: str
    category: str
    severity: str
    cwe: int
    why: str
    hint: str
    compare: str
    facts: tuple[str, ...]
    words: str
    but: str
    to: str
    was: str
    units: str
    languages: tuple[str, ...]
    paths: str
    where: str
    deep: bool
    lost: bool
    fresh: bool
    down: bool
    cases: tuple[tuple[str, str, str, str, str], ...]


_CHANGE_KEYS = frozenset(ChangeRule._fields)


def parse_change_rule(table: dict[str, Any], pack: str) -> ChangeRule:
    """One `[[rule]]` of the change pack; raises RuleError."""
    where = f"{pack}: rule {table.get('id', '?')}"
    unknown = set(table) - _CHANGE_KEYS
    if unknown:
        raise RuleError(f"{where}: unknown key {sorted(unknown)[0]!r}")
    for key in ("id", "category", "severity", "why", "hint", "compare"):
        if not _text(table, key, where):
            raise RuleError(f"{where}: {key} is missing")
    if table["category"] not in CATEGORIES or table["severity"] not in SEVERITIES:
        raise RuleError(f"{where}: category or severity is not one we know")
    try:
        for key in ("words", "but", "to", "was", "units", "paths"):
            regex(_text(table, key, where))
    except ConditionError as problem:
        raise RuleError(f"{where}: {problem}") from None
    cases = tuple(
        (c["old"], c["bad"], c["good"], c.get("language", "python"), c.get("path", "")) for c in table.get("cases", [])
    )
    values: dict[str, Any] = {key: table.get(key, "") for key in ChangeRule._fields}
    flags = {key: bool(table.get(key, False)) for key in ("deep", "lost", "fresh", "down")}
    lists = {key: _strings(table.get(key, []), f"{where}: {key}") for key in ("facts", "languages")}
    numbers = {"cwe": int(table.get("cwe", 0)), "where": table.get("where", "code"), "cases": cases}
    return ChangeRule(**(values | flags | lists | numbers))


def _text(table: dict[str, Any], key: str, where: str) -> str:
    value = table.get(key, "")
    if not isinstance(value, str):
        raise RuleError(f"{where}: {key} must be a string")
    return value


def _strings(value: Any, where: str) -> tuple[str, ...]:
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(v, str) for v in listed):
        raise RuleError(f"{where} must be a string or a list of strings")
    return tuple(listed)


def parse_rule(table: dict[str, Any], languages: tuple[str, ...], pack: str) -> Rule:
    """One `[[rule]]` table; raises RuleError."""
    where = f"{pack}: rule {table.get('id', '?')}"
    unknown = set(table) - _KEYS
    if unknown:
        raise RuleError(f"{where}: unknown key {sorted(unknown)[0]!r}")
    for key in ("id", "category", "severity", "why", "hint"):
        if not _text(table, key, where):
            raise RuleError(f"{where}: {key} is missing")
    if table["category"] not in CATEGORIES:
        raise RuleError(f"{where}: category {table['category']!r} is not one of {sorted(CATEGORIES)}")
    if table["severity"] not in SEVERITIES:
        raise RuleError(f"{where}: severity must be one of {', '.join(SEVERITIES)}")
    matchers = [m for part in (table, *table.get("also", [])) for m in _matchers(part, where)]
    if not matchers:
        raise RuleError(f"{where}: needs one of {', '.join(ANCHORS)}")
    return Rule(
        id=table["id"],
        category=table["category"],
        severity=table["severity"],
        cwe=int(table.get("cwe", 0)),
        why=table["why"],
        hint=table["hint"],
        languages=languages,
        tests=bool(table.get("tests", False)),
        fix=table.get("fix"),
        bad=_strings(table.get("bad", []), f"{where}: bad"),
        good=_strings(table.get("good", []), f"{where}: good"),
        path=_text(table, "path", where),
        matchers=tuple(matchers),
    )


def _matchers(table: dict[str, Any], where: str) -> list[Matcher]:
    try:
        when, unless = (
            tuple(compile_condition(c) for c in sorted(table.get(key, []), key=cost)) for key in ("when", "unless")
        )
        asked = table.get("at", [])
        for expression in (table.get("but", ""), *(r.get(key, "") for r in asked for key in ("matches", "lacks"))):
            regex(expression)
        for path in (r.get("path", "") for r in asked):
            check_path(path)
    except ConditionError as problem:
        raise RuleError(f"{where}: {problem}") from None
    found = []
    for anchor in ANCHORS:
        if anchor not in table:
            continue
        patterns = _strings(table[anchor], f"{where}: {anchor}")
        if anchor == "query" and any("#" in pattern for pattern in patterns):
            # The binding reads a node's text from the tree's source; a tree parsed in slices has none, and it crashes.
            raise RuleError(f"{where}: a query must not hold predicates such as #eq?; say it in `when`")
        if anchor == "require":
            try:
                rows(patterns[0])
            except ConditionError as problem:
                raise RuleError(f"{where}: {problem}") from None
        if anchor == "call":
            patterns = tuple(full for name in patterns for full in expand(name))
        found.append(
            Matcher(
                anchor=anchor,
                patterns=patterns,
                when=when,
                unless=unless,
                at=tuple(table.get("at", [])),
                but=_text(table, "but", where),
                needs=tuple(n.encode() for n in _strings(table.get("needs", []), f"{where}: needs")),
                mark=_text(table, "mark", where) or "match",
                embedded=bool(table.get("embedded", False)),
                entropy=float(table.get("entropy", 0)),
                family=_text(table, "family", where),
            )
        )
    return found


def parse_pack(text: str, pack: str) -> tuple[Rule, ...]:
    """All rules of one pack; raises RuleError."""
    import tomllib

    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise RuleError(f"{pack}: {problem}") from None
    if data.get("format") != FORMAT:
        raise RuleError(f"{pack}: format must be {FORMAT}")
    languages = _strings(data.get("languages", []), f"{pack}: languages")
    return tuple(parse_rule(table, languages, pack) for table in data.get("rule", []))


class RuleSet:
    """Rules by language, loaded when first asked for. `version` names the set that a policy pins."""

    def __init__(self, version: str, packs: dict[str, str | None], local: Collection[str] = ()) -> None:
        """`packs`: file name -> its text, or None for one that ships with Earmark and is read when needed. Packs named
        in `local` are for the languages they say, whatever their name."""
        self.version = version
        self._packs = packs
        self._local = frozenset(local)
        self._changes: tuple[ChangeRule, ...] | None = None
        self.programs: dict[str, Any] = {}
        self._loaded: dict[str, tuple[Rule, ...]] = {}
        self._languages: dict[str, tuple[Rule, ...]] = {}

    def pack(self, name: str) -> tuple[Rule, ...]:
        """The rules of one pack file; raises RuleError."""
        if name not in self._loaded:
            text = self._packs[name]
            if text is None:
                text = (resources.files("earmark.risk") / "packs" / name).read_text("utf-8")
            self._loaded[name] = parse_pack(text, name)
        return self._loaded[name]

    def for_language(self, language: str) -> tuple[Rule, ...]:
        """The rules that a text of this language is scanned with, those for every language included."""
        if language not in self._languages:
            wanted = ("any", *FAMILIES.get(language, (language,)))
            names = [n for n in self._packs if n.removesuffix(".toml").split("-")[0] in wanted or n in self._local]
            rules = [rule for name in sorted(names) for rule in self.pack(name)]
            self._languages[language] = tuple(
                r for r in rules if not r.languages or language.removesuffix("-fragment") in r.languages
            )
        return self._languages[language]

    def changes(self) -> tuple[ChangeRule, ...]:
        """The rules on old text against new; raises RuleError."""
        if self._changes is None:
            import tomllib

            text = (resources.files("earmark.risk") / "packs" / CHANGES).read_text("utf-8")
            self._changes = tuple(parse_change_rule(table, CHANGES) for table in tomllib.loads(text)["rule"])
        return self._changes

    def all(self) -> tuple[Rule, ...]:
        """Every text rule, sorted by id."""
        return tuple(sorted((r for name in self._packs for r in self.pack(name)), key=lambda r: r.id))

    def every(self) -> tuple[Rule | ChangeRule, ...]:
        """All rules, those on texts first."""
        return (*self.all(), *self.changes())

    def get(self, rule_id: str) -> Rule | ChangeRule | None:
        """The rule of this id, or None."""
        return next((rule for rule in self.every() if rule.id == rule_id), None)

    def with_packs(self, packs: Iterable[tuple[str, str]]) -> RuleSet:
        """This set and further packs (name, text); the version then says that it is not the named set alone. A pack
        called like one of ours stands beside it."""
        added: dict[str, str | None] = {f"local/{name}": text for name, text in packs}
        return RuleSet(self.version + "+local", self._packs | added, self._local | set(added))


@cache
def load_default() -> RuleSet:
    """The rule-set that ships with this version; nothing is read yet."""
    names = sorted(p.name for p in (resources.files("earmark.risk") / "packs").iterdir() if p.name.endswith(".toml"))
    names.remove(CHANGES)
    return RuleSet(RULE_SET, dict.fromkeys(names))
