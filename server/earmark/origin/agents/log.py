"""The log of what a hook could not record: one line a problem, in the repository or, without one, at user level.

Bounded: past `LIMIT` bytes the file becomes `record.log.1`, and the one before it is dropped.
"""

from __future__ import annotations

import os
import time

LIMIT = 256 * 1024


def path(common_dir: str) -> str:
    """The log of the repository with this git common directory; the user's own log when `common_dir` is empty."""
    if common_dir:
        return os.path.join(common_dir, "earmark", "log", "record.log")
    home = os.environ.get("XDG_STATE_HOME", "")
    if not os.path.isabs(home):
        home = os.path.join(os.path.expanduser("~"), ".local", "state")
    return os.path.join(home, "earmark", "record.log")


def append(common_dir: str, line: str) -> None:
    """Add one line, dated. A log that cannot be written is given up silently: there is nowhere left to say so."""
    file = path(common_dir)
    try:
        os.makedirs(os.path.dirname(file), mode=0o700, exist_ok=True)
        if os.path.exists(file) and os.path.getsize(file) > LIMIT:
            os.replace(file, file + ".1")
        handle = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
        with os.fdopen(handle, "a", encoding="utf-8", errors="backslashreplace") as stream:
            stream.write(f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {line}\n")
    except OSError:
        return


def last(common_dir: str, count: int = 1) -> list[str]:
    """The newest lines, oldest first; none when there is no log."""
    try:
        with open(path(common_dir), "rb") as stream:
            stream.seek(max(os.path.getsize(path(common_dir)) - 8192, 0))
            return stream.read().decode("utf-8", "replace").splitlines()[-count:]
    except OSError:
        return []
