"""Hook input as a checked mapping.

Agents send one JSON object. What arrives in practice: a UTF-8 byte-order mark, UTF-16 (Windows shells), raw control
characters inside strings, nested objects sent as JSON text, camelCase and snake_case names for one field.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from earmark.origin.evidence import PayloadError

LIMIT = 16 * 1024 * 1024
PATH_LIMIT = 4096
NAME_LIMIT = 256

_SLUG = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/-")


def decode(raw: bytes) -> dict[str, object]:
    """The object in `raw`, at most `LIMIT` bytes of UTF-8 or UTF-16 JSON.

    Of duplicate keys the last one counts, as for every JavaScript program that read the same bytes.
    Raises PayloadError.
    """
    if len(raw) > LIMIT:
        raise PayloadError(f"the payload has {len(raw)} bytes; the limit is {LIMIT}")
    text = _text_of(raw).strip(" \t\r\n\0")
    if not text:
        raise PayloadError("the payload is empty; the hook must write one JSON object to standard input")
    value = _json(text, "the payload")
    if not isinstance(value, dict):
        raise PayloadError(f"the payload is {_kind(value)}, not a JSON object")
    return {_whole(key): _whole(item) for key, item in value.items()} if "\\u" in text else value


def _text_of(raw: bytes) -> str:
    encoding = "utf-8"
    if raw.startswith(b"\xef\xbb\xbf"):
        raw = raw[3:]
    elif raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif len(raw) > 1 and not raw[1]:
        encoding = "utf-16-le"
    elif len(raw) > 1 and not raw[0]:
        encoding = "utf-16-be"
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise PayloadError(f"the payload is not valid {encoding.upper()} text (byte {error.start})") from None


def _json(text: str, what: str) -> object:
    try:
        value: object = json.loads(text, strict=False)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        cut = " (it may be cut off)" if error.pos >= len(text.rstrip()) else ""
        raise PayloadError(f"{what} is not JSON: {error.msg} at {place}{cut}") from None
    except RecursionError:
        raise PayloadError(f"{what} is nested too deeply") from None
    except ValueError:
        raise PayloadError(f"{what} holds a number that is too long") from None
    return value


def _whole(value: Any) -> Any:
    """Escapes can spell half a surrogate pair; written to a file it becomes U+FFFD, so it does here."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(value, list):
        return [_whole(item) for item in value]
    if isinstance(value, dict):
        return {_whole(key): _whole(item) for key, item in value.items()}
    return value


def _kind(value: object) -> str:
    names: dict[type, str] = {str: "a text", list: "a list", dict: "an object", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def get(data: Mapping[str, object], *names: str) -> object:
    """The first value that is not null under `names` (snake_case; the camelCase spelling is tried too), else None."""
    for name in names:
        for spelling in (name, _camel(name)):
            value = data.get(spelling)
            if value is not None:
                return value
    return None


def text(data: Mapping[str, object], *names: str, default: str = "") -> str:
    """The text under one of `names`, or `default`. Raises PayloadError when the value is of another type."""
    value = get(data, *names)
    if value is None:
        return default
    if not isinstance(value, str):
        raise PayloadError(f"`{names[0]}` is {_kind(value)}, not a text")
    return value


def need(data: Mapping[str, object], *names: str) -> str:
    """The text under one of `names`, not empty."""
    value = text(data, *names).strip()
    if not value:
        raise PayloadError(f"`{names[0]}` is missing from the payload")
    return value


def maybe(data: Mapping[str, object], *names: str) -> str | None:
    """The text under one of `names`, or None when there is none of that type (a field whose type varies)."""
    value = get(data, *names)
    return value if isinstance(value, str) else None


def flag(data: Mapping[str, object], *names: str) -> bool:
    """Whether one of `names` is true; anything else counts as false."""
    return get(data, *names) is True


def number(data: Mapping[str, object], *names: str) -> int:
    """The whole number under one of `names`, or 0."""
    value = get(data, *names)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def mapping(data: Mapping[str, object], *names: str) -> dict[str, object]:
    """The object under one of `names`, also when it was sent as JSON text; empty when missing."""
    value = get(data, *names)
    if value is None or value == "":
        return {}
    if isinstance(value, str):
        value = _json(value, f"`{names[0]}`")
    if not isinstance(value, dict):
        raise PayloadError(f"`{names[0]}` is {_kind(value)}, not an object")
    return value


def fields(data: Mapping[str, object], *names: str) -> dict[str, object]:
    """Like `mapping`, for a field that may also be prose (a tool's answer): then empty."""
    value = get(data, *names)
    return value if isinstance(value, dict) else {}


def objects(data: Mapping[str, object], *names: str) -> list[dict[str, object]]:
    """The list of objects under one of `names`; empty when missing."""
    value = get(data, *names)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise PayloadError(f"`{names[0]}` is not a list of objects")
    return value


def texts(data: Mapping[str, object], *names: str) -> list[str]:
    """The list of texts under one of `names`; a single text counts as a list of one; empty when missing."""
    value = get(data, *names)
    if value is None:
        return []
    if isinstance(value, str):
        return [value]
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise PayloadError(f"`{names[0]}` is not a list of texts")
    return value


def path(value: str) -> str:
    """A path an agent named, without a `file://` scheme. Raises PayloadError for one no file can have."""
    named = value
    if value.startswith("file://"):
        from urllib.parse import unquote

        named = unquote(value.removeprefix("file://localhost").removeprefix("file://"))
    if not named or "\0" in named or len(named) > PATH_LIMIT:
        raise PayloadError("the payload names a path that no file can have")
    return named


def slug(value: str) -> str:
    """A tool or model name in the grammar of trailers, `[A-Za-z0-9._/-]+`; "unknown" when nothing is left of it."""
    made = "".join(char if char in _SLUG else "-" for char in value.strip()[:NAME_LIMIT]).strip("-")
    return made if made and made.lower() != "unknown" else "unknown"


def conversation(value: str) -> str:
    """A conversation id as the agent spelled it. Raises PayloadError for one that is no id."""
    if len(value) > 4 * NAME_LIMIT or any(char < " " for char in value):
        raise PayloadError("the conversation id is too long or holds control characters")
    return value
