"""What stood in a file before and after an agent's edit, as exactly as its hook event allows."""

from __future__ import annotations

from typing import NamedTuple

from earmark.origin.evidence import FileEvent, Replacement
from earmark.text.diff import diff_lines, split_lines

_BOM = b"\xef\xbb\xbf"


class Written(NamedTuple):
    """The two contents whose difference the agent wrote."""

    before: bytes
    after: bytes


def written(file: FileEvent, disk: bytes, last: bytes | None) -> Written | None:
    """What the agent turned into what, or None when the event does not say so.

    `disk` is the content now, `last` the last one recorded for the path (None when nothing is). A replacement is
    looked for in `last` first, then undone from `disk`: both show exactly where it happened. An event that only
    names the file counts against `last`.
    """
    before, after = _bytes(file.before, disk), _bytes(file.after, disk)
    if file.deleted:
        return Written(before if before is not None else last or b"", b"")
    if after is None and before is not None and file.replacements:
        after = _apply(before, file.replacements, disk)
    if after is not None:
        return Written(before if before is not None else last or b"", after)
    if not file.replacements:
        start = before if before is not None else last
        return None if start is None else Written(start, disk)
    forward = _apply(last, file.replacements, disk) if last is not None else None
    if last is not None and forward == disk:
        return Written(last, disk)
    undone = _undo(disk, file.replacements, last)
    if undone is not None:
        return Written(undone, disk)
    return Written(last, forward) if last is not None and forward is not None else None


def distance(old: bytes, new: bytes) -> int:
    """Lines added and deleted between two contents."""
    if old == new:
        return 0
    hunks = diff_lines(split_lines(old), split_lines(new))
    return sum(h.old_end - h.old_start + h.new_end - h.new_start for h in hunks)


def _bytes(text: str | None, disk: bytes) -> bytes | None:
    """The payload's text in the file's own encoding habits: payloads carry neither BOM nor CR as a rule."""
    if text is None:
        return None
    raw = text.encode("utf-8", "surrogatepass")
    if b"\r\n" in disk and b"\r\n" not in raw:
        raw = raw.replace(b"\n", b"\r\n")
    if disk.startswith(_BOM) and not raw.startswith(_BOM) and raw:
        raw = _BOM + raw
    return raw


def _pair(item: Replacement, disk: bytes) -> tuple[bytes, bytes]:
    old, new = (text.encode("utf-8", "surrogatepass") for text in (item.old, item.new))
    if b"\r\n" in disk and b"\r\n" not in old + new:
        return old.replace(b"\n", b"\r\n"), new.replace(b"\n", b"\r\n")
    return old, new


def _apply(text: bytes, items: tuple[Replacement, ...], disk: bytes) -> bytes | None:
    """`text` with each replacement made in turn; None when one does not fit."""
    for item in items:
        old, new = _pair(item, disk)
        if not old:
            if text.strip():
                return None
            text = new
            continue
        if old not in text:
            return None
        if item.every:
            text = text.replace(old, new)
            continue
        at = _place(text, old, item.line) if text.count(old) > 1 else text.index(old)
        if at is None:
            return None
        text = text[:at] + new + text[at + len(old) :]
    return text


def _undo(text: bytes, items: tuple[Replacement, ...], last: bytes | None) -> bytes | None:
    """`text` with each replacement taken back, last one first; None when a place cannot be told."""
    for item in reversed(items):
        old, new = _pair(item, text)
        if not new or new not in text:
            return None
        if item.every:
            text = text.replace(new, old)
            continue
        if text.count(new) == 1:
            at = text.index(new)
        else:
            found = _place(text, new, item.line)
            if found is None:
                found = _nearest(text, old, new, last)
            if found is None:
                return None
            at = found
        text = text[:at] + old + text[at + len(new) :]
    return text


def _place(text: bytes, part: bytes, line: int) -> int | None:
    """Where `part` starts on 1-based `line`; None when `line` is 0 or holds no such start."""
    if line < 1:
        return None
    start = 0
    for _ in range(line - 1):
        start = text.find(b"\n", start) + 1
        if not start:
            return None
    at = text.find(part, start)
    end = text.find(b"\n", start)
    return at if at >= 0 and (end < 0 or at <= end) else None


def _nearest(text: bytes, old: bytes, new: bytes, last: bytes | None) -> int | None:
    """The place whose undoing gives exactly the last known content; None when no place does."""
    at = text.find(new) if last is not None else -1
    while at >= 0:
        if text[:at] + old + text[at + len(new) :] == last:
            return at
        at = text.find(new, at + 1)
    return None
