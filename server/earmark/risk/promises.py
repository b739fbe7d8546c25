"""Which JavaScript and TypeScript expressions are promises, as far as one file tells, and whether somebody handles
their failure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from earmark.risk.places import regex

if TYPE_CHECKING:
    from tree_sitter import Node

    from earmark.risk.source import Source

_DEEPEST = 8
_LANGUAGES = ("javascript", "typescript", "tsx")
_MAKERS = (
    r"^(?:window\.|globalThis\.|self\.)?fetch$|^Promise\.(?:resolve|reject|all|allSettled|race|any|try|withResolvers)$"
    r"|^new Promise$|(?:^|\.)\w+Async$|^axios(?:\.\w+)?$|^fs(?:\.promises|/promises)\.\w+$|^import$"
    r"|^util\.promisify\(\)$"
)
_TYPE = r"^\s*Promise<"
_ASKING = r"(?:^|\.)(?:is|has|supports|should|can|use|allow|set|enable|make|mark)[A-Z]?\w*Async$"
# Names that the file declares as async functions, as functions of a promise, as async methods, and as promises.
_ASYNC = (
    r"\basync\s+function\s+([\w$]+)|\bfunction\s+([\w$]+)\s*(?:<[^(]*)?\([^{;]*?\)\s*:\s*Promise<"
    r"|\b([\w$]+)\s*(?::[^=;\n]*)?=\s*async\b|\b([\w$]+)\??\s*:\s*\([^();\n]*\)\s*=>\s*Promise<"
)
_METHOD = r"(?m)^\s*(?:(?:private|public|protected|static|override)\s+)*async\s+\*?([\w$]+)\s*[<(]"
# A file that declares a method `then` has promises of its own kind.
_THENABLE = r"(?m)^\s*(then)\s*\("
_TYPED = r"\b([\w$]+)\??\s*:\s*(?:Readonly<)?Promise<"
_HANDLERS = ("undefined", "null")


def is_floating(source: Source, node: Node, depth: int = 0) -> bool:
    """True when `node` is, or holds, a promise whose failure nobody hears: no await, no void, no handler."""
    if source.language not in _LANGUAGES or depth > _DEEPEST:
        return False
    kind = node.type
    if kind in ("parenthesized_expression", "sequence_expression", "array", "as_expression", "satisfies_expression",
                "non_null_expression", "type_assertion"):  # fmt: skip
        return any(is_floating(source, child, depth + 1) for child in node.named_children)
    if kind == "ternary_expression":
        return any(is_floating(source, child, depth + 1) for child in node.named_children[1:])
    if kind == "binary_expression":
        operator = node.child_by_field_name("operator")
        if operator is None or source.of(operator) not in ("||", "&&", "??"):
            return False
        return any(is_floating(source, child, depth + 1) for child in node.named_children)
    if kind == "call_expression":
        return _floating_call(source, node, depth)
    return is_promise(source, node, depth)


def _floating_call(source: Source, call: Node, depth: int) -> bool:
    called = call.child_by_field_name("function")
    member = called.child_by_field_name("property") if called is not None else None
    holder = called.child_by_field_name("object") if called is not None else None
    if member is None or holder is None:
        return is_promise(source, call, depth)
    method, arguments = source.of(member), source.arguments(call)
    if method == "catch" and _is_handler(source, call, 0):
        return False
    if method == "then" and _is_handler(source, call, 1):
        return False
    if method in ("then", "catch", "finally"):
        if holder.type == "call_expression":
            return is_floating(source, holder, depth + 1)
        return (method == "then" and not source.words(_THENABLE)) or is_promise(source, holder, depth + 1)
    if method in ("map", "flatMap", "filter") and arguments:
        return _returns_promise(source, arguments[0].node, depth + 1)
    return is_promise(source, call, depth)


def _is_handler(source: Source, call: Node, place: int) -> bool:
    for argument in source.arguments(call):
        if argument.place == place or argument.name == "**":
            text = source.of(argument.node)
            return text not in _HANDLERS and argument.node.type not in ("number", "string")
    return False


def _returns_promise(source: Source, function: Node, depth: int) -> bool:
    if function.type not in source.profile.functions:
        return False
    if source.of(function).startswith("async"):
        return True
    body = function.child_by_field_name("body")
    return body is not None and body.type != "statement_block" and is_promise(source, body, depth)


def is_promise(source: Source, node: Node, depth: int = 0) -> bool:
    """True when the file says that the value is a promise: how it is made, what it is assigned, or its type."""
    if source.language not in _LANGUAGES or depth > _DEEPEST:
        return False
    kind = node.type
    if kind in ("parenthesized_expression", "as_expression", "satisfies_expression", "non_null_expression"):
        if kind == "as_expression" and regex(_TYPE).search(source.of(node.named_children[-1])):
            return True
        return any(is_promise(source, child, depth + 1) for child in node.named_children[:1])
    if kind in ("call_expression", "new_expression"):
        return _call_is_promise(source, node, depth)
    if kind == "identifier":
        name = source.of(node)
        if name in source.words(_TYPED):
            return True
        values = source.assigned(source.function(node)).get(name, []) or source.assigned(source.root).get(name, [])
        return any(v.id != node.id and is_promise(source, v, depth + 1) for v in values[:4])
    return False


def _call_is_promise(source: Source, call: Node, depth: int) -> bool:
    names = source.names(call)
    if any(regex(_MAKERS).search(name) and not regex(_ASKING).search(name) for name in names):
        return True
    called = call.child_by_field_name("function")
    if called is None:
        return False
    while called.type == "parenthesized_expression" and called.named_child_count:
        called = called.named_children[0]
    if called.type in source.profile.functions:
        return source.of(called).startswith("async")
    if called.type == "identifier":
        return source.of(called) in source.words(_ASYNC)
    member, holder = called.child_by_field_name("property"), called.child_by_field_name("object")
    if member is None or holder is None:
        return False
    name = source.of(member)
    if name in ("then", "catch", "finally"):
        return is_promise(source, holder, depth + 1) or name == "then"
    return holder.type == "this" and name in source.words(_METHOD)
