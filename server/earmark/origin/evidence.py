"""What an agent's hook event says, as plain data that the recorder applies.

One module an agent in `agents/` turns a payload into these; nothing here reads a file.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from earmark.origin.model import Session


class Replacement(NamedTuple):
    """One exact text replacement an agent reports. `line` is the 1-based line of `new` in the text after the edit
    when the payload says so, else 0; `every` is true when all occurrences of `old` were replaced."""

    old: str
    new: str
    every: bool = False
    line: int = 0


class FileEvent(NamedTuple):
    """One file of one event.

    `before` and `after` are whole contents when the payload carries them. `replacements` are applied in order.
    `shell` marks a file that a command may have written: it is credited only under the rule of DESIGN §4.7.
    """

    path: str
    before: str | None = None
    after: str | None = None
    replacements: tuple[Replacement, ...] = ()
    deleted: bool = False


class Event(NamedTuple):
    """One hook event.

    `phase` "before" closes what was on disk before the agent writes (text changed since the last snapshot is not the
    agent's); "after" is evidence of the agent's write; "human" is a positive observation of a person's edit
    (git-ai's `known-human`). `cwd` is where the agent ran, absolute. `key` identifies the tool call, so that one edit
    reported by two hook systems counts once; empty when the payload has none. `command` is set for shell tools.
    """

    phase: Literal["before", "after", "human"]
    cwd: str
    session: Session | None
    files: tuple[FileEvent, ...]
    key: str = ""
    command: str = ""
    roots: tuple[str, ...] = ()


class PayloadError(ValueError):
    """The payload is not one the agent's hook can have sent; the message says what is missing or malformed."""
