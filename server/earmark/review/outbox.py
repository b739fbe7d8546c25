"""Requests on their way: kept before the first byte is sent, until the forge has them or the user cancels.

An entry is written before anything is sent and marked after the answer. A process that dies in between leaves it
"sending"; whoever comes next begins the conversation again with its look-up, so a request is made effectively once. The
store is `outbox.db` beside the ledger; it never holds a token, and which host may get one is decided anew at each send.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple, Self

from earmark.git.repository import Repository
from earmark.origin.ledger import folder
from earmark.review.forges.forge import Ask, Project, Receipt, Refused
from earmark.review.forges.sender import (
    Denied,
    ForgeError,
    PushFailed,
    RateLimited,
    Rejected,
    Uncertain,
    Unreachable,
)

CLAIM_SECONDS: Final = 600.0  # a send takes less; an older claim belongs to a process that died
BUSY_SECONDS: Final = 5.0
MOST_PREVIEWS: Final = 20
MOST_ATTEMPTS: Final = 24  # about a day of them
_WAITS: Final = (60.0, 300.0, 900.0, 3_600.0)
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS requests (
  key TEXT PRIMARY KEY, kind TEXT NOT NULL, project TEXT NOT NULL, ask TEXT NOT NULL, state TEXT NOT NULL,
  attempts INTEGER NOT NULL, next_at REAL NOT NULL, claimed_at REAL NOT NULL, claim TEXT NOT NULL,
  said TEXT NOT NULL, receipt TEXT NOT NULL, changed_at REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS previews (
  digest TEXT PRIMARY KEY, kind TEXT NOT NULL, project TEXT NOT NULL, ask TEXT NOT NULL, unmet TEXT NOT NULL,
  made_at REAL NOT NULL) WITHOUT ROWID;
"""
_COLUMNS: Final = "key,kind,project,ask,state,attempts,next_at,said,receipt,changed_at"


class Entry(NamedTuple):
    """One request. `state` is "waiting" (to be sent from `next_at` on), "sending", "sent", "failed" (the forge said no;
    `said` why) or "cancelled". `receipt` is what the forge has, None before. Times are seconds since the epoch."""

    key: str
    kind: str
    project: Project
    ask: Ask
    state: str
    attempts: int
    next_at: float
    said: str
    receipt: Receipt | None
    changed_at: float


class Previewed(NamedTuple):
    """A request as its author saw it. `unmet` is what of the policy's needs nobody can satisfy."""

    kind: str
    project: Project
    ask: Ask
    unmet: tuple[str, ...]


def file_of(repo: Repository) -> str:
    """Where the outbox of a repository is, whether it exists or not."""
    return os.path.join(folder(repo), "outbox.db")


class OutboxError(Exception):
    """The outbox cannot be used; the message says why."""


