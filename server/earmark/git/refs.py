"""Reading HEAD and references from their files, without starting a process where git stores them as files."""

from __future__ import annotations

import os
from typing import NamedTuple

from earmark.git.repository import Repository
from earmark.git.run import run

_PER_WORKTREE = ("refs/bisect/", "refs/worktree/", "refs/rewritten/")
_LINKS = 5  # git follows at most this many symbolic references


class Head(NamedTuple):
    """`ref` is the branch HEAD points to ("refs/heads/main"), empty when detached; `commit` is empty before the first
    commit."""

    ref: str
    commit: str


def head(repo: Repository) -> Head:
    """Where HEAD of this worktree stands."""
    content = _file(repo, "HEAD")
    if content.startswith("ref: "):
        ref = content[5:].strip()
        return Head(ref, read(repo, ref) or "")
    return Head("", content if _is_id(content) else "")


def read(repo: Repository, name: str) -> str | None:
    """The object id reference `name` ("HEAD", "refs/heads/main") points to, or None when there is none."""
    if _uses_other_storage(repo):
        out = run(repo, "rev-parse", "--verify", "--quiet", "--end-of-options", name, check=False).decode().strip()
        return out or None
    for _ in range(_LINKS):
        content = _file(repo, name)
        if content.startswith("ref: "):
            name = content[5:].strip()
            continue
        return content if _is_id(content) else _packed(repo, name)
    return None


def _file(repo: Repository, name: str) -> str:
    if ".." in name or name.startswith("/"):
        return ""
    own = not name.startswith("refs/") or name.startswith(_PER_WORKTREE)
    path = os.path.join(repo.git_dir if own else repo.common_dir, *name.split("/"))
    try:
        with open(path, "rb") as file:
            return os.fsdecode(file.read(4096)).strip()
    except (OSError, ValueError):
        return ""


def _packed(repo: Repository, name: str) -> str | None:
    try:
        with open(os.path.join(repo.common_dir, "packed-refs"), "rb") as file:
            data = file.read()
    except OSError:
        return None
    end = data.find(b" " + os.fsencode(name) + b"\n")
    if end < 0:
        return None
    found = os.fsdecode(data[data.rfind(b"\n", 0, end) + 1 : end])
    return found if _is_id(found) else None


def _uses_other_storage(repo: Repository) -> bool:
    return os.path.isdir(os.path.join(repo.common_dir, "reftable"))


def _is_id(text: str) -> bool:
    return len(text) in (40, 64) and not text.strip("0123456789abcdef")
