"""Checking one value of a policy against what its key takes."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from earmark.policy import fields
from earmark.policy.fields import Field
from earmark.policy.positions import Path


class Wrong(NamedTuple):
    """What is wrong; `key` says that the key is to be pointed at, not its value."""

    message: str
    key: bool = False


Checked = tuple[Any, list[tuple[Path, Wrong]]]


def checked(field: Field, value: object) -> Checked:
    """The value a key of this kind takes, None when it is unusable; and what is wrong, by path inside the value."""
    match field.kind:
        case "choice":
            return _choice(field, value)
        case "count":
            return _count(field, value)
        case "flag":
            return (value, []) if isinstance(value, bool) else _refuse("write true or false")
        case "text":
            return _text(value)
        case "texts" | "globs":
            return _texts(field.kind, value)
        case "commit":
            return _commit(value)
        case "date":
            return _date(value)
        case "moment":
            return _moment(value)
        case "zone":
            return _zone(value)
        case "pairs":
            return _pairs(value)
    raise AssertionError(field.kind)


def _refuse(message: str, *path: str | int) -> Checked:
    return None, [(path, Wrong(message))]


def _choice(field: Field, value: object) -> Checked:
    if isinstance(value, str) and value in field.choices:
        return value, []
    return _refuse(f"one of {', '.join(field.choices)}")


def _count(field: Field, value: object) -> Checked:
    if isinstance(value, int) and not isinstance(value, bool) and field.least <= value <= fields.MAX_COUNT:
        return value, []
    return _refuse(f"a whole number of at least {field.least}")


def _text(value: object) -> Checked:
    if not isinstance(value, str):
        return _refuse("a text in quotes")
    if not value or len(value) > fields.MAX_TEXT or any(ord(char) < 32 for char in value):
        return _refuse(f"a text of 1 to {fields.MAX_TEXT} characters on one line")
    return value, []


def _texts(kind: str, value: object) -> Checked:
    if not isinstance(value, list):
        return _refuse('a list of texts, such as ["one", "two"]')
    wrong: list[tuple[Path, Wrong]] = []
    if len(value) > fields.MAX_TEXTS:
        wrong.append(((fields.MAX_TEXTS,), Wrong(f"at most {fields.MAX_TEXTS} are read")))
    kept = []
    for at, item in enumerate(value[: fields.MAX_TEXTS]):
        text, problems = _text(item)
        if text is not None and kind == "globs" and (fault := _glob_fault(text)):
            text, problems = None, [((), Wrong(fault))]
        wrong += [((at, *path), what) for path, what in problems]
        if text is not None:
            kept.append(text)
    return tuple(kept), wrong


def _glob_fault(glob: str) -> str:
    if glob.startswith("#") or not glob.strip():
        return "this glob matches nothing"
    # Only these can make a glob malformed, and looking closer costs the import of the glob library.
    if not any(char in glob for char in "[\\!"):
        return ""
    import re

    from earmark.policy.globs import matcher

    try:
        matcher((glob,))
    except (ValueError, re.error):
        return "no glob of gitignore's syntax"
    return ""


def _commit(value: object) -> Checked:
    digits = frozenset("0123456789abcdef")
    if isinstance(value, str) and 7 <= len(value) <= 64 and digits.issuperset(value.lower()):
        return value.lower(), []
    return _refuse("a commit id of 7 to 64 hexadecimal digits")


def _date(value: object) -> Checked:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value, []
    if isinstance(value, str):
        try:
            return date.fromisoformat(value), []
        except ValueError:
            pass
    return _refuse("a date, such as 2026-12-01")


def _moment(value: object) -> Checked:
    """Seconds since the epoch; without an offset it is UTC."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            value = None
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    if not isinstance(value, datetime):
        return _refuse("a day or a moment, such as 2026-12-20 or 2026-12-20T18:00:00+01:00")
    moment = value if value.tzinfo else value.replace(tzinfo=UTC)
    # Where the offset leads out of the calendar, arithmetic on it still holds.
    return int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()), []


def _zone(value: object) -> Checked:
    import re

    if isinstance(value, str) and len(value) <= fields.MAX_TEXT and re.fullmatch(fields.ZONE, value, re.ASCII):
        return value, []
    return _refuse("a time zone's name, such as Europe/Berlin")


def _pairs(value: object) -> Checked:
    if not isinstance(value, dict):
        return _refuse('a table of texts, such as { github = "ada" }')
    kept: list[tuple[str, str]] = []
    wrong: list[tuple[Path, Wrong]] = []
    for key, item in value.items():
        text, problems = _text(item)
        wrong += [((key, *path), what) for path, what in problems]
        if text is not None and len(kept) < fields.MAX_TEXTS:
            kept.append((key, text))
    return tuple(kept), wrong
