"""Regions and removals as the ledger's columns hold them: JSON without blanks."""

from __future__ import annotations

import json
from collections.abc import Iterable

from earmark.origin.model import Origin, Region, Removal


def encode_regions(regions: Iterable[Region]) -> str:
    return json.dumps(
        [[r.start, r.end, r.origin.kind, r.origin.author, r.order, r.overrode] for r in regions], separators=(",", ":")
    )


def decode_regions(text: str) -> tuple[Region, ...]:
    return tuple(
        Region(s, e, Origin(kind, author), order, over) for s, e, kind, author, order, over in json.loads(text)
    )


def encode_removals(removals: Iterable[Removal]) -> str:
    return json.dumps(
        [[r.session, r.at, [line.decode("latin-1") for line in r.lines], r.order] for r in removals],
        separators=(",", ":"),
    )


def decode_removals(text: str) -> tuple[Removal, ...]:
    return tuple(
        Removal(session, at, tuple(line.encode("latin-1") for line in lines), order)
        for session, at, lines, order in json.loads(text)
    )
