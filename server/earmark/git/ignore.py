"""Which files of a worktree nobody tracks and nobody ignores, found without git looking at the worktree.

The semantics are gitignore(5): the deepest file decides, within a file the last matching line, and nothing below an
ignored folder comes back.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from earmark.git.config import Config
from earmark.git.repository import Repository

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

_RULES_LIMIT = 1 << 20


def outside_rules(repo: Repository, settings: Config) -> list[GitIgnoreSpec]:
    """Rules from outside the worktree, the weaker first: the user's `core.excludesFile`, then `info/exclude`."""
    home = os.environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
    named = settings.get("core.excludesfile") or os.path.join(home, "git", "ignore")
    files = (os.path.expanduser(named), os.path.join(repo.common_dir, "info", "exclude"))
    return [spec for spec in map(_spec, files) if spec]


def untracked(top: str, tracked: Collection[str], rules: Sequence[GitIgnoreSpec]) -> Iterator[str]:
    """Paths of regular files and links below `top` that are neither in `tracked` nor ignored; nested repositories are
    left out."""
    yield from _walk(top, "", tracked, [("", spec) for spec in rules])


def _walk(top: str, folder: str, tracked: Collection[str], rules: list[tuple[str, GitIgnoreSpec]]) -> Iterator[str]:
    try:
        with os.scandir(os.path.join(top, folder)) as scan:
            found = sorted(scan, key=lambda entry: entry.name)
    except OSError:
        return
    names = {entry.name for entry in found}
    if folder and ".git" in names:
        return
    own = _spec(os.path.join(top, folder, ".gitignore")) if ".gitignore" in names else None
    inside = [*rules, (f"{folder}/" if folder else "", own)] if own else rules
    for entry in found:
        path = f"{folder}/{entry.name}" if folder else entry.name
        if entry.name == ".git" or path in tracked:
            continue
        is_folder = entry.is_dir(follow_symlinks=False)
        if _ignored(path + "/" if is_folder else path, inside):
            continue
        if is_folder:
            yield from _walk(top, path, tracked, inside)
        elif entry.is_symlink() or entry.is_file(follow_symlinks=False):
            yield path


def _ignored(path: str, rules: list[tuple[str, GitIgnoreSpec]]) -> bool:
    for prefix, spec in reversed(rules):
        verdict = spec.check_file(path[len(prefix) :]).include
        if verdict is not None:
            return verdict
    return False


def _spec(path: str) -> GitIgnoreSpec | None:
    from pathspec import GitIgnoreSpec

    try:
        # git itself refuses to follow a link here, so that a clone cannot point at somebody's file.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(handle, "rb") as file:
            lines = file.read(_RULES_LIMIT).decode("utf-8", "surrogateescape").splitlines()
    except OSError:
        return None
    return GitIgnoreSpec.from_lines(lines)
