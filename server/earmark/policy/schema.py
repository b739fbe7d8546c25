"""The JSON Schema of `.earmark.toml`, for editors; `policy.schema.json` beside this file is its output, kept equal by
a test. Regenerate it with `python -m earmark.policy.schema`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from earmark.policy import fields, model
from earmark.policy.fields import Field


def schema() -> dict[str, Any]:
    """The schema (draft 2020-12) as plain data. What one key alone cannot show (a level nobody defined, a broken glob,
    `missing_notes = "fail"` without mode `always`) is left to the reader."""
    defaults = model.DEFAULT
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Earmark policy",
        "description": "What to declare, which paths are production, and who must agree to an AI change.",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "declare": _table(fields.DECLARE, defaults.declare._asdict()),
            "gate": _table(fields.GATE, defaults.gate._asdict()),
            "paths": _array(fields.PATHS, fields.MAX_RULES),
            "review": _array(fields.REVIEW, fields.MAX_RULES),
            "freeze": _array(fields.FREEZE, fields.MAX_RULES),
            "roster": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "levels": {
                        **_value(fields.LEVELS),
                        "description": fields.LEVELS.doc,
                        "default": list(defaults.roster.levels),
                    },
                    "people": _array(fields.PEOPLE, fields.MAX_PEOPLE),
                    "teams": {**_value(fields.TEAMS), "description": fields.TEAMS.doc},
                },
            },
        },
    }


def _array(known: Mapping[str, Field], most: int) -> dict[str, Any]:
    return {"type": "array", "maxItems": most, "items": _table(known, {})}


def _table(known: Mapping[str, Field], defaults: Mapping[str, Any]) -> dict[str, Any]:
    properties = {}
    for key, field in known.items():
        properties[key] = {**_value(field), "description": field.doc}
        if key in defaults:
            default = defaults[key]
            if field.kind == "pairs":
                default = dict(default)
            properties[key]["default"] = list(default) if isinstance(default, tuple) else default
    table: dict[str, Any] = {"type": "object", "additionalProperties": False, "properties": properties}
    required = [key for key, field in known.items() if field.required]
    return {**table, "required": required} if required else table


def _value(field: Field) -> dict[str, Any]:
    text = {"type": "string", "minLength": 1, "maxLength": fields.MAX_TEXT}
    match field.kind:
        case "choice":
            return {"enum": list(field.choices)}
        case "count":
            return {"type": "integer", "minimum": field.least, "maximum": fields.MAX_COUNT}
        case "flag":
            return {"type": "boolean"}
        case "text":
            return text
        case "commit":
            return {"type": "string", "pattern": "^[0-9A-Fa-f]{7,64}$"}
        case "zone":
            return {**text, "pattern": fields.ZONE}
        case "date":
            return {"type": "string", "format": "date"}
        case "moment":
            # TOML's own dates reach a validator as text, with or without a time.
            return {"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]}
        case "pairs":
            return {"type": "object", "additionalProperties": text}
    return {"type": "array", "maxItems": fields.MAX_TEXTS, "items": text}


def text() -> str:
    """The published file."""
    return json.dumps(schema(), indent=2) + "\n"


if __name__ == "__main__":
    from pathlib import Path

    Path(__file__).with_name("policy.schema.json").write_text(text(), encoding="utf-8")
