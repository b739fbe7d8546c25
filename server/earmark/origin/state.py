"""The origins of a commit, of the staged change and of the worktree.

Committed changes are read from their notes; a commit without one is derived from the ledger where this clone made it
(see `settle`). Every file's lines are decided by `text.diff` over blobs.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence

from earmark.git import notes as git_notes
from earmark.git.changes import FileChange, commit_changes, staged_changes, worktree_changes
from earmark.git.history import Commit, read
from earmark.git.objects import Objects
from earmark.git.refs import head
from earmark.git.repository import Repository
from earmark.origin import kept, lookup, notes
from earmark.origin.derive import file_origins
from earmark.origin.ledger import Ledger
from earmark.origin.model import Change, FileOrigins, Removal, Session, Snapshot
from earmark.origin.regions import from_lines
from earmark.origin.seen import LARGEST, Refused, read_file
from earmark.origin.transfer import offsets
from earmark.text.diff import split_lines

snapshot = lookup.snapshot


def staged(repo: Repository, ledger: Ledger) -> Change:
    """What the next commit would do: HEAD (the empty tree before the first commit) against the index."""
    with Objects(repo) as objects:
        return _change(repo, ledger, staged_changes(repo), objects.blob, objects)


def worktree(repo: Repository, ledger: Ledger) -> Change:
    """What the files on disk change against HEAD, untracked files included."""
    with Objects(repo) as objects:
        return _change(repo, ledger, worktree_changes(repo), lambda _: b"", objects, on_disk=True)


def record_index(repo: Repository, ledger: Ledger, objects: Objects, pairs: Iterable[FileChange]) -> Change:
    """`staged`, with each AI file's regions kept in the ledger under the content about to be committed.

    Called by prepare-commit-msg, where the final tree is known: the note can then be derived from the commit alone.
    `pairs` are the staged changes.
    """
    at = ledger.now()

    def keep(path: str, snap: Snapshot) -> None:
        if lookup.has_evidence(snap):
            ledger.put_snapshot(path, snap, source="index", at=at)

    with ledger.transaction():
        return _change(repo, ledger, pairs, objects.blob, objects, keep=keep)


def commits(repo: Repository, ledger: Ledger, ids: Sequence[str], *, notes_at: str = notes.REF) -> list[Change]:
    """The change of each commit, in the order of `ids`.

    A commit with neither note nor evidence has its files with zero counts: nothing is known of its lines, and reading
    them would cost the caller who asks about ten thousand commits.
    """
    if not ids:
        return []
    with Objects(repo) as objects:
        stored = git_notes.read(repo, notes_at, ids, objects=objects)
        file_changes = commit_changes(repo, ids)
        found: list[Change] = []
        for commit in read(repo, ids, objects=objects):
            pairs = file_changes[commit.id]
            note = parsed(stored.get(commit.id))
            if note and not note.opaque:
                found.append(from_note(objects, commit, pairs, note))
            else:
                found.append(unattested(commit, pairs))
        return found


def parsed(raw: bytes | None) -> notes.Note | None:
    """The note, or None when there is none or its bytes are not a note (the gate reports that by itself)."""
    if raw is None:
        return None
    try:
        return notes.parse(raw)
    except notes.NoteError:
        return None


def unattested(commit: Commit, pairs: Iterable[FileChange]) -> Change:
    """A commit of whose lines nothing is recorded."""
    return Change(commit.id, commit.parent, tuple(FileOrigins(c.path, c.old_path, 0, 0) for c in pairs), {})


def is_text_change(change: FileChange) -> bool:
    """Whether the change concerns a regular file (no submodule, no symbolic link)."""
    return all(mode in ("", "100644", "100755") for mode in (change.old_mode, change.new_mode))


def is_text(data: bytes) -> bool:
    """Git's own test: a NUL in the first 8000 bytes makes a file binary."""
    return b"\0" not in data[:8000]


def from_note(objects: Objects, commit: Commit, pairs: Iterable[FileChange], note: notes.Note) -> Change:
    """The change of a commit as its note tells it; `pairs` are its files against the first parent."""
    files: list[FileOrigins] = []
    for change in pairs:
        if not is_text_change(change):
            continue
        old, new = objects.blob(change.old), objects.blob(change.new)
        if is_text(old) and is_text(new):
            files.append(
                file_origins(change.path, change.old_path, old, change.old, noted_snapshot(note, change.path, new, old))
            )
    return Change(commit.id, commit.parent, tuple(files), notes.sessions(note))


def noted_snapshot(note: notes.Note, path: str, text: bytes, parent: bytes) -> Snapshot:
    """The snapshot of `text` that a note describes; `parent` is the content its removals refer to."""
    snap = from_lines(text, notes.owners(note, path))
    records = notes.removals(note, path)
    if not records:
        return snap
    before = split_lines(parent)
    at = offsets(split_lines(text))
    removals = [
        Removal(
            record.session,
            at[min(max(record.at, 0), len(at) - 1)],
            tuple(line.rstrip() for line in before[record.lines.start - 1 : record.lines.end]),
        )
        for record in records
    ]
    return snap._replace(removals=tuple(sorted((r for r in removals if r.lines), key=lambda r: r.at)))


def _change(
    repo: Repository,
    ledger: Ledger,
    changes: Iterable[FileChange],
    read_new: Callable[[str], bytes],
    objects: Objects,
    *,
    on_disk: bool = False,
    keep: Callable[[str, Snapshot], None] | None = None,
) -> Change:
    """`keep` is called with every file's snapshot that is not kept already."""
    files: list[FileOrigins] = []
    for change in changes:
        if not is_text_change(change):
            continue
        key = "" if on_disk else kept.key(ledger, change)
        if known := kept.find(ledger, key):
            files.append(known)
            continue
        try:
            new = read_file(os.path.join(repo.top, change.path)) if on_disk else read_new(change.new)
        except Refused:
            continue
        old = objects.blob(change.old)
        if not is_text(old) or not is_text(new) or max(len(old), len(new)) > LARGEST:
            continue
        old_path = change.old_path if change.old_path != change.path else ""
        look = lookup.on_disk if on_disk else lookup.snapshot
        snap = look(repo, ledger, change.path, new, old_path=old_path)
        files.append(file_origins(change.path, change.old_path, old, change.old, snap))
        if keep is not None:
            keep(change.path, snap)
            if key:
                kept.keep(ledger, key, files[-1])
    return Change("", head(repo).commit, tuple(files), sessions_of(ledger, files))


def sessions_of(ledger: Ledger, files: Iterable[FileOrigins]) -> dict[str, Session]:
    """Every session and human that occurs in `files`, as the ledger knows them."""
    keys = {key for file in files for key in file.sessions}
    keys |= {o.origin.author for file in files for o in file.owners if o.origin.author}
    return ledger.sessions(sorted(keys))
