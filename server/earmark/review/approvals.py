"""Signed approvals: what is signed, where it is kept, and reading them back verified.

One statement covers every subject a reviewer saw; it is JSON in one spelling (sorted keys, no spaces, ASCII), so that
what is verified is byte for byte what was signed. Statements are kept in notes of `refs/notes/earmark-approvals`, on
the commit that was reviewed; a rebase leaves them there: they are found by what they cover, not by the commit's id.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from earmark.git import notes as git_notes
from earmark.git.notes import NotesMoved
from earmark.git.objects import Objects
from earmark.git.repository import Repository
from earmark.origin.model import LineRange
from earmark.policy.approval import Approval, Scope, Subject
from earmark.review.signing import sign, verify

REF: Final = "refs/notes/earmark-approvals"
VERSION: Final = 1
MOST: Final = 2_000  # signed statements that are verified
_FIELDS: Final = ("repository", "ref", "rule_set", "commit", "time", "expires", "subjects")


class Statement(NamedTuple):
    """What a reviewer signs. `commit` is the head they saw, for people; it covers nothing by itself."""

    scope: Scope
    commit: str
    time: int
    expires: int
    subjects: tuple[Subject, ...]


def statement_bytes(statement: Statement) -> bytes:
    """The bytes that are signed."""
    body = {
        "v": VERSION,
        "repository": statement.scope.repository,
        "ref": statement.scope.ref,
        "rule_set": statement.scope.rule_set,
        "commit": statement.commit,
        "time": statement.time,
        "expires": statement.expires,
        "subjects": [_plain(subject) for subject in statement.subjects],
    }
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")


def _plain(subject: Subject) -> dict[str, Any]:
    lines = [subject.lines.start, subject.lines.end]
    return {
        "path": subject.path, "region": subject.region, "context": subject.context, "removals": subject.removals,
        "lines": lines,
    }  # fmt: skip


def read_statement(raw: bytes) -> Statement | None:
    """The statement, or None for bytes that are none, or not in the one spelling."""
    try:
        data = json.loads(raw)
        scope = Scope(str(data["repository"]), str(data["ref"]), str(data["rule_set"]))
        subjects = tuple(
            Subject(s["path"], s["region"], s["context"], s["removals"], LineRange(*s["lines"]))
            for s in data["subjects"]
        )
        statement = Statement(scope, str(data["commit"]), data["time"], data["expires"], subjects)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    numbers = (statement.time, statement.expires)
    if not all(type(n) is int and 0 <= n < 1 << 40 for n in numbers):
        return None
    try:
        return statement if statement_bytes(statement) == raw else None
    except (TypeError, ValueError):
        return None


def signed_line(statement: Statement, key: str, *, top: str = "") -> bytes:
    """The statement and its signature as one line of a note. Raises `SigningError`."""
    raw = statement_bytes(statement)
    return (
        json.dumps({"statement": raw.decode(), "signature": sign(raw, key, top=top)}, sort_keys=True).encode() + b"\n"
    )


def keep(repo: Repository, commit: str, line: bytes) -> None:
    """Add a signed line to the note of `commit`; a note that moved meanwhile is read again. Raises `GitError`."""
    for attempt in range(5):
        tip = git_notes.tip(repo, REF)
        present = git_notes.read(repo, REF, [commit]).get(commit, b"")
        if line in present.splitlines(keepends=True):
            return
        try:
            git_notes.write(repo, REF, {commit: present + line}, tip)
        except NotesMoved:
            if attempt == 4:
                raise
        else:
            return


def signed(repo: Repository, objects: Objects, allowed_signers: bytes, *, top: str = "") -> tuple[Approval, ...]:
    """Every verified approval of this repository, whatever it covers; `allowed_signers` come from the target."""
    if not allowed_signers.strip():
        return ()
    lines: list[bytes] = []
    for raw in git_notes.read(repo, REF, sorted(git_notes.listed(repo, REF)), objects=objects).values():
        lines += raw.splitlines()
    return verified(lines[:MOST], allowed_signers, top)


def verified(lines: Sequence[bytes], allowed_signers: bytes, top: str = "") -> tuple[Approval, ...]:
    """The approvals of signed lines (as `signed_line` makes them); what is malformed, forged or signed by nobody whom
    `allowed_signers` names is left out."""
    return tuple(_verified(lines, allowed_signers, top))


def _verified(lines: Sequence[bytes], allowed_signers: bytes, top: str) -> Iterable[Approval]:
    for line in dict.fromkeys(lines):
        try:
            data = json.loads(line)
            raw, signature = data["statement"].encode(), data["signature"]
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            continue
        statement = read_statement(raw)
        if statement is None or not isinstance(signature, str):
            continue
        who = verify(raw, signature, allowed_signers, statement.time, top=top)
        if who is None:
            continue
        for subject in statement.subjects:
            yield Approval("signature", who.principal, subject, statement.scope, statement.time, statement.expires)
