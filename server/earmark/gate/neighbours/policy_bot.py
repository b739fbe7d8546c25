"""policy-bot's `.policy.yml`: the approval rules whose conditions this change meets. It reads no commit message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from earmark.gate.neighbours.model import File, Finding, Subject
from earmark.gate.neighbours.plain import items, line_of, load, mapping, number

_NAME = "policy-bot"


def findings(file: File, subject: Subject) -> tuple[Finding, ...]:
    """What each rule asks that applies. A rule whose conditions are of a kind unknown here is said to be unread."""
    found = []
    for rule in items(load(file).get("approval_rules")):
        told = _rule(file, subject, mapping(rule))
        found += [told] if told else []
    return tuple(found)


def _rule(file: File, subject: Subject, rule: Mapping[str, Any]) -> Finding | None:
    name = str(rule.get("name", ""))[:80]
    line = line_of(file, name) if name else 0
    conditions = mapping(rule.get("if"))
    met, unknown = _conditions(conditions, subject)
    if not met:
        return None
    if unknown:
        message = f"`{name}` depends on {', '.join(unknown)}, which cannot be told here"
        return Finding(_NAME, file.path, line, "unread", message)
    requires = mapping(rule.get("requires"))
    who = [str(who) for key in ("users", "teams", "organizations", "permissions") for who in items(requires.get(key))]
    count = number(requires.get("count"), 1)
    parts = [f"{count} approval of {', '.join(who[:5]) or 'anybody'}"] if count else []
    status = mapping(mapping(requires.get("conditions")).get("has_status"))
    names = [str(name) for name in items(status.get("statuses"))]
    parts += [f"the status {', '.join(names)}"] if names else []
    if not parts:
        return None
    return Finding(_NAME, file.path, line, "asks", f"`{name}`: {' and '.join(parts)}", "run `earmark review request`")


def _conditions(conditions: Mapping[str, Any], subject: Subject) -> tuple[bool, list[str]]:
    """(whether no known condition fails, the conditions that cannot be told here)."""
    unknown = []
    for kind, value in conditions.items():
        if kind == "has_labels":
            if not {str(label) for label in items(value)} <= set(subject.labels):
                return False, []
        elif kind in ("changed_files", "only_changed_files"):
            hits = _hits(mapping(value), subject)
            if hits is None:
                unknown.append(str(kind))
            elif not (all(hits) if kind == "only_changed_files" else any(hits)):
                return False, []
        else:
            unknown.append(str(kind)[:40])
    return True, unknown


def _hits(value: Mapping[str, Any], subject: Subject) -> list[bool] | None:
    """For each path whether it counts; None when a pattern does not run on RE2."""
    import re2

    options = re2.Options()
    options.log_errors = False
    try:
        wanted, ignored = (
            [re2.compile(str(text), options) for text in items(value.get(key))] for key in ("paths", "ignore")
        )
    except re2.error:
        return None
    return [any(p.search(path) for p in wanted) and not any(p.search(path) for p in ignored) for path in subject.paths]
