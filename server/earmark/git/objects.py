"""Objects through one long-lived `git cat-file --batch-command`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, Self

from earmark.git.repository import Repository
from earmark.git.run import GitError, run, start

if TYPE_CHECKING:
    from subprocess import Popen

LIMIT = 64 << 20
_WINDOW = 128  # requests in flight: their bytes fit a pipe's buffer, so neither side ever waits for the other


class Object(NamedTuple):
    """One object; `kind` is "blob", "tree", "commit" or "tag"."""

    id: str
    kind: str
    data: bytes


class Info(NamedTuple):
    """What is known of an object without reading it; `size` in bytes."""

    id: str
    kind: str
    size: int


class Entry(NamedTuple):
    """One entry of a tree; `mode` as git writes it ("100644", "40000"), `name` without folders."""

    mode: str
    name: str
    id: str


class ObjectTooLarge(GitError):
    """The object is larger than the caller allowed."""


class Objects:
    """A reader of objects; one process from the first request until `close`. Not for two threads at once."""

    def __init__(self, repo: Repository, limit: int = LIMIT) -> None:
        self.repo = repo
        self.limit = limit
        self._process: Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def get(self, name: str) -> Object | None:
        """The object any revision syntax names, or None. Raises `ObjectTooLarge` beyond `limit` bytes."""
        self._ask("contents", [self._spelled(name)])
        return self._read(name)

    def info(self, name: str) -> Info | None:
        """Id, kind and size of the object `name`, or None."""
        return next(self.info_all([name]))

    def blob(self, name: str) -> bytes:
        """The content of blob `name`; empty for an empty name or one that is no blob here (a submodule's commit)."""
        found = self.get(name) if name else None
        return found.data if found and found.kind == "blob" else b""

    def tree(self, name: str) -> tuple[Entry, ...]:
        """The entries of the tree (or commit's tree) `name`, in git's order; empty when there is none."""
        found = self.get(f"{name}^{{tree}}")
        return tuple(entries(found.data, len(found.id) // 2)) if found else ()

    def info_all(self, names: Iterable[str]) -> Iterator[Info | None]:
        """`info` of many names, in order, pipelined."""
        pending = [self._spelled(name) for name in names]
        for at in range(0, len(pending), _WINDOW):
            window = pending[at : at + _WINDOW]
            self._ask("info", window)
            yield from [self._header(name) for name in window]

    def get_all(self, names: Iterable[str]) -> Iterator[Object | None]:
        """`get` of many names, in order, pipelined. Sizes are asked first, so that nothing over `limit` is read."""
        yield from self.contents(self.info_all(list(names)))

    def contents(self, infos: Iterable[Info | None]) -> Iterator[Object | None]:
        """The objects that `info_all` told of, in order, pipelined."""
        for window in self._portions(infos):
            self._ask("contents", [info.id for info in window if info])
            yield from [self._read(info.id) if info else None for info in window]

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            assert process.stdin and process.stdout
            process.stdin.close()
            process.stdout.close()
            process.wait()

    def _portions(self, infos: Iterable[Info | None]) -> Iterator[list[Info | None]]:
        """Requests that may be in flight together: few enough for the pipe, small enough for memory."""
        window: list[Info | None] = []
        size = 0
        # Listed first: the process answers in order, so its sizes are read before contents are asked.
        for info in list(infos):
            if info and info.size > self.limit:
                raise self._too_large(info)
            if len(window) == _WINDOW or (window and size + (info.size if info else 0) > self.limit):
                yield window
                window, size = [], 0
            window.append(info)
            size += info.size if info else 0
        if window:
            yield window

    def _spelled(self, name: str) -> str:
        if "\n" not in name:
            return name
        # The protocol is line based; only a path can hold a line feed, and argv has no such limit.
        found = run(self.repo, "rev-parse", "--verify", "--quiet", "--end-of-options", name, check=False)
        return found.decode().strip() or self.repo.zero

    def _ask(self, request: str, names: Sequence[str]) -> None:
        if not names:
            return
        if self._process is None:
            self._process = start(self.repo, "cat-file", "--batch-command")
        assert self._process.stdin
        lines = "".join(f"{request} {name}\n" for name in names)
        try:
            self._process.stdin.write(lines.encode("utf-8", "surrogateescape"))
            self._process.stdin.flush()
        except OSError:
            raise self._ended() from None

    def _header(self, name: str) -> Info | None:
        assert self._process and self._process.stdout
        line = self._process.stdout.readline()
        if not line.endswith(b"\n"):
            raise self._ended()
        # "<name> missing" and "<name> ambiguous" may themselves hold blanks; an answer never ends in a word.
        fields = line.split()
        if fields[-1] in (b"missing", b"ambiguous"):
            return None
        return Info(fields[0].decode(), fields[1].decode(), int(fields[2]))

    def _read(self, name: str) -> Object | None:
        info = self._header(name)
        if info is None:
            return None
        if info.size > self.limit:
            # Its bytes are on their way: ending the process is cheaper than reading them.
            self.close_quietly()
            raise self._too_large(info)
        assert self._process and self._process.stdout
        data = self._process.stdout.read(info.size)
        if self._process.stdout.read(1) != b"\n":
            raise self._ended()
        return Object(info.id, info.kind, data)

    def _too_large(self, info: Info) -> ObjectTooLarge:
        return ObjectTooLarge(f"object {info.id} has {info.size} bytes, more than the limit {self.limit}")

    def _ended(self) -> GitError:
        self.close_quietly()
        return GitError("git cat-file ended before it answered; is the repository readable?")

    def close_quietly(self) -> None:
        """End the process, even one that no longer reads."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()


def entries(data: bytes, id_bytes: int = 20) -> Iterator[Entry]:
    """The entries of a raw tree object. Raises `GitError` when it is malformed."""
    at = 0
    while at < len(data):
        blank, end = data.find(b" ", at), data.find(b"\0", at)
        if not at < blank < end or end + 1 + id_bytes > len(data):
            raise GitError("malformed tree object; `git fsck` tells which")
        name = data[blank + 1 : end].decode("utf-8", "surrogateescape")
        yield Entry(data[at:blank].decode(), name, data[end + 1 : end + 1 + id_bytes].hex())
        at = end + 1 + id_bytes
