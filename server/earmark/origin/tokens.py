"""Owners inside a changed hunk, token by token, for writers that are not an AI session."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from earmark.origin.model import Origin, Region
from earmark.origin.regions import NOBODY, Owner, Regions
from earmark.text.diff import match

_TOKEN = re.compile(rb"[0-9A-Za-z_\x80-\xff]+|[^\s0-9A-Za-z_\x80-\xff]")
_MOST = 20_000


class _Token(NamedTuple):
    text: bytes
    start: int
    end: int


def carry(
    old: bytes,
    regions: Regions,
    old_span: tuple[int, int],
    new: bytes,
    new_span: tuple[int, int],
    writer: Origin,
    order: int,
) -> Iterator[Region]:
    """The regions of `new[new_span]`, which `writer` made of `old[old_span]` (byte spans).

    Tokens both have keep their owner. A line of which less than half is kept counts as rewritten: kept punctuation
    does not make it the former owner's. White space belongs to the tokens around it.
    """
    around = _around(regions, old_span, Owner(writer, order))
    head, tail = _solid(new, *new_span)
    yield Region(new_span[0], head, *around)
    yield from _carry(old, regions, old_span, new, (head, tail), Owner(writer, order))
    yield Region(tail, new_span[1], *around)


def _solid(text: bytes, start: int, end: int) -> tuple[int, int]:
    """The span without blank lines at its start and end; empty at `start` when it is blank throughout."""
    solid = text[start:end]
    if not solid.strip():
        return start, start
    first = start + len(solid) - len(solid.lstrip())
    last = start + len(solid.rstrip())
    return text.rfind(b"\n", start, first) + 1 or start, text.find(b"\n", last, end) + 1 or end


def _carry(
    old: bytes, regions: Regions, old_span: tuple[int, int], new: bytes, new_span: tuple[int, int], writer: Owner
) -> Iterator[Region]:
    sole = _sole_owner(old, regions, old_span)
    if sole and b"".join(old[slice(*old_span)].split()) == b"".join(new[slice(*new_span)].split()):
        yield Region(new_span[0], new_span[1], *sole)
        return
    before = _tokens(old, *old_span)
    after = _tokens(new, *new_span)
    owners = _owners(before, after, regions)
    _settle_lines(new, after, owners, _former_ai(regions, old_span), writer)
    yield from _spread(new, new_span, after, owners)


def _sole_owner(text: bytes, regions: Regions, span: tuple[int, int]) -> Owner | None:
    """The one owner of all text in the span, if there is one."""
    pieces = list(regions.clip(*span))
    if not pieces:
        return NOBODY
    if len(pieces) > 1 or text[span[0] : pieces[0].start].strip() or text[pieces[0].end : span[1]].strip():
        return None
    return Owner(*pieces[0][2:])


def _tokens(text: bytes, start: int, end: int) -> list[_Token]:
    return [_Token(found[0], found.start(), found.end()) for found in _TOKEN.finditer(text, start, end)]


def _owners(before: list[_Token], after: list[_Token], regions: Regions) -> list[Owner | None]:
    """The kept owner of each token of `after`; None where the writer wrote it."""
    a, b = [token.text for token in before], [token.text for token in after]
    if a == b:
        return [regions.owner(token.start) for token in before]
    reflowed = _same_characters(before, after, regions)
    if reflowed:
        return reflowed
    owners: list[Owner | None] = [None] * len(after)
    if max(len(a), len(b)) <= _MOST:
        for i, j in match(a, b):
            owners[j] = regions.owner(before[i].start)
    return owners


def _same_characters(before: list[_Token], after: list[_Token], regions: Regions) -> list[Owner | None]:
    """Owners when both sides hold the same characters in tokens split differently; empty otherwise."""
    if b"".join(token.text for token in before) != b"".join(token.text for token in after):
        return []
    ends: list[int] = []
    for token in before:
        ends.append((ends[-1] if ends else 0) + len(token.text))
    owners: list[Owner | None] = []
    at = index = 0
    for token in after:
        while ends[index] <= at:
            index += 1
        owners.append(regions.owner(before[index].start))
        at += len(token.text)
    return owners


def _former_ai(regions: Regions, span: tuple[int, int]) -> str:
    return next((region.origin.author for region in regions.clip(*span) if region.origin.kind == "ai"), "")


def _settle_lines(text: bytes, tokens: list[_Token], owners: list[Owner | None], former: str, writer: Owner) -> None:
    """Give each unowned token to the writer, and each mostly rewritten line as a whole."""
    index = 0
    while index < len(tokens):
        line_end = text.find(b"\n", tokens[index].start)
        line_end = len(text) if line_end < 0 else line_end
        stop = index
        kept = total = 0
        overrode = ""
        while stop < len(tokens) and tokens[stop].start < line_end:
            size = len(tokens[stop].text)
            total += size
            owner = owners[stop]
            if owner is not None:
                kept += size
                if owner.origin.kind == "ai":
                    overrode = overrode or owner.origin.author
            stop += 1
        if kept < total:
            mine = writer._replace(overrode=overrode or (former if kept * 2 < total else ""))
            for at in range(index, stop):
                if kept * 2 < total or owners[at] is None:
                    owners[at] = mine
        index = stop


def _around(regions: Regions, span: tuple[int, int], writer: Owner) -> Owner:
    """Who owns white space that has no token beside it in the hunk: the one owner on both sides, else the writer."""
    left = regions.owner(span[0] - 1) if span[0] else None
    right = regions.owner(span[1])
    return left if left is not None and left.origin == right.origin and left.order else writer


def _spread(text: bytes, span: tuple[int, int], tokens: list[_Token], owners: list[Owner | None]) -> Iterator[Region]:
    """Regions for the whole span: tokens with the white space that belongs to them."""
    at = span[0]
    for index, token in enumerate(tokens):
        owner = owners[index]
        assert owner is not None
        following = owners[index + 1] if index + 1 < len(tokens) else owner
        end = tokens[index + 1].start if index + 1 < len(tokens) else span[1]
        if following == owner:
            yield Region(at, end, *owner)
            at = end
            continue
        # The line end goes to the left, indentation to the right, blank lines between two owners to neither.
        line_end = text.find(b"\n", token.end, end)
        yield Region(at, line_end + 1 if line_end >= 0 else token.end, *owner)
        at = text.rfind(b"\n", token.end, end) + 1 if line_end >= 0 else end
