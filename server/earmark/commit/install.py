"""Putting the git hooks in place and taking them out again.

`plan` only reads; `apply` does exactly what was planned. A hook that was there is renamed, never copied, so that its
bytes, mode and links come back as they were.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import NamedTuple

from earmark.commit import hooks
from earmark.git import config
from earmark.git.repository import Repository
from earmark.git.run import run

_LARGEST = 1 << 20


class InstallError(Exception):
    """Hooks could not be written; the message says why and what to do."""


class HookChange(NamedTuple):
    """One hook file `before` and `after`; None where absent. `aside` is the path `before` is moved to (or, on undo,
    comes back from), empty when nothing is moved. With a `problem` nothing is done, and the message says why."""

    path: str
    before: bytes | None
    after: bytes | None
    aside: str = ""
    problem: str = ""


def plan(repo: Repository, undo: bool = False, python: str = "") -> list[HookChange]:
    """What installing (or taking out) the hooks of `repo` changes; nothing for what is in place already."""
    folder, problem = hooks_folder(repo)
    if problem and not undo:
        return [HookChange(folder, None, None, problem=problem)]
    planned = [_undone(folder, name) if undo else _installed(folder, name, python or sys.executable) for name in NAMES]
    changes = [change for change in planned if change]
    if not undo:
        tracked = _tracked(repo, [change.path for change in changes if change.before is not None])
        changes = [_refused(change) if change.path in tracked else change for change in changes]
        changes += _hidden(repo, [change.path for change in changes if not change.problem])
    else:
        changes += _shown_again(repo, folder)
    return changes


NAMES = hooks.NAMES


def hooks_folder(repo: Repository) -> tuple[str, str]:
    """(the folder git runs this repository's hooks from, why we cannot write there or empty)."""
    default = os.path.join(repo.common_dir, "hooks")
    settings = config.read(repo).all("core.hooksPath")
    if not settings or not settings[-1].value:
        return default, ""
    named = os.path.expanduser(settings[-1].value)
    folder = os.path.realpath(os.path.join(repo.top or repo.git_dir, named))
    inside = any((folder + os.sep).startswith(root + os.sep) for root in (repo.top, repo.common_dir) if root)
    if inside or (_is_own(folder) and settings[-1].scope != "system"):
        return folder, ""
    return folder, (
        f"core.hooksPath ({settings[-1].scope}) points to {folder}, which is not yours; ask its owner to start "
        f'`{sys.executable} -P -m earmark hook NAME "$@"` from {", ".join(NAMES)} there'
    )


def apply(changes: Sequence[HookChange]) -> None:
    """Do what was planned. Raises `InstallError`, before the first write when a file is not as planned any more."""
    todo = [change for change in changes if not change.problem]
    for change in todo:
        if _read(change.path) != change.before:
            raise InstallError(f"{change.path} changed meanwhile; nothing was written, start again")
    for change in todo:
        try:
            _write(change)
        except OSError as error:
            raise InstallError(f"{change.path} cannot be written ({error.strerror})") from error


def _installed(folder: str, name: str, python: str) -> HookChange | None:
    path = os.path.join(folder, name)
    before, after = _read(path), hooks.script(name, python)
    if before == after:
        return None
    if before is None or hooks.is_ours(before):
        return HookChange(path, before, after)
    aside = path + hooks.MOVED
    if os.path.lexists(aside):
        problem = f"{path} and {aside} are both somebody's hook; remove the one that is not wanted and start again"
        return HookChange(path, before, None, problem=problem)
    return HookChange(path, before, after, aside)


def _undone(folder: str, name: str) -> HookChange | None:
    path = os.path.join(folder, name)
    text = _read(path)
    aside = path + hooks.MOVED
    if text is None or not hooks.is_ours(text):
        return None
    if text != hooks.script(name, hooks.interpreter_of(text)) and text.startswith(hooks.head()):
        return HookChange(
            path, text, None, problem=f"{path} was edited since it was installed; take our part out by hand"
        )
    kept = os.path.lexists(aside)
    return HookChange(path, text, _read(aside) if kept else None, aside if kept else "")


def _refused(change: HookChange) -> HookChange:
    problem = (
        f"{change.path} is tracked by the repository, so it is left alone; to have it start Earmark, add: "
        f'earmark hook {os.path.basename(change.path)} "$@"'
    )
    return change._replace(after=None, aside="", problem=problem)


def _tracked(repo: Repository, paths: Sequence[str]) -> set[str]:
    """Those of the absolute `paths` that are in the index."""
    inside = {
        os.path.relpath(path, repo.top): path for path in paths if repo.top and path.startswith(repo.top + os.sep)
    }
    if not inside:
        return set()
    out = run(repo, "ls-files", "--stage", "-z", "--", *inside).decode("utf-8", "surrogateescape")
    return {inside[name] for record in out.split("\0")[:-1] if (name := record.partition("\t")[2]) in inside}


def _hidden(repo: Repository, paths: Sequence[str]) -> list[HookChange]:
    """New files in the worktree are kept out of `git status`: they name this machine's interpreter."""
    lines = _exclude_lines(repo, paths)
    path = os.path.join(repo.common_dir, "info", "exclude")
    before = _read(path)
    missing = [line for line in lines if line not in (before or b"").splitlines()]
    if not missing:
        return []
    start = before or b""
    start += b"" if not start or start.endswith(b"\n") else b"\n"
    return [HookChange(path, before, start + b"".join(line + b"\n" for line in missing))]


def _shown_again(repo: Repository, folder: str) -> list[HookChange]:
    lines = _exclude_lines(repo, [os.path.join(folder, name) for name in NAMES])
    path = os.path.join(repo.common_dir, "info", "exclude")
    before = _read(path)
    kept = [line for line in (before or b"").splitlines(keepends=True) if line.rstrip(b"\n") not in lines]
    after = b"".join(kept)
    return [] if before is None or after == before else [HookChange(path, before, after)]


def _exclude_lines(repo: Repository, paths: Sequence[str]) -> list[bytes]:
    inside = [
        p for p in paths if repo.top and p.startswith(repo.top + os.sep) and not p.startswith(repo.git_dir + os.sep)
    ]
    names = [os.path.relpath(path, repo.top).replace(os.sep, "/") for path in inside]
    return [os.fsencode(f"/{name}{tail}") for name in names for tail in ("", hooks.MOVED)]


def _write(change: HookChange) -> None:
    os.makedirs(os.path.dirname(change.path), exist_ok=True)
    if change.after is None or (change.aside and os.path.lexists(change.aside)):
        os.unlink(change.path)
        if change.aside:
            os.rename(change.aside, change.path)
        return
    if change.aside:
        os.rename(change.path, change.aside)
    new = change.path + ".earmark-new"
    with open(new, "wb") as file:
        file.write(change.after)
    if hooks.is_ours(change.after):
        os.chmod(new, 0o755)  # noqa: S103  (git runs only executable hooks, for every user of the clone)
    os.replace(new, change.path)


def _read(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read(_LARGEST)
    except OSError:
        return None


def _is_own(folder: str) -> bool:
    """Whether the folder (or the nearest one above that exists) belongs to the user and can be written."""
    while not os.path.isdir(folder) and os.path.dirname(folder) != folder:
        folder = os.path.dirname(folder)
    owner = getattr(os, "getuid", lambda: os.stat(folder).st_uid)()
    return os.stat(folder).st_uid == owner and os.access(folder, os.W_OK)
