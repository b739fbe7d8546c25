"""Finding a repository and naming objects, without starting a process."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Literal, NamedTuple

from earmark.git.run import HOOK_VARIABLES

ObjectFormat = Literal["sha1", "sha256"]


class Repository(NamedTuple):
    """Where a repository is. Paths are absolute with symbolic links resolved.

    `top` is the worktree's top, empty for a bare repository; `git_dir` belongs to this worktree (HEAD, index),
    `common_dir` is shared by all worktrees (objects, refs, configuration). `trusted` says whether the user lets this
    repository's own filters and programs run. `hook_environment` holds what git told the hook we run in.
    """

    top: str
    git_dir: str
    common_dir: str
    object_format: ObjectFormat = "sha1"
    trusted: bool = False
    hook_environment: tuple[tuple[str, str], ...] = ()

    def blob_id(self, data: bytes) -> str:
        """The object id git gives a blob of exactly `data`."""
        return blob_id(data, self.object_format)

    @property
    def empty_tree(self) -> str:
        """The object id of the tree without entries."""
        return _object_id("tree", b"", self.object_format)

    @property
    def zero(self) -> str:
        """The id that stands for "no object"."""
        return "0" * (40 if self.object_format == "sha1" else 64)


def find(path: str | os.PathLike[str], *, bare: bool = False) -> Repository | None:
    """The repository whose worktree holds `path` (which need not exist), or None.

    Only a `.git` folder or file makes a worktree. A folder that merely looks like a bare repository is a folder like
    any other, unless it is `path` itself and `bare` is set: a cloned one would bring its own configuration.
    """
    folder = os.path.abspath(path)
    while not os.path.isdir(folder):
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent
    folder = os.path.realpath(folder)
    if bare and _is_git_dir(folder):
        return at(folder)
    while True:
        git_dir = _git_dir_of(folder)
        if git_dir is not None:
            return at(git_dir, folder)
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent


def at(git_dir: str, top: str = "") -> Repository:
    """The repository with this git directory and worktree top (both absolute), taken as given."""
    common = _common_dir(git_dir)
    return Repository(top, git_dir, common, _object_format(common))


def from_hook(environ: Mapping[str, str], cwd: str) -> Repository | None:
    """The repository whose git started this hook in `cwd`, with the index and object folders git told it to use."""
    told = {n: v for n, v in environ.items() if v and (n in HOOK_VARIABLES or n.startswith("GIT_CONFIG_"))}
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_QUARANTINE_PATH"):
        if name in told:
            told[name] = os.path.realpath(os.path.join(cwd, told[name]))
    if "GIT_DIR" not in told:
        found = find(cwd, bare=True)
    elif not _is_git_dir(told["GIT_DIR"]):
        found = None
    elif "GIT_WORK_TREE" in told:
        found = at(told["GIT_DIR"], told["GIT_WORK_TREE"])
    else:
        # git starts hooks of a worktree at its top, and those of a bare repository inside it.
        inside = os.path.realpath(cwd) == told["GIT_DIR"]
        found = at(told["GIT_DIR"], "" if inside else os.path.realpath(cwd))
    return found and found._replace(hook_environment=tuple(told.items()))


def relative(repo: Repository, path: str | os.PathLike[str]) -> str | None:
    """`path` relative to the worktree's top with `/`, or None when it is outside or inside the git directory.

    Symbolic links in its folder are followed, the last component is not: that is the entry git would track.
    """
    folder, name = os.path.split(os.path.abspath(path))
    folder = os.path.realpath(folder)
    if not repo.top or not name or not (folder + os.sep).startswith(repo.top.rstrip(os.sep) + os.sep):
        return None
    parts = [*folder[len(repo.top) :].strip(os.sep).split(os.sep), name]
    parts = [part for part in parts if part]
    return None if any(part.lower() == ".git" for part in parts) else "/".join(parts)


def blob_id(data: bytes, object_format: ObjectFormat = "sha1") -> str:
    """The object id git gives a blob of exactly `data` (no filter, no line-end conversion)."""
    return _object_id("blob", data, object_format)


def _object_id(kind: str, data: bytes, object_format: ObjectFormat) -> str:
    import hashlib

    digest = hashlib.new(object_format, b"%b %d\0" % (kind.encode(), len(data)), usedforsecurity=False)
    digest.update(data)
    return digest.hexdigest()


def _git_dir_of(folder: str) -> str | None:
    dot_git = os.path.join(folder, ".git")
    if os.path.isdir(dot_git):
        real = os.path.realpath(dot_git)
        return real if _is_git_dir(real) else None
    line = _first_line(dot_git)
    if not line.startswith("gitdir: "):
        return None
    real = os.path.realpath(os.path.join(folder, line[8:]))
    return real if _is_git_dir(real) else None


def _is_git_dir(folder: str) -> bool:
    """git's own test (setup.c): HEAD, and objects and refs in the common directory."""
    if not os.path.lexists(os.path.join(folder, "HEAD")):
        return False
    common = _common_dir(folder)
    return all(os.path.isdir(os.path.join(common, name)) for name in ("objects", "refs"))


def _common_dir(git_dir: str) -> str:
    line = _first_line(os.path.join(git_dir, "commondir"))
    return os.path.realpath(os.path.join(git_dir, line)) if line else git_dir


def _object_format(common_dir: str) -> ObjectFormat:
    try:
        with open(os.path.join(common_dir, "config"), "rb") as file:
            text = file.read(1 << 20).lower()
    except OSError:
        return "sha1"
    for line in text.splitlines() if b"objectformat" in text else ():
        key, _, value = line.partition(b"=")
        if key.strip() == b"objectformat" and value.strip() == b"sha256":
            return "sha256"
    return "sha1"


def _first_line(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return os.fsdecode(file.read(8192).split(b"\n", 1)[0].rstrip(b"\r"))
    except OSError:
        return ""
