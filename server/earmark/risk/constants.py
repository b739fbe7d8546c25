"""What constants alone decide: the value of an expression, which branch is taken, which assignment is never reached.

Only plain numbers and text, arithmetic, comparison and indexing; anything else has no value here. Depth is bounded.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tree_sitter import Node

    from earmark.risk.source import Source

Value = int | float | str | bool

_DEEPEST = 8
_LONGEST = 4096
_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "<": operator.lt, ">": operator.gt, "<=": operator.le,
    ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip
_CHOICES = frozenset({"conditional_expression", "ternary_expression"})
_PARENTHESES = frozenset({"parenthesized_expression", "condition_clause"})


def value(source: Source, node: Node, depth: int = 0) -> Value | None:
    """The value of an expression that the text fixes, following names that are assigned once; None when it does not."""
    while node.type in _PARENTHESES and node.named_child_count == 1:
        node = node.named_children[0]
    if depth > _DEEPEST or node.end_byte - node.start_byte > _LONGEST:
        return None
    text = source.of(node)
    if node.type in source.profile.names:
        assigned = source.assigned(source.function(node)).get(text, [])
        return value(source, assigned[0], depth + 1) if len(assigned) == 1 else None
    if node.type in source.profile.strings or node.type in source.profile.literals:
        return _literal(text)
    if node.type in ("binary_operator", "binary_expression", "comparison_operator"):
        return _operation(source, node, depth)
    return _indexed(source, node, depth)


def _literal(text: str) -> Value | None:
    if text.isdigit() and len(text) < 10:
        return int(text)
    if len(text) > 1 and text[0] in "'\"" and text[-1] == text[0] and "\\" not in text and text.count(text[0]) == 2:
        return text[1:-1]
    return {"true": True, "True": True, "false": False, "False": False}.get(text)


def _operation(source: Source, node: Node, depth: int) -> Value | None:
    sides = node.named_children
    if len(sides) != 2:
        return None
    sign = source.text[sides[0].end_byte : sides[1].start_byte].decode("utf-8", "replace").strip("() \t\n")
    act = _OPERATORS.get(sign)
    left, right = value(source, sides[0], depth + 1), value(source, sides[1], depth + 1)
    # Text is not multiplied: one short line could ask for gigabytes.
    if act is None or left is None or right is None or isinstance(left, str) != isinstance(right, str):
        return None
    if isinstance(left, str) and sign not in ("==", "!="):
        return None
    result = act(left, right)
    return result if isinstance(result, bool | int | float) and abs(result) < 1 << 63 else None


def _indexed(source: Source, node: Node, depth: int) -> Value | None:
    """`text[1]` and `text.charAt(1)`."""
    if node.type in source.profile.calls:
        arguments = source.arguments(node)
        holder = node.child_by_field_name("object")
        if holder is None or len(arguments) != 1 or not source.names(node)[0].endswith(".charAt"):
            return None
        index = arguments[0].node
    elif node.type == "subscript" and node.named_child_count == 2:
        holder, index = node.named_children
    else:
        return None
    whole, at = value(source, holder, depth + 1), value(source, index, depth + 1)
    if isinstance(whole, str) and isinstance(at, int) and 0 <= at < len(whole):
        return whole[at]
    return None


def chosen(source: Source, node: Node) -> Node:
    """The branch of a conditional expression that constants choose; any other expression itself."""
    if node.type not in _CHOICES:
        return node
    condition, yes, no = _parts(node)
    held = value(source, condition) if condition is not None else None
    if not isinstance(held, bool) or yes is None or no is None:
        return node
    return yes if held else no


def _parts(node: Node) -> tuple[Node | None, Node | None, Node | None]:
    condition = node.child_by_field_name("condition")
    if condition is not None:
        return condition, node.child_by_field_name("consequence"), node.child_by_field_name("alternative")
    if node.named_child_count != 3:
        return None, None, None
    yes, condition, no = node.named_children
    return condition, yes, no


def is_reachable(source: Source, node: Node) -> bool:
    """False when an `if`, `switch` or `match` around `node`, in its function, can never come to it."""
    for above in source.ancestors(node):
        if above.type in source.profile.functions:
            return True
        if above.type == "if_statement" and not _branch_taken(source, above, node):
            return False
        if above.type in ("case_clause", "switch_block_statement_group") and not _case_taken(source, above):
            return False
    return True


def _branch_taken(source: Source, choice: Node, node: Node) -> bool:
    condition, yes, no = (choice.child_by_field_name(f) for f in ("condition", "consequence", "alternative"))
    if condition is None or yes is None:
        return True
    in_yes, in_no = _holds(yes, node), no is not None and _holds(no, node)
    if not in_yes and not in_no:
        return True
    held = value(source, condition)
    return not isinstance(held, bool) or held == in_yes


def _holds(outer: Node, inner: Node) -> bool:
    return outer.start_byte <= inner.start_byte and inner.end_byte <= outer.end_byte


def _case_taken(source: Source, case: Node) -> bool:
    switch = next((a for a in source.ancestors(case) if a.type in ("match_statement", "switch_expression")), None)
    subject = switch.child_by_field_name("subject") or switch.child_by_field_name("condition") if switch else None
    held = value(source, subject) if subject is not None else None
    holder = source.parent(case)
    if not isinstance(held, str) or holder is None:
        return True
    labels: list[str] = []
    others: list[str] = []
    fallen: list[str] = []
    for each in holder.named_children:
        own = [source.of(c) for c in each.named_children if c.type in ("case_pattern", "switch_label")]
        if each.id == case.id:
            labels = own + fallen
        else:
            others += own
        fallen = fallen + own if each.named_child_count == len(own) else []
    if any(_is_default(label) for label in labels):
        return not any(_names(label, held) for label in others)
    return any(_names(label, held) for label in labels)


def _is_default(label: str) -> bool:
    return label.strip() in ("_", "default")


def _names(label: str, held: str) -> bool:
    alternatives = label.removeprefix("case").split("|")
    return held in [_literal(each.strip()) for each in alternatives]
