"""The naive model of what both sides believe: texts as strings, and whether a place of the protocol is one in them."""

from __future__ import annotations

import re
from typing import Any

_LINE_END = re.compile(r"\r\n|\n|\r")
_UNITS = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}


def lines(text: str) -> list[tuple[int, int]]:
    """Start and end (without its line end) of each line, as indices into `text`; at least one line."""
    found, start = [], 0
    for end in _LINE_END.finditer(text):
        found.append((start, end.start()))
        start = end.end()
    return [*found, (start, len(text))]


def width(text: str, encoding: str) -> int:
    """The length of `text` in units of `encoding`."""
    codec, size = _UNITS[encoding]
    return len(text.encode(codec, "surrogatepass")) // size


def index(text: str, position: dict[str, int], encoding: str) -> int:
    """The index of a position, which the protocol clips to its line, and to the text."""
    found = lines(text)
    if position["line"] >= len(found):
        return len(text)
    start, end = found[position["line"]]
    return next((at for at in range(start, end) if width(text[start:at], encoding) >= position["character"]), end)


def exact(text: str, position: dict[str, int], encoding: str) -> bool:
    """Whether the position is in `text` as it stands: not past the end of its line, not inside a character."""
    found = lines(text)
    if not 0 <= position["line"] < len(found):
        return False
    start, end = found[position["line"]]
    return position["character"] in {width(text[start:at], encoding) for at in range(start, end + 1)}


def changed(text: str, changes: list[dict[str, Any]], encoding: str) -> str:
    """`text` after the content changes of one didChange."""
    for change in changes:
        if "range" not in change:
            text = change["text"]
            continue
        start, end = sorted(index(text, change["range"][name], encoding) for name in ("start", "end"))
        text = text[:start] + change["text"] + text[end:]
    return text
