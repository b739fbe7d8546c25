"""Commits, read from the objects themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from earmark.git.objects import Objects
from earmark.git.repository import Repository
from earmark.git.run import GitError, run


class Commit(NamedTuple):
    """One commit. Times are seconds since the epoch; `message` is UTF-8 bytes, converted when the commit names another
    encoding; `parents` is empty for a root commit."""

    id: str
    tree: str
    parents: tuple[str, ...]
    author_name: str
    author_email: str
    author_time: int
    committer_name: str
    committer_email: str
    committer_time: int
    message: bytes

    @property
    def parent(self) -> str:
        """The first parent, empty for a root commit."""
        return self.parents[0] if self.parents else ""


def commits(repo: Repository, *revs: str, objects: Objects | None = None) -> list[Commit]:
    """The commits `git rev-list revs…` selects ("main..HEAD", "HEAD", "^x", "--all"), oldest first.

    Raises `GitError` when a revision does not exist.
    """
    ids = run(repo, "rev-list", "--reverse", "--topo-order", *revs, "--").decode().split()
    return read(repo, ids, objects=objects)


def read(repo: Repository, ids: Sequence[str], *, objects: Objects | None = None) -> list[Commit]:
    """The commits with these ids, in the order given; one process. Raises `GitError` when one is missing."""
    reader = objects or Objects(repo)
    try:
        found = []
        for id_, object_ in zip(ids, reader.get_all(ids), strict=True):
            if object_ is None or object_.kind != "commit":
                raise GitError(f"{id_} is not a commit of this repository")
            found.append(parse(object_.id, object_.data))
        return found
    finally:
        if objects is None:
            reader.close()


def resolve(repo: Repository, rev: str) -> str | None:
    """The id of the commit `rev` names, or None."""
    if rev.startswith("-"):
        return None
    out = run(repo, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{rev}^{{commit}}", check=False)
    return out.decode().strip() or None


def parse(id_: str, data: bytes) -> Commit:
    """A raw commit object as data. Raises `GitError` when it is malformed."""
    header, _, message = data.partition(b"\n\n")
    fields: dict[bytes, list[bytes]] = {}
    for line in header.split(b"\n"):
        key, _, value = line.partition(b" ")
        if key:  # a continuation line (of a signature) starts with a blank
            fields.setdefault(key, []).append(value)
    try:
        tree, author, committer = (fields[key][0] for key in (b"tree", b"author", b"committer"))
    except KeyError as missing:
        raise GitError(f"commit {id_} is malformed: it has no {missing.args[0].decode()} line") from None
    encoding = fields.get(b"encoding", [b"utf-8"])[0].decode("ascii", "replace")
    parents = tuple(parent.decode() for parent in fields.get(b"parent", ()))
    return Commit(
        id_, tree.decode(), parents, *_person(author, encoding), *_person(committer, encoding),
        message=_utf8(message, encoding),
    )  # fmt: skip


def _person(line: bytes, encoding: str) -> tuple[str, str, int]:
    """(name, e-mail, time) of an author or committer line; a damaged time counts as 0, as git does."""
    name, _, rest = line.partition(b"<")
    email, _, when = rest.rpartition(b">")
    first = when.split()[:1]
    seconds = int(first[0]) if first and first[0].lstrip(b"-").isdigit() else 0
    return _text(name.strip(), encoding), _text(email.strip(), encoding), seconds


def _text(raw: bytes, encoding: str) -> str:
    return _utf8(raw, encoding).decode("utf-8", "replace")


def _utf8(raw: bytes, encoding: str) -> bytes:
    if encoding.lower().replace("_", "-") in ("utf-8", "utf8"):
        return raw
    try:
        return raw.decode(encoding, "replace").encode("utf-8", "replace")
    except (LookupError, ValueError):
        return raw
