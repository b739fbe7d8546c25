"""The adoption commit: commits before it are never judged.

It belongs into the policy file where the project has one (or wants one), for everybody to see; else it stays in this
clone's ledger.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from contextlib import suppress

from earmark.git import refs
from earmark.git.repository import Repository
from earmark.origin.ledger import Ledger, folder
from earmark.policy.model import FILE

KEY = "since"
_TABLE = re.compile(rb"^[ \t]*\[[ \t]*gate[ \t]*\][ \t]*(#[^\n]*)?\r?$", re.MULTILINE)


def in_policy(text: bytes | None, commit: str) -> bytes | None:
    """The policy file `text` with `[gate] since` set to `commit`; None when nothing is to be changed: it says so
    already, or it cannot be read and must be mended first."""
    before = text or b""
    try:
        gate = tomllib.loads(before.decode("utf-8-sig")).get("gate", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return None
    if not isinstance(gate, dict) or KEY in gate:
        return None
    eol = b"\r\n" if b"\r\n" in before else b"\n"
    line = b'%b = "%b"%b' % (KEY.encode(), commit.encode(), eol)
    found = _TABLE.search(before)
    if found:
        end = before.find(b"\n", found.end())
        at = end + 1 if end >= 0 else len(before)
        start = before[:at] if end >= 0 else before + eol
        return start + line + before[at:]
    if gate:
        return None
    gap = b"" if not before else eol if before.endswith(b"\n") else eol + eol
    return before + gap + b"[gate]" + eol + line


def without(text: bytes, commit: str) -> bytes:
    """The policy file without the line that `in_policy` wrote."""
    lines = text.splitlines(keepends=True)
    return b"".join(line for line in lines if line.rstrip() != b'%b = "%b"' % (KEY.encode(), commit.encode()))


def keep(repo: Repository, before: bytes | None, after: bytes) -> None:
    """Keep the policy file as it was, so that undoing gives it back byte for byte."""
    os.makedirs(folder(repo), exist_ok=True)
    kept = {"before": None if before is None else before.decode("latin-1"), "after": _hash(after)}
    with open(_kept(repo), "w", encoding="utf-8") as file:
        json.dump(kept, file)


def undone(repo: Repository, text: bytes, commit: str) -> bytes | None:
    """What the policy file becomes when adoption is undone: as it was if nobody touched it since, else only our line
    goes. None when there was no file."""
    try:
        with open(_kept(repo), encoding="utf-8") as file:
            kept = json.load(file)
    except (OSError, ValueError):
        return without(text, commit)
    if kept.get("after") != _hash(text):
        return without(text, commit)
    return None if kept.get("before") is None else str(kept["before"]).encode("latin-1")


def forget(repo: Repository) -> None:
    """Drop what `keep` kept."""
    with suppress(FileNotFoundError):
        os.unlink(_kept(repo))


def _kept(repo: Repository) -> str:
    return os.path.join(folder(repo), "adoption.json")


def _hash(text: bytes) -> str:
    import hashlib

    return hashlib.sha256(text).hexdigest()


def policy_path(repo: Repository) -> str:
    """Where the policy file is."""
    return os.path.join(repo.top, FILE)


def current(repo: Repository) -> str:
    """The commit that adoption starts after: HEAD, empty before the first commit (then all commits count)."""
    return refs.head(repo).commit


def remembered(ledger: Ledger) -> str:
    """The adoption commit this clone remembers, empty for none."""
    return ledger.meta(KEY)


def remember(ledger: Ledger, commit: str) -> None:
    """Remember `commit` in this clone."""
    ledger.set_meta(KEY, commit)
