"""Who wrote each line of a file: one `git blame` pass, one batch of notes, and the ledger for what is not committed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

from earmark.git import notes as git_notes
from earmark.git import refs
from earmark.git.history import resolve
from earmark.git.objects import Objects
from earmark.git.repository import Repository
from earmark.git.run import run
from earmark.origin import lookup, notes
from earmark.origin.ledger import Ledger
from earmark.origin.model import Kind, Session, Snapshot
from earmark.origin.regions import Owner, from_lines, line_owners, runs
from earmark.origin.seen import Refused, committed_text, read_file
from earmark.origin.state import parsed
from earmark.text.diff import diff_lines, split_lines


class BlameRange(NamedTuple):
    """Lines `start` to `end` (1-based, inclusive). `commit` is empty for lines that are not committed; `tool`, `model`
    and `session` are empty unless `kind` is "ai"."""

    start: int
    end: int
    kind: Kind
    tool: str
    model: str
    session: str
    commit: str


class BlameError(ValueError):
    """There is nothing to blame; the message says what is missing."""


class _Line(NamedTuple):
    commit: str
    path: str
    number: int


def blame(repo: Repository, ledger: Ledger, path: str, rev: str | None = None) -> tuple[BlameRange, ...]:
    """Every line of `path` (relative to the top) at `rev`, or on disk when `rev` is None, covered once."""
    commit = refs.head(repo).commit or None if rev in (None, "HEAD") else resolve(repo, rev or "")
    if rev is not None and commit is None:
        raise BlameError(f"no revision {rev!r}")
    committed = _blame(repo, commit, path) if commit else []
    with Objects(repo) as objects:
        base = objects.blob(f"{commit}:{path}") if commit else b""
        if rev is not None:
            if commit is not None and objects.info(f"{commit}:{path}") is None:
                raise BlameError(f"{path} does not exist at {rev}")
            return _joined(_ranges(repo, objects, committed))
        try:
            text = read_file(os.path.join(repo.top, path))
        except Refused as error:
            raise BlameError(f"{path}: {error}") from error
        if not text and not os.path.exists(os.path.join(repo.top, path)):
            raise BlameError(f"{path} does not exist")
        if len(committed) != len(split_lines(base)):
            committed = []  # git and we disagree on what a line is: a binary or converted file
            base = b""
        return _joined(_uncommitted(repo, ledger, path, base, text, _ranges(repo, objects, committed)))


def _uncommitted(
    repo: Repository, ledger: Ledger, path: str, base: bytes, text: bytes, committed: list[BlameRange]
) -> list[BlameRange]:
    snap = lookup.on_disk(repo, ledger, path, text)
    owners = line_owners(snap) if snap.regions else []
    lines: list[BlameRange] = []
    before, after = split_lines(base), split_lines(text)
    at = 0
    for hunk in (*diff_lines(before, after), None):
        stop = hunk.old_start if hunk else len(before)
        lines.extend(committed[at:stop])
        if hunk:
            for number in range(hunk.new_start, hunk.new_end):
                owner = owners[number] if owners else Owner()
                lines.append(_range(owner, ledger.session(owner.origin.author) if owner.origin.author else None, ""))
            at = hunk.old_end
    return lines


def _ranges(repo: Repository, objects: Objects, lines: list[_Line]) -> list[BlameRange]:
    noted = _noted(repo, objects, lines)
    return [_range(owner, session, line.commit) for line, (owner, session) in zip(lines, noted, strict=True)]


def committed_origins(repo: Repository, path: str, commit: str) -> tuple[Snapshot, dict[str, Session]]:
    """`path` at `commit` (an id) as the notes tell it, and the sessions they name; empty where it is no text file."""
    with Objects(repo) as objects:
        text = committed_text(objects, commit, path) or b""
        lines = _blame(repo, commit, path) if text else []
        if len(lines) != len(split_lines(text)):
            return Snapshot(b""), {}
        noted = list(_noted(repo, objects, lines))
    sessions = {owner.origin.author: session for owner, session in noted if session}
    return from_lines(text, runs([owner for owner, _ in noted])), sessions


def _noted(repo: Repository, objects: Objects, lines: list[_Line]) -> Iterator[tuple[Owner, Session | None]]:
    """The owner of each line and what is known of its session, from the note of the commit that git blames for it."""
    raw = git_notes.read(repo, notes.REF, sorted({line.commit for line in lines}), objects=objects)
    found = {commit: note for commit, data in raw.items() if (note := parsed(data)) and not note.opaque}
    sessions = {commit: notes.sessions(note) for commit, note in found.items()}
    owned: dict[tuple[str, str], dict[int, Owner]] = {}
    for line in lines:
        if line.commit not in found:
            yield Owner(), None
            continue
        key = (line.commit, line.path)
        if key not in owned:
            owned[key] = {
                number: Owner(o.origin)
                for o in notes.owners(found[line.commit], line.path)
                for number in range(o.lines.start, min(o.lines.end, 1_000_000) + 1)
            }
        owner = owned[key].get(line.number, Owner())
        yield owner, sessions[line.commit].get(owner.origin.author)


def _range(owner: Owner, session: Session | None, commit: str) -> BlameRange:
    if owner.origin.kind != "ai":
        return BlameRange(0, 0, owner.origin.kind, "", "", "", commit)
    tool, model = (session.tool, session.model) if session else ("unknown", "unknown")
    return BlameRange(0, 0, "ai", tool, model, owner.origin.author, commit)


def _joined(lines: list[BlameRange]) -> tuple[BlameRange, ...]:
    joined: list[BlameRange] = []
    for number, line in enumerate(lines, 1):
        if joined and joined[-1][2:] == line[2:]:
            joined[-1] = joined[-1]._replace(end=number)
        else:
            joined.append(line._replace(start=number, end=number))
    return tuple(joined)


def _blame(repo: Repository, commit: str, path: str) -> list[_Line]:
    """Commit, path and line there of each line; `git blame --porcelain` prints the path once a commit."""
    out = run(repo, "blame", "--porcelain", commit, "--", path, check=False)
    lines: list[_Line] = []
    paths: dict[str, str] = {}
    commit_id, number = "", 0
    for raw in out.split(b"\n"):
        if raw.startswith(b"\t"):
            lines.append(_Line(commit_id, paths.get(commit_id, path), number))
        elif raw.startswith(b"filename "):
            paths[commit_id] = _unquoted(raw[9:])
        else:
            fields = raw.split(b" ")
            if len(fields) in (3, 4) and len(fields[0]) in (40, 64) and fields[1].isdigit():
                commit_id, number = fields[0].decode(), int(fields[1])
    return lines


def _unquoted(raw: bytes) -> str:
    """A path as git prints it: C-quoted when it has special characters."""
    if raw.startswith(b'"'):
        import ast

        return ast.literal_eval("b" + raw.decode("latin-1")).decode("utf-8", "surrogateescape")  # type: ignore[no-any-return]
    return raw.decode("utf-8", "surrogateescape")
