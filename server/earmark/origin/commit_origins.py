"""The origins of one commit, from recorded snapshots and the notes of the commits it was made from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from earmark.git.changes import FileChange
from earmark.git.history import Commit
from earmark.git.objects import Objects
from earmark.git.repository import Repository
from earmark.origin import lookup, notes
from earmark.origin.derive import file_origins
from earmark.origin.ledger import Ledger
from earmark.origin.model import UNKNOWN, Change, FileOrigins, Snapshot
from earmark.origin.regions import overlay
from earmark.origin.state import is_text, is_text_change, noted_snapshot, parsed, sessions_of
from earmark.origin.transfer import transfer


def derive(
    repo: Repository,
    ledger: Ledger,
    objects: Objects,
    commit: Commit,
    pairs: Sequence[FileChange],
    priors: Sequence[tuple[str, bytes]],
    created_here: bool,
) -> Change:
    """The change of one commit from recorded snapshots and the notes (`priors`) of the commits it replaces."""
    files: list[FileOrigins] = []
    texts: list[tuple[FileChange, bytes, bytes]] = []
    parsed_priors = [(old, note) for old, raw in priors if (note := parsed(raw)) and not note.opaque]
    evidence = False
    for change in pairs:
        if not is_text_change(change):
            continue
        if not parsed_priors and not is_recorded(repo, ledger, change):
            texts.append((change, b"", b""))
            files.append(FileOrigins(change.path, change.old_path, 0, 0))
            continue
        old, new = objects.blob(change.old), objects.blob(change.new)
        if not is_text(old) or not is_text(new):
            continue
        snap = _recorded(repo, ledger, change, new, created_here)
        for prior, note in parsed_priors:
            snap = _with_prior(objects, snap, prior, note, change, new)
        origins = file_origins(change.path, change.old_path, old, change.old, snap)
        evidence = evidence or bool(origins.ai_lines or origins.ai_removed)
        files.append(origins)
        texts.append((change, old, new))
    if evidence:
        files = list(_with_counts(objects, files, [change for change, _, _ in texts]))
    if len(commit.parents) > 1:
        files = _own_lines_of_merge(objects, commit, files)
    sessions = sessions_of(ledger, files)
    for _, note in parsed_priors:
        sessions = {**notes.sessions(note), **sessions}
    return Change(commit.id, commit.parent, tuple(files), sessions)


def is_recorded(repo: Repository, ledger: Ledger, change: FileChange) -> bool:
    """Whether the ledger knows anything that concerns this file."""
    if ledger.last_at(change.path) or (change.old_path and ledger.last_at(change.old_path)):
        return True
    return ledger.exact(change.path, change.new or repo.blob_id(b"")) is not None


def _recorded(repo: Repository, ledger: Ledger, change: FileChange, new: bytes, created_here: bool) -> Snapshot:
    old_path = change.old_path if change.old_path != change.path else ""
    exact = lookup.exact_snapshot(ledger, change.path, repo.blob_id(new), new, old_path)
    if exact:
        return exact
    return lookup.snapshot(repo, ledger, change.path, new, old_path=old_path) if created_here else Snapshot(new)


def _with_prior(
    objects: Objects, snap: Snapshot, prior: str, note: notes.Note, change: FileChange, new: bytes
) -> Snapshot:
    for path in dict.fromkeys((change.path, change.old_path)):
        if path and (path in note.files or path in notes.removed_paths(note)):
            was, before = objects.blob(f"{prior}:{path}"), objects.blob(f"{prior}^:{path}")
            account = noted_snapshot(note, path, was, before)
            return overlay(snap, transfer(account, new, UNKNOWN, 2))
    return snap


def _with_counts(
    objects: Objects, files: Sequence[FileOrigins], changes: Sequence[FileChange]
) -> Iterator[FileOrigins]:
    """The same files with line counts where nothing was recorded: an AI change declares its share of all lines."""
    for file, change in zip(files, changes, strict=True):
        if file.added or file.removed:
            yield file
            continue
        old, new = objects.blob(change.old), objects.blob(change.new)
        if is_text(old) and is_text(new):
            yield file_origins(file.path, file.old_path, old, change.old, Snapshot(new))


def _own_lines_of_merge(objects: Objects, commit: Commit, files: Sequence[FileOrigins]) -> list[FileOrigins]:
    """Only what no parent has: a merge is credited for its conflict resolutions, its parents keep their lines."""
    own: list[FileOrigins] = []
    for file in files:
        if not file.ai_lines and not file.ai_removed:
            continue
        text = objects.blob(f"{commit.id}:{file.path}")
        known: set[bytes] = set()
        for parent in commit.parents[1:]:
            known.update(line.rstrip() for line in objects.blob(f"{parent}:{file.path}").split(b"\n"))
        lines = text.split(b"\n")
        owners = tuple(
            o._replace(lines=o.lines._replace(start=n, end=n))
            for o in file.owners
            for n in range(o.lines.start, o.lines.end + 1)
            if lines[n - 1].rstrip() not in known
        )
        ai_text = tuple((key, line) for key, line in file.ai_text if line not in known)
        if ai_text:
            own.append(file._replace(owners=owners, ai_text=ai_text, removals=(), removed_text=()))
    return own
