"""Regular expressions, names and places: what conditions are made of."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from tree_sitter import Node

    from earmark.risk.source import Source


class Hit(NamedTuple):
    """A place where a rule's anchor matched: the node, the captures by name, and whether it is a call."""

    node: Node
    captures: dict[str, Node]
    is_call: bool = False


class ConditionError(ValueError):
    """A condition of a rule is malformed; the message names the key."""


# Bounded, because some expressions hold a name of the text under scan.
@lru_cache(maxsize=8192)
def regex(expression: str) -> Any:
    """A compiled RE2 expression; raises ConditionError when RE2 does not take it."""
    import re2

    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 20
    try:
        return re2.compile(expression, options)
    except re2.error as problem:
        raise ConditionError(f"RE2 does not take {expression!r}: {problem}") from None


def expand(name: str) -> list[str]:
    """`a.{b,c}` as `a.b`, `a.c`."""
    before, brace, rest = name.partition("{")
    inside, closed, after = rest.partition("}")
    if not brace or not closed or not inside:
        return [name]
    return [full for item in inside.split(",") for full in expand(before + item.strip() + after)]


def name_matches(pattern: str, names: tuple[str, ...], suffix: bool) -> bool:
    """Whether a rule's dotted name (`os.system`, `*.execute`, `new Random`) is one of `names`."""
    for name in names:
        if name == pattern or pattern == "*":
            return True
        if pattern.startswith("*."):
            if name.endswith(pattern[1:]):
                return True
        elif pattern.startswith("new ") != name.startswith("new "):
            continue
        elif suffix or "/" in pattern:
            short = pattern[4:] if pattern.startswith("new ") else pattern
            if name.endswith("." + short) or (name == short.rsplit("/", 1)[-1] and "/" in pattern):
                return True
    return False


def last_segment(name: str) -> str:
    """The part of a dotted name after its last dot, without `new ` and package path."""
    return name.removeprefix("new ").rsplit(".", 1)[-1].rsplit("/", 1)[-1]


_LOCKS = r"(?i)\b(?:lock|mutex|synchronized|semaphore|rlock)\b|lock\b"
_TEST_NAMES = r"(?i)(?:^|_)tests?(?:_|$)|^Test[A-Z_]|^(?:it|describe|test)$|#\[(?:tokio::)?test\]|cfg\(test\)|@Test\b"


def inside_role(source: Source, node: Node, role: str) -> bool:
    """Whether `node` stands inside a construct of this role, within the nearest function for loop, try and catch."""
    roles = source.profile
    barrier = role in ("loop", "catch", "try", "finally", "with", "lock", "if")
    for above in source.ancestors(node):
        kind = above.type
        if role == "loop" and (kind in roles.loops or _is_each(source, above)):
            return _body_holds(above, node)
        if role == "catch" and kind in roles.catches:
            return True
        if role == "try" and kind in roles.tries:
            return _body_holds(above, node)
        if role == "if" and kind.startswith("if"):
            return True
        if role == "finally" and kind.startswith(("finally", "ensure")):
            return True
        if role == "with" and kind in ("with_statement", "using_statement", "try_with_resources_statement"):
            return True
        if role == "lock" and kind in ("with_statement", "synchronized_statement", "lock_statement"):
            head = source.text[above.start_byte : above.start_byte + 200].split(b"\n")[0].decode("utf-8", "replace")
            if regex(_LOCKS).search(head):
                return True
        if role == "class" and "class" in kind:
            return True
        if kind in roles.functions:
            if role == "async":
                return _is_async(source, above)
            if role == "function":
                return True
            if role == "test" and _is_test(source, above):
                return True
            if barrier and not _is_inline(source, above, role):
                return False
        if kind == role:
            return True
    return False


def _is_inline(source: Source, function: Node, role: str) -> bool:
    """A closure handed to an iterating method runs in the loop; any other function is a barrier."""
    above = source.parent(function)
    return role == "loop" and above is not None and above.type in ("arguments", "argument", "call_suffix")


_EACH = frozenset({"forEach", "each", "map", "for_each", "flatMap", "each_with_index", "times"})


def _is_each(source: Source, node: Node) -> bool:
    if node.type not in source.profile.calls:
        return False
    return source.names(node)[0].rsplit(".", 1)[-1] in _EACH


def _body_holds(construct: Node, node: Node) -> bool:
    """In the repeated part: what a `for` iterates over is evaluated once."""
    right = construct.child_by_field_name("right") or construct.child_by_field_name("value")
    if right is not None and right.start_byte <= node.start_byte < right.end_byte:
        return False
    if construct.type == "try_statement":
        body = construct.child_by_field_name("body")
        return body is None or body.start_byte <= node.start_byte < body.end_byte
    return True


def _is_async(source: Source, function: Node) -> bool:
    head = source.text[function.start_byte : function.start_byte + 160].split(b"{")[0].split(b"(")[0]
    return b"async" in head or b"suspend" in head


def _is_test(source: Source, function: Node) -> bool:
    start = max(0, function.start_byte - 80)
    before = source.text[start : function.start_byte].rsplit(b"\n\n", 1)[-1].decode("utf-8", "replace")
    name = function.child_by_field_name("name")
    return bool(regex(_TEST_NAMES).search(source.of(name) if name else "") or regex(_TEST_NAMES).search(before))


def scope_bytes(source: Source, hit: Hit, where: str) -> tuple[int, int]:
    """The byte range (0-based, half-open) of one of `SCOPES` around a hit."""
    node = hit.node
    if where == "file":
        return 0, len(source.text)
    if where == "match":
        return node.start_byte, node.end_byte
    if where in ("function", "before", "after"):
        around = source.function(node)
        start, end = around.start_byte, around.end_byte
        return (
            (start, node.start_byte)
            if where == "before"
            else (node.end_byte, end)
            if where == "after"
            else (start, end)
        )
    if where == "rest":
        around = source.enclosing(node, _BLOCKS) or source.root
        return node.end_byte, around.end_byte
    if where == "line":
        start = source.text.rfind(b"\n", 0, node.start_byte) + 1
        end = source.text.find(b"\n", node.end_byte)
        return start, end if end >= 0 else len(source.text)
    if where == "parent":
        above = source.parent(node)
    elif where == "loop":
        above = source.enclosing(node, source.profile.loops)
    elif where == "statement":
        above = node if node.type in source.profile.statements else source.enclosing(node, source.profile.statements)
    else:
        above = source.enclosing(node, _BLOCKS)
    return (above.start_byte, above.end_byte) if above is not None else (node.start_byte, node.end_byte)


_BLOCKS = frozenset(
    {"block", "statement_block", "compound_statement", "body_statement", "do_group", "class_body", "function_body",
     "object", "statement_list"}
)  # fmt: skip
SCOPES = frozenset(
    {"match", "line", "statement", "block", "function", "file", "before", "after", "rest", "parent", "loop"}
)
