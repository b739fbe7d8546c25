"""Files as an event finds them on disk and in commits: read once, and only what is safe to read."""

from __future__ import annotations

import os
import stat
from typing import NamedTuple

from earmark.git.objects import Objects, ObjectTooLarge
from earmark.git.repository import Repository, relative
from earmark.origin.evidence import Event, FileEvent

LARGEST = 3 * 1024 * 1024


class Refused(ValueError):
    """A file of an event that is not recorded; the message says which and why."""


class Seen(NamedTuple):
    """A file as it was when its event arrived: `disk` is its content, empty when it does not exist."""

    path: str
    event: FileEvent
    disk: bytes


def observe(repo: Repository, event: Event) -> tuple[list[Seen], list[str]]:
    """The event's files as they are on disk, and why others are left out."""
    seen: list[Seen] = []
    refused: list[str] = []
    for file in event.files:
        absolute = os.path.join(event.cwd, file.path)
        path = relative(repo, absolute)
        if path is None:
            refused.append(f"{file.path}: outside the worktree {repo.top}")
            continue
        try:
            seen.append(Seen(path, file, read_file(os.path.join(repo.top, path))))
        except Refused as error:
            refused.append(f"{file.path}: {error}")
    return seen, refused


def read_file(path: str) -> bytes:
    """The bytes of a regular text file of at most 3 MiB; empty when there is none. Raises `Refused` otherwise."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise Refused(f"cannot be read ({error.strerror})") from error
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise Refused("not a regular file")
    with open(descriptor, "rb") as handle:
        if status.st_size > LARGEST:
            raise Refused(f"{status.st_size} bytes, more than the {LARGEST} that are tracked")
        data = handle.read(LARGEST + 1)
    if b"\0" in data[:8000]:
        raise Refused("binary")
    return data


def committed_text(objects: Objects, commit: str, path: str) -> bytes | None:
    """The content of `path` in `commit`; None when it has no such text file.

    Raises `GitError` when git cannot say: taken for "no such file", all of the file would look newly written.
    """
    try:
        found = objects.get(f"{commit}:{path}")
    except ObjectTooLarge:
        return None
    if found is None or found.kind != "blob" or len(found.data) > LARGEST or b"\0" in found.data[:8000]:
        return None
    return found.data
