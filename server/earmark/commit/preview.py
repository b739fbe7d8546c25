"""The preview in the editor: commented lines that show the block, and the one line that stands for "yes".

All of them begin with the comment character and ` earmark:`, so that they can be told from git's own comments.
"""

from __future__ import annotations

from earmark.git.config import Config
from earmark.text.diff import split_lines

_CUT = b" ------------------------ >8 ------------------------"
_CANDIDATES = b"#;@!$%^&|:"
_WORD = b" earmark:"


def comment_char(settings: Config, message: bytes) -> str:
    """The string that begins a comment in this message.

    With `core.commentChar=auto` git has chosen one already: it stands in the comments git wrote at the end.
    """
    found = settings.get("core.commentstring") or settings.get("core.commentchar") or "#"
    return _chosen(message) if found == "auto" else found


def insert(message: bytes, block: str, summary: str, comment: str, *, below_cut: bool) -> bytes:
    """`message` with the preview of `block` before git's own comments; with `below_cut` (clean-up "scissors", which
    keeps comments) below the line under which git drops everything."""
    mark = comment.encode()
    lines = split_lines(remove(message, comment))
    shown = [f"{summary}; these trailers will be added:", "", *(f"  {line}" for line in block.splitlines()), ""]
    shown += ["delete the last of these lines to leave them out (your decision is recorded)", "declare"]
    preview = [b"%b%b %b\n" % (mark, _WORD, line.encode()) for line in shown if line]
    at = _below_cut(lines, mark) if below_cut else _comments(lines, mark)
    if at and not lines[at - 1].endswith(b"\n"):
        lines[at - 1] += b"\n"
    return b"".join([*lines[:at], *preview, *lines[at:]])


def agreed(message: bytes, comment: str) -> bool:
    """Whether the control line still stands."""
    return any(line.strip() == comment.encode() + _WORD + b" declare" for line in message.split(b"\n"))


def shown(message: bytes, comment: str) -> str:
    """The block that the preview in `message` shows, empty where there is none."""
    start = comment.encode() + _WORD + b"   "
    lines = (line[len(start) :].rstrip() for line in message.split(b"\n") if line.startswith(start))
    return "".join(f"{line.decode('utf-8', 'replace')}\n" for line in lines)


def remove(message: bytes, comment: str) -> bytes:
    """`message` without any line of a preview."""
    start = comment.encode() + _WORD
    if start not in message:
        return message
    return b"".join(line for line in split_lines(message) if not line.startswith(start))


def has_cut(message: bytes, comment: str) -> bool:
    """Whether git put its scissors line into the message."""
    return any(is_cut(line, comment) for line in message.split(b"\n"))


def is_cut(line: bytes, comment: str) -> bool:
    """Whether this is git's scissors line."""
    return line.rstrip() == comment.encode() + _CUT


def _comments(lines: list[bytes], mark: bytes) -> int:
    """Index of the first line of the comments (and blank lines) that end the part git keeps."""
    end = next((i for i, line in enumerate(lines) if line.rstrip() == mark + _CUT), len(lines))
    at = end
    while at and (lines[at - 1].startswith(mark) or not lines[at - 1].strip()):
        at -= 1
    # The first line stays free for the subject, as git leaves it.
    while at < end and not lines[at].strip():
        at += 1
    return at


def _below_cut(lines: list[bytes], mark: bytes) -> int:
    at = next((i for i, line in enumerate(lines) if line.rstrip() == mark + _CUT), len(lines) - 1) + 1
    while at < len(lines) and lines[at].startswith(mark):
        at += 1
    return at


def _chosen(message: bytes) -> str:
    lines = message.split(b"\n")
    for line in lines:
        if line.endswith(_CUT) and len(line) == len(_CUT) + 1:
            return chr(line[0])
    last = next((line for line in reversed(lines) if line.strip()), b"")
    return chr(last[0]) if last[:1] and last[0] in _CANDIDATES else "#"
