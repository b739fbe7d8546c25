"""Access policies: the statements of AWS policy documents, wherever they are written.

One shape for all spellings: `Effect`, `Action`, `NotAction`, `Resource`, `Principal`, `Condition`. They stand as maps
in JSON, YAML and `jsonencode`, as text in strings and heredocs, and as blocks of `aws_iam_policy_document`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from earmark.risk.objects import DEEPEST, Object, Value, at

_LONGEST = 64 << 10
_BLOCK_KEYS = {"effect": "Effect", "actions": "Action", "not_actions": "NotAction", "resources": "Resource",
               "condition": "Condition"}  # fmt: skip


def statements(thing: Object) -> Iterator[Object]:
    """The policy statements in one object; `within` is the object itself."""
    if thing.kind == "data.aws_iam_policy_document":
        for block in at(thing.value, "statement.[]"):
            yield _object(_from_block(block), thing)
        return
    written = {key: value for key, value in (thing.value.entries or {}).items() if not key.startswith("__")}
    for value in at(thing.value._replace(entries=written), "**"):
        if _is_statement(value):
            yield _object(value, thing)
        elif "Statement" in value.text and len(value.text) < _LONGEST:
            yield from (_object(found, thing) for found in at(_read(value), "**") if _is_statement(found))


def _object(statement: Value, thing: Object) -> Object:
    return Object("iam-statement", statement, statement.node, "iam", thing.value)


def _is_statement(value: Value) -> bool:
    entries = value.entries or {}
    return "Effect" in entries and bool(entries.keys() & {"Action", "NotAction"})


def _from_block(block: Value) -> Value:
    entries = block.entries or {}
    found = {_BLOCK_KEYS[key]: value for key, value in entries.items() if key in _BLOCK_KEYS}
    named = at(block, "principals.[].identifiers")
    if named:
        found["Principal"] = named[0]
    return block._replace(entries={"Effect": Value(block.node, text="Allow")} | found)


def _read(value: Value) -> Value:
    """The policy that a text holds; every part of it stands where the text does."""
    begin, end = value.text.find("{"), value.text.rfind("}")
    plain = re.sub(r"\$\{[^}]*\}", "_", value.text[begin : end + 1])
    for text in (plain, plain.replace('\\"', '"')):
        try:
            return _plain(json.loads(text), value, 0)
        except (ValueError, RecursionError):
            continue
    return value


def _plain(data: Any, origin: Value, depth: int) -> Value:
    if depth < DEEPEST and isinstance(data, dict):
        return Value(origin.node, entries={str(k): _plain(v, origin, depth + 1) for k, v in data.items()})
    if depth < DEEPEST and isinstance(data, list):
        return Value(origin.node, items=tuple(_plain(v, origin, depth + 1) for v in data))
    return Value(origin.node, text=str(data).lower() if isinstance(data, bool) else str(data))
