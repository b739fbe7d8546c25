"""Which files a commit, the index or the worktree changes. Lines are not git's business here, file pairs are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from earmark.git import refs
from earmark.git.repository import Repository
from earmark.git.run import run

# Pinned, so that a buffer, a note and the gate pair the same files whatever the configuration says. An empty file is
# no evidence of a rename.
_PAIRS = ("-r", "-z", "--raw", "-M50%", "-l1000", "--no-rename-empty", "--full-index", "--no-abbrev")


class FileChange(NamedTuple):
    """One changed file.

    `status` is one letter: A added, D deleted, M modified, R renamed, T type changed, U unmerged. `path` is where the
    file is now (where it was, when deleted); `old_path` where it was, empty when added. Modes are git's ("100644",
    "120000" symbolic link, "160000" submodule), `old` and `new` blob ids; all four empty on the side where the file is
    absent.
    """

    status: str
    path: str
    old_path: str
    old_mode: str
    new_mode: str
    old: str
    new: str


def commit_changes(repo: Repository, ids: Sequence[str]) -> dict[str, tuple[FileChange, ...]]:
    """What each commit changed against its first parent (the empty tree for a root), sorted by path; one process."""
    found: dict[str, tuple[FileChange, ...]] = dict.fromkeys(ids, ())
    if not ids:
        return found
    out = run(
        repo, "diff-tree", "--stdin", "--root", "--diff-merges=first-parent", *_PAIRS,
        input="".join(f"{id_}\n" for id_ in ids).encode(),
    )  # fmt: skip
    parts = out.split(b"\0")
    at = 0
    while at < len(parts) - 1:
        id_ = parts[at].decode()
        end = at + 1
        while end < len(parts) - 1 and parts[end].startswith(b":"):
            end += 3 if parts[end].rsplit(b" ", 1)[-1][:1] in b"RC" else 2
        found[id_] = _sorted(_records(parts[at + 1 : end]))
        at = end
    return found


def tree_changes(repo: Repository, old: str, new: str) -> tuple[FileChange, ...]:
    """What differs between two trees or commits, sorted by path; an empty `old` is the empty tree."""
    out = run(repo, "diff-tree", *_PAIRS, old or repo.empty_tree, new)
    return _sorted(_records(out.split(b"\0")[:-1]))


def staged_changes(repo: Repository, base: str | None = None) -> tuple[FileChange, ...]:
    """What the index changes against commit `base` (default HEAD; the empty tree before the first commit), by path.

    In a hook the index is the one git prepared for this commit.
    """
    against = base or refs.head(repo).commit or repo.empty_tree
    out = run(repo, "diff-index", "--cached", *_PAIRS, against, "--")
    return _sorted(_records(out.split(b"\0")[:-1]))


def worktree_changes(repo: Repository) -> tuple[FileChange, ...]:
    """What the files on disk change against HEAD, untracked files that are not ignored included, sorted by path.

    `new` is the id the content would have when added. In a trusted workspace git itself looks (its filters run);
    elsewhere files are read and compared by us. Renames are found where the index knows both names.
    """
    from earmark.git import worktree

    return _sorted(iter(worktree.trusted_changes(repo) if repo.trusted else worktree.untrusted_changes(repo)))


def _records(parts: Sequence[bytes]) -> Iterator[FileChange]:
    """Raw records (git-diff-tree(1), "RAW OUTPUT FORMAT" with -z): a header, then one path, or two for a rename."""
    at = 0
    while at < len(parts):
        old_mode, new_mode, old, new, status = parts[at][1:].decode().split(" ")
        letter = status[0]
        first = parts[at + 1].decode("utf-8", "surrogateescape")
        renamed = letter in "RC"
        path = parts[at + 2].decode("utf-8", "surrogateescape") if renamed else first
        yield FileChange(
            letter, path, "" if letter == "A" else first, _present(old_mode), _present(new_mode),
            _present(old), _present(new),
        )  # fmt: skip
        at += 3 if renamed else 2


def _present(value: str) -> str:
    return value if value.strip("0") else ""


def _sorted(changes: Iterator[FileChange]) -> tuple[FileChange, ...]:
    return tuple(sorted(changes, key=lambda change: change.path.encode("utf-8", "surrogateescape")))
