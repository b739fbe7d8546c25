"""Which of many path patterns match a path, without trying them one by one.

Patterns are sequences of path segments kept in a tree, walked once a path. A segment is literal text, a glob inside
one segment, or `**` (any number of segments, none included). Globs are found through their longest literal part, so
thousands of `*_report.py` cost what one costs. Matching is linear in pattern and text: no pattern from a repository can
make it slow.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

ANY_DEPTH: Final = "**"
_KEY_LIMIT: Final = 24
_SPECIAL: Final = frozenset("*?[\\")


class CharSet(NamedTuple):
    """A bracket expression: single characters and inclusive ranges."""

    negated: bool
    ranges: tuple[tuple[str, str], ...]

    def holds(self, char: str) -> bool:
        return any(low <= char <= high for low, high in self.ranges) != self.negated


class _Star:
    """Any run of characters inside one segment."""


class _Question:
    """Any one character."""


STAR: Final = _Star()
QUESTION: Final = _Question()
Token = str | CharSet | _Star | _Question


def tokens(segment: str, *, sets: bool) -> tuple[Token, ...] | None:
    """The tokens of one segment: literal characters, `?`, `*` and, with `sets`, bracket expressions; a backslash makes
    the next character literal. None for an unclosed bracket, which matches nothing."""
    out: list[Token] = []
    at = 0
    while at < len(segment):
        char = segment[at]
        at += 1
        if char == "\\" and at < len(segment):
            out.append(segment[at])
            at += 1
        elif char == "*":
            if not out or out[-1] is not STAR:
                out.append(STAR)
        elif char == "?":
            out.append(QUESTION)
        elif char == "[" and sets:
            found = _char_set(segment, at)
            if found is None:
                return None
            charset, at = found
            out.append(charset)
        else:
            out.append(char)
    return tuple(out)


def _char_set(segment: str, at: int) -> tuple[CharSet, int] | None:
    negated = segment[at : at + 1] in ("!", "^")
    at += negated
    ranges: list[tuple[str, str]] = []
    first = True
    while at < len(segment) and (first or segment[at] != "]"):
        first = False
        low, at = _set_char(segment, at)
        high = low
        if segment[at : at + 1] == "-" and segment[at + 1 : at + 2] not in ("", "]"):
            high, at = _set_char(segment, at + 1)
        ranges.append((low, high))
    if at >= len(segment):
        return None
    return CharSet(negated, tuple(ranges)), at + 1


def _set_char(segment: str, at: int) -> tuple[str, int]:
    if segment[at] == "\\" and at + 1 < len(segment):
        return segment[at + 1], at + 2
    return segment[at], at + 1


def glob_matches(pattern: tuple[Token, ...], text: str) -> bool:
    """Whether the whole of `text` (one path segment) matches. Time is at most len(pattern) x len(text)."""
    p = t = 0
    star = mark = -1
    while t < len(text):
        token = pattern[p] if p < len(pattern) else None
        if token is STAR:
            star, mark = p, t
            p += 1
        elif token is not None and _one(token, text[t]):
            p += 1
            t += 1
        elif star >= 0:
            mark += 1
            p, t = star + 1, mark
        else:
            return False
    return all(token is STAR for token in pattern[p:])


def _one(token: Token, char: str) -> bool:
    if isinstance(token, str):
        return token == char
    return token is QUESTION or (isinstance(token, CharSet) and token.holds(char))


class _Globs:
    """The glob children of one node."""

    __slots__ = ("_found", "_keyed", "_known", "_loose")

    def __init__(self) -> None:
        self._known: dict[str, _Node] = {}
        self._keyed: dict[int, dict[str, list[tuple[tuple[Token, ...], _Node]]]] = {}
        self._loose: list[tuple[tuple[Token, ...], _Node]] = []
        self._found: dict[str, tuple[_Node, ...]] = {}

    def child(self, segment: str, parsed: tuple[Token, ...]) -> _Node:
        node = self._known.get(segment)
        if node is None:
            node = self._known[segment] = _Node()
            self._found.clear()
            key = _longest_literal(parsed)
            if key:
                self._keyed.setdefault(len(key), {}).setdefault(key, []).append((parsed, node))
            else:
                self._loose.append((parsed, node))
        return node

    def find(self, text: str) -> tuple[_Node, ...]:
        found = self._found.get(text)
        if found is None:
            candidates = list(self._loose)
            for size, table in self._keyed.items():
                for key in {text[i : i + size] for i in range(len(text) - size + 1)}:
                    candidates += table.get(key, ())
            found = tuple(node for pattern, node in candidates if glob_matches(pattern, text))
            self._found[text] = found
        return found


def _longest_literal(parsed: tuple[Token, ...]) -> str:
    best = run = ""
    for token in parsed:
        run = run + token if isinstance(token, str) else ""
        if len(run) > len(best):
            best = run
    return best[:_KEY_LIMIT]


_NOTHING: Final[dict[int, int]] = {}
_NO_CHILD: Final[dict[str, _Node]] = {}


class _Node:
    """Where a prefix of some patterns ends. `exact` and `below` map a slot to the highest value stored for it. Most
    nodes are a step on a single path, so nothing is made before it is needed."""

    __slots__ = ("any_depth", "below", "exact", "globs", "literal", "loops", "star")

    def __init__(self) -> None:
        self.literal = _NO_CHILD
        self.globs: _Globs | None = None
        self.star: _Node | None = None
        self.any_depth: _Node | None = None
        self.loops = False
        self.exact = _NOTHING
        self.below = _NOTHING

    def named(self, segment: str) -> _Node:
        """The child of a literal segment, made when it is missing."""
        if self.literal is _NO_CHILD:
            self.literal = {}
        child = self.literal.get(segment)
        if child is None:
            child = self.literal[segment] = _Node()
        return child


class PathIndex:
    """Patterns added with a slot (a section, say) and a value; a look-up gives the highest value a slot has among the
    patterns that match, which is "the last match wins" when values grow."""

    def __init__(self, *, sets: bool) -> None:
        self._root = _Node()
        self._sets = sets

    def add(self, segments: Iterable[str], slot: int, value: int, *, exact: bool, below: bool) -> None:
        """Store `value`. `exact`: the pattern names the path itself; `below`: it names a folder the path lies in, at
        any depth. Values of one slot must be added in growing order."""
        node: _Node | None = self._root
        for segment in segments:
            assert node is not None
            node = self._child(node, segment)
            if node is None:
                return
        assert node is not None
        if exact:
            node.exact = {} if node.exact is _NOTHING else node.exact
            node.exact[slot] = value
        if below:
            node.below = {} if node.below is _NOTHING else node.below
            node.below[slot] = value

    def _child(self, node: _Node, segment: str) -> _Node | None:
        if segment == ANY_DEPTH:
            if node.loops:
                return node
            if node.any_depth is None:
                node.any_depth = _Node()
                node.any_depth.loops = True
            return node.any_depth
        if _SPECIAL.isdisjoint(segment):
            return node.named(segment)
        parsed = tokens(segment, sets=self._sets)
        if parsed is None:
            return None
        if parsed == (STAR,):
            if node.star is None:
                node.star = _Node()
            return node.star
        if all(isinstance(token, str) for token in parsed):
            return node.named("".join(str(token) for token in parsed))
        if node.globs is None:
            node.globs = _Globs()
        return node.globs.child(segment, parsed)

    def lookup(self, path: str) -> dict[int, int]:
        """Slot to highest value for `path`: repository-relative, `/` between segments, no leading `/`."""
        best: dict[int, int] = {}
        states = [self._root] if self._root.any_depth is None else [self._root, self._root.any_depth]
        segments = path.split("/")
        last = len(segments) - 1
        for depth, segment in enumerate(segments):
            states = _step(states, segment)
            if not states:
                break
            for node in states:
                for slot, value in (node.exact if depth == last else node.below).items():
                    if best.get(slot, -1) < value:
                        best[slot] = value
        return best


def _step(states: list[_Node], segment: str) -> list[_Node]:
    reached: dict[int, _Node] = {}
    for node in states:
        targets = [node] if node.loops else []
        literal = node.literal.get(segment)
        if literal is not None:
            targets.append(literal)
        if node.star is not None:
            targets.append(node.star)
        if node.globs is not None:
            targets += node.globs.find(segment)
        for target in targets:
            reached[id(target)] = target
            if target.any_depth is not None:
                reached[id(target.any_depth)] = target.any_depth
    return list(reached.values())
