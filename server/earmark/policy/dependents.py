"""Who uses what a change touches: the symbol index over the blobs of a revision."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from earmark.git import trees
from earmark.git.objects import Objects
from earmark.git.repository import Repository
from earmark.origin.ledger import folder
from earmark.risk.changed import ChangedFile
from earmark.risk.symbols.index import IndexUnavailable, SymbolIndex, Users
from earmark.risk.symbols.tags import changed, tags
from earmark.text.diff import diff_lines, split_lines
from earmark.text.languages import language_of

Told = Callable[[int, int], bool]


class Dependents(NamedTuple):
    """The users of each definition that a change touches: (path of the definition, its users)."""

    found: tuple[tuple[str, Users], ...] = ()

    @property
    def places(self) -> int:
        """How many places use what the change touches."""
        return sum(users.places for _, users in self.found)

    def by_path(self) -> dict[str, int]:
        """Path of a touched file -> places that use what it defines."""
        counts: dict[str, int] = {}
        for path, users in self.found:
            counts[path] = counts.get(path, 0) + users.places
        return counts

    def described(self) -> tuple[str, ...]:
        """One sentence a definition that is used elsewhere, the most used first."""
        used = sorted((item for item in self.found if item[1].places), key=lambda i: (-i[1].places, i[0], i[1].name))
        return tuple(f"{users.name} of {path}: {said(users)}" for path, users in used)


def said(users: Users) -> str:
    """`3 callers in 2 files: a.py, b.py`."""
    if users.common:
        return "so common a name that its callers are not counted"
    files = len(users.paths)
    listed = ", ".join(users.paths[:3]) + (", …" if files > 3 else "")
    callers = "1 caller" if users.places == 1 else f"{users.places} callers"
    return f"{callers} in {files} file{'' if files == 1 else 's'}{': ' if listed else ''}{listed}"


def store(repo: Repository) -> str:
    """Where the symbol index of a repository is."""
    return os.path.join(folder(repo), "symbols.db")


def build(repo: Repository, objects: Objects, rev: str, told: Told) -> bool:
    """Bring the index up to date with commit or tree `rev`; False when `told` stopped it. Raises `IndexUnavailable`,
    `GitError`."""
    with SymbolIndex.open(store(repo)) as index:
        return index.build(trees.files(repo, rev), _reader(objects), told)


def dependents(
    repo: Repository,
    objects: Objects,
    files: Iterable[ChangedFile],
    before: Callable[[], Mapping[str, str]],
    *,
    told: Told | None = None,
) -> Dependents | None:
    """Who uses what the change `files` touches, among the files (path -> blob id) `before` it; None where that is not
    known.

    Without `told` nothing is built: an index that lacks files of the revision knows nothing. Raises `GitError`.
    """
    touched = {file.old_path or file.path: names for file in files if (names := touched_names(file))}
    if not touched:
        return Dependents()
    tree = before()
    try:
        if told is None and not os.path.exists(store(repo)):
            return None
        with SymbolIndex.open(store(repo)) as index:
            known = index.build(tree, _reader(objects), told) if told is not None else not index.missing(tree)
            if not known:
                return None
            return used(index, tree, touched)
    except IndexUnavailable:
        return None


def used(index: SymbolIndex, tree: Mapping[str, str], touched: Mapping[str, Sequence[str]]) -> Dependents:
    """The users of `touched` (path -> names defined there) outside the touched files."""
    names = [name for path_names in touched.values() for name in path_names]
    by_name = {users.name: users for users in index.users(names, tree, tuple(touched))}
    # A name that two touched files define is counted once.
    homes: dict[str, str] = {}
    for path, path_names in touched.items():
        for name in path_names:
            homes.setdefault(name, path)
    return Dependents(tuple((homes[name], users) for name, users in by_name.items()))


def touched_names(file: ChangedFile) -> tuple[str, ...]:
    """The definitions of the old text that a change touches: those it takes lines from or puts lines into."""
    language = language_of(file.old_path or file.path)
    if not file.old:
        return ()
    definitions = tags(file.old, language).definitions
    if not definitions:
        return ()
    hunks = diff_lines(split_lines(file.old), split_lines(file.new))
    lines = [(h.old_start + 1, h.old_end) if h.old_end > h.old_start else (h.old_start, h.old_start + 1) for h in hunks]
    return changed(definitions, lines)


def _reader(objects: Objects) -> Callable[[Sequence[str]], Iterable[bytes]]:
    return lambda ids: [found.data if found and found.kind == "blob" else b"" for found in objects.get_all(ids)]
