"""What git is doing while a hook runs: a plain commit, an amend, a merge, a squash, a pick."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Literal, NamedTuple

from earmark.commit.parent import Parent
from earmark.git import history, refs
from earmark.git.repository import Repository

_HEX = "0123456789abcdef"


class Situation(NamedTuple):
    """The commit about to be made.

    `parents` are ids, empty for a root commit. `sources` are commits it replaces or takes its change from: their notes
    speak for it. `kind` "pick" is a commit git repeats on its own, whose message stays as it is.
    """

    kind: Literal["commit", "amend", "merge", "squash", "pick"]
    parents: tuple[str, ...]
    sources: tuple[str, ...] = ()

    @property
    def base(self) -> str:
        """The first parent, empty for a root commit."""
        return self.parents[0] if self.parents else ""


def read(repo: Repository, source: str, commit: str, parent: Parent, environ: Mapping[str, str]) -> Situation:
    """The situation from the hook's arguments 2 and 3, git's own state files and the command that runs."""
    head = refs.head(repo).commit
    rebase = _Rebase(repo)
    picked = refs.read(repo, "CHERRY_PICK_HEAD") or ""
    in_process = parent.command in ("rebase", "cherry-pick", "revert") or not environ.get("GIT_AUTHOR_DATE")
    if source == "message" and in_process and picked:
        return Situation("pick", (head,))
    if head and _amends(repo, head, source, commit, parent, environ, rebase.joins and in_process):
        old = history.read(repo, [head])[0]
        return Situation("amend", old.parents, (head, *rebase.sources(amending=True)))
    merged = tuple(_ids(os.path.join(repo.git_dir, "MERGE_HEAD")))
    parents = (head, *merged) if head else merged
    if merged:
        return Situation("merge", parents)
    if source == "squash":
        return Situation("squash", parents, tuple(_squashed(repo)))
    sources = [picked] if picked else list(rebase.sources(amending=False))
    if source == "commit" and commit:
        sources.append(history.resolve(repo, commit) or "")
    return Situation("commit", parents, tuple(dict.fromkeys(filter(None, sources))))


class _Rebase:
    """The state files of an interactive rebase (git's sequencer.c)."""

    def __init__(self, repo: Repository) -> None:
        self._folder = os.path.join(repo.git_dir, "rebase-merge")
        self.joins = bool(self._text("current-fixups"))

    def sources(self, *, amending: bool) -> tuple[str, ...]:
        """The commits being repeated by the commit about to be made."""
        stopped = self._text("stopped-sha")
        if amending:
            last = self._text("done").rstrip("\n").rpartition("\n")[2].split()
            pending = self._text("rewritten-pending").split()
            return tuple(dict.fromkeys(word for word in (*pending, *stopped.split(), *last[1:2]) if _is_id(word)))
        # At an `edit` stop the commit is made already; what the user commits there is new.
        editing = os.path.exists(os.path.join(self._folder, "amend"))
        return () if editing else tuple(word for word in stopped.split() if _is_id(word))

    def _text(self, name: str) -> str:
        return _read(os.path.join(self._folder, name))


def _amends(
    repo: Repository,
    head: str,
    source: str,
    commit: str,
    parent: Parent,
    environ: Mapping[str, str],
    joins: bool,
) -> bool:
    if joins:
        return True
    if parent.command:
        return parent.amend
    # Without the command line: an amend repeats HEAD's author and date, a new commit has the present time.
    if source not in ("message", "commit", "") or (source == "commit" and commit != "HEAD"):
        return False
    old = history.read(repo, [head])[0]
    seconds = environ.get("GIT_AUTHOR_DATE", "").lstrip("@").split(" ")[0]
    same = environ.get("GIT_AUTHOR_NAME"), environ.get("GIT_AUTHOR_EMAIL"), seconds
    return same == (old.author_name, old.author_email, str(old.author_time))


def _squashed(repo: Repository) -> list[str]:
    """The commits `git merge --squash` lists in its message."""
    lines = _read(os.path.join(repo.git_dir, "SQUASH_MSG")).splitlines()
    return [word for line in lines if line.startswith("commit ") and _is_id(word := line[7:].strip())]


def _ids(path: str) -> list[str]:
    return [word for word in _read(path).split() if _is_id(word)]


def _read(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return file.read(1 << 20).decode("utf-8", "replace")
    except OSError:
        return ""


def _is_id(word: str) -> bool:
    return len(word) in (40, 64) and not word.strip(_HEX)
