"""What is asked of the other gates, and what they say."""

from __future__ import annotations

from typing import NamedTuple

MAX_BYTES = 512 * 1024


class File(NamedTuple):
    """A configuration file: `path` in the repository, `text` as committed."""

    path: str
    text: bytes


class Message(NamedTuple):
    """One message a gate will see: `commit` is empty for the one that Earmark would write for the staged change."""

    commit: str
    text: str


class Subject(NamedTuple):
    """The change a gate is to judge: `messages` oldest first, the `paths` it touches, whether it is an AI change that
    is declared (`ai`), the `labels` its request gets, and the logins and addresses behind it (`authors`, lower
    case)."""

    messages: tuple[Message, ...] = ()
    paths: tuple[str, ...] = ()
    ai: bool = False
    labels: tuple[str, ...] = ()
    authors: frozenset[str] = frozenset()


class Finding(NamedTuple):
    """What one gate will say. `verdict` is "refuses", "asks", "passes" or "unread"; `line` is 1-based, 0 for the whole
    file."""

    gate: str
    path: str
    line: int
    verdict: str
    message: str
    fix: str = ""


class Unreadable(ValueError):
    """A file that holds something else than its gate reads; the message says what."""
