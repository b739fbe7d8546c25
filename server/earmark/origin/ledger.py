"""The local store of evidence and snapshots: SQLite in the git common directory, shared by all worktrees.

Invariants
- Every write is one `BEGIN IMMEDIATE` transaction: a deferred one that upgrades later can lose its write to another.
- A writer that meets a locked database for two seconds raises `LedgerBusy`; nothing is half written.
- Paths are relative to the worktree's top, with `/`; the worktree is a column.
- The audit table is never pruned; everything else is bounded by `prune`.
- The file `active` beside the database exists exactly while some AI evidence is not yet committed, so that a git hook
  can leave without starting Python.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple, Self

from earmark.git import refs
from earmark.git.repository import Repository
from earmark.origin.model import Origin, Region, Removal, Session, Snapshot

VERSION = 1
BUSY_SECONDS = 2.0
_TEXTS_PER_PATH = 24
_SNAPSHOTS_PER_PATH = 400

_SCHEMA = """
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
CREATE TABLE candidates (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, worktree TEXT NOT NULL, path TEXT NOT NULL, reason TEXT NOT NULL,
  at INTEGER NOT NULL);
CREATE TABLE cache (key TEXT PRIMARY KEY, value TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE audit (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, who TEXT NOT NULL, what TEXT NOT NULL,
  why TEXT NOT NULL, detail TEXT NOT NULL, head TEXT NOT NULL);
"""


class LedgerError(Exception):
    """The ledger cannot be used; the message says why and what to do."""


class LedgerBusy(LedgerError):
    """Another process held the ledger for the whole waiting time."""


class Stored(NamedTuple):
    """One snapshot row. `snapshot.text` is empty when the text has been pruned (`has_text` is then false)."""

    seq: int
    path: str
    content: str
    snapshot: Snapshot
    source: str
    at: int
    has_text: bool


class AuditRow(NamedTuple):
    """Who did what, when (seconds since the epoch) and why; `head` chains the rows."""

    seq: int
    at: int
    who: str
    what: str
    why: str
    detail: str
    head: str


def folder(repo: Repository) -> str:
    """Where everything of ours in this repository lives."""
    return os.path.join(repo.common_dir, "earmark")


class Ledger:
    """An open ledger. One thread at a time; open another one for another thread."""

    def __init__(self, connection: sqlite3.Connection, repo: Repository, in_memory: bool) -> None:
        self._db = connection
        self.repo = repo
        self.in_memory = in_memory
        self._depth = 0

    @classmethod
    def open(cls, repo: Repository, *, create: bool = True) -> Self:
        """The repository's ledger, created when missing; without `create`, an empty one in memory instead."""
        path = os.path.join(folder(repo), "ledger.db")
        in_memory = not create and not os.path.exists(path)
        try:
            if not in_memory:
                os.makedirs(folder(repo), exist_ok=True)
            connection = sqlite3.connect(
                ":memory:" if in_memory else path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            ledger = cls(connection, repo, in_memory)
            ledger._prepare()
        except sqlite3.OperationalError as error:
            raise _explained(error, path) from error
        except (sqlite3.DatabaseError, OSError) as error:
            raise LedgerError(f"the ledger {path} cannot be opened ({error}); run `earmark doctor --repair`") from error
        return ledger

    def _prepare(self) -> None:
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version > VERSION:
            raise LedgerError(f"the ledger has schema {version}, this Earmark knows {VERSION}; update Earmark")
        if version == VERSION:
            self._db.execute("PRAGMA synchronous=NORMAL")
            return
        if not self.in_memory and _has_shared_memory(folder(self.repo)):
            self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        with self.transaction():
            if self._db.execute("PRAGMA user_version").fetchone()[0] == 0:
                for statement in _SCHEMA.split(";\n"):
                    self._db.execute(statement)
                # Commits older than the ledger were made without us: nothing is derived for them.
                self.set_meta("born", refs.head(self.repo).commit)
                self._db.execute(f"PRAGMA user_version={VERSION}")

    def close(self) -> None:
        """Close the database; the object must not be used afterwards."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside is written, or nothing. Nested calls join the outer transaction."""
        if self._depth:
            yield
            return
        try:
            self._db.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise _explained(error, folder(self.repo)) from error
        self._depth = 1
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        finally:
            self._depth = 0

    def now(self) -> int:
        """The next place in time: microseconds since the epoch, above every order the ledger holds."""
        last = self._db.execute("SELECT at FROM snapshots ORDER BY seq DESC LIMIT 1").fetchone()
        return max(time.time_ns() // 1000, last[0] + 1 if last else 0)

    def meta(self, key: str) -> str:
        """One stored setting, or empty."""
        row = self._db.execute("SELECT value FROM meta WHERE key=?", (key,)).fetchone()
        return str(row[0]) if row else ""

    def set_meta(self, key: str, value: str) -> None:
        with self.transaction():
            self._db.execute("INSERT OR REPLACE INTO meta VALUES (?,?)", (key, value))

    def put_session(self, session: Session) -> None:
        """Remember a session; a later record fills in what an earlier one did not know."""
        with self.transaction():
            known = self.session(session.id)
            if known:
                session = Session(
                    known.tool,
                    known.conversation,
                    session.model if session.model != "unknown" else known.model,
                    session.director or known.director,
                    session.transcript or known.transcript,
                    session.transcript_digest or known.transcript_digest,
                )
            if session != known:
                self._db.execute("INSERT OR REPLACE INTO sessions VALUES (?,?,?,?,?,?,?)", (session.id, *session))

    def put_human(self, key: str, identity: str) -> None:
        """Remember whom the human id `key` (`h_…`) stands for."""
        self._db.execute(
            "INSERT OR IGNORE INTO sessions VALUES (?,?,?,?,?,?,?)", (key, "human", "", "", identity, "", "")
        )

    def session(self, key: str) -> Session | None:
        row = self._db.execute(
            "SELECT tool,conversation,model,director,transcript,transcript_digest FROM sessions WHERE id=?", (key,)
        ).fetchone()
        return Session(*row) if row else None

    def sessions(self, keys: Iterable[str]) -> dict[str, Session]:
        """The sessions known among `keys`."""
        return {key: session for key in keys if (session := self.session(key))}

    def put_snapshot(self, path: str, snapshot: Snapshot, *, source: str, at: int) -> int:
        """Append the state of `path` and return its sequence number; a repeat of the newest row is not stored again.

        `source` says who saw it ("agent", "editor", "index", …). Rows of source "index" are found by content only.
        """
        content = self.repo.blob_id(snapshot.text)
        regions, removals = encode_regions(snapshot.regions), encode_removals(snapshot.removals)
        with self.transaction():
            last = self._db.execute(
                "SELECT seq,content,regions,removals FROM snapshots WHERE worktree=? AND path=? AND source!='index' "
                "ORDER BY seq DESC LIMIT 1",
                (self.repo.top, path),
            ).fetchone()
            if last and last[1:] == (content, regions, removals):
                return int(last[0])
            self._db.execute("INSERT OR IGNORE INTO contents VALUES (?,?)", (content, zlib.compress(snapshot.text, 1)))
            cursor = self._db.execute(
                "INSERT INTO snapshots (worktree,path,content,regions,removals,source,at) VALUES (?,?,?,?,?,?,?)",
                (self.repo.top, path, content, regions, removals, source, at),
            )
            return int(cursor.lastrowid or 0)

    def last(self, path: str) -> Stored | None:
        """The newest snapshot of `path` in this worktree."""
        return self._one("worktree=? AND path=? AND source!='index' ORDER BY seq DESC", (self.repo.top, path))

    def exact(self, path: str, content: str) -> Stored | None:
        """The newest snapshot of exactly this content at this path, in any worktree."""
        return self._one("content=? AND path=? ORDER BY seq DESC", (content, path))

    def newer(self, seq: int) -> tuple[int, tuple[str, ...]]:
        """(newest sequence number, paths of this worktree with rows after `seq`)."""
        rows = self._db.execute(
            "SELECT DISTINCT path FROM snapshots WHERE seq>? AND worktree=?", (seq, self.repo.top)
        ).fetchall()
        top = self._db.execute("SELECT coalesce(max(seq),0) FROM snapshots").fetchone()[0]
        return int(top), tuple(row[0] for row in rows)

    def _one(self, where: str, values: tuple[str, ...]) -> Stored | None:
        row = self._db.execute(
            "SELECT seq,path,content,regions,removals,source,at,"  # noqa: S608  (where comes from the two callers above)
            f"(SELECT data FROM contents WHERE id=snapshots.content) FROM snapshots WHERE {where} LIMIT 1",
            values,
        ).fetchone()
        if not row:
            return None
        text = zlib.decompress(row[7]) if row[7] is not None else b""
        snapshot = Snapshot(text, decode_regions(row[3]), decode_removals(row[4]))
        return Stored(row[0], row[1], row[2], snapshot, row[5], row[6], row[7] is not None)

    def first_seen(self, key: str) -> bool:
        """Whether the event `key` is new; it is remembered either way."""
        with self.transaction():
            cursor = self._db.execute("INSERT OR IGNORE INTO events VALUES (?,?)", (key, time.time_ns() // 1000))
            return cursor.rowcount == 1

    def mark_dirty(self, path: str) -> None:
        """`path` holds AI evidence that is not committed: the git hooks have something to do."""
        with self.transaction():
            self._db.execute("INSERT OR IGNORE INTO dirty VALUES (?,?)", (self.repo.top, path))
        with open(os.path.join(folder(self.repo), "active"), "ab"):
            pass

    def dirty(self) -> tuple[str, ...]:
        """Paths of this worktree with AI evidence that was not committed when last looked at."""
        rows = self._db.execute("SELECT path FROM dirty WHERE worktree=? ORDER BY path", (self.repo.top,)).fetchall()
        return tuple(row[0] for row in rows)

    def settle(self, paths: Iterable[str]) -> None:
        """These paths hold no uncommitted AI evidence any more."""
        with self.transaction():
            self._db.executemany("DELETE FROM dirty WHERE worktree=? AND path=?", [(self.repo.top, p) for p in paths])
            if self.in_memory or self._db.execute("SELECT 1 FROM dirty LIMIT 1").fetchone():
                return
            with suppress(FileNotFoundError):
                os.unlink(os.path.join(folder(self.repo), "active"))

    def put_candidate(self, path: str, reason: str) -> None:
        """A change of `path` that may be an assistant's, with no evidence: shown as a question, never stored as AI."""
        self._db.execute(
            "INSERT INTO candidates (worktree,path,reason,at) VALUES (?,?,?,?)",
            (self.repo.top, path, reason[:500], time.time_ns() // 1000),
        )

    def candidates(self) -> tuple[tuple[str, str], ...]:
        """(path, reason) of the open candidates of this worktree, oldest first."""
        rows = self._db.execute(
            "SELECT path,reason FROM candidates WHERE worktree=? ORDER BY seq", (self.repo.top,)
        ).fetchall()
        return tuple((row[0], row[1]) for row in rows)

    def cached(self, key: str) -> str | None:
        """A cached value, or None."""
        row = self._db.execute("SELECT value FROM cache WHERE key=?", (key,)).fetchone()
        return str(row[0]) if row else None

    def cache(self, key: str, value: str) -> None:
        with self.transaction():
            self._db.execute("INSERT OR REPLACE INTO cache VALUES (?,?,?)", (key, value, int(time.time())))

    def audit(self, who: str, what: str, why: str = "", detail: str = "") -> str:
        """Append a row to the audit table and return its head: SHA-256 over the previous head and the row."""
        import hashlib

        with self.transaction():
            previous = self.audit_head()
            at = int(time.time())
            row = json.dumps([previous, at, who, what, why, detail], ensure_ascii=False)
            head = hashlib.sha256(row.encode("utf-8", "surrogatepass")).hexdigest()
            self._db.execute(
                "INSERT INTO audit (at,who,what,why,detail,head) VALUES (?,?,?,?,?,?)",
                (at, who, what, why, detail, head),
            )
        return head

    def audit_head(self) -> str:
        row = self._db.execute("SELECT head FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
        return str(row[0]) if row else ""

    def audit_rows(self) -> tuple[AuditRow, ...]:
        """Every audit row, oldest first."""
        rows = self._db.execute("SELECT seq,at,who,what,why,detail,head FROM audit ORDER BY seq").fetchall()
        return tuple(AuditRow(*row) for row in rows)

    def prune(self) -> None:
        """Drop old texts and old rows; the newest of each path and the whole audit table stay."""
        with self.transaction():
            self._db.execute(
                "DELETE FROM snapshots WHERE seq IN (SELECT seq FROM (SELECT seq, row_number() OVER "
                "(PARTITION BY worktree,path ORDER BY seq DESC) AS place FROM snapshots) WHERE place>?)",
                (_SNAPSHOTS_PER_PATH,),
            )
            self._db.execute(
                "DELETE FROM contents WHERE id NOT IN (SELECT content FROM (SELECT content, row_number() OVER "
                "(PARTITION BY worktree,path ORDER BY seq DESC) AS place FROM snapshots) WHERE place<=?)",
                (_TEXTS_PER_PATH,),
            )
            self._db.execute("DELETE FROM cache WHERE at<?", (int(time.time()) - 30 * 86_400,))

    def check(self) -> list[str]:
        """What SQLite's own integrity check says; empty when the ledger is sound."""
        rows = [str(row[0]) for row in self._db.execute("PRAGMA integrity_check").fetchall()]
        return [] if rows == ["ok"] else rows


def encode_regions(regions: Iterable[Region]) -> str:
    return json.dumps(
        [[r.start, r.end, r.origin.kind, r.origin.author, r.order, r.overrode] for r in regions], separators=(",", ":")
    )


def decode_regions(text: str) -> tuple[Region, ...]:
    return tuple(
        Region(s, e, Origin(kind, author), order, over) for s, e, kind, author, order, over in json.loads(text)
    )


def encode_removals(removals: Iterable[Removal]) -> str:
    return json.dumps(
        [[r.session, r.at, [line.decode("latin-1") for line in r.lines], r.order] for r in removals],
        separators=(",", ":"),
    )


def decode_removals(text: str) -> tuple[Removal, ...]:
    return tuple(
        Removal(session, at, tuple(line.encode("latin-1") for line in lines), order)
        for session, at, lines, order in json.loads(text)
    )


def _explained(error: sqlite3.OperationalError, path: str) -> LedgerError:
    text = str(error)
    if "locked" in text or "busy" in text:
        return LedgerBusy(f"the ledger {path} is held by another process")
    return LedgerError(f"the ledger {path} cannot be used ({text}); check that the folder is writable")


def _has_shared_memory(path: str) -> bool:
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
