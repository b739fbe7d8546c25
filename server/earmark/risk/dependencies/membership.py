"""Which package names exist: a dated, compact set a registry, and the most popular names exactly.

A file is one line of JSON (`format`, `registry`, `date`, `names`, `complete`, `popular` bytes), the popular names
(zlib, one a line, most popular first), 65,537 bucket offsets (uint32, little-endian), then for every name the low 16
bits of its 32-bit hash (uint16, sorted in its bucket; the high 16 bits choose the bucket). Two bytes a name; a name
that does not exist is taken for one that does with a probability of names / 2**32 (1 in 4,800 for 886,000 names).
"""

from __future__ import annotations

import hashlib
import json
import sys
from array import array
from collections.abc import Iterable, Sequence
from functools import cache, cached_property
from typing import NamedTuple

FORMAT = 1
_BUCKETS = 1 << 16


class Registry(NamedTuple):
    """What a registry is called, and what it calls a thing."""

    key: str
    label: str


PYPI = Registry("pypi", "PyPI")
NPM = Registry("npm", "npm")


def normalised(name: str, registry: Registry) -> str:
    """The spelling under which a registry compares names (PyPI: PEP 503)."""
    name = name.strip().lower()
    if registry is PYPI:
        name = "-".join(part for part in name.replace("_", "-").replace(".", "-").split("-") if part)
    return name


class Membership:
    """The names of one registry. `complete` is False where only names above a number of downloads are known, so that
    absence says less."""

    def __init__(self, data: bytes) -> None:
        """Raises ValueError when `data` is no membership file of our format."""
        head, _, rest = data.partition(b"\n")
        facts = json.loads(head)
        if facts.get("format") != FORMAT:
            raise ValueError(f"membership format {facts.get('format')} is not {FORMAT}")
        self.date: str = facts["date"]
        self.complete: bool = facts["complete"]
        self.names: int = facts["names"]
        self._packed = rest[: facts["popular"]]
        start = facts["popular"]
        self._offsets = _uints("I", rest[start : start + 4 * (_BUCKETS + 1)])
        self._tails = _uints("H", rest[start + 4 * (_BUCKETS + 1) :])

    def __contains__(self, name: str) -> bool:
        """Whether a name, already normalised, exists."""
        bucket, tail = divmod(_hash(name), _BUCKETS)
        return tail in self._tails[self._offsets[bucket] : self._offsets[bucket + 1]]

    @cached_property
    def popular(self) -> dict[str, int]:
        """Normalised name -> its place by downloads, 0 for the most popular."""
        import zlib

        names = zlib.decompress(self._packed).decode().split("\n")
        return {name: place for place, name in enumerate(names)}


def build(names: Iterable[str], popular: Sequence[str], registry: Registry, date: str, *, complete: bool) -> bytes:
    """The membership file of these names; equal input gives equal bytes."""
    import zlib

    ranked = list(dict.fromkeys(normalised(name, registry) for name in popular if name.strip()))
    known = {normalised(name, registry) for name in names if name.strip()} | set(ranked)
    buckets: list[set[int]] = [set() for _ in range(_BUCKETS)]
    for name in known:
        bucket, tail = divmod(_hash(name), _BUCKETS)
        buckets[bucket].add(tail)
    offsets, tails = array("I", [0]), array("H")
    for found in buckets:
        tails.extend(sorted(found))
        offsets.append(len(tails))
    packed = zlib.compress("\n".join(ranked).encode(), 9)
    head = {"format": FORMAT, "registry": registry.key, "date": date, "names": len(known), "complete": complete,
            "popular": len(packed)}  # fmt: skip
    return json.dumps(head).encode() + b"\n" + packed + _little(offsets) + _little(tails)


@cache
def load(registry: Registry) -> Membership:
    """The names of a registry that ship with this version."""
    from importlib import resources

    return Membership((resources.files("earmark.risk.dependencies") / f"{registry.key}.names").read_bytes())


def _hash(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode("utf-8", "replace"), digest_size=4).digest(), "big")


def _uints(code: str, data: bytes) -> array[int]:
    found = array(code)
    found.frombytes(data)
    if sys.byteorder == "big":
        found.byteswap()
    return found


def _little(values: array[int]) -> bytes:
    if sys.byteorder == "big":
        values = values[:]
        values.byteswap()
    return values.tobytes()
