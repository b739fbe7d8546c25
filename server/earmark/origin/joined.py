"""Two notes of one commit as one, by meaning.

Joining is commutative and idempotent: clones that take in each other's notes end with equal bytes, whoever was first.
Nothing is lost: what cannot be united (a newer schema) stands beside the other, byte for byte, and bytes that are no
note at all are kept inside the readable one, in the list `earmark.unread`, so that they cannot hide it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from earmark.git.changes import FileChange
from earmark.git.history import Commit
from earmark.git.objects import Objects
from earmark.origin import notes, state
from earmark.origin.digest import digest
from earmark.origin.model import LineRange
from earmark.origin.notes import Entry, Note


def join(first: bytes, second: bytes) -> bytes:
    """One note that says what both say."""
    if first == second:
        return first
    try:
        one, other = _read(first), _read(second)
        if one and other and not one.opaque and not other.opaque:
            return notes.format_note(_united(one, other))
        if one and not other and not one.opaque:
            return _keeping(one, first, second)
        if other and not one and not other.opaque:
            return _keeping(other, second, first)
    except RecursionError:
        pass
    return _beside(first, second)


def redigested(objects: Objects, commit: Commit, pairs: Sequence[FileChange], raw: bytes) -> bytes:
    """A joined note with the digest of what it now says; bytes that are no note of ours are returned as they are."""
    note = state.parsed(raw)
    if note is None or note.opaque or not notes.recorded_digest(note):
        return raw
    known = digest(state.from_note(objects, commit, pairs, note).files)
    meta = {**note.meta, "base_commit_sha": commit.id, "earmark": {**note.meta["earmark"], "digest": known}}
    return notes.format_note(note._replace(meta=meta))


def _read(raw: bytes) -> Note | None:
    try:
        return notes.parse(raw)
    except notes.NoteError:
        return None


def _united(one: Note, other: Note) -> Note:
    files = {
        path: _entries(one.files.get(path, ()) + other.files.get(path, ()))
        for path in dict.fromkeys((*one.files, *other.files))
    }
    return Note(files, _value(one.meta, other.meta))


def _entries(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """One entry a key, with every line that any of them claims."""
    claims: dict[str, set[tuple[LineRange, ...]]] = {}
    for entry in entries:
        claims.setdefault(entry.key, set()).add(entry.lines)
    return tuple(
        Entry(key, next(iter(said)) if len(said) == 1 else _collapsed(line for lines in said for line in lines))
        for key, said in claims.items()
    )


def _collapsed(ranges: Any) -> tuple[LineRange, ...]:
    out: list[LineRange] = []
    for item in sorted(ranges):
        if out and out[-1].end + 1 >= item.start:
            out[-1] = LineRange(out[-1].start, max(out[-1].end, item.end))
        else:
            out.append(item)
    return tuple(out)


def _value(one: Any, other: Any) -> Any:
    """Objects and lists are united; of two different plain values the one that says more counts, then the greater."""
    if _text(one) == _text(other):
        return one  # Python holds 1 and true to be equal, JSON does not
    if isinstance(one, dict) and isinstance(other, dict):
        keys = dict.fromkeys((*one, *other))
        return {k: _value(one[k], other[k]) if k in one and k in other else one.get(k, other.get(k)) for k in keys}
    if isinstance(one, list) and isinstance(other, list):
        by_text = {_text(item): item for item in (*one, *other)}
        return [by_text[text] for text in sorted(by_text)]
    return max(one, other, key=_weight)


def _weight(value: Any) -> tuple[bool, float, str]:
    number = float(value) if isinstance(value, int) and abs(value) < 2**53 else 0.0
    return value not in (None, "", "unknown"), number, _text(value)


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _keeping(note: Note, raw: bytes, unread: bytes) -> bytes:
    ours = note.meta.get("earmark", {})
    if not isinstance(ours, dict) or not isinstance(ours.get("unread", []), list):
        return _beside(raw, unread)
    kept = {*map(str, ours.get("unread", [])), unread.decode("utf-8", "surrogateescape")}
    return notes.format_note(note._replace(meta={**note.meta, "earmark": {**ours, "unread": sorted(kept)}}))


def _beside(first: bytes, second: bytes) -> bytes:
    if second in first:
        return first
    if first in second:
        return second
    one, other = sorted((first, second))
    return one + b"\n" + other
