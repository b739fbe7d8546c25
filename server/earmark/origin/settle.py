"""Deriving the notes of commits this clone made, lazily: at the next read, push or gate run.

A commit's note comes from commit objects, recorded snapshots and the notes of the commits it was rewritten from, never
from the worktree. A file whose exact blob was recorded is certain. Another one is transferred from the nearest
snapshot, but only for commits that HEAD's reflog shows as created here: a colleague's commit that arrives by fetch must
not pick up our uncommitted evidence.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence

from earmark.git import notes as git_notes
from earmark.git.changes import FileChange, commit_changes
from earmark.git.history import Commit, read
from earmark.git.objects import Objects
from earmark.git.refs import head
from earmark.git.repository import Repository
from earmark.git.run import GitError, run
from earmark.origin import lookup, notes
from earmark.origin.derive import file_origins
from earmark.origin.digest import digest
from earmark.origin.ledger import Ledger
from earmark.origin.model import UNKNOWN, Change, FileOrigins, Snapshot
from earmark.origin.regions import overlay
from earmark.origin.state import is_text, is_text_change, noted_snapshot, parsed, sessions_of
from earmark.origin.transfer import transfer

_MOST = 2_000
_CREATED = (b"commit", b"cherry-pick", b"revert", b"rebase", b"am", b"merge", b"pull --rebase")
_ATTEMPTS = 5


def settle(repo: Repository, ledger: Ledger, rewritten: Mapping[str, Sequence[str]] | None = None) -> list[str]:
    """Write the notes that are due and return the commits that got one.

    `rewritten` maps a new commit to those it replaces, as git tells post-rewrite; without it amended commits are paired
    from HEAD's reflog.
    """
    if ledger.in_memory:
        return []
    here = head(repo).commit
    key = f"settled:{repo.top}"
    done = ledger.meta(key) or ledger.meta("born")
    if not here or (done == here and not rewritten):
        return []
    created, amended = _reflog(repo, done)
    sources = {**amended, **{new: tuple(old) for new, old in (rewritten or {}).items()}}
    with Objects(repo) as objects:
        due = _due(repo, objects, here, done, sources)
        written = _write(repo, ledger, objects, due, created | set(sources), sources) if due else []
        ledger.set_meta(key, here)
        _refresh_dirty(repo, ledger, objects)
    return written


def _due(repo: Repository, objects: Objects, here: str, done: str, sources: Mapping[str, Sequence[str]]) -> list[str]:
    args = [here]
    if done and objects.info(done) is not None:
        args.append(f"^{done}")
    ids = run(repo, "rev-list", "--reverse", "--topo-order", f"--max-count={_MOST}", *args, "--").decode().split()
    known = set(ids)
    return [*ids, *(new for new in sources if new not in known and objects.info(new) is not None)]


def _write(
    repo: Repository,
    ledger: Ledger,
    objects: Objects,
    due: Sequence[str],
    created: set[str],
    sources: Mapping[str, Sequence[str]],
) -> list[str]:
    for _ in range(_ATTEMPTS):
        tip = git_notes.tip(repo, notes.REF)
        wanted = sorted({*due, *(old for new in due for old in sources.get(new, ()))})
        stored = git_notes.read(repo, notes.REF, wanted, objects=objects) if tip else {}
        fresh: dict[str, bytes | None] = {}
        missing = [id_ for id_ in due if id_ not in stored]
        file_changes = commit_changes(repo, missing)
        for commit in read(repo, missing, objects=objects):
            priors = [(old, stored[old]) for old in sources.get(commit.id, ()) if old in stored]
            change = derive(repo, ledger, objects, commit, file_changes[commit.id], priors, commit.id in created)
            if change.is_ai:
                fresh[commit.id] = notes.format_note(notes.from_change(change, digest(change.files)))
        if not fresh:
            return []
        try:
            git_notes.write(repo, notes.REF, fresh, tip)
        except git_notes.NotesMoved:
            continue
        return list(fresh)
    raise GitError(f"{notes.REF} kept moving while notes were written; run `earmark notes sync` again")


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
        old_path = change.old_path if change.old_path != change.path else ""
        if not parsed_priors and not ledger.last(change.path) and not (old_path and ledger.last(old_path)):
            if not ledger.exact(change.path, change.new or repo.blob_id(b"")):
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


def _reflog(repo: Repository, done: str) -> tuple[set[str], dict[str, tuple[str, ...]]]:
    """(commits HEAD's reflog shows as created here, amended commit → the one it replaces), since `done` if known."""
    created: set[str] = set()
    amended: dict[str, tuple[str, ...]] = {}
    try:
        with open(os.path.join(repo.git_dir, "logs", "HEAD"), "rb") as handle:
            lines = handle.read().splitlines()[-_MOST:]
    except OSError:
        return created, amended
    for line in lines:
        head_part, _, action = line.partition(b"\t")
        ids = head_part.split(b" ", 2)
        if len(ids) < 3 or not action.startswith(_CREATED) or b"Fast-forward" in action:
            continue
        old, new = ids[0].decode(), ids[1].decode()
        created.add(new)
        if action.startswith(b"commit (amend)"):
            amended[new] = (*amended.get(old, ()), old)
    return created, amended


def _refresh_dirty(repo: Repository, ledger: Ledger, objects: Objects) -> None:
    """Forget paths whose recorded evidence is all committed."""
    clean: list[str] = []
    for path in ledger.dirty():
        last = ledger.last(path)
        if last is None or not last.has_text:
            clean.append(path)
            continue
        committed = objects.blob(f"HEAD:{path}")
        origins = file_origins(path, path, committed, "", last.snapshot)
        if not origins.ai_lines and not origins.ai_removed:
            clean.append(path)
    if clean:
        ledger.settle(clean)
