"""Whether a loop can come to its end, as far as its own text tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from earmark.risk.flow import bare, escaped
from earmark.risk.places import regex

if TYPE_CHECKING:
    from tree_sitter import Node

    from earmark.risk.source import Source

_COUNTER = r"^\(?\s*([A-Za-z_$]\w*)\s*(<=?|>=?)|(<=?|>=?)\s*([A-Za-z_$]\w*)\s*\)?$"
_LEAVES = (
    r"\b(?:break|return|throw|raise|goto|exit|_exit|abort|die|yield|await|panic|bail|unreachable|longjmp|sleep|park"
    r"|wait|recv|co_return|fatalError)\b|\?;|\?\s*\}"
)
# What a condition may be made of for its value to depend on plain names alone.
_PLAIN = ("operator", "parenthesized", "binary", "unary", "boolean", "logical", "condition_clause", "comparison",
          "infix", "prefix", "conjunction", "disjunction", "equality")  # fmt: skip


def is_backwards(source: Source, loop: Node) -> bool:
    """A counting loop whose counter moves away from the bound it is compared with."""
    holder = next((c for c in loop.named_children if c.type == "for_clause"), loop)
    condition = holder.child_by_field_name("condition")
    update = holder.child_by_field_name("increment") or holder.child_by_field_name("update")
    if condition is None or update is None:
        return False
    found = regex(_COUNTER).search(source.of(condition).strip().rstrip(";").strip())
    if found is None:
        return False
    counter = found.group(1) or found.group(4)
    sign = found.group(2) or found.group(3)
    up = sign.startswith("<") == bool(found.group(1))
    step = _step(source.of(update), counter)
    return step != 0 and (step > 0) != up


def _step(update: str, counter: str) -> float:
    """By how much one round moves the counter; 0 when the text does not say, or when several steps cancel out."""
    name = escaped(counter)
    total = 0.0
    one = rf"(\+\+|--)\s*{name}\b|\b{name}\s*(\+\+|--)|\b{name}\s*([+-])=\s*([+-]?)([\w.-]+)"
    for match in regex(one).finditer(update):
        mark = match.group(1) or match.group(2)
        if mark:
            total += 1 if mark == "++" else -1
            continue
        try:
            size = float(match.group(5).rstrip("nLuUf"))
        except ValueError:
            return 0
        total += size * (1 if match.group(3) == "+" else -1) * (-1 if match.group(4) == "-" else 1)
    return total


def is_stuck(source: Source, loop: Node) -> bool:
    """A loop whose condition reads only local names, none of which it changes, and which nothing in it leaves."""
    condition = loop.child_by_field_name("condition")
    body = loop.child_by_field_name("body")
    if condition is None or body is None or regex(_LEAVES).search(source.of(body)):
        return False
    names = _read_names(source, condition)
    if source.language == "python" and not regex(r"[<>]|[!=]=").search(source.of(condition)):
        # Whether a collection is empty changes wherever it is handed on.
        return False
    if not names:
        return False
    text = source.text[loop.start_byte : loop.end_byte].decode("utf-8", "replace")
    scope = source.function(loop)
    around = source.of(scope.child_by_field_name("body") or scope)
    return all(_is_own(source, scope, around, name) and not _may_change(source, text, name) for name in names)


def _read_names(source: Source, condition: Node) -> set[str]:
    """The names a condition reads; empty when it calls, indexes or dereferences anything."""
    names: set[str] = set()
    todo = [bare(condition)]
    while todo:
        node = todo.pop()
        if node.type in source.profile.names:
            names.add(source.of(node))
        elif node.type in source.profile.literals or node.type in source.profile.strings:
            continue
        elif node.type.startswith("pointer") or node.type in source.profile.calls:
            return set()
        elif node.named_child_count and any(word in node.type for word in _PLAIN):
            if "assignment" in node.type or "update" in node.type or "++" in source.of(node) or "--" in source.of(node):
                return set()
            todo += node.named_children
        else:
            return set()
    return names


def _is_own(source: Source, scope: Node, around: str, name: str) -> bool:
    """The name belongs to this function alone: nothing outside, and no closure inside, can change it."""
    if name not in source.parameters(scope) and name not in source.assigned(scope):
        return False
    shared = rf"\b(?:volatile|static|global|atomic\w*|nonlocal)\b[^;\n]*\b{escaped(name)}\b"
    head = r"(?:=>|function\b[^{]*|lambda\b|\|[^|\n]*\|)\s*\{?[^{}]*"
    word = escaped(name)
    closure = rf"{head}(?:\b{word}\s*(?:[-+*/]?=[^=]|\+\+|--)|(?:\+\+|--)\s*{word}\b)"
    return not regex(shared).search(around) and not regex(closure).search(around)


def _may_change(source: Source, text: str, name: str) -> bool:
    word = escaped(name)
    # A shared reference of Rust changes nothing.
    borrow = r"mut\s+" if source.language == "rust" else ""
    changes = (
        rf"\b{word}\s*(?:\[[^\]\n]*\]\s*)?(?:[-+*/%&|^.:]|<<|>>|\*\*|&&|\|\||\?\?|>>>)?=[^=]|(?:\+\+|--)\s*\$?{word}\b"
        rf"|\b{word}\s*(?:\+\+|--)|(?:^|[^&])&\s*{borrow}{word}\b|\b(?:ref|out|inout|var|let|const|auto|int)\s+(?:mut\s+)?{word}\b"
        rf"|[,\[({{]\s*{word}\s*[\])}}]*\s*=[^=]|\b{word}\s*,[^;=\n]*[^=!<>]=[^=]|\bfor\s*\(?\s*\$?{word}\b|\b{word}\.\w+\("
    )
    if source.language == "python":
        # A bound method under a name of its own changes it as well.
        changes += rf"|=\s*{word}\.\w+\s*(?:\n|$)|\b{word}\s*[-+*/%&|^]{{1,2}}="
    if source.language in ("cpp", "php"):
        # An argument may be taken by reference.
        changes += rf"|[(,]\s*\$?{word}\s*[,)]"
    return bool(regex(changes).search(text))
