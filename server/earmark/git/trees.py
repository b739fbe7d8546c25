"""The files of a revision."""

from __future__ import annotations

from earmark.git.repository import Repository
from earmark.git.run import run

_REGULAR = (b"100644", b"100755")


def files(repo: Repository, rev: str) -> dict[str, str]:
    """Path -> blob id of every regular file of commit or tree `rev`, in git's order; one process. Raises `GitError`
    when there is no such revision."""
    found = {}
    for record in run(repo, "ls-tree", "-r", "-z", "--full-tree", rev).split(b"\0"):
        facts, tab, path = record.partition(b"\t")
        mode, _, rest = facts.partition(b" ")
        if tab and mode in _REGULAR:
            found[path.decode("utf-8", "surrogateescape")] = rest.rpartition(b" ")[2].decode()
    return found
