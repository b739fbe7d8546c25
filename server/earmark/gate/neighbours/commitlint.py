"""commitlint: the rules of its JSON and YAML files that trailers can break. A configuration that is a program is never
run; `extends` names packages, of which only the limits of the conventional one are known here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from earmark.gate.neighbours.model import File, Finding, Message, Subject
from earmark.gate.neighbours.plain import items, line_of, load, mapping, number
from earmark.trailers.message import parse

_NAME = "commitlint"
_PROGRAMS = (".js", ".cjs", ".mjs", ".ts", ".cts", ".mts")
# @commitlint/config-conventional, which most configurations extend.
_CONVENTIONAL = {
    "header-max-length": [2, "always", 100],
    "body-max-line-length": [2, "always", 100],
    "footer-max-line-length": [2, "always", 100],
}
_FIX = "raise the limit of this rule, or shorten the line"


def findings(file: File, subject: Subject) -> tuple[Finding, ...]:
    """What the rules refuse of the messages."""
    if file.path.endswith(_PROGRAMS):
        message = "it is a program, which is not run here; put rules into .commitlintrc.yml to have them explained"
        return (Finding(_NAME, file.path, 0, "unread", message),)
    data = load(file)
    extends = [str(name) for name in items(data.get("extends"))]
    known = dict(_CONVENTIONAL) if any("config-conventional" in name for name in extends) else {}
    rules = known | dict(mapping(data.get("rules")))
    other = [name for name in extends if "config-conventional" not in name]
    unread = [Finding(_NAME, file.path, line_of(file, "extends"), "unread", f"it extends {', '.join(other)}")]
    found = [finding for message in subject.messages for finding in _of(file, rules, message)]
    return (*found, *(unread if other else ()))


def _of(file: File, rules: Mapping[str, Any], message: Message) -> Iterator[Finding]:
    header, _, rest = message.text.partition("\n")
    trailers = parse(message.text.encode()).trailers
    footer = {f"{t.key}: {t.value}" for t in trailers}
    body = [line for line in rest.splitlines() if line not in footer]
    for name, lines, what in (
        ("header-max-length", [header], "the subject"),
        ("body-max-line-length", body, "a line of the body"),
        ("footer-max-line-length", sorted(footer), "a trailer"),
    ):
        most = _limit(rules.get(name))
        longest = max(map(len, lines), default=0)
        if most is not None and longest > most:
            why = f"{_about(message)}: {what} has {longest} characters, {name} allows {most}"
            yield Finding(_NAME, file.path, line_of(file, name), "refuses", why, _FIX)
    yield from _trailer_exists(file, rules, message, {t.key.lower() for t in trailers})


def _trailer_exists(file: File, rules: Mapping[str, Any], message: Message, keys: set[str]) -> Iterator[Finding]:
    rule = items(rules.get("trailer-exists"))
    if len(rule) < 3 or number(rule[0], 0) < 2 or not isinstance(rule[2], str):
        return
    key = rule[2].rstrip(":= ")
    there, wanted = key.lower() in keys, rule[1] == "always"
    if there is not wanted:
        why = f"{_about(message)}: the trailer {key} is {'missing' if wanted else 'not allowed'}"
        yield Finding(_NAME, file.path, line_of(file, "trailer-exists"), "refuses", why, "see `earmark tag`")


def _limit(rule: Any) -> int | None:
    """The limit of a rule that is an error (level 2) and says "always"; None for any other."""
    parts = items(rule)
    if len(parts) < 3 or number(parts[0], 0) < 2 or parts[1] != "always":
        return None
    limit = number(parts[2], -1)
    return limit if limit >= 0 else None


def _about(message: Message) -> str:
    return f"commit {message.commit[:10]}" if message.commit else "the message to come"
