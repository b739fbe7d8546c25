"""What becomes of the value that a call gives: used at all, bound to a name, tested, closed or handed on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from earmark.risk.flow import escaped
from earmark.risk.places import ConditionError, Hit, regex, scope_bytes

if TYPE_CHECKING:
    from tree_sitter import Node

    from earmark.risk.source import Source

_UNUSED = ("expression_statement", "module", "block", "statement_list", "source_file", "statements")
# What may stand between a call and the name its value goes into: conversions, and Rust's unwrapping of a result.
_WRAPPERS = frozenset({"cast_expression", "parenthesized_expression", "try_expression", "await_expression", "await"})
_UNWRAPPING = r"\.\s*(?:unwrap|expect|unwrap_or_else)$"
_FARTHEST = 5
# Between two assignments: the second one may stand in for the first, not follow it.
_OTHER_BRANCH = r"(?:^|[\n}])\s*(?:else|elif|except|catch|case|finally)\b"


def compile_result(wanted: str) -> Callable[[Source, Hit], bool]:
    """The test for one word of `result`; raises ConditionError."""
    test = _TESTS.get(wanted)
    if test is None:
        raise ConditionError(f"result is one of {sorted(_TESTS)}")
    return test


def _above(source: Source, hit: Hit) -> str:
    above = source.parent(hit.node)
    return "" if above is None else above.type


def _assigned(source: Source, hit: Hit) -> bool:
    kinds = {kind for kind, _, _ in source.profile.assigns}
    return any(above.type in kinds for above in source.ancestors(hit.node)[:3])


def _bound(source: Source, node: Node) -> str:
    """The plain name that the value of `node` goes into; "" when it goes elsewhere."""
    return _binding(source, node)[0]


def _binding(source: Source, node: Node) -> tuple[str, bool]:
    """That name, and whether it is declared there, so that it ends with the block."""
    for above in source.ancestors(node)[:_FARTHEST]:
        if above.type in _WRAPPERS or _unwraps(source, above):
            continue
        left = next((c for f in ("left", "name", "pattern", "declarator") if (c := above.child_by_field_name(f))), None)
        while left is not None and left.type == "pointer_declarator":
            left = left.child_by_field_name("declarator")
        plain = left is not None and left.type in source.profile.names
        return (source.of(left) if left is not None and plain else "", not above.type.startswith("assignment"))
    return "", False


def _unwraps(source: Source, node: Node) -> bool:
    if source.language != "rust" or node.type not in ("field_expression", "call_expression"):
        return False
    called = node.child_by_field_name("function") or node
    return bool(regex(_UNWRAPPING).search(source.of(called)))


def _unchecked(source: Source, hit: Hit) -> bool:
    """The result goes into a plain name, and the next thing done with that name is not to test it."""
    name = escaped(_bound(source, hit.node))
    statement = source.enclosing(hit.node, source.profile.statements) or hit.node
    if not name or regex(r"^\s*(?:if|while|assert)\b").search(source.of(statement)):
        return False
    after = source.text[hit.node.end_byte : source.function(hit.node).end_byte].decode("utf-8", "replace")
    first = regex(rf"\b{name}\b").search(after)
    if first is None:
        return False
    start = max(after.rfind(mark, 0, first.start()) for mark in ";{}") + 1
    ends = [at for mark in ";{" if (at := after.find(mark, first.end())) >= 0]
    use = after[start : min(ends, default=len(after))]
    tested = r"\b(?:if|while|assert\w*|return|switch|for|CHECK\w*|EXPECT\w*|REQUIRE\w*)\b|\?|&&|\|\||[!=]="
    return not regex(tested).search(use) and not regex(rf"!\s*{name}\b").search(use)


# Functions of C that use a handle or a piece of memory and neither keep nor release it.
_ONLY_USES = (
    r"\b(?:f?(?:getc|gets|putc|puts|read|write|printf|scanf|seek|seeko|tell|flush|eof|error|ileno)|getline|rewind|ioctl"
    r"|fcntl|lseek|pread|pwrite|recv|recvfrom|send|sendto|bind|listen|connect|setsockopt|getsockopt|readdir|fstat"
    r"|mem(?:set|cpy|move|cmp)|str(?:cpy|ncpy|cat|ncat|len|cmp|ncmp|chr|str)|s?n?printf|ferror|fgetc|fputc)\s*\([^()]*\)"
)


def _leaked(source: Source, hit: Hit) -> bool:
    """The result goes into a plain name, and nothing after it closes, returns or hands on that name: nothing in the
    function, or in the block where names end with their block."""
    bound, declared = _binding(source, hit.node)
    if not bound:
        return False
    name = escaped(bound)
    start, end = scope_bytes(source, hit, "rest" if declared else "after")
    after = source.text[start:end].decode("utf-8", "replace")
    if source.language in ("c", "cpp"):
        after = regex(_ONLY_USES).sub("", after)
    # What is done with the name once it stands for something else says nothing about this value.
    again = regex(rf"\n\s*{name}\s*=[^=]").search(after)
    if again is not None and not regex(_OTHER_BRANCH).search(after[: again.start()]):
        after = after[: again.start()]
    # In Rust a child that is killed must still be waited for.
    kill = "" if source.language == "rust" else "|kill"
    kept = (
        rf"\b{name}\s*(?:\.|->)\s*(?:close|Close|shutdown|release|terminate|communicate|wait|try_wait|stop|detach|cleanup"
        rf"|aclose|dispose|Dispose|destroy|end|DisposeAsync|wait_with_output{kill})\b"
        rf"|\b(?:with|return|yield)\b[^\n;]*\b{name}\b|[(,]\s*{name}\s*[,)]|=\s*{name}\s*(?:[;\n]|$)|\[\s*{name}\b"
        rf"|\b(?:exit|abort)\(|[=(]\s*&mut\s+{name}\b|\bmove\b|[{{,]\s*{name}\s*[,}}]"
    )
    return not regex(kept).search(after)


_TESTS: dict[str, Callable[[Source, Hit], bool]] = {
    "unused": lambda source, hit: _above(source, hit) in _UNUSED,
    "awaited": lambda source, hit: _above(source, hit) in ("await", "await_expression"),
    "assigned": _assigned,
    "leaked": _leaked,
    "unchecked": _unchecked,
}
