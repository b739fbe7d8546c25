"""What can be written in a policy file at a place: tables, their keys, and the words a key takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from earmark.policy import fields
from earmark.policy.fields import Field

_TABLES: Mapping[str, Mapping[str, Field]] = {
    "declare": fields.DECLARE,
    "gate": fields.GATE,
    "paths": fields.PATHS,
    "review": fields.REVIEW,
    "freeze": fields.FREEZE,
    "roster": {"levels": fields.LEVELS, "teams": fields.TEAMS},
    "roster.people": fields.PEOPLE,
}
_ARRAYS = ("paths", "review", "freeze", "roster.people")


class Offer(NamedTuple):
    """`label` is shown and written in place of what was typed from the offer's start on, or `new` is; `detail` says
    what it is about."""

    label: str
    detail: str = ""
    new: str = ""


def offers(lines: Sequence[str], number: int, typed: str) -> tuple[int, tuple[Offer, ...]]:
    """(where in `typed` an offer begins, the offers), for the beginning `typed` of line `number` (0-based)."""
    lead = len(typed) - len(typed.lstrip())
    table, above = _table_at(lines, number)
    key, equals, value = typed.partition("=")
    if typed.lstrip().startswith("#"):
        return lead, ()
    if equals:
        start = len(typed) - len(value.lstrip())
        return start, tuple(_values(_TABLES.get(table, {}).get(key.strip())))
    if typed.lstrip().startswith("[") or not table:
        return lead, tuple(_headers(lines))
    return lead, tuple(_keys(_TABLES.get(table, {}), lines, above, number))


def _table_at(lines: Sequence[str], number: int) -> tuple[str, int]:
    """(the table that line `number` is in, the line of its header); empty and -1 above the first."""
    for at in range(number - 1, -1, -1):
        line = lines[at].partition("#")[0].strip()
        if line.startswith("["):
            return line.strip("[] "), at
    return "", -1


def _headers(lines: Sequence[str]) -> Iterator[Offer]:
    there = {line.strip() for line in lines}
    for name in _TABLES:
        if name in _ARRAYS:
            yield Offer(f"[[{name}]]")
        elif f"[{name}]" not in there:
            yield Offer(f"[{name}]")


def _keys(known: Mapping[str, Field], lines: Sequence[str], above: int, number: int) -> Iterator[Offer]:
    end = next((at for at in range(above + 1, len(lines)) if lines[at].lstrip().startswith("[")), len(lines))
    there = {lines[at].partition("=")[0].strip() for at in range(above + 1, end) if at != number}
    for key, field in known.items():
        if key not in there:
            yield Offer(key, field.doc, f"{key} = ")


def _values(field: Field | None) -> Iterator[Offer]:
    if field is not None and field.kind == "choice":
        yield from (Offer(f'"{choice}"', field.doc) for choice in field.choices)
    elif field is not None and field.kind == "flag":
        yield from (Offer(word, field.doc) for word in ("true", "false"))
