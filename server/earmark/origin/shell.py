"""Files a shell command may have written (DESIGN §4.7).

Before the command, the state of every changed file is closed and HEAD is remembered. After it, a file that differs is
credited only if git does not ignore it, no object of the repository already has its content (it did not come out of
git), HEAD did not move, and no editor or other session recorded it meanwhile. Vendored, generated and lock files are
never credited. What fails a test is a candidate, with the command as its reason.
"""

from __future__ import annotations

import json
import os

from earmark.git import refs
from earmark.git.changes import worktree_changes
from earmark.git.objects import Objects
from earmark.git.repository import Repository
from earmark.origin.evidence import Event
from earmark.origin.ledger import Ledger
from earmark.origin.lookup import snapshot
from earmark.origin.model import Session, Snapshot, ai
from earmark.origin.seen import Refused, read_file
from earmark.origin.transfer import transfer

_MOST_FILES = 200
_LOCK_FILES = frozenset(
    [
        "package-lock.json",
        "npm-shrinkwrap.json",
        "yarn.lock",
        "pnpm-lock.yaml",
        "bun.lockb",
        "poetry.lock",
        "uv.lock",
        "pdm.lock",
        "Pipfile.lock",
        "Cargo.lock",
        "go.sum",
        "Gemfile.lock",
        "composer.lock",
        "flake.lock",
        ".terraform.lock.hcl",
        "mix.lock",
        "packages.lock.json",
    ]
)
_FOREIGN_FOLDERS = frozenset(
    ["node_modules", "vendor", "third_party", "dist", "build", "target", "__pycache__", ".venv", "venv"]
)
_GENERATED = (".min.js", ".min.css", ".map", "_pb2.py", "_pb2_grpc.py", ".pb.go", ".g.dart", ".snap", ".lock")


def not_written_by_hand(path: str) -> bool:
    """Whether a path is a lock, vendored or generated file by its name."""
    *folders, name = path.split("/")
    return name in _LOCK_FILES or name.endswith(_GENERATED) or not _FOREIGN_FOLDERS.isdisjoint(folders)


def apply(repo: Repository, ledger: Ledger, objects: Objects, event: Event, order: int) -> None:
    """Close the state before a command, or credit what it changed."""
    if event.session is None:
        return
    mark = f"shell:{repo.top}:{event.session.id}"
    if event.phase == "before":
        _close(repo, ledger, order)
        ledger.set_meta(mark, json.dumps([refs.head(repo).commit, ledger.newer(0)[0]]))
    elif event.phase == "after":
        before = ledger.meta(mark)
        ledger.set_meta(mark, "")
        head, seq = json.loads(before) if before else ("", -1)
        _credit(repo, ledger, objects, event.session, event.command, (head, seq), order)


def _close(repo: Repository, ledger: Ledger, order: int) -> None:
    for change in worktree_changes(repo)[:_MOST_FILES]:
        text = _read(repo, change.path)
        if text is not None:
            ledger.put_snapshot(change.path, snapshot(repo, ledger, change.path, text), source="before", at=order)


def _credit(
    repo: Repository,
    ledger: Ledger,
    objects: Objects,
    session: Session,
    command: str,
    before: tuple[str, int],
    order: int,
) -> None:
    changes = worktree_changes(repo)
    moved = refs.head(repo).commit != before[0]
    for index, change in enumerate(changes[:_MOST_FILES]):
        text = _read(repo, change.path)
        if text is None or not_written_by_hand(change.path):
            continue
        last = ledger.last(change.path)
        base = last.snapshot if last and last.has_text else Snapshot(_committed(objects, change.old))
        if base.text == text:
            continue
        disturbed = last is not None and last.seq > before[1] >= 0
        if before[1] < 0 or moved or disturbed or (text and objects.info(repo.blob_id(text)) is not None):
            ledger.put_candidate(change.path, f"changed while {session.tool} ran: {command[:200]}")
            continue
        ledger.put_snapshot(
            change.path, transfer(base, text, ai(session.id), order + index), source="shell", at=order + index
        )
        ledger.mark_dirty(change.path)


def _committed(objects: Objects, blob: str) -> bytes:
    data = objects.blob(blob)
    return b"" if b"\0" in data[:8000] else data


def _read(repo: Repository, path: str) -> bytes | None:
    try:
        return read_file(os.path.join(repo.top, path))
    except Refused:
        return None
