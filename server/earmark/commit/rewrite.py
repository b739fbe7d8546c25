"""Writing declarations into commits that exist already: their messages change, nothing else of them does.

Commits are built from their own raw objects, so that trees, authors, committers, dates, encodings and unknown headers
stay. All unsigned ones are stored by one process; a signed one is signed again by git, one process each. The reference
moves only from the commit it was seen on.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from typing import NamedTuple

from earmark.git import refs
from earmark.git.objects import Objects
from earmark.git.repository import Repository
from earmark.git.run import GitError, run
from earmark.policy.model import Declare
from earmark.trailers.attribution import addresses, assistant, co_authors
from earmark.trailers.message import parse

_SIGNATURES = (b"gpgsig", b"gpgsig-sha256")
# What `git commit-tree` can write; a signed commit with anything else cannot be made again as it was.
_PLAIN = frozenset({b"tree", b"parent", b"author", b"committer", b"encoding", *_SIGNATURES})


class Raw(NamedTuple):
    """One commit as stored: its header's fields in order (a value may span lines), and its message's bytes."""

    id: str
    fields: tuple[tuple[bytes, bytes], ...]
    message: bytes

    @property
    def parents(self) -> tuple[str, ...]:
        return tuple(value.decode() for key, value in self.fields if key == b"parent")

    def assistants(self, declare: Declare) -> tuple[str, ...]:
        """The slugs of the assistants that the commit names by address, as author or co-author."""
        known = addresses(declare)
        author = dict(self.fields).get(b"author", b"").rpartition(b">")[0].decode("utf-8", "replace")
        named = (assistant(f"{author}>", known), *co_authors(parse(self.message), known))
        return tuple(dict.fromkeys(filter(None, named)))

    @property
    def signed(self) -> bool:
        return any(key in _SIGNATURES for key, _ in self.fields)


class CannotRewrite(Exception):
    """The commits cannot be rewritten; the message says why and what to do."""


def read(objects: Objects, ids: Sequence[str]) -> list[Raw]:
    """The commits with these ids, in the order given."""
    found = []
    for id_, object_ in zip(ids, objects.get_all(ids), strict=True):
        if object_ is None or object_.kind != "commit":
            raise CannotRewrite(f"{id_} is not a commit of this repository")
        found.append(_parsed(object_.id, object_.data))
    return found


def rewrite(repo: Repository, commits: Sequence[Raw], messages: Sequence[bytes]) -> dict[str, str]:
    """Store `commits` (parents before children) with `messages` and return new ids by old ones, for those that change:
    a commit with the same message and the same parents stays."""
    new: dict[str, str] = {}
    waiting: list[bytes] = []
    for commit, message in zip(commits, messages, strict=True):
        if message == commit.message and not any(parent in new for parent in commit.parents):
            continue
        moved = _with_parents(commit, new)
        if commit.signed:
            _store(repo, waiting)
            waiting.clear()
            new[commit.id] = _signed_again(repo, moved._replace(message=message))
        else:
            data = _serialized(moved.fields, message)
            waiting.append(data)
            new[commit.id] = _id(repo, data)
    _store(repo, waiting)
    return new


def move(repo: Repository, ref: str, old: str, new: str) -> None:
    """Move `ref` (HEAD for a detached one) from `old` to `new`; ORIG_HEAD keeps the way back. Raises `CannotRewrite`
    when somebody moved it meanwhile."""
    try:
        run(repo, "update-ref", "-m", "earmark tag", "--no-deref", ref, new, old)
    except GitError as error:
        raise CannotRewrite(f"{ref} was moved meanwhile, nothing was changed: {error}") from None
    run(repo, "update-ref", "--no-deref", "ORIG_HEAD", old)


def in_progress(repo: Repository) -> str:
    """What git is in the middle of in this worktree ("rebase", "merge", …), empty for nothing."""
    marks = {"rebase-merge": "rebase", "rebase-apply": "rebase", "MERGE_HEAD": "merge"}
    marks |= {"CHERRY_PICK_HEAD": "cherry-pick", "REVERT_HEAD": "revert", "BISECT_LOG": "bisect"}
    return next((what for name, what in marks.items() if os.path.exists(os.path.join(repo.git_dir, name))), "")


def reference(repo: Repository, rev: str) -> str:
    """The reference that the tip `rev` of a range stands for: a branch, or HEAD where it is detached."""
    if rev in ("", "HEAD"):
        return refs.head(repo).ref or "HEAD"
    for name in (rev, f"refs/heads/{rev}"):
        if name.startswith("refs/heads/") and refs.read(repo, name):
            return name
    raise CannotRewrite(f"{rev} is no branch; a range to rewrite ends at a branch or at HEAD")


def _parsed(id_: str, data: bytes) -> Raw:
    header, _, message = data.partition(b"\n\n")
    fields: list[tuple[bytes, bytes]] = []
    for line in header.split(b"\n"):
        if line.startswith(b" ") and fields:
            fields[-1] = (fields[-1][0], fields[-1][1] + b"\n" + line)
        else:
            key, _, value = line.partition(b" ")
            fields.append((key, value))
    return Raw(id_, tuple(fields), message)


def _with_parents(commit: Raw, new: dict[str, str]) -> Raw:
    """The commit on its rewritten parents, without its signature, which no longer holds."""
    fields = []
    for key, value in commit.fields:
        if key == b"parent":
            fields.append((key, new.get(value.decode(), value.decode()).encode()))
        elif key not in _SIGNATURES:
            fields.append((key, value))
    return Raw(commit.id, tuple(fields), commit.message)


def _serialized(fields: Sequence[tuple[bytes, bytes]], message: bytes) -> bytes:
    return b"".join(b"%b %b\n" % field for field in fields) + b"\n" + message


def _id(repo: Repository, data: bytes) -> str:
    import hashlib

    return hashlib.new(repo.object_format, b"commit %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _store(repo: Repository, commits: Sequence[bytes]) -> None:
    if not commits:
        return
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for number, data in enumerate(commits):
            paths.append(os.path.join(folder, str(number)))
            with open(paths[-1], "wb") as file:
                file.write(data)
        listing = "".join(f"{path}\n" for path in paths).encode()
        out = run(repo, "hash-object", "-t", "commit", "-w", "--no-filters", "--stdin-paths", input=listing)
    if out.decode().split() != [_id(repo, data) for data in commits]:
        raise CannotRewrite("git stored other commits than were written; nothing was changed")


def _signed_again(repo: Repository, commit: Raw) -> str:
    fields = dict(commit.fields)
    strange = {key for key, _ in commit.fields} - _PLAIN
    if strange:
        names = ", ".join(sorted(key.decode("ascii", "replace") for key in strange))
        raise CannotRewrite(f"{commit.id[:10]} is signed and has headers git cannot write again ({names})")
    environment = _identity("AUTHOR", fields[b"author"]) | _identity("COMMITTER", fields[b"committer"])
    encoding = fields.get(b"encoding", b"UTF-8").decode("ascii", "replace")
    environment |= _setting("i18n.commitEncoding", encoding)
    parents = [word for parent in commit.parents for word in ("-p", parent)]
    try:
        out = run(
            repo, "commit-tree", "-S", *parents, fields[b"tree"].decode(),
            input=commit.message, environment=environment, terminal=True, timeout=300,
        )  # fmt: skip
    except GitError as error:
        raise CannotRewrite(f"{commit.id[:10]} was signed and could not be signed again: {error}") from None
    made = _parsed("", run(repo, "cat-file", "commit", out.decode().strip()))
    kept = tuple(field for field in made.fields if field[0] not in _SIGNATURES)
    if kept != commit.fields or made.message != commit.message:
        raise CannotRewrite(f"git would change more of {commit.id[:10]} than its message; it is signed, so it stays")
    return out.decode().strip()


def _identity(who: str, line: bytes) -> dict[str, str]:
    name, _, rest = line.partition(b"<")
    email, _, when = rest.rpartition(b">")
    values = {"NAME": name.strip(), "EMAIL": email, "DATE": b"@" + when.strip()}
    return {f"GIT_{who}_{key}": os.fsdecode(value) for key, value in values.items()}


def _setting(key: str, value: str) -> dict[str, str]:
    return {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": key, "GIT_CONFIG_VALUE_0": value}
