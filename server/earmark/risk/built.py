"""Whether a text is put together from parts of which one is not fixed: the shape of every injection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from earmark.risk import stores
from earmark.risk.flow import (
    DEEPEST,
    bare,
    beginning,
    captured,
    compiled,
    is_appended,
    is_literal,
    is_stringy,
    mentions_string,
    origins,
)

if TYPE_CHECKING:
    from tree_sitter import Node

    from earmark.risk.source import Source

_BUILDERS = (
    r"(?:^|\.)(?:format|sprintf|Sprintf|Sprint|Sprintln|concat|join|vsprintf|formatted|Format|Concat|Join|append"
    r"|replace|Appendf|StringBuilder|printf|snprintf|strcat|util\.format)$|^(?:format|concat|write)!$"
)
# A statement composed of typed parts (psycopg's `sql.SQL("…").format(sql.Identifier(name))`) is not text put together.
_COMPOSED = r"\bSQL\("
_BUILDING_OPERATORS = frozenset({"+", "%", ".", "..", "<>", "<<", ".=", "+="})


def is_built(source: Source, node: Node, depth: int = 0) -> bool:
    """True when a string is put together from parts of which at least one is not fixed by the text."""
    roles = source.profile
    node = bare(node)
    kind = node.type
    if depth > DEEPEST:
        return False
    if kind in roles.names:
        values = origins(source, node)
        if any(value.id != node.id and is_built(source, value, depth + 2) for value in values):
            return True
        appended = len(values) > 1 and any(is_stringy(source, value) for value in values)
        return appended and any(is_appended(source, v) and not is_literal(source, v, depth + 2) for v in values)
    if kind in roles.strings or kind == "concatenated_string":
        return not is_literal(source, node, depth + 1)
    if kind in roles.binaries:
        operator = node.child_by_field_name("operator")
        sign = source.of(operator) if operator else "+"
        if sign not in _BUILDING_OPERATORS or not mentions_string(source, node, 0):
            return False
        if sign == "%" and _takes_numbers(source, beginning(node)):
            return False
        return not is_literal(source, node, depth + 1)
    if kind in roles.calls:
        name = source.names(node)[0]
        if compiled(_BUILDERS).search(name):
            arguments = source.arguments(node)
            inside = node.child_by_field_name("function") or node.child_by_field_name("object") or node
            moving = _dynamic(source, arguments, depth) or captured(source, node)
            if not moving or compiled(_COMPOSED).search(source.of(inside)):
                return False
            if arguments and name.endswith("rintf") and _takes_numbers(source, arguments[0].node):
                return False
            return name.endswith(("!", "rintf", "Format", "format")) or mentions_string(source, inside, 0)
        if name.endswith((".toString", ".String")):
            return _is_filled(source, node, name.rpartition(".")[0], depth)
        if name.rsplit(".", 1)[-1] in _PASSING and source.arguments(node):
            return is_built(source, source.arguments(node)[0].node, depth + 1)
        holder = node.child_by_field_name("object")
        return holder is not None and holder.type in roles.calls and is_built(source, holder, depth + 1)
    if kind in ("conditional_expression", "ternary_expression", "boolean_operator", "binary"):
        return any(is_built(source, child, depth + 1) for child in node.named_children)
    return False


def _takes_numbers(source: Source, template: Node) -> bool:
    """A text whose places take numbers only: `%d` lets no text in."""
    text = source.of(template)
    return (
        is_stringy(source, template)
        and "%" in text
        and not compiled(r"%[-+ #0]*[\d.*]*(?:\(\w+\))?[^-+ #0\d.*(%dxXfFeEgGobcUt]").search(text)
    )


def _is_filled(source: Source, node: Node, builder: str, depth: int) -> bool:
    """The builder was given text of which part is not fixed, and part is."""
    given = stores.given(source, node, builder)
    texts = any(is_stringy(source, each) or mentions_string(source, each, 0) for each in given)
    return texts and any(not is_literal(source, each, depth + 1) for each in given)


# Calls that hand their first argument on, wrapped.
_PASSING = frozenset(
    {"text", "str", "String", "raw", "RawSQL", "encode", "trim", "c_str", "Literal", "dedent", "bytes"}
)


def _dynamic(source: Source, arguments: tuple[Any, ...], depth: int) -> bool:
    return any(a.name == "**" or not is_literal(source, a.node, depth + 1) for a in arguments)
