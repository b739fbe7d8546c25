"""Rules as documentation, from the data they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from earmark.risk.rules import ChangeRule, Rule, RuleSet


def plain(rule: Rule | ChangeRule) -> dict[str, Any]:
    """A rule as plain data for machines."""
    fields = {"id": rule.id, "category": rule.category, "severity": rule.severity, "cwe": rule.cwe, "why": rule.why,
              "hint": rule.hint, "languages": list(rule.languages)}  # fmt: skip
    if isinstance(rule, Rule):
        return fields | {"kind": "text", "bad": list(rule.bad), "good": list(rule.good)}
    cases = [{"old": c[0], "bad": c[1], "good": c[2], "language": c[3]} for c in rule.cases]
    return fields | {"kind": "change", "cases": cases}


def page(rule: Rule | ChangeRule) -> str:
    """One rule as Markdown that also reads well in a terminal."""
    cwe = f" · [CWE-{rule.cwe}](https://cwe.mitre.org/data/definitions/{rule.cwe}.html)" if rule.cwe else ""
    languages = ", ".join(rule.languages) or "all languages"
    facts = f"{rule.severity} · {rule.category}{cwe} · {languages}"
    head = f"## {rule.id}\n\n{facts}\n\n{rule.why}\n\n**Instead:** {rule.hint}\n"
    if isinstance(rule, ChangeRule):
        shown = [f"Before\n{_block(old)}\nAfter\n{_block(bad)}" for old, bad, *_ in rule.cases[:1]]
        return head + "\n" + "\n".join(shown)
    bad = "\n".join(_block(text) for text in rule.bad[:2])
    good = "\n".join(_block(text) for text in rule.good[:2])
    return f"{head}\nFound\n{bad}\nNot found\n{good}"


def _block(text: str) -> str:
    return f"\n```\n{text.rstrip()}\n```\n"


def book(rules: RuleSet) -> str:
    """All rules as one Markdown document with an anchor a rule."""
    every: Sequence[Rule | ChangeRule] = rules.every()
    by_category: dict[str, list[Rule | ChangeRule]] = {}
    for rule in every:
        by_category.setdefault(rule.category, []).append(rule)
    parts = [f"# Rules of {rules.version}\n\n{len(every)} rules. Generated from the rule packs; do not edit.\n"]
    for category in sorted(by_category):
        parts.append(f"# {category}\n")
        parts.extend(page(rule) for rule in sorted(by_category[category], key=lambda r: r.id))
    return "\n".join(parts)
