"""Callers that a change leaves behind: they use a function whose signature it changed, in files it does not touch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from earmark.policy.dependents import Dependents, said
from earmark.risk.finding import SEVERITIES, Finding
from earmark.risk.places import regex

if TYPE_CHECKING:
    from earmark.risk.changed import FileFindings
    from earmark.risk.rules import RuleSet


def with_callers(found: Sequence[FileFindings], users: Dependents | None, rules: RuleSet) -> list[FileFindings]:
    """The findings, with those about a changed or removed signature saying who still calls it, one severity higher
    where somebody does. Without `users` they are as they were."""
    if users is None:
        return list(found)
    about = {rule.id for rule in rules.changes() if rule.compare == "signatures"}
    used = {user.name: said(user) for _, user in users.found if user.places}
    return [
        file._replace(change=tuple(_said(f, used) if f.rule in about else f for f in file.change)) for file in found
    ]


def _said(finding: Finding, used: dict[str, str]) -> Finding:
    # The comparison says `removed: Cart.total` or `Cart.total(a, b) before`.
    name = regex(r"^(?:removed: )?([\w.$]+)").search(finding.detail)
    callers = used.get(name.group(1).rsplit(".", 1)[-1]) if name is not None else None
    if callers is None:
        return finding
    severity = SEVERITIES[min(finding.rank + 1, len(SEVERITIES) - 1)]
    return finding._replace(severity=severity, detail=f"{finding.detail}; left behind: {callers}")
