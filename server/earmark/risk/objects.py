"""Configuration as objects: Terraform resources, Kubernetes manifests, CloudFormation, workflows, policies.

A document becomes maps, lists and scalars that remember their tree node; a rule then asks for a kind of object and for
what is present, absent or said at a path. Paths: `a.b` keys, `a|b` either, `/re/` keys that RE2 finds, `[]` every item,
`*` any key, `**` any depth. A repeated Terraform block is a list, and a path goes through a list without saying so.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from earmark.risk.places import regex

if TYPE_CHECKING:
    from tree_sitter import Node

DEEPEST = 40
# The entry of an object that another one of the same service refers to: what it does not say may be said there.
COMPANION = "__companion__"


class Value(NamedTuple):
    """A scalar (`text`), a map (`entries`) or a list (`items`), and the node it was written as. `known` is false for
    what only a run can tell: a reference, a call, a template."""

    node: Node
    text: str = ""
    entries: dict[str, Value] | None = None
    items: tuple[Value, ...] | None = None
    known: bool = True


class Object(NamedTuple):
    """One object a rule can ask for: its kind (`aws_s3_bucket`, `Deployment`, `container`, `job`, …), its value, and
    the node that heads it."""

    kind: str
    value: Value
    head: Node
    family: str
    within: Value | None = None


def at(value: Value, path: str) -> list[Value]:
    """The values at `path` below `value`."""
    found = [value]
    for step in path.split("."):
        found = [deeper for each in found for deeper in _step(each, step, 0)]
        if not found:
            break
    return found


def check_path(path: str) -> None:
    """Raises ConditionError when a `/re/` of the path is not one that RE2 takes."""
    for step in path.split("."):
        if step.startswith("/"):
            regex(step.strip("/"))


def _step(value: Value, step: str, depth: int) -> Iterator[Value]:
    if depth > DEEPEST:
        return
    if step == "**":
        yield value
        for child in (*(value.entries or {}).values(), *(value.items or ())):
            yield from _step(child, step, depth + 1)
        return
    if value.items is not None:
        for item in value.items:
            if step == "[]":
                yield item
            else:
                yield from _step(item, step, depth + 1)
    elif value.entries is not None:
        if step in ("*", "[]"):
            yield from value.entries.values()
        elif step.startswith("/"):
            wanted = regex(step.strip("/"))
            yield from (deeper for key, deeper in value.entries.items() if wanted.search(key))
        elif "|" in step:
            yield from (value.entries[key] for key in step.split("|") if key in value.entries)
        elif step in value.entries:
            yield value.entries[step]


def judge(thing: Object, conditions: tuple[dict[str, object], ...], text: bytes) -> list[tuple[int, int]]:
    """The byte ranges to mark when every condition on the object holds, else none.

    A condition is `{path, is | matches | lacks | min | max, every | not}`; `within = true` asks the object around this
    one (a container's pod, a job's workflow). In a long text (a script) the very matches are marked.
    """
    mark: list[tuple[int, int]] = []
    for condition in conditions:
        base = thing.within if condition.get("within") else thing.value
        if base is None:
            return []
        values = at(base, str(condition["path"]))
        hits = [value for value in values if _holds(value, condition)]
        wanted = condition.get("is")
        if wanted == "absent":
            good = not values
        elif condition.get("every"):
            good = bool(values) and len(hits) == len(values)
        else:
            good = bool(hits)
        if good == bool(condition.get("not")):
            return []
        # The last condition is the telling one: `Effect` before `Action`, `uses` before the script it runs.
        if hits and wanted != "absent" and not condition.get("not") and not condition.get("within"):
            mark = [place for hit in hits[:_MOST] for place in _marks(hit, condition, text)]
    return mark or [(thing.head.start_byte, thing.head.end_byte)]


_MOST = 20


def _marks(value: Value, condition: dict[str, object], text: bytes) -> list[tuple[int, int]]:
    start, end = value.node.start_byte, value.node.end_byte
    if "matches" in condition and b"\n" in text[start:end]:
        found = list(regex(str(condition["matches"])).finditer(text[start:end]))[:_MOST]
        return [(start + m.start(), start + m.end()) for m in found if m.end() > m.start()] or [(start, end)]
    return [(start, end)]


def _holds(value: Value, condition: dict[str, object]) -> bool:
    wanted = condition.get("is")
    text = value.text.strip().lower()
    if wanted == "true" and text not in ("true", "yes", "on", "1"):
        return False
    if wanted == "false" and text not in ("false", "no", "off", "0"):
        return False
    if wanted == "empty" and (text or value.entries or value.items):
        return False
    if wanted == "scalar" and not text:
        return False
    whole = value.text or (value.node.text or b"").decode("utf-8", "replace")
    if "matches" in condition and not regex(str(condition["matches"])).search(whole):
        return False
    if "lacks" in condition and regex(str(condition["lacks"])).search(whole):
        return False
    if "min" in condition or "max" in condition:
        try:
            number = float(text)
        except ValueError:
            return False
        return float(str(condition.get("min", "-inf"))) <= number <= float(str(condition.get("max", "inf")))
    return True
