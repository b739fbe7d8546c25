"""The safe edit that a rule plans for what it found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from earmark.risk.finding import Fix
from earmark.risk.source import argument_list

if TYPE_CHECKING:
    from earmark.risk.places import Hit
    from earmark.risk.rules import Rule
    from earmark.risk.source import Source


def fix(source: Source, rule: Rule, hit: Hit) -> Fix | None:
    """The rule's safe edit at this place: another value for an argument or capture, or one more argument."""
    plan = rule.fix
    if plan is None:
        return None
    title = str(plan.get("title", rule.hint))
    new = str(plan.get("new", "")).encode()
    if "arg" in plan and hit.is_call:
        for argument in source.arguments(hit.node):
            if plan["arg"] in (argument.name or None, argument.place):
                return Fix(argument.node.start_byte, argument.node.end_byte, new, title)
        return None
    if plan.get("append") and hit.is_call:
        holder = argument_list(hit.node)
        if holder is None or source.text[holder.end_byte - 1 : holder.end_byte] != b")":
            return None
        inner = source.text[holder.start_byte + 1 : holder.end_byte - 1].rstrip()
        lead = b"" if not inner or inner.endswith(b",") else b", "
        at = holder.start_byte + 1 + len(inner)
        return Fix(at, at, lead + new, title)
    node = hit.captures.get(str(plan.get("of", "")))
    return None if node is None else Fix(node.start_byte, node.end_byte, new, title)
