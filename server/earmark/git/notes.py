"""Notes of commits as git stores them: a tree whose paths are commit ids, fanned out by two digits to any depth.

Reading walks the trees it needs through one `cat-file`; writing sends all notes to one `fast-import`, which keeps
git's own fan-out and every foreign entry, and moves the reference only from the tip the caller saw.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence

from earmark.git import config, refs
from earmark.git.objects import Entry, Objects
from earmark.git.repository import Repository
from earmark.git.run import GitError, run


class NotesMoved(GitError):
    """Somebody else wrote to the notes reference since its tip was read; read again, merge and retry."""


def tip(repo: Repository, ref: str) -> str | None:
    """The commit the notes reference stands on, or None when it does not exist."""
    return refs.read(repo, ref)


def read(repo: Repository, ref: str, ids: Sequence[str], *, objects: Objects | None = None) -> dict[str, bytes]:
    """The notes of those `ids` that have one, as stored. `ref` may also be a commit id: the notes at that moment.

    Raises `ObjectTooLarge` for a note beyond the reader's limit and `GitError` for a damaged tree.
    """
    root = ref if not ref.startswith("refs/") else tip(repo, ref)
    if root is None or not ids:
        return {}
    reader = objects or Objects(repo)
    try:
        blobs = _Tree(reader, root).find(ids)
        contents = reader.get_all(list(blobs.values()))
        return {id_: found.data for id_, found in zip(blobs, contents, strict=True) if found and found.kind == "blob"}
    finally:
        if objects is None:
            reader.close()


def listed(repo: Repository, ref: str) -> dict[str, str]:
    """Every note of `ref`: annotated object's id to the note's blob id; one process."""
    root = ref if not ref.startswith("refs/") else tip(repo, ref)
    if root is None:
        return {}
    notes: dict[str, str] = {}
    width = len(repo.zero)
    for record in run(repo, "ls-tree", "-r", "-z", root).split(b"\0")[:-1]:
        head, _, path = record.partition(b"\t")
        name = path.replace(b"/", b"").decode("ascii", "replace")
        if len(name) == width and not name.strip("0123456789abcdef"):
            notes[name] = head.split(b" ")[2].decode()
    return notes


def write(
    repo: Repository,
    ref: str,
    notes: Mapping[str, bytes | None],
    expected_tip: str | None,
    *,
    message: str = "Notes written by earmark",
) -> str:
    """Store `notes` (None removes one) as one commit on `ref` and return the new tip.

    The reference moves only if it still stands on `expected_tip` (None: does not exist yet); otherwise `NotesMoved`
    is raised and nothing has changed.
    """
    pending = f"refs/earmark/pending/{os.getpid()}-{os.urandom(4).hex()}"
    stream = [b"feature done\n", b"commit %b\nmark :1\ncommitter %b\n" % (pending.encode(), _committer(repo))]
    stream.append(_data(message.encode()))
    if expected_tip:
        stream.append(b"from %b\n" % expected_tip.encode())
    for id_, note in sorted(notes.items()):
        if note is None:
            stream.append(b"N %b %b\n" % (repo.zero.encode(), id_.encode()))
        else:
            stream.append(b"N inline %b\n%b" % (id_.encode(), _data(note)))
    # The branch exists for fast-import alone: deleting it within the stream leaves the commit without a reference.
    stream.append(b"get-mark :1\nreset %b\nfrom %b\n\ndone\n" % (pending.encode(), repo.zero.encode()))
    new = run(repo, "fast-import", "--quiet", "--date-format=raw", input=b"".join(stream)).decode().strip()
    try:
        run(repo, "update-ref", "--create-reflog", "-m", message, ref, new, expected_tip or repo.zero)
    except GitError as error:
        if tip(repo, ref) == expected_tip:
            raise
        raise NotesMoved(f"{ref} was changed by somebody else meanwhile: {error}") from None
    return new


class _Tree:
    """The fanned-out tree of a notes commit, read as far as needed."""

    def __init__(self, objects: Objects, root: str) -> None:
        self._objects = objects
        self._root = root
        self._read: dict[str, dict[str, Entry]] = {}

    def find(self, ids: Sequence[str]) -> dict[str, str]:
        """Blob ids of the notes of `ids`."""
        found = {id_: self._descend(self._root, id_) for id_ in ids}
        return {id_: blob for id_, blob in found.items() if blob}

    def _descend(self, tree: str, rest: str) -> str | None:
        entries = self._read.get(tree)
        if entries is None:
            entries = self._read[tree] = {entry.name: entry for entry in self._objects.tree(tree)}
        if rest in entries:
            return entries[rest].id
        below = entries.get(rest[:2])
        return self._descend(below.id, rest[2:]) if below and len(rest) > 2 and below.mode == "40000" else None


def _data(content: bytes) -> bytes:
    return b"data %d\n%b\n" % (len(content), content)


def _committer(repo: Repository) -> bytes:
    """The user as git would name them; a server may refuse commits of anybody else."""
    settings = config.read(repo)
    name = settings.get("committer.name") or settings.get("user.name") or "earmark"
    email = settings.get("committer.email") or settings.get("user.email") or "earmark@localhost"
    clean = [value.translate(dict.fromkeys((10, 0, 60, 62))).strip() for value in (name, email)]
    return f"{clean[0]} <{clean[1]}> {int(time.time())} +0000".encode("utf-8", "replace")
