"""A text as UTF-8 bytes with its line starts, in the position arithmetic of the language-server protocol."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import accumulate
from typing import Literal

from earmark.text.edits import Edit

Encoding = Literal["utf-8", "utf-16", "utf-32"]


def encode(text: str) -> bytes:
    """`text` as UTF-8; a lone surrogate, which UTF-8 cannot hold, becomes U+FFFD, which is as long in UTF-16."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        paired = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
        return "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in paired).encode()


class ByteDocument:
    """A text that edits replace piecewise.

    Lines end at `\\n`, `\\r\\n` or `\\r` and nowhere else (LSP 3.17, "Text Documents"). Lines, characters and offsets
    are 0-based; a character is a code unit of the encoding asked for. Undecodable bytes stay as they are and count as
    one code unit each.
    """

    __slots__ = ("_ascii", "_head", "_tail", "text")

    # Line starts around the place of the last edit: those before it as offsets, those behind it as distances from the
    # end of the text, last line first. An edit leaves both alone, so typing in one place never touches the other lines.
    _head: list[int]
    _tail: list[int]
    text: bytes

    def __init__(self, text: bytes) -> None:
        self.text = text
        # Once other than ASCII has come in this stays false, which costs time but never a wrong answer.
        self._ascii = text.isascii()
        self._head = [0, *_starts(text, 0, 1, len(text))]
        self._tail = []

    @property
    def line_count(self) -> int:
        """The number of lines; a text that ends with a line end has an empty last line."""
        return len(self._head) + len(self._tail)

    def line_start(self, line: int) -> int:
        """The offset of the first byte of `line`; that of the end of the text for a line past the last one."""
        if line < len(self._head):
            return self._head[max(line, 0)]
        behind = self.line_count - 1 - line
        return len(self.text) - self._tail[behind] if behind >= 0 else len(self.text)

    def line_end(self, line: int) -> int:
        """The offset behind the last byte of `line` that is not part of its line end."""
        start, end = self.line_start(line), self.line_start(line + 1)
        if line >= self.line_count - 1:
            return end
        return end - 2 if end - start >= 2 and self.text[end - 2 : end] == b"\r\n" else end - 1

    def line_at(self, offset: int) -> int:
        """The line that holds the byte at `offset`; the last line for the end of the text and beyond."""
        if not self._tail or offset < len(self.text) - self._tail[-1]:
            return max(bisect_right(self._head, offset) - 1, 0)
        behind = bisect_left(self._tail, len(self.text) - offset)
        return self.line_count - 1 - min(behind, len(self._tail) - 1)

    def offset(self, line: int, character: int, encoding: Encoding) -> int:
        """The offset of a position.

        A character past the end of its line means the end of the line, a line past the last one the end of the text;
        a position inside a code point means the start of that code point.
        """
        if line < 0 or line >= self.line_count:
            return 0 if line < 0 else len(self.text)
        start, end = self.line_start(line), self.line_end(line)
        if character <= 0:
            return start
        if encoding == "utf-8":
            return _boundary(self.text, min(start + character, end), start)
        if self._ascii or self.text[start:end].isascii():
            return min(start + character, end)
        return start + _bytes_of(self.text[start:end], character, encoding)

    def position(self, offset: int, encoding: Encoding) -> tuple[int, int]:
        """The (line, character) of `offset`, which is clamped to the text; inside a line end, the end of that line."""
        text = self.text
        offset = min(max(offset, 0), len(text))
        line = self.line_at(offset)
        start = self.line_start(line)
        if offset > start and text[offset - 1 : offset + 1] == b"\r\n":
            offset -= 1
        if self._ascii:
            return line, offset - start
        offset = _boundary(text, offset, start)
        prefix = text[start:offset]
        if encoding == "utf-8" or prefix.isascii():
            return line, offset - start
        characters = prefix.decode("utf-8", "surrogateescape")
        if encoding == "utf-32":
            return line, len(characters)
        return line, len(characters.encode("utf-16-le", "surrogatepass")) // 2

    def apply(self, edit: Edit) -> None:
        """Replace the edited bytes; raises ValueError for an edit outside the text."""
        start, end, new = edit
        if not 0 <= start <= end <= len(self.text):
            raise ValueError(f"edit {start}..{end} outside a text of {len(self.text)} bytes")
        self._open_at(start)
        # Whether a line starts at an offset depends on the bytes on both sides of it (CR LF is one line end), so the
        # starts at both edges of the edit are decided again.
        length = len(self.text)
        self._ascii = self._ascii and new.isascii()
        while self._tail and length - self._tail[-1] <= end:
            self._tail.pop()
        self.text = self.text[:start] + new + self.text[end:]
        if start == 0:
            self._head.append(0)
        self._head += _starts(self.text, max(start - 1, 0), max(start, 1), start + len(new))

    def _open_at(self, offset: int) -> None:
        """Move line starts between head and tail so that head holds exactly those before `offset`."""
        length = len(self.text)
        keep = bisect_left(self._head, offset)
        if keep < len(self._head):
            moved = self._head[keep:]
            moved.reverse()
            self._tail += [length - start for start in moved]
            del self._head[keep:]
        elif self._tail and length - self._tail[-1] < offset:
            keep = bisect_right(self._tail, length - offset)
            moved = self._tail[keep:]
            moved.reverse()
            self._head += [length - distance for distance in moved]
            del self._tail[keep:]


def _starts(text: bytes, begin: int, first: int, last: int) -> list[int]:
    """The line starts from `first` to `last` inclusive, reading from the line or line end that holds byte `begin`."""
    segment = text[begin : last + 1]
    if not (b"\n" in segment or b"\r" in segment):
        return []
    # bytes.splitlines, unlike str.splitlines, splits at the three line ends of the protocol only.
    pieces = segment.splitlines(keepends=True)
    if pieces[-1][-1:] not in (b"\n", b"\r"):
        pieces.pop()
    return [start for start in accumulate(map(len, pieces), initial=begin) if first <= start <= last]


def _boundary(text: bytes, offset: int, start: int) -> int:
    """`offset`, or the start of the code point it lies in, not before `start`."""
    while start < offset < len(text) and text[offset] & 0xC0 == 0x80:
        offset -= 1
    return offset


def _bytes_of(content: bytes, characters: int, encoding: Encoding) -> int:
    """How many bytes the first `characters` code units of `content` take."""
    decoded = content.decode("utf-8", "surrogateescape")
    if encoding == "utf-32":
        return len(decoded[:characters].encode("utf-8", "surrogateescape"))
    units = decoded.encode("utf-16-le", "surrogatepass")[: 2 * characters]
    if units and 0xD8 <= units[-1] <= 0xDB:
        units = units[:-2]
    return len(units.decode("utf-16-le", "surrogatepass").encode("utf-8", "surrogateescape"))


def replacement(old: bytes, new: bytes) -> Edit:
    """The one edit that turns `old` into `new`: all but their common beginning and end, cut between code points."""
    start = _agreement(old, new)
    while start and (_continues(old, start) or _continues(new, start)):
        start -= 1
    tail = _agreement(old[start:][::-1], new[start:][::-1])
    while tail and (_continues(old, len(old) - tail) or _continues(new, len(new) - tail)):
        tail -= 1
    return Edit(start, len(old) - tail, new[start : len(new) - tail])


def _agreement(a: bytes, b: bytes) -> int:
    """How many leading bytes `a` and `b` share."""
    low, high = 0, min(len(a), len(b))
    while low < high:
        middle = (low + high + 1) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _continues(text: bytes, offset: int) -> bool:
    return offset < len(text) and text[offset] & 0xC0 == 0x80
