"""Who knows the touched files: lines that still stand, counted by author address."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from earmark.git.repository import Repository
from earmark.git.run import GitError, run
from earmark.review.routing import Person, is_person

MOST_FILES: Final = 25  # beyond that, who knows the code shows already


def lines_by_author(repo: Repository, commit: str, paths: Iterable[str]) -> Counter[str]:
    """Present lines of `paths` at `commit` by author address, of at most `MOST_FILES` files."""
    counts: Counter[str] = Counter()
    for path in sorted(set(paths))[:MOST_FILES]:
        try:
            out = run(repo, "blame", "--porcelain", commit, "--", path)
        except GitError:
            continue  # the file is not there at this commit
        _count(out, counts)
    return counts


def _count(porcelain: bytes, counts: Counter[str]) -> None:
    """An author stands once a commit, a line's header names the commit."""
    authors: dict[bytes, str] = {}
    commit = b""
    for line in porcelain.split(b"\n"):
        if line.startswith(b"\t"):
            counts[authors.get(commit, "")] += 1
        elif line.startswith(b"author-mail "):
            authors[commit] = line[12:].strip(b"<> ").decode("utf-8", "replace").casefold()
        else:
            first = line.partition(b" ")[0]
            if len(first) in (40, 64) and not first.strip(b"0123456789abcdef"):
                commit = first


def by_person(counts: Counter[str], people: Sequence[Person]) -> dict[str, int]:
    """The counts by name of the roster's people."""
    return {
        person.name: total
        for person in people
        if (total := sum(count for mail, count in counts.items() if is_person(person, mail)))
    }
