"""Where the keys and values of a TOML file stand, which `tomllib` does not tell.

Only needed to point at a line, so the parser is loaded when somebody asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tree_sitter import Node

Path = tuple[str | int, ...]


class Place(NamedTuple):
    """1-based line and column (in characters) of a key and of its value."""

    line: int
    column: int
    value_line: int
    value_column: int


TOP = Place(1, 1, 1, 1)

_DEEPEST = 16  # no key of a policy stands deeper


@lru_cache(maxsize=8)
def places(text: bytes) -> Mapping[Path, Place]:
    """The place of every key path: names of tables and keys, 0-based indexes into arrays. Damaged text has fewer."""
    import tree_sitter_toml
    from tree_sitter import Language, Parser

    tree = Parser(Language(tree_sitter_toml.language())).parse(text)
    walk = _Walk(text)
    for node in tree.root_node.named_children:
        walk.top(node)
    return walk.found


def nearest(found: Mapping[Path, Place], path: Path) -> Place:
    """The place of `path`, or of the closest enclosing one that stands in the text."""
    while path:
        if path in found:
            return found[path]
        path = path[:-1]
    return TOP


class _Walk:
    def __init__(self, text: bytes) -> None:
        self.lines = text.split(b"\n")
        self.found: dict[Path, Place] = {}
        self.lengths: dict[Path, int] = {}

    def top(self, node: Node) -> None:
        if node.type == "pair":
            self.pair((), node)
        elif node.type in ("table", "table_array_element") and node.named_children:
            header = node.named_children[0]
            path = self.header(_keys(header), node.type == "table_array_element")
            self.add(path, header, header)
            for child in node.named_children[1:]:
                if child.type == "pair":
                    self.pair(path, child)

    def header(self, keys: list[str], element: bool) -> Path:
        """The path a table header names; an array of tables on the way stands for its last element."""
        path: Path = ()
        for at, key in enumerate(keys):
            path = (*path, key)
            last = at == len(keys) - 1
            if last and element:
                self.lengths[path] = self.lengths.get(path, 0) + 1
            if path in self.lengths and (element or not last):
                path = (*path, self.lengths[path] - 1)
        return path

    def pair(self, table: Path, node: Node) -> None:
        if len(node.named_children) < 2:
            return
        key, value = node.named_children[0], node.named_children[1]
        path = (*table, *_keys(key))
        self.add(path, key, value)
        self.value(path, value)

    def value(self, path: Path, node: Node) -> None:
        if len(path) >= _DEEPEST:
            return
        if node.type == "array":
            items = [child for child in node.named_children if child.type != "comment"]
            for at, item in enumerate(items):
                self.add((*path, at), item, item)
                self.value((*path, at), item)
        elif node.type == "inline_table":
            for child in node.named_children:
                if child.type == "pair":
                    self.pair(path, child)

    def add(self, path: Path, key: Node, value: Node) -> None:
        """Note where `path` stands, and the tables its key names on the way, which may stand nowhere else."""
        place = Place(*self.point(key), *self.point(value))
        while path and path not in self.found:
            self.found[path] = place
            path = path[:-1]

    def point(self, node: Node) -> tuple[int, int]:
        row, column = node.start_point
        return row + 1, len(self.lines[row][:column].decode("utf-8", "replace")) + 1


def _keys(node: Node) -> list[str]:
    """The parts of a key; of one with absurdly many, the first."""
    parts: list[str] = []
    while node.type == "dotted_key":
        # The grammar nests to the left: all but the last part are one node.
        parts[:0] = _key(node.named_children[-1])
        node = node.named_children[0]
        del parts[_DEEPEST:]
    return [*_key(node), *parts][:_DEEPEST]


def _key(node: Node) -> list[str]:
    raw = (node.text or b"").decode("utf-8", "replace")
    if node.type != "quoted_key":
        return [raw]
    import tomllib

    try:
        return list(tomllib.loads(f"{raw} = 0"))
    except tomllib.TOMLDecodeError:
        return [raw]
