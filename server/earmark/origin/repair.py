"""A ledger that SQLite cannot read any more: set aside, and what can still be read carried into a new one.

Nothing of it is needed for correctness: what is committed stands in the notes, what is not becomes `unknown`.
"""

from __future__ import annotations

import os
import sqlite3
import time

from earmark.git.repository import Repository
from earmark.origin.ledger import Ledger, LedgerError, folder

_TABLES = ("meta", "sessions", "contents", "snapshots", "events", "dirty", "candidates", "audit")


def damage(repo: Repository) -> str:
    """What is wrong with the ledger, empty when it is sound or there is none."""
    try:
        with Ledger.open(repo, create=False) as ledger:
            return "; ".join(ledger.check()[:3])
    except (LedgerError, sqlite3.DatabaseError) as error:
        return str(error)


def repair(repo: Repository) -> str:
    """Replace a damaged ledger; returns what was done, empty when there was nothing to do."""
    if not damage(repo):
        return ""
    path = os.path.join(folder(repo), "ledger.db")
    aside = time.strftime(f"{path}.damaged-%Y%m%dT%H%M%SZ", time.gmtime())
    os.replace(path, aside)
    for tail in ("-wal", "-shm"):
        if os.path.exists(path + tail):
            os.replace(path + tail, aside + tail)
    Ledger.open(repo).close()
    rows = _carried(aside, path)
    return f"a new ledger was started with the {rows} rows that could still be read; the old one is {aside}"


def _carried(old: str, new: str) -> int:
    total = 0
    target = sqlite3.connect(new, timeout=2)
    source = sqlite3.connect(old)
    try:
        for table in _TABLES:
            total += _copied(source, target, table)
        target.commit()
    finally:
        source.close()
        target.close()
    return total


def _copied(source: sqlite3.Connection, target: sqlite3.Connection, table: str) -> int:
    """Copy row by row until the damage, the columns that both have; rows that the new table refuses are left."""
    count = 0
    try:
        there = {row[1] for row in source.execute(f"PRAGMA table_info({table})")}
        names = ",".join(row[1] for row in target.execute(f"PRAGMA table_info({table})") if row[1] in there)
        for row in source.execute(f"SELECT {names} FROM {table}"):  # noqa: S608  (a name from the list above)
            marks = ",".join("?" * len(row))
            insert = f"INSERT OR REPLACE INTO {table} ({names}) VALUES ({marks})"  # noqa: S608
            count += target.execute(insert, row).rowcount
    except sqlite3.DatabaseError:
        return count
    return count
