"""The tags of every blob that was looked at, on disk.

A store of its own, derived from contents alone: losing it costs the time to build it again, so a version it does not
know or a damaged file is replaced.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, NamedTuple, Self

from earmark.risk.symbols.tags import is_tagged, tags
from earmark.text.languages import language_of

VERSION = 2
_BUSY_SECONDS = 1.0
_PORTION = 200
# A repository beyond this is looked at in part: the first so many files that have tags.
MOST_FILES = 50_000
# A name that this many files define, or that this share of files (but at least so many) use, tells nothing.
_MOST_DEFINITIONS = 4
_MOST_USERS, _SHARE = 60, 5
# Blobs of earlier revisions are kept until there are this many times as many as files.
_KEPT = 4

# Languages that call each other's definitions.
_FAMILIES = {"typescript": "javascript", "tsx": "javascript", "cpp": "c", "kotlin": "java"}

_TABLES = """
CREATE TABLE blob (id INTEGER PRIMARY KEY, oid TEXT NOT NULL UNIQUE, family TEXT NOT NULL);
CREATE TABLE name (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE defined (name INTEGER, blob INTEGER, PRIMARY KEY (name, blob)) WITHOUT ROWID;
CREATE TABLE used (name INTEGER, blob INTEGER, times INTEGER, PRIMARY KEY (name, blob)) WITHOUT ROWID;
"""


class IndexUnavailable(Exception):
    """The store cannot be opened or written now; what it would say is not known."""


class Users(NamedTuple):
    """The uses of one name outside the file that defines it: how many places, and the paths they are in, sorted.
    `common`: the name is defined or used so widely that nothing is claimed, and nothing is counted."""

    name: str
    places: int
    paths: tuple[str, ...]
    common: bool = False


class SymbolIndex:
    """An open store. One thread at a time; a context manager."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    @classmethod
    def open(cls, path: str) -> Self:
        """The store at `path`, made when missing, replaced when it is of another version or damaged. Raises
        `IndexUnavailable`."""
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            try:
                return cls(_connect(path))
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError):
                    raise
                os.unlink(path)
                return cls(_connect(path))
        except (OSError, sqlite3.Error) as error:
            raise IndexUnavailable(f"the symbol index {path} cannot be used: {error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._db.close()

    def missing(self, files: Mapping[str, str]) -> list[tuple[str, str]]:
        """(blob id, language) of the files (path -> blob id) whose tags are not known yet, each blob once."""
        known = {row[0] for row in self._rows("SELECT oid FROM blob")}
        wanted: dict[str, str] = {}
        for path, oid in _tagged(files):
            if oid not in known and oid not in wanted:
                wanted[oid] = language_of(path)
        return list(wanted.items())

    def build(
        self,
        files: Mapping[str, str],
        read: Callable[[Sequence[str]], Iterable[bytes]],
        told: Callable[[int, int], bool] = lambda done, total: True,
    ) -> bool:
        """Learn the tags of `files`; True when all are known now. `read` gives the contents of blobs in order; `told`
        is called with (done, total) before each portion and stops the work by answering False. Raises
        `IndexUnavailable`."""
        todo = self.missing(files)
        for start in range(0, len(todo), _PORTION):
            if not told(start, len(todo)):
                return False
            portion = todo[start : start + _PORTION]
            contents = read([oid for oid, _ in portion])
            self._learn((oid, lang, text) for (oid, lang), text in zip(portion, contents, strict=True))
        if todo:
            self._forget(files)
        return True

    def users(self, names: Iterable[str], files: Mapping[str, str], own: Collection[str]) -> tuple[Users, ...]:
        """Who uses `names` among `files` (path -> blob id), the files `own` left out, in the order of `names`."""
        places: dict[str, list[str]] = {}
        for path, oid in files.items():
            places.setdefault(oid, []).append(path)
        families = {_family(path) for path in own}
        limit = max(_MOST_USERS, len(files) // _SHARE)
        return tuple(self._users(name, places, own, families, limit) for name in dict.fromkeys(names))

    def _users(
        self, name: str, places: Mapping[str, Sequence[str]], own: Collection[str], families: set[str], limit: int
    ) -> Users:
        def rows(table: str, column: str) -> list[tuple[str, int]]:
            sql = (
                f"SELECT blob.oid, {column} FROM name JOIN {table} ON {table}.name = name.id"  # noqa: S608
                f" JOIN blob ON blob.id = {table}.blob WHERE name.name = ?"
            )
            found = self._rows(f"{sql} AND blob.family IN ({','.join('?' * len(families))})", name, *families)
            return [(oid, number) for oid, number in found if oid in places]

        definers = {path for oid, _ in rows("defined", "1") for path in places[oid]}
        count, paths = 0, set()
        for oid, times in rows("used", "times"):
            # A file with a definition of its own of that name means that one.
            elsewhere = [path for path in places[oid] if path not in own and path not in definers]
            count += times * len(elsewhere)
            paths.update(elsewhere)
        if len(definers) > _MOST_DEFINITIONS or len(paths) > limit:
            return Users(name, 0, (), True)
        return Users(name, count, tuple(sorted(paths)))

    def _rows(self, sql: str, *values: str) -> list[Any]:
        try:
            return self._db.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise IndexUnavailable(f"the symbol index cannot be read: {error}") from error

    def _learn(self, blobs: Iterable[tuple[str, str, bytes]]) -> None:
        found = [(oid, _FAMILIES.get(language, language), tags(text, language)) for oid, language, text in blobs]
        names: dict[str, int] = {}
        with self._writing():
            for oid, family, known in found:
                row = self._db.execute(
                    "INSERT OR IGNORE INTO blob (oid, family) VALUES (?, ?) RETURNING id", (oid, family)
                ).fetchone()
                if row is None:
                    continue
                defined = {self._name(d.name, names) for d in known.definitions}
                self._db.executemany("INSERT INTO defined VALUES (?, ?)", [(name, row[0]) for name in defined])
                uses = [(self._name(name, names), row[0], times) for name, times in known.uses.items()]
                self._db.executemany("INSERT INTO used VALUES (?, ?, ?)", uses)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            yield
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            raise IndexUnavailable(f"the symbol index cannot be written: {error}") from error
        finally:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")

    def _name(self, name: str, known: dict[str, int]) -> int:
        if name not in known:
            self._db.execute("INSERT OR IGNORE INTO name (name) VALUES (?)", (name,))
            known[name] = self._db.execute("SELECT id FROM name WHERE name = ?", (name,)).fetchone()[0]
        return known[name]

    def _forget(self, files: Mapping[str, str]) -> None:
        """Drop blobs that no present file has, once they are the most."""
        present = {oid for _, oid in _tagged(files)}
        rows = self._rows("SELECT id, oid FROM blob")
        if len(rows) <= _KEPT * len(present) + _PORTION:
            return
        gone = [(i,) for i, oid in rows if oid not in present]
        with self._writing():
            self._db.execute("CREATE INDEX by_blob ON used (blob)")
            self._db.executemany("DELETE FROM used WHERE blob = ?", gone)
            self._db.execute("DROP INDEX by_blob")
            self._db.executemany("DELETE FROM blob WHERE id = ?", gone)
            self._db.execute("DELETE FROM defined WHERE blob NOT IN (SELECT id FROM blob)")
            self._db.execute("DELETE FROM name WHERE id NOT IN (SELECT name FROM used UNION SELECT name FROM defined)")


def _connect(path: str) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    # What a crash takes is learnt again.
    db.execute("PRAGMA synchronous=OFF")
    if db.execute("PRAGMA user_version").fetchone()[0] != VERSION:
        db.execute("BEGIN IMMEDIATE")
        if db.execute("PRAGMA user_version").fetchone()[0] != VERSION:  # another process may have been faster
            for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                db.execute(f'DROP TABLE "{table}"')
            for statement in filter(str.strip, _TABLES.split(";")):
                db.execute(statement)
            db.execute(f"PRAGMA user_version={VERSION}")
        db.execute("COMMIT")
    return db


def _tagged(files: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    left = MOST_FILES
    for path, oid in files.items():
        if left and _has_tags(path):
            left -= 1
            yield path, oid


@lru_cache(maxsize=2 * MOST_FILES)
def _has_tags(path: str) -> bool:
    """Asked of every path of a repository for every commit of a range."""
    return is_tagged(language_of(path))


def _family(path: str) -> str:
    language = language_of(path)
    return _FAMILIES.get(language, language)
