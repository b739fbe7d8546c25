"""What is done with a variable after it is given a value, or around a test whether it is nil."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from earmark.risk.flow import escaped
from earmark.risk.places import ConditionError, Hit, regex

if TYPE_CHECKING:
    from tree_sitter import Node

    from earmark.risk.source import Source

# The capture that a rule's query puts on the variable.
NAME = "name"
# Words of a block that is not left at its end, calls of what ends the program among them.
_LEAVES = (
    r"\b(?:return|break|continue|goto|throw|raise)\b"
    r"|(?i:\b\w*(?:panic|exit|abort|fatal|fail|die|skip|must|throw|assert|require|check)\w*\()"
)
_TEXTS = r"\"[^\"\n]*\"|`[^`]*`"


# A type as it stands before the name that is declared.
_TYPE = r"\b(?:[A-Z]\w*(?:<[^>;]*>)?(?:\[\])?|int|long|boolean|double|float|char|byte|short|var)"


def compile_use(wanted: str) -> Callable[[Source, Hit], bool]:
    """The test for one word of `use`; raises ConditionError."""
    test = _TESTS.get(wanted)
    if test is None:
        raise ConditionError(f"use is one of {sorted(_TESTS)}")
    return test


def _is_overwritten(source: Source, hit: Hit) -> bool:
    """The assignment `hit` gives the variable a value, and the next statement of its block that names the variable
    gives it another one without reading it."""
    captured, around = hit.captures.get(NAME), source.parent(hit.node)
    if captured is None or around is None or around.type not in ("statement_list", "block"):
        return False
    if _is_shared(source, hit.node, source.of(captured)):
        return False
    name = escaped(source.of(captured))
    named = regex(rf"\b{name}\b")
    following = hit.node.next_named_sibling
    while following is not None:
        if following.type not in source.profile.comments and named.search(source.of(following)):
            return _only_assigns(source, following, name)
        following = following.next_named_sibling
    return False


def _only_assigns(source: Source, statement: Node, name: str) -> bool:
    left, right = statement.child_by_field_name("left"), statement.child_by_field_name("right")
    if left is None or right is None or source.of(statement)[len(source.of(left)) :].lstrip()[:1] not in (":", "="):
        return False
    again = regex(rf"(?:^|,)\s*{name}\s*(?:,|$)")
    return bool(again.search(source.of(left))) and not regex(rf"\b{name}\b").search(source.of(right))


def _is_shared(source: Source, node: Node, name: str) -> bool:
    """Something else may read the variable in between: it is a result or global, or a closure or pointer has it."""
    scope = source.function(node)
    body = scope.child_by_field_name("body")
    if body is None:
        return True
    head = source.text[scope.start_byte : body.start_byte].decode("utf-8", "replace")
    word = escaped(name)
    elsewhere = rf"&\s*{word}\b|\bfunc\s*\([^)]*\)[^{{]*\{{[^}}]*\b{word}\b"
    results = head.rpartition(")")[0].rpartition("(")[2] if head.count("(") > 1 else ""
    return bool(regex(rf"\b{word}\b").search(results)) or bool(regex(elsewhere).search(source.of(body)))


def _is_used_though_nil(source: Source, hit: Hit) -> bool:
    """`hit` is an `if` that tests the variable for nil: it is dereferenced behind although the `if` goes on, or it has
    been before."""
    captured, body = hit.captures.get(NAME), hit.node.child_by_field_name("consequence")
    if captured is None or body is None:
        return False
    name = escaped(source.of(captured))
    scope = source.function(hit.node)
    inner = scope.child_by_field_name("body")
    if inner is None:
        return False
    taken = rf"(?:^|[^\w.&]){name}\.\w|[(,=]\s*\*{name}\b"
    tested = rf"\b{name}\s*[!=]=\s*nil|\b{name}\s*,?[^=\n]*[^=!<>]=[^=]|case\s+nil"
    before = source.text[inner.start_byte : hit.node.start_byte].decode("utf-8", "replace")
    if regex(r"\*\w[\w.]*").search(_declared(source, scope, name)) and regex(taken).search(before):
        return not regex(tested).search(before) and not regex(r"\bfunc\(|\bif\b|\bfor\b|\bswitch\b").search(before)
    if source.of(hit.node.child_by_field_name("condition") or hit.node).find("!=") > 0:
        return False
    if regex(_LEAVES).search(regex(_TEXTS).sub("", source.of(body))) or regex(
        rf"\b{name}\s*,?[^=\n]*[^=!<>]=[^=]"
    ).search(source.of(body)):
        return False
    if hit.node.child_by_field_name("alternative") is not None:
        return False
    following = hit.node.next_named_sibling
    while following is not None:
        text = source.of(following)
        if regex(tested).search(text):
            return False
        if regex(taken).search(text):
            return True
        following = following.next_named_sibling
    return False


def _declared(source: Source, scope: Node, name: str) -> str:
    """The type that the parameter list of `scope` gives the name."""
    parameters = scope.child_by_field_name("parameters")
    text = source.of(parameters) if parameters is not None else ""
    found = regex(rf"\b{name}\s+([^,)]+)").search(text)
    return found.group(1) if found is not None else ""


def _is_field(source: Source, hit: Hit, marked: str = "") -> bool:
    """The variable is a field of the class, not a local variable or parameter, and declared with the word `marked`."""
    captured = hit.captures.get(NAME) or hit.captures.get("target")
    if captured is None:
        return False
    name = source.of(captured).removeprefix("this.")
    scope = source.function(hit.node)
    if source.of(captured) == name and name in source.parameters(scope):
        return False
    body = scope.child_by_field_name("body")
    declared = rf"{_TYPE}\s+{escaped(name)}\s*[=;,:]"
    if body is not None and regex(declared).search(source.of(body)):
        return False
    word = rf"\b{marked}\b[^;(){{}}]*" if marked else ""
    return bool(regex(word + declared).search(source.text.decode("utf-8", "replace")))


def _is_volatile(source: Source, hit: Hit) -> bool:
    return _is_field(source, hit, "volatile")


_TESTS = {
    "overwritten": _is_overwritten,
    "though_nil": _is_used_though_nil,
    "field": _is_field,
    "volatile": _is_volatile,
}
