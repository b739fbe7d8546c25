"""Foreign text on its way to a client: harmless in Markdown, in a label, in a message box."""

from __future__ import annotations

from datetime import UTC, datetime

from earmark.review.markdown import code, visible

# What formats, links or embeds inside a line of Markdown; the rest does so only at its beginning, which is ours.
_ACTIVE = frozenset("\\`*_[]<>!&~|")


def plain(text: str, limit: int = 300) -> str:
    """One line of plain text: control and bidirectional characters made visible, the rest kept, cut at `limit`."""
    line = visible(" ".join(text.split()))
    return line if len(line) <= limit else line[: limit - 1] + "…"


def prose(text: str, *, markdown: bool) -> str:
    """A foreign sentence within a line of a hover: no character of it formats, links or embeds anything."""
    line = plain(text)
    if not markdown:
        return line
    return "".join("\\" + c if c in _ACTIVE else c for c in line).replace("://", ":\\//").replace("www.", "www\\.")


def name(text: str, *, markdown: bool) -> str:
    """A foreign name within a line of a hover: a rule, a session, a person."""
    return code(text) if markdown else plain(text)


def when(order: int) -> str:
    """The time of an order (microseconds since the epoch) in UTC, empty for one that is none."""
    if order < 1_000_000_000_000:
        return ""
    try:
        return datetime.fromtimestamp(order / 1e6, UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (OverflowError, ValueError, OSError):
        return ""
