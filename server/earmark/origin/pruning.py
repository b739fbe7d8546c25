"""Keeping the ledger's size bounded. The newest state of each path and the whole audit table stay."""

from __future__ import annotations

import sqlite3
import time

TEXTS_PER_PATH = 24
SNAPSHOTS_PER_PATH = 400
LARGEST = 256 << 20
"""Bytes that all kept texts take together; beyond it the oldest go, whatever path they belong to."""
_DAY = 86_400
_MONTH = 30 * _DAY

_NEWEST_FIRST = "row_number() OVER (PARTITION BY worktree, path ORDER BY seq DESC) AS place FROM snapshots"
_OLD_SNAPSHOTS = f"DELETE FROM snapshots WHERE seq IN (SELECT seq FROM (SELECT seq, {_NEWEST_FIRST}) WHERE place > ?)"  # noqa: S608
_OLD_TEXTS = (
    f"DELETE FROM contents WHERE id NOT IN (SELECT content FROM (SELECT content, {_NEWEST_FIRST}) WHERE place <= ?)"  # noqa: S608
)
_LARGEST_TEXTS = """
DELETE FROM contents WHERE id IN (
  SELECT id FROM (
    SELECT id, sum(size) OVER (ORDER BY newest DESC, id) AS total FROM (
      SELECT id, length(data) AS size, max(seq) AS newest FROM contents JOIN snapshots ON content = id GROUP BY id))
  WHERE total > ?)"""


def is_due(pruned: str, days: int) -> bool:
    """Whether `days` have gone by since `pruned`, the seconds stored last time (empty: never)."""
    return int(pruned or 0) + days * _DAY < time.time()


def prune(db: sqlite3.Connection) -> str:
    """Delete what is too old or too much; the caller holds the transaction and stores the answer, the time in
    seconds."""
    now = int(time.time())
    db.execute(_OLD_SNAPSHOTS, (SNAPSHOTS_PER_PATH,))
    db.execute(_OLD_TEXTS, (TEXTS_PER_PATH,))
    db.execute(_LARGEST_TEXTS, (LARGEST,))
    db.execute("DELETE FROM cache WHERE at < ?", (now - _MONTH,))
    db.execute("DELETE FROM events WHERE at < ?", ((now - _MONTH) * 1_000_000,))
    db.execute("DELETE FROM candidates WHERE at < ?", ((now - _MONTH) * 1_000_000,))
    return str(now)