class Outbox:
    """The open outbox of a repository."""

    def __init__(self, connection: sqlite3.Connection, now: Callable[[], float]) -> None:
        self._db = connection
        self._now = now

    @classmethod
    def open(cls, repo: Repository, now: Callable[[], float]) -> Self:
        """The repository's outbox, created when missing. Raises `OutboxError`."""
        path = file_of(repo)
        try:
            os.makedirs(folder(repo), exist_ok=True)
            connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
            connection.executescript(_SCHEMA)
        except (sqlite3.Error, OSError) as error:
            raise OutboxError(f"the outbox {path} cannot be used: {error}") from error
        return cls(connection, now)

    @staticmethod
    def exists(repo: Repository) -> bool:
        """Whether anything was ever to be sent from here."""
        return os.path.exists(file_of(repo))

    def close(self) -> None:
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self._db.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise OutboxError(f"another process holds the outbox: {error}") from error
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def put(self, kind: str, project: Project, ask: Ask) -> None:
        """Keep a request to be sent; one of the same key is replaced by it, whatever became of that one."""
        now = self._now()
        row = (ask.key, kind, _text(project), _text(ask), "waiting", 0, now, 0.0, "", "", "", now)
        with self._transaction():
            self._db.execute(f"INSERT OR REPLACE INTO requests VALUES ({','.join('?' * 12)})", row)  # noqa: S608

    def keep_preview(self, digest: str, kind: str, project: Project, ask: Ask, unmet: tuple[str, ...]) -> None:
        """Keep what was shown under its digest; only the latest are kept."""
        with self._transaction():
            row = (digest, kind, _text(project), _text(ask), json.dumps(unmet), self._now())
            self._db.execute("INSERT OR REPLACE INTO previews VALUES (?,?,?,?,?,?)", row)
            self._db.execute(
                "DELETE FROM previews WHERE digest NOT IN (SELECT digest FROM previews ORDER BY made_at DESC LIMIT ?)",
                (MOST_PREVIEWS,),
            )

    def preview(self, digest: str) -> Previewed | None:
        """What was shown under this digest."""
        row = self._db.execute("SELECT kind,project,ask,unmet FROM previews WHERE digest=?", (digest,)).fetchone()
        if row is None:
            return None
        kind, project, ask, unmet = row
        return Previewed(kind, Project(**_fields(project)), Ask(**_fields(ask)), tuple(json.loads(unmet)))

    def entries(self) -> tuple[Entry, ...]:
        """Every request, the latest change first."""
        rows = self._db.execute(f"SELECT {_COLUMNS} FROM requests ORDER BY changed_at DESC, key")  # noqa: S608
        return tuple(map(_entry, rows))

    def next_due(self) -> tuple[Entry, float] | None:
        """The request to be sent next and when (seconds since the epoch): one that waits, or one whose process seems to
        have died. None when nothing is to be sent."""
        row = self._db.execute(
            f"SELECT {_COLUMNS}, CASE state WHEN 'waiting' THEN next_at ELSE claimed_at+? END AS due FROM requests "  # noqa: S608
            "WHERE state IN ('waiting', 'sending') ORDER BY due, key LIMIT 1",
            (CLAIM_SECONDS,),
        ).fetchone()
        return (_entry(row[:-1]), row[-1]) if row else None

    def get(self, key: str) -> Entry | None:
        row = self._db.execute(f"SELECT {_COLUMNS} FROM requests WHERE key=?", (key,)).fetchone()  # noqa: S608
        return _entry(row) if row else None

    def cancel(self, key: str) -> bool:
        """Take a request that was not sent out of the way; False when there is none."""
        return self._set(key, "cancelled", "cancelled by the user", only=("waiting", "failed", "sending"))

    def claim(self, key: str | None = None) -> tuple[Entry, str] | None:
        """The next request that is due (or the one of `key`, due or not), marked as being sent, with the claim that
        must be given back; None when there is none. A claim older than ten minutes is somebody's who died."""
        now = self._now()
        token = os.urandom(12).hex()
        free = "(state='waiting' OR (state='sending' AND claimed_at<?))"
        which = "key=?" if key else "next_at<=?"
        with self._transaction():
            row = self._db.execute(
                f"SELECT {_COLUMNS} FROM requests WHERE {free} AND {which} ORDER BY next_at, key LIMIT 1",  # noqa: S608
                (now - CLAIM_SECONDS, key or now),
            ).fetchone()
            if row is None:
                return None
            self._db.execute(
                "UPDATE requests SET state='sending', claim=?, claimed_at=?, attempts=attempts+1 WHERE key=?",
                (token, now, row[0]),
            )
        return _entry(row)._replace(state="sending", attempts=row[5] + 1), token

    def sent(self, key: str, claim: str, receipt: Receipt) -> None:
        """The forge has it."""
        self._set(key, "sent", "", receipt=receipt, claim=claim)

    def failed(self, key: str, claim: str, said: str) -> None:
        """The forge will not take it as it is."""
        self._set(key, "failed", said, claim=claim)

    def later(self, key: str, claim: str, said: str, wait: float) -> None:
        """To be tried again in `wait` seconds."""
        self._set(key, "waiting", said, next_at=self._now() + wait, claim=claim)

    def _set(
        self, key: str, state: str, said: str, *, receipt: Receipt | None = None, next_at: float = 0.0,
        claim: str = "", only: tuple[str, ...] = ("sending",),
    ) -> bool:  # fmt: skip
        """Change the state, unless another process has claimed the request meanwhile."""
        kept = _text(receipt) if receipt else ""
        with self._transaction():
            row = self._db.execute("SELECT state,claim FROM requests WHERE key=?", (key,)).fetchone()
            if row is None or row[0] not in only or (claim and row[1] != claim):
                return False
            self._db.execute(
                "UPDATE requests SET state=?, said=?, receipt=?, next_at=?, claim='', claimed_at=0, changed_at=? "
                "WHERE key=?",
                (state, said, kept, next_at, self._now(), key),
            )
        return True


def deliver(outbox: Outbox, send: Callable[[Entry], Receipt], key: str | None = None) -> Entry | None:
    """Send one request, the one of `key` or the next that is due, and return it as it then stands; None when there is
    none to send. What may work later is kept for later, with growing pauses and not for ever; what the forge refuses is
    kept as failed.
    An error that is neither leaves the request claimed, to be looked up by the next process."""
    claimed = outbox.claim(key)
    if claimed is None:
        return None
    entry, claim = claimed
    try:
        receipt = send(entry)
    except (RateLimited, Unreachable, Uncertain) as error:
        pause = error.wait if isinstance(error, RateLimited) else _WAITS[min(entry.attempts, len(_WAITS)) - 1]
        if entry.attempts < MOST_ATTEMPTS:
            outbox.later(entry.key, claim, str(error), pause)
        else:
            outbox.failed(entry.key, claim, f"given up after {entry.attempts} attempts: {error}")
    except (Denied, Rejected, Refused, PushFailed, ForgeError) as error:
        outbox.failed(entry.key, claim, str(error))
    else:
        outbox.sent(entry.key, claim, receipt)
    return outbox.get(entry.key)


def _text(value: Any) -> str:
    return json.dumps(value._asdict())


def _fields(text: str) -> dict[str, Any]:
    """The fields of a named tuple as it was written, lists as the tuples they were."""
    return {name: tuple(v) if isinstance(v, list) else v for name, v in json.loads(text).items()}


def _entry(row: tuple[Any, ...]) -> Entry:
    key, kind, project, ask, state, attempts, next_at, said, receipt, changed_at = row
    got = Receipt(**_fields(receipt)) if receipt else None
    return Entry(
        key, kind, Project(**_fields(project)), Ask(**_fields(ask)), state, attempts, next_at, said, got, changed_at
    )
