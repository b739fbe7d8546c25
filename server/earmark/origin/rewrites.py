"""Which commits a commit was made from, read off HEAD's reflog and the commits themselves.

Amend, rebase, reset, squash and cherry-pick leave commits behind; a new commit inherits from those it repeats. Pairing
decides only where to look: a line is credited when it stands, unchanged, in both (see `commit_origins`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from earmark.git.history import Commit
from earmark.git.objects import Objects
from earmark.git.repository import Repository

_MOST_ENTRIES = 5_000
_ALL_OF_THEM = 12
_CREATED = (b"commit", b"cherry-pick", b"revert", b"rebase", b"am", b"merge", b"pull")
# HEAD went to a commit that was there before: the base of a rebase, the other side of a fast-forward.
_FOUND = (b"Fast-forward", b"fast-forward", b"(start)", b"(abort)", b"(finish)")
_PICKED = re.compile(rb"\(cherry picked from commit ([0-9a-f]{40,64})\)")
_SQUASHED = re.compile(rb"^commit ([0-9a-f]{40,64})$", re.MULTILINE)


class Reflog(NamedTuple):
    """What HEAD did since it was last looked at: `created` commits, and `left`, where it stood in between. `size` is
    the length of its log in bytes, to go on from next time. `moved` are commits it went to without a word of what was
    done (`git update-ref`), each with the address of who did it."""

    created: frozenset[str]
    left: tuple[str, ...]
    size: int
    moved: Mapping[str, str] = {}


def reflog(repo: Repository, done: str, seen: int) -> Reflog:
    """HEAD's reflog behind its first `seen` bytes (all of it when it is shorter: git expired entries).

    `done` is where HEAD stood then, empty when that is not known.
    """
    created: set[str] = set()
    moved: dict[str, str] = {}
    left: dict[str, None] = {done: None} if done else {}
    try:
        with open(os.path.join(repo.git_dir, "logs", "HEAD"), "rb") as handle:
            size = os.fstat(handle.fileno()).st_size
            handle.seek(seen if seen <= size else 0)
            lines = handle.read().splitlines()[-_MOST_ENTRIES:]
    except OSError:
        return Reflog(frozenset(), tuple(left), 0)
    for line in lines:
        ids, _, action = line.partition(b"\t")
        fields = ids.split(b" ", 2)
        if len(fields) < 3:
            continue
        old, new = fields[0].decode("ascii", "replace"), fields[1].decode("ascii", "replace")
        if action.startswith(_CREATED) and not any(word in action for word in _FOUND):
            created.add(new)
        elif not action.strip():
            moved[new] = fields[2].partition(b"<")[2].partition(b">")[0].decode("utf-8", "replace")
        left[new] = None
        if old.strip("0"):
            left[old] = None
    return Reflog(frozenset(created), tuple(left), size, moved)


def reflog_size(repo: Repository) -> int:
    """The length of HEAD's reflog in bytes, 0 when there is none."""
    try:
        return os.stat(os.path.join(repo.git_dir, "logs", "HEAD")).st_size
    except OSError:
        return 0


def with_moved(log: Reflog, due: Sequence[Commit]) -> Reflog:
    """`log`, with those commits created that HEAD was silently moved to by whoever made them."""
    own = {commit.id for commit in due if log.moved.get(commit.id) == commit.committer_email}
    return log._replace(created=log.created | own)


def in_progress(repo: Repository) -> bool:
    """Whether a rebase or `git am` has stopped in the middle."""
    return any(os.path.isdir(os.path.join(repo.git_dir, name)) for name in ("rebase-merge", "rebase-apply"))


def sources(
    due: Sequence[Commit], abandoned: Sequence[Commit], log: Reflog, objects: Objects
) -> dict[str, tuple[str, ...]]:
    """For each due commit that was created here, the commits it may repeat; `abandoned` are oldest first.

    A handful of abandoned commits are all looked at. Of more, those with the same author and author date, which a
    rebase keeps, and the unpaired ones behind them, which a squash swallowed.
    """
    made = [commit for commit in due if commit.id in log.created]
    found: dict[str, tuple[str, ...]] = {}
    followers = _with_followers(made, abandoned) if len(abandoned) > _ALL_OF_THEM else {}
    everything = tuple(old.id for old in abandoned) if len(abandoned) <= _ALL_OF_THEM else ()
    for commit in made:
        named = [m.decode() for pattern in (_PICKED, _SQUASHED) for m in pattern.findall(commit.message)]
        known = [id_ for id_ in named if objects.info(id_) is not None]
        candidates = (*known, *followers.get(commit.id, ()), *everything)
        if candidates:
            found[commit.id] = tuple(dict.fromkeys(id_ for id_ in candidates if id_ != commit.id))
    return found


def _with_followers(made: Sequence[Commit], abandoned: Sequence[Commit]) -> dict[str, tuple[str, ...]]:
    new_by_mark = {_mark(commit): commit.id for commit in made}
    paired: dict[str, list[str]] = {}
    current = ""
    waiting: list[str] = []
    for old in abandoned:
        new = new_by_mark.get(_mark(old))
        if new is None and not current:
            waiting.append(old.id)
            continue
        current = new or current
        paired.setdefault(current, []).extend([*waiting, old.id])
        waiting = []
    return {new: tuple(olds) for new, olds in paired.items()}


def _mark(commit: Commit) -> tuple[str, str, int]:
    return commit.author_name, commit.author_email, commit.author_time
