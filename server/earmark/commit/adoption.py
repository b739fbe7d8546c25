"""The adoption commit: commits before it are never judged.

It belongs into the policy file where the project has one (or wants one), for everybody to see; else it stays in this
clone's ledger.
"""

from __future__ import annotations

import os
import re
import tomllib

from earmark.git import refs
from earmark.git.repository import Repository
from earmark.origin.ledger import Ledger
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
    """The policy file without the line (and the table) that `in_policy` wrote."""
    for eol in (b"\r\n", b"\n"):
        line = b'%b = "%b"%b' % (KEY.encode(), commit.encode(), eol)
        if line not in text:
            continue
        if text.endswith(b"[gate]" + eol + line):
            kept = text.removesuffix(b"[gate]" + eol + line)
            return kept.removesuffix(eol) if kept else kept
        return text.replace(line, b"", 1)
    return text


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
