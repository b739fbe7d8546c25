"""From a tool call to an `Event`: the part that all agents share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from earmark.origin.agents import payload
from earmark.origin.evidence import Event, FileEvent, PayloadError
from earmark.origin.model import Session


class Call(NamedTuple):
    """One hook call of one agent. `id` is the agent's own id of the tool call, empty when the payload has none;
    `cwd` is absolute or empty; `roots` are the folders open in the agent's editor."""

    phase: Literal["before", "after"]
    session: Session
    cwd: str
    id: str = ""
    roots: tuple[str, ...] = ()

    def edited(self, files: Iterable[FileEvent]) -> Event:
        """The call writes `files`. Before it does, their paths count, and the text an editor has not saved."""
        named = tuple(files)
        if not named:
            raise PayloadError("the payload names no file")
        if self.phase == "before":
            named = tuple(FileEvent(file.path, file.before) for file in named)
        return self._event(named, "")

    def ran(self, command: str) -> Event:
        """The call runs `command`. The files it changes are not in the payload."""
        return self._event((), command or "(unknown command)")

    def _event(self, files: tuple[FileEvent, ...], command: str) -> Event:
        key = f"{self.session.tool}:{self.session.conversation}:{self.id}" if self.id else ""
        return Event(self.phase, self.cwd, self.session, files, key, command, self.roots)


def session(tool: str, conversation: str, model: str = "", transcript: str = "") -> Session:
    """The session of `conversation` with `tool`; `model` as the agent spells it, empty when it does not say."""
    return Session(payload.slug(tool), payload.conversation(conversation), payload.slug(model), transcript=transcript)


def command_line(tool_input: dict[str, object], *names: str) -> str:
    """The command of a shell tool: a text, or the words of an argument vector."""
    return " ".join(payload.texts(tool_input, *(names or ("command", "cmd", "command_line", "input"))))
