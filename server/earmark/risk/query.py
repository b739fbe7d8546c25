"""Queries of a language, merged into one; the built-in patterns every language shares."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from earmark.risk.profiles import Triple, profile
from earmark.text.syntax import grammar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Language, Node, Query

    from earmark.risk.source import Source

# At most this many states of one cursor at a time; a pattern that needs more is dropped by the cursor, not by us.
MATCH_LIMIT = 4096


def setting_patterns(language: str, triples: tuple[Triple, ...], name: str = "key") -> list[str]:
    """Query patterns for (node type, name field, value field); types the grammar lacks are left out."""
    known = grammar(language)
    if known is None:
        return []
    patterns = []
    for kind, key, value in triples:
        if known.id_for_node_kind(kind, True) is None:
            continue
        if any(field and known.field_id_for_name(field) is None for field in (key, value)):
            continue
        left = f"{key}: (_) @{name}" if key else f". (_) @{name}"
        right = f"{value}: (_) @value" if value else "(_) @value ."
        patterns.append(f"({kind} {left} {right}) @setting")
    return patterns


def kinds(language: str, names: tuple[str, ...] | frozenset[str]) -> list[str]:
    """Those of `names` that are node types of the language's grammar, sorted."""
    known = grammar(language)
    return [] if known is None else sorted(n for n in names if known.id_for_node_kind(n, True) is not None)


def compiled(known: Language, source: str) -> Query:
    """The query; raises tree_sitter.QueryError with the place of the mistake."""
    from tree_sitter import Query

    return Query(known, source)


@cache
def _assignment_query(language: str) -> Query | None:
    roles, known = profile(language), grammar(language)
    if known is None:
        return None
    patterns = setting_patterns(language, roles.assigns)
    return compiled(known, "\n".join(patterns)) if patterns else None


def assignments(language: str, scope: Node, *, whole_file: bool = False) -> Iterator[tuple[Node, Node]]:
    """(name, value) of every assignment inside `scope`, in order of place.

    With `whole_file`, `scope` is a root, and the functions in it are left out as far as that saves a walk through
    them: what is assigned in one function is no constant of another.
    """
    from tree_sitter import QueryCursor

    query = _assignment_query(language)
    if query is None:
        return
    cursor = QueryCursor(query, match_limit=MATCH_LIMIT)
    spans = (
        _outside_functions(scope, profile(language).functions) if whole_file else [(scope.start_byte, scope.end_byte)]
    )
    pairs = []
    for start, end in spans:
        cursor.set_byte_range(start, max(end, start + 1))
        found = cursor.matches(scope)
        pairs += [(c["key"][0], c["value"][0]) for _, c in found if "key" in c and "value" in c]
    pairs.sort(key=lambda pair: pair[0].start_byte)
    yield from pairs


# A node of at most so many bytes is not taken apart to find the functions in it, nor one nested deeper than this; and
# where constants and functions take turns too often, one walk through everything is faster.
_SMALL = 2 << 10
_NESTED = 6
_MOST_SPANS = 32


def _outside_functions(root: Node, functions: frozenset[str]) -> list[tuple[int, int]]:
    """Byte ranges of what stands outside functions."""
    spans: list[tuple[int, int]] = []
    todo = [(child, 0) for child in reversed(root.named_children)]
    while todo:
        node, depth = todo.pop()
        if node.type in functions:
            continue
        size = node.end_byte - node.start_byte
        if size > _SMALL and depth < _NESTED and node.named_child_count:
            todo += [(child, depth + 1) for child in reversed(node.named_children)]
        elif spans and node.start_byte - spans[-1][1] <= _SMALL:
            spans[-1] = (spans[-1][0], node.end_byte)
        else:
            spans.append((node.start_byte, node.end_byte))
            if len(spans) > _MOST_SPANS:
                return [(root.start_byte, root.end_byte)]
    return spans


@cache
def _call_query(language: str) -> Query | None:
    known = grammar(language)
    names = kinds(language, profile(language).calls)
    if known is None or not names:
        return None
    return compiled(known, f"[{' '.join(f'({name})' for name in names)}] @call")


def calls_in(source: Source, start: int, end: int) -> list[Node]:
    """The calls that lie wholly inside bytes `start` to `end`, in order of place."""
    from tree_sitter import QueryCursor

    query = _call_query(source.language)
    if query is None:
        return []
    cursor = QueryCursor(query, match_limit=MATCH_LIMIT)
    cursor.set_byte_range(start, end)
    found = cursor.captures(source.root).get("call", [])
    return sorted((n for n in found if start <= n.start_byte and n.end_byte <= end), key=lambda n: n.start_byte)


@cache
def _function_query(language: str) -> Query | None:
    from tree_sitter import QueryError

    known = grammar(language)
    if known is None or known.field_id_for_name("name") is None:
        return None
    named = [n for n in kinds(language, profile(language).functions) if "lambda" not in n and "arrow" not in n]
    patterns = []
    for name in named:
        try:
            compiled(known, f"({name} name: (_) @name) @function")
        except QueryError:
            # A kind of function that has no name in this grammar.
            continue
        patterns.append(f"({name} name: (_) @name) @function")
    return compiled(known, "\n".join(patterns)) if patterns else None


def functions(source: Source) -> dict[str, Node | None]:
    """Name -> the function of this file that is called so; None where several are."""
    from tree_sitter import QueryCursor

    query = _function_query(source.language)
    found: dict[str, Node | None] = {}
    if query is None:
        return found
    for _, captures in QueryCursor(query, match_limit=MATCH_LIMIT).matches(source.root):
        name, function = source.of(captures["name"][0]), captures["function"][0]
        known = found.get(name, function)
        found[name] = function if known is not None and known.id == function.id else None
    return found


def returned(source: Source, function: Node) -> list[Node]:
    """The expressions that the `return` statements of `function` give back, those of functions inside it left out."""
    results: list[Node] = []
    todo = [function.child_by_field_name("body")]
    while todo:
        node = todo.pop()
        if node is None or node.type in source.profile.functions:
            continue
        if node.type == "return_statement":
            results += node.named_children
        else:
            todo += node.named_children
    return results
