"""Who sits at this machine, in git's words."""

from __future__ import annotations

import hashlib

from earmark.git.repository import Repository
from earmark.git.run import GitError, run


def identity(repo: Repository) -> str:
    """`Name <email>` as git would write it into a commit; empty when git knows nobody."""
    try:
        line = run(repo, "var", "GIT_AUTHOR_IDENT", check=False).decode("utf-8", "replace")
    except GitError:
        return ""
    return line[: line.rfind(">") + 1].strip()


def human_key(who: str) -> str:
    """The human key of the Git AI Standard: `h_` and 14 hex digits of SHA-256("Name <email>")."""
    return "h_" + hashlib.sha256(who.encode("utf-8", "surrogatepass")).hexdigest()[:14]
