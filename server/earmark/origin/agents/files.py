"""Files of other programs' settings: read with care, replaced in one step, and remembered once they hold a hook."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping, Sequence
from typing import NamedTuple

_LARGEST = 4 * 1024 * 1024


class InstallError(Exception):
    """Hooks cannot be planned or written; the message says why and what to do."""


class FileChange(NamedTuple):
    """One file `before` and `after`; None where it is absent. With a `problem` nothing is to be done, and the message
    says what stands in the way. `holds_hook` says whether a hook of ours stands in `after`; `then` is what remains for
    the user to do."""

    path: str
    before: bytes | None
    after: bytes | None
    agent: str = ""
    executable: bool = False
    holds_hook: bool = True
    problem: str = ""
    then: str = ""


def read(path: str) -> bytes | None:
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode) or status.st_size > _LARGEST:
            raise InstallError(f"{path} is not a file that could hold settings")
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InstallError(f"{path} cannot be read ({error.strerror})") from error


def within(path: str, top: str) -> str:
    """`path`; raises InstallError where its links lead out of the worktree at `top`."""
    real = os.path.realpath(path)
    if not real.startswith(os.path.realpath(top) + os.sep):
        raise InstallError(f"it leads out of the repository, to {real}")
    return path


def write(change: FileChange) -> None:
    """A link (of a dotfile manager) stays a link: the file it points to is replaced."""
    import tempfile

    path = os.path.realpath(change.path)
    if change.after is None:
        os.unlink(path)
        return
    os.makedirs(os.path.dirname(path), exist_ok=True)
    mode = stat.S_IMODE(os.stat(path).st_mode) if os.path.exists(path) else 0o644
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".earmark-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(change.after)
        os.chmod(temporary, mode | 0o111 if change.executable else mode)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def memory(environ: Mapping[str, str]) -> str:
    """The list of hook files we wrote, so that one that vanishes is noticed."""
    config = environ.get("XDG_CONFIG_HOME", "")
    if not os.path.isabs(config):
        config = os.path.join(environ.get("HOME") or os.path.expanduser("~"), ".config")
    return os.path.join(config, "earmark", "hooks.json")


def remembered(environ: Mapping[str, str]) -> list[tuple[str, str]]:
    """(agent, path) of every hook file written and not taken back since."""
    try:
        with open(memory(environ), "rb") as file:
            rows = json.load(file)
    except (OSError, ValueError):
        return []
    return (
        [(str(r[0]), str(r[1])) for r in rows if isinstance(r, list) and len(r) == 2] if isinstance(rows, list) else []
    )


def remember(changes: Sequence[FileChange], environ: Mapping[str, str]) -> None:
    rows = dict.fromkeys(remembered(environ))
    for change in changes:
        row = (change.agent, change.path)
        if change.agent and change.holds_hook:
            rows[row] = None
        else:
            rows.pop(row, None)
    text = json.dumps(list(rows), indent=1).encode()
    if read(memory(environ)) != text:
        write(FileChange(memory(environ), None, text))
