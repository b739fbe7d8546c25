"""Blobs read before they are asked for: a round trip to git for each would cost more than the work on them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from earmark.git.objects import Info, Object, Objects

_PORTION = 512  # objects
_HELD = 32 << 20  # bytes held at most


class Ahead(Objects):
    """`objects`, for a reader that asks for the blobs `names` in about this order, perhaps several times. Large blobs
    and other names are read when they are asked for. It has no process of its own, and need not be closed."""

    def __init__(self, objects: Objects, names: Iterable[str]) -> None:
        super().__init__(objects.repo, objects.limit)
        self._source = objects
        self._names = list(dict.fromkeys(filter(None, names)))
        self._places = {name: place for place, name in enumerate(self._names)}
        self._held: dict[str, bytes] = {}
        self._size = 0

    def blob(self, name: str) -> bytes:
        known = self._held.get(name)
        if known is None and name in self._places:
            self._read_from(self._places[name])
            known = self._held.get(name)
        return self._source.blob(name) if known is None else known

    def get(self, name: str) -> Object | None:
        return self._source.get(name)

    def info_all(self, names: Iterable[str]) -> Iterator[Info | None]:
        return self._source.info_all(names)

    def contents(self, infos: Iterable[Info | None]) -> Iterator[Object | None]:
        return self._source.contents(infos)

    def _read_from(self, place: int) -> None:
        """Hold the next portion; what was held before goes when there is no room."""
        portion = self._names[place : place + _PORTION]
        chosen: dict[str, Info] = {}
        size = 0
        for name, info in zip(portion, self._source.info_all(portion), strict=True):
            if info and info.kind == "blob" and size + info.size <= _HELD:
                chosen[name] = info
                size += info.size
        if self._size + size > _HELD:
            self._held, self._size = {}, 0
        for name, found in zip(chosen, self._source.contents(chosen.values()), strict=True):
            if found:
                self._held[name] = found.data
        self._size += size
