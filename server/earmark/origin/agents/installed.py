"""Which hooks of assistants are in place, and what is wrong with the others."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from earmark.origin.agents import entries
from earmark.origin.agents.files import InstallError, read, remembered
from earmark.origin.agents.install import launcher, plan, present
from earmark.origin.agents.places import PLACES, Place

State = Literal["installed", "missing", "vanished", "incomplete", "dead", "unreadable"]


class Hook(NamedTuple):
    """The hook of one agent, for the user or (with `project`) for one worktree.

    "missing": the agent is on this machine, its hook is not. "vanished": we wrote it, and it is gone. "incomplete": an
    event is not covered, or the entry is not the one this version writes. "dead": it names an interpreter or launcher
    that does not exist. "unreadable": the settings cannot be read; `detail` says why. Agents that are not on this
    machine and have no hook are left out.
    """

    agent: str
    project: bool
    path: str
    state: State
    detail: str = ""


def hooks(top: str, environ: Mapping[str, str], python: str = "") -> list[Hook]:
    """The hooks of the user, and of the worktree at `top` when there is one."""
    ours = {path for _, path in remembered(environ)}
    found = [hook for place in PLACES.values() for hook in _of(place, False, "", environ, python, ours)]
    if top:
        found += [hook for place in PLACES.values() for hook in _of(place, True, top, environ, python, ours)]
    return found


def _of(
    place: Place, project: bool, top: str, environ: Mapping[str, str], python: str, ours: set[str]
) -> Iterator[Hook]:
    path = place.files(project, top, environ)[0]
    changes = plan([place.agent], project, False, top=top, environ=environ, python=python)
    problem = next((change.problem for change in changes if change.problem), "")
    commands = _commands(place, project, top, environ)
    expected = any(file in ours for file in place.files(project, top, environ))
    if problem and not commands:
        if expected or (not project and present(place, environ)):
            yield Hook(place.agent, project, path, "unreadable", problem)
    elif not commands:
        if expected:
            yield Hook(place.agent, project, path, "vanished", f"no hook of ours in {path} any more")
        elif not project and present(place, environ):
            yield Hook(place.agent, project, path, "missing")
    elif missing := next((part for command in commands if (part := _gone(command, environ))), ""):
        yield Hook(place.agent, project, path, "dead", f"{missing} does not exist")
    elif any(change.agent for change in changes):
        yield Hook(place.agent, project, path, "incomplete", "not every event is covered as this version would")
    else:
        yield Hook(place.agent, project, path, "installed")


def _commands(place: Place, project: bool, top: str, environ: Mapping[str, str]) -> list[str]:
    """The commands of ours in the agent's files."""
    paths = list(place.files(project, top, environ))
    if place.agent == "codex":
        paths.append(os.path.join(os.path.dirname(paths[0]), "config.toml"))
    commands: list[str] = []
    for path in paths:
        try:
            text = (read(path) or b"").decode("utf-8", "replace")
        except InstallError:
            continue
        commands += entries.commands(text)
    return commands


def _gone(command: str, environ: Mapping[str, str]) -> str:
    """The program that a command of ours needs and that is not there; empty when all is well."""
    if "/earmark/run" in command:
        program = launcher(environ)
    else:
        words = shlex.split(command, posix=os.name != "nt")
        program = (words[2] if words[:2] == ["test", "-x"] else words[0]).strip('"')
    return "" if os.access(program, os.X_OK) else program
