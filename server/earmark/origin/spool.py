"""Events that met a busy ledger: one file each, with the contents they saw, until the next writer drains them.

A drained event is written once: its file's name is remembered in the transaction that writes it, and the file goes
after that. Whoever is killed in between, or drains beside another, changes nothing.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import time
from collections.abc import Iterator
from typing import NamedTuple

from earmark.git.repository import Repository
from earmark.origin.evidence import Event, FileEvent, Replacement
from earmark.origin.ledger import folder
from earmark.origin.model import Session
from earmark.origin.seen import Seen


class Spooled(NamedTuple):
    """One drained event; `file` is removed by `done` once it is written."""

    file: str
    event: Event
    seen: list[Seen]
    at: int


def put(repo: Repository, event: Event, seen: list[Seen], at: int = 0) -> None:
    """Keep the event, which arrived at the order `at` (0: now): written to a temporary name first, so that a reader
    never sees half a file. Raises `OSError` when it cannot be kept."""
    place = os.path.join(folder(repo), "spool")
    os.makedirs(place, exist_ok=True)
    at = at or time.time_ns() // 1000
    name = os.path.join(place, f"{at:020}-{os.getpid()}-{os.urandom(3).hex()}")
    record = {
        "at": at,
        "worktree": repo.top,
        "event": event._replace(files=()),
        "files": [[s.path, s.event, base64.b64encode(s.disk).decode()] for s in seen],
    }
    try:
        with open(name + ".new", "w", encoding="utf-8", errors="surrogatepass") as handle:
            json.dump(record, handle)
        os.replace(name + ".new", name + ".json")
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(name + ".new")
        raise


def drain(repo: Repository) -> Iterator[Spooled]:
    """The kept events of this worktree, oldest first. A file that cannot be read is set aside as `.bad`."""
    place = os.path.join(folder(repo), "spool")
    try:
        names = sorted(name for name in os.listdir(place) if name.endswith(".json"))
    except OSError:
        return
    for name in names:
        path = os.path.join(place, name)
        try:
            with open(path, encoding="utf-8", errors="surrogatepass") as handle:
                record = json.load(handle)
            spooled = _read(path, record)
        except FileNotFoundError:
            continue
        except (ValueError, TypeError, KeyError, IndexError):
            set_aside(path)
            continue
        if record["worktree"] == repo.top:
            yield spooled


def set_aside(path: str) -> None:
    """Keep a file that cannot be drained, out of the way; `doctor` shows it."""
    with contextlib.suppress(FileNotFoundError):
        os.replace(path, path + ".bad")


def done(spooled: Spooled) -> None:
    """Forget a drained event."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(spooled.file)


def _read(path: str, record: dict[str, object]) -> Spooled:
    raw_event, raw_files = record["event"], record["files"]
    assert isinstance(raw_event, list) and isinstance(raw_files, list)
    phase, cwd, session, _, key, command, roots = raw_event
    seen: list[Seen] = []
    for where, file, disk in raw_files:
        if not isinstance(where, str):
            raise TypeError(where)
        replacements = tuple(Replacement(*item) for item in file[3])
        seen.append(Seen(where, FileEvent(file[0], file[1], file[2], replacements, file[4]), base64.b64decode(disk)))
    event = Event(phase, cwd, Session(*session) if session else None, (), key, command, tuple(roots))
    at = record["at"]
    assert isinstance(at, int)
    return Spooled(path, event, seen, at)
