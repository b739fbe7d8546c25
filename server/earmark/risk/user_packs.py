"""Rule packs that are not ours: what they may hold, and which of them are fit to run.

A pack that is not fit is left out with a sentence; the others, and our own rules, work on. Limits are on what a pack
costs others: its size, the number of its rules, the shape of its queries.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from earmark.risk.places import regex
from earmark.risk.rules import Rule, RuleError, RuleSet, parse_pack
from earmark.text.syntax import grammar

FOLDER = ".earmark/rules/"
MOST_PACKS = 32
MOST_RULES = 500
LARGEST = 256 << 10
_LONGEST_QUERY = 4000
# Two repeated siblings in one pattern can match in more ways than there are nodes.
_MOST_QUANTIFIERS = 1


class Pack(NamedTuple):
    """A pack as it was found: where it comes from (a path, or `package: file`) and its text."""

    source: str
    text: str


class Problem(NamedTuple):
    """Why a pack is left out."""

    source: str
    message: str


def is_pack(path: str) -> bool:
    """Whether a path of a repository is that of a pack."""
    return path.startswith(FOLDER) and path.endswith(".toml") and path.count("/") == FOLDER.count("/")


def with_user_packs(rules: RuleSet, packs: Iterable[Pack]) -> tuple[RuleSet, tuple[Problem, ...]]:
    """`rules` with those of `packs` that are fit to run, and what is wrong with the others. Raises nothing."""
    wanted = list(packs)
    if not wanted:
        return rules, ()
    fit: list[Pack] = []
    problems = [Problem(pack.source, f"more than {MOST_PACKS} packs") for pack in wanted[MOST_PACKS:]]
    known, left = {rule.id for rule in rules.every()}, MOST_RULES
    for pack in wanted[:MOST_PACKS]:
        try:
            found = checked(pack, known, left)
        except RuleError as problem:
            problems.append(Problem(pack.source, str(problem)))
            continue
        left -= len(found)
        known |= {rule.id for rule in found}
        fit.append(pack)
    return (rules.with_packs(fit) if fit else rules), tuple(problems)


def checked(pack: Pack, known: Iterable[str], most: int = MOST_RULES) -> tuple[Rule, ...]:
    """The rules of a pack; raises RuleError when it is larger than allowed, malformed, uses an id of `known`, or holds
    a query that does not compile or could take too long. `most` rules may still come."""
    if len(pack.text) > LARGEST:
        raise RuleError(f"larger than {LARGEST >> 10} KiB")
    rules = parse_pack(pack.text, pack.source)
    if len(rules) > most:
        raise RuleError(f"more than {MOST_RULES} rules in all packs")
    taken = set(known)
    for rule in rules:
        if rule.id in taken:
            raise RuleError(f"rule {rule.id}: there is one of this id already")
        taken.add(rule.id)
        for matcher in rule.matchers:
            if matcher.anchor == "check":
                raise RuleError(f"rule {rule.id}: checks in code are ours alone")
            if matcher.anchor in ("query", "node"):
                _check_queries(rule, matcher.anchor, matcher.patterns)
    return rules


def _check_queries(rule: Rule, anchor: str, patterns: Iterable[str]) -> None:
    from tree_sitter import Query, QueryError

    if not rule.languages:
        raise RuleError(f"rule {rule.id}: a query needs the languages it is for")
    for pattern in patterns:
        query = pattern if anchor == "query" else f"({pattern}) @match"
        if len(query) > _LONGEST_QUERY or len(regex(r"[)\]\"_]\s*[*+?]").findall(query)) > _MOST_QUANTIFIERS:
            raise RuleError(
                f"rule {rule.id}: a query holds at most {_LONGEST_QUERY} characters and {_MOST_QUANTIFIERS} quantifier"
            )
        for language in rule.languages:
            known = grammar(language)
            if known is None:
                raise RuleError(f"rule {rule.id}: there is no grammar for {language!r}")
            try:
                Query(known, query)
            except (QueryError, ValueError) as problem:
                raise RuleError(f"rule {rule.id}: its query does not compile: {problem}") from None
