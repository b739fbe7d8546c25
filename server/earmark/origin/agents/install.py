"""Writing and removing the hooks of assistants.

Invariants
- `plan` only reads; `apply` writes exactly what was planned, and nothing if a file changed in between.
- Merged with what stands there, never twice, and undone without a trace: what is not ours stays byte for byte.
- A hook names its interpreter by absolute path, keeps the current folder off the module path (`-P`: it runs inside
  repositories), and ends well when that interpreter is gone. A hook in a project is shared, so it goes through a
  launcher in the user's own data folder; a colleague without one is not disturbed.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from earmark.origin.agents import codex_toml, entries
from earmark.origin.agents.files import FileChange, InstallError, read, remember, within, write
from earmark.origin.agents.jsonc import NotJson
from earmark.origin.agents.places import ALIASES, PLACES, Place

_MARK = "Written by `earmark init --agents {agent}`; `earmark init --agents {agent} --undo` removes it."


class _Place(NamedTuple):
    """What planning needs to know: where we write, for whom, with which interpreter."""

    project: bool
    undo: bool
    top: str
    environ: Mapping[str, str]
    python: str


def plan(
    agents: Sequence[str],
    project: bool,
    undo: bool,
    *,
    top: str = "",
    environ: Mapping[str, str] | None = None,
    python: str = "",
) -> list[FileChange]:
    """What to write (or, with `undo`, to take back) for `agents`: names of `PLACES`, "vscode", or "auto" for those
    found on this machine. `project` writes below `top`, a worktree's top, instead of the user's own configuration.

    Raises InstallError for an unknown agent, or for a project without `top`.
    """
    environ = os.environ if environ is None else environ
    if project and not top:
        raise InstallError("hooks of a project need a repository: run this inside one, or leave out --project")
    place = _Place(project, undo, os.path.realpath(top) if top else "", environ, python or sys.executable)
    changes = [change for agent in chosen(agents, environ) for change in _planned(PLACES[agent], place)]
    if project and not undo and any(change.after != change.before for change in changes):
        changes.insert(0, _launcher(place))
    return [change for change in changes if change.problem or change.before != change.after]


def chosen(agents: Sequence[str], environ: Mapping[str, str]) -> list[str]:
    """The agents that a list of names stands for, each once."""
    names: dict[str, None] = {}
    for name in agents:
        if name == "auto":
            names |= dict.fromkeys(agent for agent, place in PLACES.items() if present(place, environ))
        elif ALIASES.get(name, name) in PLACES:
            names[ALIASES.get(name, name)] = None
        else:
            known = ", ".join([*PLACES, *ALIASES])
            raise InstallError(f"no agent {name[:40]!r}; known are auto, {known}")
    return list(names)


def present(place: Place, environ: Mapping[str, str]) -> bool:
    """Whether the agent is on this machine: its program is on PATH, or its folder is in the user's home."""
    return bool(shutil.which(place.program, path=environ.get("PATH"))) or os.path.isdir(place.user_folder(environ))


def apply(changes: Sequence[FileChange], environ: Mapping[str, str] | None = None) -> None:
    """Write planned changes, each file in one step. Raises InstallError, before the first write when a file is not
    as planned any more."""
    environ = os.environ if environ is None else environ
    todo = [change for change in changes if not change.problem and change.before != change.after]
    for change in todo:
        if read(change.path) != change.before:
            raise InstallError(f"{change.path} changed meanwhile; nothing was written, start again")
    for change in todo:
        try:
            write(change)
        except OSError as error:
            raise InstallError(f"{change.path} cannot be written ({error.strerror})") from error
    remember(todo, environ)


def command(agent: str, project: bool, python: str) -> str:
    """The shell command that records one payload of `agent`."""
    if os.name == "nt":
        return f'"{python}" -P -m earmark record --agent {agent}'
    if project:
        return f'run="{_RUN}"; test -x "$run" && "$run" record --agent {agent} || :'
    program = shlex.quote(python)
    return f"test -x {program} && {program} -P -m earmark record --agent {agent} || :"


_RUN = "${XDG_DATA_HOME:-$HOME/.local/share}/earmark/run"


def launcher(environ: Mapping[str, str]) -> str:
    """The path of the launcher that hooks of a project look for."""
    data = environ.get("XDG_DATA_HOME", "")
    if not os.path.isabs(data):
        data = os.path.join(environ.get("HOME") or os.path.expanduser("~"), ".local", "share")
    return os.path.join(data, "earmark", "run")


def _launcher(place: _Place) -> FileChange:
    program = shlex.quote(place.python)
    text = f'#!/bin/sh\n# Written by `earmark init`.\ntest -x {program} || exit 0\nexec {program} -P -m earmark "$@"\n'
    path = launcher(place.environ)
    return FileChange(path, read(path), text.encode(), executable=True, holds_hook=False)


def _planned(place: Place, where: _Place) -> list[FileChange]:
    changes = []
    for path in place.files(where.project, where.top, where.environ):
        try:
            before = read(within(path, where.top) if where.project else path)
            after = _after(place, where, path, before)
        except (InstallError, NotJson, codex_toml.NotToml, UnicodeDecodeError) as error:
            said = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
            changes.append(FileChange(path, None, None, place.agent, problem=f"{path}: {said}"))
            continue
        then = "" if where.undo else place.then
        executable = place.shape == "script"
        changes.append(FileChange(path, before, after, place.agent, executable, not where.undo, then=then))
    if place.agent == "codex":
        return codex_toml.redirected(changes[0], where.undo, place, command("codex", where.project, where.python))
    return changes


def _after(place: Place, where: _Place, path: str, before: bytes | None) -> bytes | None:
    line = command(place.agent, where.project, where.python)
    if place.shape in ("groups", "flat"):
        text = "" if before is None else before.decode("utf-8")
        if where.undo:
            left = entries.without(text, place) if before is not None else None
            return None if left is None else left.encode()
        return entries.merged(text, place, line).encode()
    ours = before is not None and entries.is_our_file(before.decode("utf-8"))
    if before is not None and not ours:
        if where.undo:
            return before
        raise InstallError(f"another hook stands there; add this line to it yourself: {line}")
    return None if where.undo else _own_file(place, where, os.path.basename(path), line).encode()


def _own_file(place: Place, where: _Place, event: str, line: str) -> str:
    mark = _MARK.format(agent=place.agent)
    if place.shape == "script":
        return f"#!/bin/sh\n# {mark}\n{line}\necho '{{\"cancel\": false}}'\n"
    if place.shape == "kiro":
        return entries.kiro(place, line)
    from importlib.resources import files

    template = (files("earmark.origin.agents") / "opencode_plugin.js").read_text(encoding="utf-8")
    argv = json.dumps([where.python, "-P", "-m", "earmark", "record", "--agent", place.agent])
    return template.replace("__MARK__", mark).replace("__COMMAND__", "null" if where.project else argv)
