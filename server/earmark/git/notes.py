"""Notes of commits as git stores them: a tree whose paths are commit ids, fanned out by two digits to any depth.

Reading walks the trees it needs through one `cat-file`; writing sends all notes to one `fast-import`, leaves every
foreign entry as it is, and moves the reference only from the tip the caller saw. fast-import's own note command is
not used: it refuses notes of commits that are not here, which a fetched notes tree is full of.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence

from earmark.git import config, refs
from earmark.git.objects import Entry, Objects
from earmark.git.repository import Repository
from earmark.git.run import GitError, run

_FULL = 256  # entries of one folder, as in git's own notes trees


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
    merged: str | None = None,
    message: str = "Notes written by earmark",
) -> str:
    """Store `notes` (None removes one) as one commit on `ref` and return the new tip.

    The reference moves only if it still stands on `expected_tip` (None: does not exist yet); otherwise `NotesMoved`
    is raised and nothing has changed. `merged` becomes the new commit's second parent: the notes of a commit whose
    content the caller has taken in.
    """
    pending = f"refs/earmark/pending/{os.getpid()}-{os.urandom(4).hex()}".encode()
    stream = [b"feature done\n", b"commit %b\nmark :1\ncommitter %b\n" % (pending, _committer(repo))]
    stream.append(_data(message.encode()))
    if expected_tip:
        stream.append(b"from %b\n" % expected_tip.encode())
    if merged:
        stream.append(b"merge %b\n" % merged.encode())
    stream += _edits(repo, notes, expected_tip)
    # The branch exists for fast-import alone: deleting it within the stream leaves the commit without a reference.
    stream.append(b"get-mark :1\nreset %b\nfrom %b\n\ndone\n" % (pending, repo.zero.encode()))
    new = run(repo, "fast-import", "--quiet", "--date-format=raw", input=b"".join(stream)).decode().strip()
    try:
        run(repo, "update-ref", "--create-reflog", "-m", message, ref, new, expected_tip or repo.zero)
    except GitError as error:
        if tip(repo, ref) == expected_tip:
            raise
        raise NotesMoved(f"{ref} was changed by somebody else meanwhile: {error}") from None
    return new


def _edits(repo: Repository, notes: Mapping[str, bytes | None], root: str | None) -> list[bytes]:
    """fast-import commands that change these notes in the tree of commit `root`."""
    commands = []
    with Objects(repo) as objects:
        tree = _Tree(objects, root)
        for id_, note in sorted(notes.items()):
            if len(id_) != len(repo.zero) or id_.strip("0123456789abcdef"):
                raise GitError(f"a note needs a full object id, not {id_!r}")
            stored = tree.paths(id_)
            target = (stored or [tree.place(id_)])[0] if note is not None else ""
            commands += [b"D %b\n" % path.encode() for path in stored if path != target]
            if note is not None:
                commands.append(b"M 100644 inline %b\n%b" % (target.encode(), _data(note)))
    return commands


class _Tree:
    """The fanned-out tree of a notes commit, read as far as needed."""

    def __init__(self, objects: Objects, root: str | None) -> None:
        self._objects = objects
        self._read: dict[str, dict[str, Entry]] = {} if root else {"": {}}
        self._root = root
        self._added: dict[str, int] = {}

    def find(self, ids: Sequence[str]) -> dict[str, str]:
        """Blob ids of the notes of `ids`."""
        found = {}
        for id_ in ids:
            for path in self.paths(id_)[:1]:
                folder, _, name = path.rpartition("/")
                found[id_] = self._entries(folder)[name].id
        return found

    def paths(self, id_: str) -> list[str]:
        """Where the note of `id_` stands; more than once when somebody stored it under two fan-outs."""
        folder, rest, found = "", id_, []
        while True:
            entries = self._entries(folder)
            if rest in entries:
                found.append(_join(folder, rest))
            if not _is_folder(entries.get(rest[:2])) or len(rest) <= 2:
                return found
            folder, rest = _join(folder, rest[:2]), rest[2:]

    def place(self, id_: str) -> str:
        """Where a new note of `id_` goes: into the folder for its digits, which is opened when the one above fills."""
        folder, rest = "", id_
        while _is_folder(self._entries(folder).get(rest[:2])) or self._size(folder) >= _FULL:
            folder, rest = _join(folder, rest[:2]), rest[2:]
        self._added[folder] = self._added.get(folder, 0) + 1
        return _join(folder, rest)

    def _size(self, folder: str) -> int:
        return len(self._entries(folder)) + self._added.get(folder, 0)

    def _entries(self, folder: str) -> dict[str, Entry]:
        entries = self._read.get(folder)
        if entries is None:
            above, _, name = folder.rpartition("/")
            entry = self._entries(above).get(name) if folder else None
            name = entry.id if entry else self._root or ""
            listed = self._objects.tree(name) if entry or not folder else ()
            entries = self._read[folder] = {found.name: found for found in listed}
        return entries


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _is_folder(entry: Entry | None) -> bool:
    return entry is not None and entry.mode == "40000"


def _data(content: bytes) -> bytes:
    return b"data %d\n%b\n" % (len(content), content)


def _committer(repo: Repository) -> bytes:
    """The user as git would name them; a server may refuse commits of anybody else."""
    settings = config.read(repo)
    name = settings.get("committer.name") or settings.get("user.name") or "earmark"
    email = settings.get("committer.email") or settings.get("user.email") or "earmark@localhost"
    clean = [value.translate(dict.fromkeys((10, 0, 60, 62))).strip() for value in (name, email)]
    return f"{clean[0]} <{clean[1]}> {int(time.time())} +0000".encode("utf-8", "replace")
