"""Mergify: the conditions of its queue and merge rules on labels, files, titles and messages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from earmark.gate.neighbours.model import File, Finding, Subject
from earmark.gate.neighbours.plain import items, line_of, load, mapping

_NAME = "Mergify"
_TITLES = ("title", "commits[*].commit_message", "commits[*].title")


def findings(file: File, subject: Subject) -> tuple[Finding, ...]:
    """Conditions without which Mergify will not queue, and those of its merge protections."""
    data = load(file)
    found: list[Finding] = []
    for section, keys in (
        ("queue_rules", ("queue_conditions", "merge_conditions")),
        ("merge_protections", ("success_conditions",)),
    ):
        for rule in items(data.get(section)):
            of = mapping(rule)
            if section == "merge_protections" and not _applies(items(of.get("if")), subject):
                continue
            for key in keys:
                found += _conditions(file, items(of.get(key)), subject)
    return tuple(found)


def _applies(conditions: list[Any], subject: Subject) -> bool:
    return all(_holds(str(condition), subject) is not False for condition in conditions)


def _conditions(file: File, conditions: list[Any], subject: Subject) -> Iterator[Finding]:
    for condition in conditions:
        if not isinstance(condition, str):
            message = "a condition made of others (and, or, not) is not weighed here"
            yield Finding(_NAME, file.path, 0, "unread", message)
            continue
        line = line_of(file, condition)
        if (holds := _holds(condition, subject)) is False:
            message = f"the condition `{condition[:120]}` does not hold"
            yield Finding(_NAME, file.path, line, "refuses", message, "meet it, or change the rule")
        elif holds is None:
            yield Finding(_NAME, file.path, line, "asks", f"`{condition[:120]}`, which the forge decides")


def _holds(condition: str, subject: Subject) -> bool | None:
    """Whether a condition holds, None where only the forge knows."""
    text = condition.strip()
    negated = text.startswith("-")
    body = text.removeprefix("-")
    for operator in ("~=", "!=", "="):
        name, found, value = body.partition(operator)
        if found:
            break
    else:
        return None
    holds = _compare(name.strip(), operator, value.strip().strip("\"'"), subject)
    return None if holds is None else holds is not negated


def _compare(name: str, operator: str, value: str, subject: Subject) -> bool | None:
    if name == "label":
        values: tuple[str, ...] = subject.labels
    elif name in ("files", "changed-files"):
        values = subject.paths
    elif name in _TITLES:
        texts = [message.text for message in subject.messages]
        values = tuple(text.split("\n", 1)[0] for text in texts) if name.endswith("title") else tuple(texts)
    else:
        return None
    if operator != "~=":
        return (value in values) is (operator == "=")
    import re2

    options = re2.Options()
    options.log_errors = False
    try:
        return any(re2.search(value, text, options) for text in values)
    except re2.error:
        return None
