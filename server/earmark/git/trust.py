"""Which workspaces the user trusts: a list at user level, out of reach of any repository.

`$XDG_CONFIG_HOME/earmark/trust.json` (default `~/.config`) holds `{"version": 1, "workspaces": [{"path", "root",
"inode", "shared"}]}`: the worktree's top (the git directory of a bare repository), the id of one commit without
parents, while there is no commit yet the inode of the git directory, and the common directory: trust covers all
worktrees of a repository. Another clone put at the same path lacks that commit.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from earmark.git import refs
from earmark.git.repository import Repository, find
from earmark.git.run import GitError, run

# Names a worktree's top that the user trusts: set by our language server for its own processes, by its client's word.
VOUCHED = "EARMARK_TRUSTED_WORKSPACE"


def open_repository(path: str | os.PathLike[str]) -> Repository | None:
    """`find(path)` with `trusted` filled in from the user's list, or from whoever started this process."""
    repo = find(path)
    return repo and repo._replace(trusted=is_trusted(repo) or os.environ.get(VOUCHED) == _path(repo))


def is_trusted(repo: Repository) -> bool:
    """Whether the user trusts this workspace. Starts git only when its path is on the list."""
    return any(_still_the_same(repo, entry) for entry in _read() if _names(repo, entry))


def trust(repo: Repository) -> None:
    """Put this workspace on the user's list."""
    entry = {"path": _path(repo), "root": _root(repo), "inode": _inode(repo), "shared": repo.common_dir}
    _write([*(e for e in _read() if not _names(repo, e)), entry])


def distrust(repo: Repository) -> bool:
    """Take this workspace off the user's list; False when it was not on it."""
    entries = _read()
    kept = [e for e in entries if not _names(repo, e)]
    if len(kept) == len(entries):
        return False
    _write(kept)
    return True


def file() -> str:
    """The path of the list."""
    home = os.environ.get("XDG_CONFIG_HOME", "")
    if not os.path.isabs(home):
        home = os.path.join(os.path.expanduser("~"), ".config")
    return os.path.join(home, "earmark", "trust.json")


def _path(repo: Repository) -> str:
    return repo.top or repo.git_dir


def _names(repo: Repository, entry: Mapping[str, Any]) -> bool:
    """Whether the entry is about this worktree or another one of the same repository."""
    return entry.get("path") == _path(repo) or (entry.get("shared") == repo.common_dir and _is_registered(repo))


def _is_registered(repo: Repository) -> bool:
    """Whether the repository itself knows this worktree. A `.git` file alone can point at anybody's repository."""
    if repo.git_dir == repo.common_dir:
        return True
    try:
        with open(os.path.join(repo.git_dir, "gitdir"), encoding="utf-8", errors="surrogateescape") as stream:
            return os.path.realpath(stream.read().strip()) == os.path.join(repo.top, ".git")
    except OSError:
        return False


def _root(repo: Repository) -> str:
    """One commit without parents reachable from HEAD, empty when there is no commit."""
    if not refs.head(repo).commit:
        return ""
    out = run(repo, "rev-list", "--max-parents=0", "HEAD").split()
    return out[-1].decode() if out else ""


def _inode(repo: Repository) -> str:
    status = os.stat(repo.common_dir)
    return f"{status.st_dev}:{status.st_ino}"


def _still_the_same(repo: Repository, entry: Mapping[str, Any]) -> bool:
    root = entry.get("root")
    if not root:
        return entry.get("inode") == _inode(repo)
    try:
        return _is_loose_commit(repo, str(root)) or run(repo, "cat-file", "-t", str(root)).strip() == b"commit"
    except GitError:
        return False


def _is_loose_commit(repo: Repository, id_: str) -> bool:
    """What `cat-file -t` would find in the object's own file, without a process: every command asks this first."""
    import zlib

    try:
        with open(os.path.join(repo.common_dir, "objects", id_[:2], id_[2:]), "rb") as stream:
            return zlib.decompressobj().decompress(stream.read(64), 7) == b"commit "
    except (OSError, ValueError, zlib.error):
        return False


def _read() -> list[Mapping[str, Any]]:
    import json

    try:
        with open(file(), "rb") as stream:
            content = json.load(stream)
    except (OSError, ValueError):
        return []
    entries = content.get("workspaces") if isinstance(content, dict) else None
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def _write(entries: list[Mapping[str, Any]]) -> None:
    import json
    import tempfile

    path = file()
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path))
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        json.dump({"version": 1, "workspaces": entries}, stream, indent=1)
    os.replace(temporary, path)
