"""The ledger's tables, and how an older ledger becomes a present one.

Every version that was ever released can be opened: `_STEPS[n]` turns version n into n + 1. Each step runs once, inside
the transaction that also writes the new version.
"""

from __future__ import annotations

import os
import sqlite3

VERSION = 2

_CANDIDATES = """
CREATE TABLE candidates (
  worktree TEXT NOT NULL, path TEXT NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (worktree, path)) WITHOUT ROWID"""

_TABLES = f"""
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE sessions (
  id TEXT PRIMARY KEY, tool TEXT NOT NULL, conversation TEXT NOT NULL, model TEXT NOT NULL,
  director TEXT NOT NULL, transcript TEXT NOT NULL, transcript_digest TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE contents (id TEXT PRIMARY KEY, data BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE snapshots (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, worktree TEXT NOT NULL, path TEXT NOT NULL, content TEXT NOT NULL,
  regions TEXT NOT NULL, removals TEXT NOT NULL, source TEXT NOT NULL, at INTEGER NOT NULL);
CREATE INDEX snapshots_by_path ON snapshots (path, worktree, seq);
CREATE INDEX snapshots_by_content ON snapshots (content, path);
CREATE TABLE events (key TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE dirty (worktree TEXT NOT NULL, path TEXT NOT NULL, PRIMARY KEY (worktree, path)) WITHOUT ROWID;
{_CANDIDATES};
CREATE TABLE cache (key TEXT PRIMARY KEY, value TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE audit (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, who TEXT NOT NULL, what TEXT NOT NULL,
  why TEXT NOT NULL, detail TEXT NOT NULL, head TEXT NOT NULL)
"""

_STEPS = {
    # A shell command that generates a thousand files left a thousand rows each time it ran; a path is one question.
    1: f"""
ALTER TABLE candidates RENAME TO candidates_1;
{_CANDIDATES};
INSERT OR REPLACE INTO candidates SELECT worktree, path, reason, at FROM candidates_1 ORDER BY seq;
DROP TABLE candidates_1
""",  # noqa: S608  (both parts stand in this file)
}


def create(db: sqlite3.Connection) -> None:
    """All tables of the present version, in an empty database; the caller holds the transaction."""
    _run(db, _TABLES, VERSION)


def upgrade(db: sqlite3.Connection, version: int) -> None:
    """From `version` (1 or more) to the present one; the caller holds the transaction."""
    for step in range(version, VERSION):
        _run(db, _STEPS[step], step + 1)


def _run(db: sqlite3.Connection, script: str, version: int) -> None:
    for statement in script.split(";\n"):
        db.execute(statement)
    db.execute(f"PRAGMA user_version={version}")


def has_shared_memory(path: str) -> bool:
    """Whether the file system can map the WAL index. Network file systems cannot; unknown means no."""
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as file:
            mounts = [line.split() for line in file]
    except OSError:
        return os.name == "posix"
    real = os.path.realpath(path)
    best, kind = "", ""
    for fields in mounts:
        point = fields[4]
        if (real + "/").startswith(point.rstrip("/") + "/") and len(point) >= len(best):
            best, kind = point, fields[fields.index("-") + 1]
    return not kind.startswith(("nfs", "9p", "cifs", "smb", "fuse", "virtiofs", "afs", "ceph"))
