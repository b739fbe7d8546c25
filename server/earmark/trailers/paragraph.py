"""Where git sees the trailer block of a message.

The rules are those of git's own reader (`trailer.c`, `commit.c`), observed on 2.39 and held to the installed git by a
property test. Offsets are bytes, 0-based, half-open.
"""

from __future__ import annotations

from typing import NamedTuple

_SPACE = b" \t\n\r"
_KEY = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-")
_GIT_LINES = (b"Signed-off-by: ", b"(cherry picked from commit ")
_CUT = b" ------------------------ >8 ------------------------\n"


class Line(NamedTuple):
    """One line of a message with its line end. `kind` is "text", "blank" or "comment"."""

    start: int
    end: int
    kind: str
    text: bytes


class Layout(NamedTuple):
    """A message as git's trailer reader sees it.

    `lines` are the lines before `end`, where trailing comments, blank lines, the scissors part or an old
    "Conflicts:" list begin. Lines `first` to `len(lines)` are the trailer block; `first` equals `len(lines)` when
    there is none. `title` counts the lines of the first text paragraph and all that stands before it.
    """

    lines: tuple[Line, ...]
    end: int
    first: int
    title: int


def is_blank(line: bytes) -> bool:
    """Whether a line holds only spaces, tabs and carriage returns (git knows no other white space here)."""
    return not line.strip(_SPACE)


def separator(line: bytes) -> int:
    """The offset of the `:` that makes `line` a trailer, or -1; a key is letters, digits and `-`."""
    spaced = False
    for at, byte in enumerate(line):
        if byte == 0x3A:
            return at
        if not spaced and byte in _KEY:
            continue
        if at and byte in b" \t":
            spaced = True
            continue
        return -1
    return -1


def layout(message: bytes, comment: bytes = b"#", conflict_list: bool = True) -> Layout:
    """Split `message` as git does; text after a NUL byte is not seen.

    With `conflict_list` false a "Conflicts:" list at the end is text like any other.
    """
    nul = message.find(b"\0")
    if nul >= 0:
        message = message[:nul]
    end = _end(message, comment, conflict_list)
    lines = []
    start = 0
    for text in message[:end].split(b"\n"):
        stop = min(start + len(text) + 1, end)
        if stop > start:
            lines.append(Line(start, stop, _kind(text, comment), message[start:stop]))
        start = stop
    return Layout(tuple(lines), end, _first(lines), _title(lines))


def _kind(text: bytes, comment: bytes) -> str:
    if text.startswith(comment):
        return "comment"
    return "blank" if is_blank(text) else "text"


def _end(message: bytes, comment: bytes, conflict_list: bool) -> int:
    """Where the part begins that git ignores at the end of a message."""
    limit = len(message)
    cut = comment + _CUT
    if message.startswith(cut):
        limit = 0
    elif (at := message.find(b"\n" + cut)) >= 0:
        limit = at + 1
    ignored = 0
    conflicts = False
    start = 0
    while start < limit:
        after = message.find(b"\n", start) + 1 or len(message)
        if message.startswith((comment, b"\n"), start):
            ignored = ignored or start
        elif conflict_list and message.startswith(b"Conflicts:\n", start):
            conflicts = True
            ignored = ignored or start
        elif not (conflicts and message[start : start + 1] == b"\t") and ignored:
            ignored, conflicts = 0, False
        start = after
    return ignored or limit


def _title(lines: list[Line]) -> int:
    """How many lines git's clean-up may turn into the title: up to the blank line behind the first text."""
    seen = False
    for index, line in enumerate(lines):
        if line.kind == "blank" and seen:
            return index
        seen = seen or line.kind == "text"
    return len(lines)


def _first(lines: list[Line]) -> int:
    """Index of the first line of the trailer block, `len(lines)` when the last paragraph is none."""
    body = next((i for i, line in enumerate(lines) if line.kind == "blank"), len(lines))
    trailers = others = folded = 0
    generated = False
    seen = False
    for index in range(len(lines) - 1, body - 1, -1):
        _, _, kind, text = lines[index]
        if kind == "comment":
            others, folded = others + folded, 0
        elif kind == "blank":
            if not seen:
                continue
            others += folded
            whole = (generated and trailers * 3 >= others) or (trailers and not others)
            return index + 1 if whole else len(lines)
        elif text.startswith(_GIT_LINES):
            seen = generated = True
            trailers, folded = trailers + 1, 0
        else:
            seen = True
            if text[0] in _SPACE:
                folded += 1
            elif separator(text) >= 1:
                trailers, folded = trailers + 1, 0
            else:
                others, folded = others + folded + 1, 0
    return len(lines)
