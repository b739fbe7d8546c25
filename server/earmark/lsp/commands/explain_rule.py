"""`earmark.explainRule {rule} | {uri, range}` → {rule, severity, category, cwe, message, hint, page}."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pygls.exceptions import JsonRpcInvalidParams

from earmark.lsp.commands.asking import Refused, argument, buffer_of, say
from earmark.lsp.handlers.arguments import byte_range, field, word

if TYPE_CHECKING:
    from earmark.lsp.server import EarmarkServer
    from earmark.risk.rules import ChangeRule, Rule, RuleSet


async def explain_rule(ls: EarmarkServer, *arguments: Any) -> dict[str, Any]:
    """Why a rule exists, with its examples: `page` is Markdown. Without a rule, the most severe one at the range."""
    given = argument(arguments)
    rule_id = word(given, "rule") or _at_range(ls, given)
    rule = await ls.session.scheduler.io(_find, ls.session.analysis.scanner.rules, rule_id)
    if rule is None:
        raise JsonRpcInvalidParams(f"there is no rule {rule_id[:80]!r}; `earmark rules list` names them")
    from earmark.risk.pages import page

    if not ls.client.decorations:
        # A client of ours shows the page that is answered; to say the same twice would be noise.
        say(ls, f"{rule.id} ({rule.severity}): {rule.why} {rule.hint}")
    return {
        "rule": rule.id,
        "severity": rule.severity,
        "category": rule.category,
        "cwe": rule.cwe,
        "message": rule.why,
        "hint": rule.hint,
        "page": page(rule),
    }


def _find(rules: RuleSet, rule_id: str) -> Rule | ChangeRule | None:
    return rules.get(rule_id) or next((rule for rule in rules.changes() if rule.id == rule_id), None)


def _at_range(ls: EarmarkServer, given: Any) -> str:
    buffer = buffer_of(ls, given)
    if buffer is None:
        raise JsonRpcInvalidParams("the argument must name a rule, or the uri and range of an open document")
    start, end = byte_range(buffer, field(given, "range"), ls.client.encoding)
    first, last = buffer.document.line_at(start), buffer.document.line_at(end)
    here = [
        item.placed.finding
        for item in ls.session.shown(buffer)
        if first <= buffer.document.line_at(item.placed.start) <= last
    ]
    if not here:
        raise Refused("No risk is shown on these lines.")
    return max(here, key=lambda finding: finding.rank).rule
