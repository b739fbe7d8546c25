"""The file behind a buffer: what tells a reload from typing."""

from __future__ import annotations

import os
import stat


class OnDisk:
    """Watches one file. A person's typing is on disk after the buffer has it, a reload before: a change of the buffer
    that leads to exactly what others have written to the file was not typed."""

    __slots__ = ("_path", "_seen")

    def __init__(self, path: str) -> None:
        self._path = path
        self._seen = self._status()

    def saved(self) -> None:
        """The editor has just written the file."""
        self._seen = self._status()

    def brought(self, text: bytes) -> bool:
        """Whether the file was written by others since it was last looked at, and now is `text`; a `stat` when not."""
        now = self._status()
        if now == self._seen or now[1] != len(text):
            return False
        try:
            with open(self._path, "rb") as file:
                same = file.read(len(text) + 1) == text
        except OSError:
            return False
        if same:
            self._seen = now
        return same

    def _status(self) -> tuple[int, int]:
        """(mtime in ns, size in bytes); zeros where there is no regular file."""
        try:
            status = os.stat(self._path)
        except OSError:
            return 0, 0
        return (status.st_mtime_ns, status.st_size) if stat.S_ISREG(status.st_mode) else (0, 0)
