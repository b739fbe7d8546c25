"""Files on disk against HEAD: with git's help where the workspace is trusted, with our own reads where it is not."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from earmark.git import changes, config, ignore, refs
from earmark.git.changes import FileChange
from earmark.git.repository import Repository
from earmark.git.run import run

_SKIP_WORKTREE = 0x40000000  # git's CE_SKIP_WORKTREE, as `ls-files --debug` prints the flags
_SUBMODULE = "160000"
_LINK = "120000"


class _Entry(NamedTuple):
    """One file of HEAD, of the index or on disk."""

    mode: str
    id: str


class _Cached(NamedTuple):
    """One index entry with the stat data git saw; `seen` is (mtime ns, size, inode), or None when git printed it in
    a form we do not know."""

    entry: _Entry
    seen: tuple[int, int, int] | None
    skip: bool


def trusted_changes(repo: Repository) -> list[FileChange]:
    """What `git status` reports, index and worktree taken together."""
    out = run(
        repo, "status", "--porcelain=v2", "-z", "--untracked-files=all", "--find-renames=50%", "--ignore-submodules=all"
    )
    found, to_hash = [], []
    for change, on_disk in _status(out):
        if on_disk:
            to_hash.append(change.path)
        mode = change.new_mode or (_mode_on_disk(os.path.join(repo.top, change.path)) if on_disk else "")
        found.append(change._replace(new_mode=mode))
    ids = _clean_ids(repo, to_hash)
    filled = [c._replace(new=ids[c.path]) if c.path in ids else c for c in found]
    return _pair_moved([c for c in filled if (c.old, c.old_mode) != (c.new, c.new_mode) or c.old_path != c.path])


def untrusted_changes(repo: Repository) -> list[FileChange]:
    """The same without git looking at a file: index and HEAD from git, contents read and named by us."""
    base = _base(repo)
    on_disk = _on_disk(repo)
    moved = {c.path: c.old_path for c in changes.staged_changes(repo) if c.status == "R" and c.path in on_disk}
    gone = set(moved.values())
    found = []
    for path in base.keys() | on_disk.keys():
        source = moved.get(path, path)
        old, new = base.get(source), on_disk.get(path)
        if old == new or (new is None and path in gone):
            continue
        found.append(_change(path, source, old, new))
    return _pair_moved(found)


def read_file(repo: Repository, path: str, limit: int) -> bytes | None:
    """The bytes of worktree file `path` (a link's target), or None when it is absent, no file, reached through a
    symbolic link, or larger than `limit` bytes."""
    full = os.path.join(repo.top, path)
    folder = os.path.dirname(full)
    try:
        status = os.lstat(full)
        if os.path.realpath(folder) != folder or status.st_size > limit:
            return None
        if stat.S_ISLNK(status.st_mode):
            return os.fsencode(os.readlink(full))
        return _contents(full) if stat.S_ISREG(status.st_mode) else None
    except OSError:
        return None


def _change(path: str, source: str, old: _Entry | None, new: _Entry | None) -> FileChange:
    if old is None:
        letter = "A"
    elif new is None:
        letter = "D"
    elif source != path:
        letter = "R"
    else:
        letter = "T" if old.mode[:2] != new.mode[:2] else "M"
    before, after = old or _Entry("", ""), new or _Entry("", "")
    return FileChange(letter, path, source if old else "", before.mode, after.mode, before.id, after.id)


def _status(out: bytes) -> Iterator[tuple[FileChange, bool]]:
    """(change, whether its content is only on disk) of `git status --porcelain=v2 -z`."""
    parts = iter(out.decode("utf-8", "surrogateescape").split("\0"))
    for record in parts:
        kind = record[:1]
        if kind == "?" and not record.endswith("/"):
            yield FileChange("A", record[2:], "", "", "", "", ""), True
        elif kind in ("1", "2"):
            fields = record.split(" ", 9 if kind == "2" else 8)
            source = next(parts) if kind == "2" else fields[-1]
            head, disk = fields[3].strip("0"), fields[5].strip("0")
            old = _Entry(fields[3], fields[6]) if head else None
            new = _Entry(fields[5], fields[7]) if disk else None
            if (old or new) and _SUBMODULE not in (fields[3], fields[5]):
                yield _change(fields[-1], source, old, new), fields[1][1] not in ".D"
        elif kind == "u":
            fields = record.split(" ", 10)
            path, mode = fields[-1], fields[6]
            old = _Entry(fields[4], fields[8]) if fields[4].strip("0") else None
            new = _Entry(mode, "") if mode.strip("0") else None
            if old or new:
                yield _change(path, path, old, new), new is not None


def _mode_on_disk(full: str) -> str:
    if os.path.islink(full):
        return _LINK
    return "100755" if os.access(full, os.X_OK) else "100644"


def _clean_ids(repo: Repository, paths: list[str]) -> dict[str, str]:
    """Ids the files would have when added, by git's own conversion; one process."""
    ids = {}
    plain = []
    for path in paths:
        full = os.path.join(repo.top, path)
        if os.path.islink(full):
            ids[path] = repo.blob_id(os.fsencode(os.readlink(full)))
        elif os.path.isfile(full):
            plain.append(path)
    if plain:
        listing = b"".join(_quoted(path) + b"\n" for path in plain)
        out = run(repo, "hash-object", "--stdin-paths", input=listing).decode().split()
        ids |= dict(zip(plain, out, strict=True))
    return ids


def _quoted(path: str) -> bytes:
    raw = os.fsencode(path)
    if not raw.startswith(b'"') and b"\n" not in raw and not raw.endswith(b"\r"):
        return raw
    return b'"' + b"".join(b"\\%03o" % byte for byte in raw) + b'"'


def _base(repo: Repository) -> dict[str, _Entry]:
    """Every file of HEAD, submodules left out."""
    commit = refs.head(repo).commit
    files = {}
    for record in run(repo, "ls-tree", "-r", "-z", commit).split(b"\0")[:-1] if commit else ():
        head, _, path = record.decode("utf-8", "surrogateescape").partition("\t")
        mode, _, id_ = head.split(" ")
        if mode != _SUBMODULE:
            files[path] = _Entry(mode, id_)
    return files


def _index(repo: Repository) -> dict[str, _Cached]:
    """The index, stage 0 and, where a conflict left none, our side."""
    found: dict[str, _Cached] = {}
    parts = run(repo, "ls-files", "--stage", "--debug", "-z").decode("utf-8", "surrogateescape").split("\0")
    head = parts[0]
    for following in parts[1:]:
        described, rest = _stat_block(following)
        if "\t" in head:
            fields, path = head.split("\t", 1)
            mode, id_, stage = fields.split(" ")
            if stage == "0" or (stage == "2" and path not in found):
                found[path] = _Cached(_Entry(mode, id_), _seen(described), bool(_flags(described) & _SKIP_WORKTREE))
            elif path not in found:
                found[path] = _Cached(_Entry(mode, ""), None, skip=False)
        head = rest
    return found


def _stat_block(text: str) -> tuple[dict[str, str], str]:
    """The `key: value` lines `ls-files --debug` prints after an entry, and what follows them."""
    described: dict[str, str] = {}
    while text.startswith("  "):
        line, _, text = text.partition("\n")
        for field in line.strip().split("\t"):
            key, _, value = field.partition(": ")
            described[key] = value
    return described, text


def _seen(described: dict[str, str]) -> tuple[int, int, int] | None:
    try:
        seconds, nanoseconds = described["mtime"].split(":")
        return int(seconds) * 10**9 + int(nanoseconds), int(described["size"]), int(described["ino"])
    except (KeyError, ValueError):
        return None


def _flags(described: dict[str, str]) -> int:
    try:
        return int(described.get("flags", "0"), 16)
    except ValueError:
        return 0


def _on_disk(repo: Repository) -> dict[str, _Entry]:
    """Every tracked or unignored file on disk with the id it would have when added."""
    settings = config.read(repo)
    look = _Look(repo, settings.get("core.autocrlf") or "false", settings.flag("core.filemode", default=True))
    index = _index(repo)
    files = {}
    for path, cached in index.items():
        if cached.entry.mode == _SUBMODULE:
            continue
        entry = cached.entry if cached.skip else look.at(path, cached)
        if entry:
            files[path] = entry
    for path in ignore.untracked(repo.top, index.keys(), ignore.outside_rules(repo, settings)):
        entry = look.at(path, None)
        if entry:
            files[path] = entry
    return files


class _Look:
    """Looks at files without following a symbolic link and without waiting for a pipe."""

    def __init__(self, repo: Repository, autocrlf: str, filemode: bool) -> None:
        self._repo = repo
        self._converts = autocrlf.lower() in ("true", "input", "yes", "on", "1")
        self._filemode = filemode
        self._real: dict[str, bool] = {"": True}
        self._index_time = _mtime(
            dict(repo.hook_environment).get("GIT_INDEX_FILE", os.path.join(repo.git_dir, "index"))
        )

    def at(self, path: str, cached: _Cached | None) -> _Entry | None:
        """What is on disk at `path`, or None."""
        if not self._is_real(path.rpartition("/")[0]):
            return None
        full = os.path.join(self._repo.top, path)
        try:
            status = os.lstat(full)
            if stat.S_ISLNK(status.st_mode):
                return _Entry(_LINK, self._repo.blob_id(os.fsencode(os.readlink(full))))
            if not stat.S_ISREG(status.st_mode):
                return None
            mode = self._mode(status, cached)
            if cached and self._unchanged(status, cached):
                return _Entry(mode, cached.entry.id)
            return _Entry(mode, self._id(_contents(full), cached))
        except OSError:
            return None

    def _mode(self, status: os.stat_result, cached: _Cached | None) -> str:
        if not self._filemode and cached and cached.entry.mode != _LINK:
            return cached.entry.mode
        return "100755" if self._filemode and status.st_mode & 0o100 else "100644"

    def _unchanged(self, status: os.stat_result, cached: _Cached) -> bool:
        """git's own shortcut, including its care for files changed within the index's own tick."""
        if cached.seen != (status.st_mtime_ns, status.st_size & 0xFFFFFFFF, status.st_ino & 0xFFFFFFFF):
            return False
        return status.st_mtime_ns < self._index_time and bool(cached.entry.id)

    def _id(self, data: bytes, cached: _Cached | None) -> str:
        raw = self._repo.blob_id(data)
        if b"\r\n" not in data or b"\0" in data or (cached and raw == cached.entry.id):
            return raw
        unix = self._repo.blob_id(data.replace(b"\r\n", b"\n"))
        return unix if self._converts or (cached and unix == cached.entry.id) else raw

    def _is_real(self, folder: str) -> bool:
        known = self._real.get(folder)
        if known is None:
            known = self._is_real(folder.rpartition("/")[0]) and not os.path.islink(
                os.path.join(self._repo.top, folder)
            )
            self._real[folder] = known
        return known


def _contents(full: str) -> bytes:
    handle = os.open(full, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(handle, "rb") as file:
        return file.read()


def _mtime(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return 0


def _pair_moved(found: Iterable[FileChange]) -> list[FileChange]:
    """Files that vanished here and appeared there with the same content, before anything was staged, are renames."""
    rest = list(found)
    gone = {c.old: c for c in rest if c.status == "D" and c.old}
    paired = []
    for change in rest:
        source = gone.pop(change.new, None) if change.status == "A" and change.new else None
        if source:
            paired.append(change._replace(status="R", old_path=source.path, old_mode=source.old_mode, old=source.old))
        else:
            paired.append(change)
    taken = {c.old_path for c in paired if c.status == "R"}
    return [c for c in paired if c.status != "D" or c.path not in taken]
