"""The past of a repository, read once: what each commit touched is kept by its id, for it never changes.

A store of its own in the common directory (`history.db`), derived from git alone; without it, or while another process
writes it, git is asked again.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing

from earmark.git import history
from earmark.git.changes import FileChange, commit_changes
from earmark.git.history import Commit
from earmark.git.objects import Objects
from earmark.git.repository import Repository
from earmark.git.run import run
from earmark.origin.ledger import folder
from earmark.risk.past import Done, Past, is_fix, is_revert, learned

# How far back is looked, in commits before the one that is judged: beyond that a past tells less and less.
DEPTH = 1500
# A commit of more files is an import or a sweep and says nothing about each of them.
_MOST_FILES = 300
_VERSION = 1
_BUSY_SECONDS = 0.5


def past(repo: Repository, tip: str, objects: Objects) -> Past:
    """What the last `DEPTH` commits up to `tip` make; nothing for an empty `tip`. Raises `GitError`."""
    if not tip:
        return Past()
    ids = run(repo, "rev-list", "--reverse", "--topo-order", f"--max-count={DEPTH}", tip, "--").decode().split()
    known = _recall(repo, ids)
    fresh = [id_ for id_ in ids if id_ not in known]
    if fresh:
        changes = commit_changes(repo, fresh)
        read = {c.id: done(c, changes[c.id]) for c in history.read(repo, fresh, objects=objects)}
        _keep(repo, read)
        known |= read
    return learned(known[id_] for id_ in ids)


def done(commit: Commit, pairs: Sequence[FileChange]) -> Done:
    """What of a commit matters later; a merge's files are those of its parts."""
    merge = len(commit.parents) > 1
    paths = () if merge or len(pairs) > _MOST_FILES else tuple((pair.old_path, pair.path) for pair in pairs)
    message = commit.message
    return Done(commit.author_email.casefold(), commit.committer_time, is_fix(message), is_revert(message), paths)


def _recall(repo: Repository, ids: Sequence[str]) -> dict[str, Done]:
    wanted = set(ids)
    try:
        with closing(_store(repo)) as db:
            rows = db.execute("SELECT id, facts FROM done").fetchall()
            return {id_: _read(facts) for id_, facts in rows if id_ in wanted}
    except (sqlite3.Error, OSError, ValueError):
        return {}


def _keep(repo: Repository, found: dict[str, Done]) -> None:
    try:
        with closing(_store(repo)) as db, db:
            db.executemany("INSERT OR REPLACE INTO done VALUES (?, ?)", [(i, json.dumps(d)) for i, d in found.items()])
            db.execute("DELETE FROM done WHERE rowid <= (SELECT max(rowid) FROM done) - ?", (20 * DEPTH,))
    except (sqlite3.Error, OSError):
        return


def _read(facts: str) -> Done:
    author, time, fix, revert, paths = json.loads(facts)
    return Done(author, time, fix, revert, tuple((old, path) for old, path in paths))


def _store(repo: Repository) -> sqlite3.Connection:
    os.makedirs(folder(repo), exist_ok=True)
    db = sqlite3.connect(os.path.join(folder(repo), "history.db"), timeout=_BUSY_SECONDS)
    if db.execute("PRAGMA user_version").fetchone()[0] != _VERSION:
        with db:
            db.execute("DROP TABLE IF EXISTS done")
            db.execute("CREATE TABLE done (id TEXT UNIQUE, facts TEXT)")
            db.execute(f"PRAGMA user_version={_VERSION}")
    return db
