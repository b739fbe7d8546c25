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
from earmark.origin.columns import decode_regions, decode_removals, encode_regions, encode_removals
from earmark.origin.model import Session, Snapshot

_VERSION = 2  # equal to ledger_schema.VERSION, which only a new or an old ledger imports
BUSY_SECONDS = 2.0


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
        except sqlite3.DatabaseError as error:
            raise _explained(error, path) from error
        except OSError as error:
            raise LedgerError(f"{error.filename or path} cannot be made ({error.strerror}); {_WRITABLE}") from error
        return ledger

    def _prepare(self) -> None:
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version > _VERSION:
            raise LedgerError(f"the ledger has schema {version}, this Earmark knows {_VERSION}; update Earmark")
        if version == _VERSION:
            self._db.execute("PRAGMA synchronous=NORMAL")
            return
        from earmark.origin import ledger_schema

        if not version and not self.in_memory and ledger_schema.has_shared_memory(folder(self.repo)):
            self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        with self.transaction():
            version = self._db.execute("PRAGMA user_version").fetchone()[0]  # another process may have been faster
            if version:
                ledger_schema.upgrade(self._db, version)
            else:
                ledger_schema.create(self._db)
                # Commits older than the ledger were made without us: nothing is derived for them.
                self.set_meta("born", refs.head(self.repo).commit)

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
            self._depth = 1
            yield
            self._db.execute("COMMIT")
        except BaseException as error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            if isinstance(error, sqlite3.DatabaseError):
                raise _explained(error, os.path.join(folder(self.repo), "ledger.db")) from error
            raise
        finally:
            self._depth = 0

    def now(self, at: int = 0) -> int:
        """The next place in time: microseconds since the epoch (`at`, where something happened earlier), above every
        order the ledger holds."""
        last = self._db.execute("SELECT at FROM snapshots ORDER BY seq DESC LIMIT 1").fetchone()
        return max(at or time.time_ns() // 1000, last[0] + 1 if last else 0)

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

    def last_content(self, path: str) -> tuple[int, str] | None:
        """(sequence number, content id) of the newest snapshot of `path` in this worktree."""
        where = "worktree=? AND path=? AND source!='index' ORDER BY seq DESC LIMIT 1"
        row = self._db.execute(f"SELECT seq,content FROM snapshots WHERE {where}", (self.repo.top, path)).fetchone()  # noqa: S608
        return (int(row[0]), str(row[1])) if row else None

    def exact_anywhere(self, content: str) -> Stored | None:
        """The newest snapshot of exactly this content at any path of this worktree."""
        return self._one("content=? AND worktree=? ORDER BY seq DESC", (content, self.repo.top))

    def last_at(self, path: str) -> int:
        """The order of the newest snapshot of `path` in this worktree, 0 when there is none."""
        row = self._db.execute(
            "SELECT at FROM snapshots WHERE worktree=? AND path=? AND source!='index' ORDER BY seq DESC LIMIT 1",
            (self.repo.top, path),
        ).fetchone()
        return int(row[0]) if row else 0

    def last_before(self, path: str, at: int) -> Stored | None:
        """The newest snapshot of `path` in this worktree from before the order `at`."""
        where = "worktree=? AND path=? AND source!='index' AND at<? ORDER BY seq DESC"
        return self._one(where, (self.repo.top, path, at))

    def newer(self, seq: int) -> tuple[int, tuple[str, ...]]:
        """(newest sequence number, paths of this worktree with rows after `seq`)."""
        rows = self._db.execute(
            "SELECT DISTINCT path FROM snapshots WHERE seq>? AND worktree=?", (seq, self.repo.top)
        ).fetchall()
        top = self._db.execute("SELECT coalesce(max(seq),0) FROM snapshots").fetchone()[0]
        return int(top), tuple(row[0] for row in rows)

    def _one(self, where: str, values: tuple[str | int, ...]) -> Stored | None:
        row = self._db.execute(
            "SELECT seq,path,content,regions,removals,source,at,"  # noqa: S608  (where comes from the callers above)
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
            if not self.in_memory:
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
        # The file goes in a transaction of its own: whoever is killed in between leaves it standing for nothing, never
        # missing while something is dirty; and nobody can mark a path while it goes.
        with self.transaction(), suppress(FileNotFoundError):
            if not self.in_memory and not self._db.execute("SELECT 1 FROM dirty LIMIT 1").fetchone():
                os.unlink(os.path.join(folder(self.repo), "active"))

    def put_candidate(self, path: str, reason: str) -> None:
        """A change of `path` that may be an assistant's, with no evidence: shown as a question, never stored as AI."""
        with self.transaction():
            self._db.execute(
                "INSERT OR REPLACE INTO candidates (worktree,path,reason,at) VALUES (?,?,?,?)",
                (self.repo.top, path, reason[:500], time.time_ns() // 1000),
            )

    def candidates(self) -> tuple[tuple[str, str], ...]:
        """(path, reason) of the open candidates of this worktree, one a path, oldest first."""
        rows = self._db.execute(
            "SELECT path,reason FROM candidates WHERE worktree=? ORDER BY at, path", (self.repo.top,)
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

    def audit_rows(self, newest: int = -1) -> tuple[AuditRow, ...]:
        """Every audit row, or the `newest`, oldest first."""
        query = "SELECT seq,at,who,what,why,detail,head FROM audit ORDER BY seq DESC LIMIT ?"
        return tuple(AuditRow(*row) for row in reversed(self._db.execute(query, (newest,)).fetchall()))

    def prune(self) -> None:
        """Drop old texts and old rows; the newest of each path and the whole audit table stay (see `pruning`)."""
        from earmark.origin import pruning

        with self.transaction():
            self.set_meta("pruned", pruning.prune(self._db))

    def prune_when_due(self, days: int = 1) -> None:
        """`prune`, unless that was done less than `days` ago."""
        from earmark.origin import pruning

        if pruning.is_due(self.meta("pruned"), days):
            self.prune()

    def check(self) -> list[str]:
        """What SQLite's own integrity check says; empty when the ledger is sound."""
        rows = [str(row[0]) for row in self._db.execute("PRAGMA integrity_check").fetchall()]
        return [] if rows == ["ok"] else rows


_WRITABLE = "make the folder writable for this user"


def _explained(error: sqlite3.DatabaseError, path: str) -> LedgerError:
    text = str(error)
    if "locked" in text or "busy" in text:
        return LedgerBusy(f"the ledger {path} is held by another process")
    if "full" in text or "disk I/O" in text:
        return LedgerError(
            f"the ledger {path} cannot be written: {text}; nothing is half written, make room on the disk"
        )
    if "readonly" in text or "unable to open" in text:
        return LedgerError(f"the ledger {path} cannot be written: {text}; {_WRITABLE}")
    return LedgerError(f"the ledger {path} cannot be used ({text}); run `earmark doctor --repair`")
