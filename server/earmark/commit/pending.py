"""What prepare-commit-msg decided and commit-msg is to carry out, kept beside HEAD of this worktree.

Also where `earmark tag` keeps a block for the next commit. A decision is about one staged change against one parent:
its fingerprint says which, so that a leftover of an aborted commit is never written into another one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from earmark.git.changes import FileChange
from earmark.git.repository import Repository


class Pending(NamedTuple):
    """`block` is to be written if `asked` is false or the control line stands; `comment` begins a comment in this
    message. `evidence` says in words what the block rests on; `suppressed` are the suppressions it brings."""

    fingerprint: str
    block: str
    comment: str = "#"
    asked: bool = False
    evidence: str = ""
    suppressed: Sequence[str] = ()


def fingerprint(base: str, changes: Iterable[FileChange]) -> str:
    """SHA-256 (hex) over the parent's id and every changed file."""
    import hashlib

    lines = [base, *("\0".join(change) for change in changes)]
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def path(repo: Repository, name: str = "pending") -> str:
    """The file of a decision: "pending" belongs to the commit being made, "next" to the one to come."""
    return os.path.join(repo.git_dir, "earmark", name)


def write(repo: Repository, decision: Pending, name: str = "pending") -> None:
    """Keep `decision`, replacing an older one."""
    target = path(repo, name)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with open(target + ".new", "w", encoding="utf-8") as file:
        json.dump(decision._asdict(), file)
    os.replace(target + ".new", target)


def take(repo: Repository, name: str = "pending") -> Pending | None:
    """The decision kept, which is thereby used up; None when there is none or it cannot be read."""
    target = path(repo, name)
    try:
        with open(target, encoding="utf-8") as file:
            found = json.load(file)
        os.unlink(target)
        return Pending(**found)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError):
        forget(repo, name)
        return None


def forget(repo: Repository, name: str = "pending") -> None:
    """Drop the decision, if any."""
    try:
        os.unlink(path(repo, name))
    except OSError:
        return
