"""What the commit declares whose message is open in an editor.

git opens the editor between two hooks. Whoever looks from beside, as a language server does, reads from git's files
what the hooks are told: which index is committed (`-a` and a path have one of their own), and that HEAD is amended.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from earmark.commit import declared, situation
from earmark.commit.declared import Declared
from earmark.commit.parent import Parent
from earmark.git import history, refs
from earmark.git.repository import Repository
from earmark.git.run import GitError
from earmark.origin.ledger import Ledger


def staged(repo: Repository, ledger: Ledger, message: bytes, comment: str, environ: Mapping[str, str]) -> Declared:
    """The declaration of the commit that is being made with `message`. Raises the errors of git and the ledger."""
    parent = Parent("commit", amend=True) if _amends(repo, message, comment) else Parent()
    now = situation.read(repo, "", "", parent, {})
    for index in _own_indexes(repo):
        inside = repo._replace(hook_environment=(*repo.hook_environment, ("GIT_INDEX_FILE", index)))
        try:
            return declared.staged(inside, ledger, now, environ, message)
        except GitError:
            continue  # another git is writing it just now, so it is not the one that waits for this message
    return declared.staged(repo, ledger, now, environ, message)


def index_state(repo: Repository) -> tuple[tuple[str, int, int], ...]:
    """What changes when something else is staged: (name, modification time in ns, size) of each index."""
    found = []
    for path in (*_own_indexes(repo), os.path.join(repo.git_dir, "index"), os.path.join(repo.git_dir, "HEAD")):
        try:
            known = os.stat(path)
        except OSError:
            continue
        found.append((path, known.st_mtime_ns, known.st_size))
    return tuple(found)


def _own_indexes(repo: Repository) -> Iterator[str]:
    """The index of `git commit PATH`, then that of `git commit -a` (git's builtin/commit.c, `prepare_index`)."""
    try:
        names = sorted(name for name in os.listdir(repo.git_dir) if name.startswith("next-index-"))
    except OSError:
        return
    for name in (*names, "index.lock"):
        path = os.path.join(repo.git_dir, name)
        if os.path.exists(path):
            yield path


def _amends(repo: Repository, message: bytes, comment: str) -> bool:
    """Whether git says so in its comments (it shows the date it keeps) under a message that begins as HEAD's does."""
    head = refs.head(repo).commit
    mark = comment.encode()
    lines = message.split(b"\n")
    if not head or not any(line.startswith(mark + b" Date:") for line in lines):
        return False
    title = next((line for line in lines if line.strip() and not line.startswith(mark)), b"")
    return bool(title) and history.read(repo, [head])[0].message.split(b"\n", 1)[0] == title
