"""What one text defines, and which names it uses."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from earmark.text.syntax import grammar, parse

if TYPE_CHECKING:
    from tree_sitter import Query

# A name this short is a loop variable somewhere.
_SHORTEST, _LONGEST = 3, 120
# A file larger than this is data or generated.
LARGEST = 1 << 20
_MATCH_LIMIT = 4096


class Definition(NamedTuple):
    """A function, method or type called `name`, at lines `start` to `end` (1-based, inclusive)."""

    name: str
    start: int
    end: int


class Tags(NamedTuple):
    """The definitions of a text by place, and how often it uses each name (its own definitions' names included)."""

    definitions: tuple[Definition, ...]
    uses: Counter[str]


NOTHING = Tags((), Counter())


def tags(text: bytes, language: str) -> Tags:
    """The tags of `text`; nothing for a language without definitions or a text larger than `LARGEST`."""
    query = _query(language)
    tree = parse(text, language) if query is not None and len(text) <= LARGEST else None
    if query is None or tree is None:
        return NOTHING
    from tree_sitter import QueryCursor

    definitions: list[Definition] = []
    uses: Counter[str] = Counter()
    seen: set[int] = set()
    for _, captures in QueryCursor(query, match_limit=_MATCH_LIMIT).matches(tree.root_node):
        if "definition" in captures:
            name, node = captures["name"][0], captures["definition"][0]
            said = text[name.start_byte : name.end_byte].decode("utf-8", "replace")
            if len(said) <= _LONGEST:
                definitions.append(Definition(said, node.start_point[0] + 1, node.end_point[0] + 1))
            continue
        for node in captures["use"]:
            # Two patterns may see one place; it is used there once.
            if node.start_byte not in seen and _SHORTEST <= node.end_byte - node.start_byte <= _LONGEST:
                seen.add(node.start_byte)
                uses[text[node.start_byte : node.end_byte].decode("utf-8", "replace")] += 1
    definitions.sort(key=lambda d: (d.start, -d.end, d.name))
    return Tags(tuple(definitions), uses)


def is_tagged(language: str) -> bool:
    """Whether texts of this language have tags."""
    return language in _sources()


@cache
def _sources() -> dict[str, str]:
    import tomllib
    from importlib import resources

    data = tomllib.loads((resources.files("earmark.risk.symbols") / "tags.toml").read_text("utf-8"))
    data["tsx"] = data["typescript"] + data["tsx"]
    return data


@cache
def _query(language: str) -> Query | None:
    source, known = _sources().get(language), grammar(language)
    if source is None or known is None:
        return None
    from tree_sitter import Query

    return Query(known, source)


def changed(definitions: tuple[Definition, ...], lines: list[tuple[int, int]]) -> tuple[str, ...]:
    """The names of the definitions that `lines` (1-based, inclusive) touch; of nested ones only the innermost, for a
    class is not another one because a method of it changed."""
    found: dict[str, None] = {}
    for first, last in lines:
        touched = [d for d in definitions if d.start <= last and d.end >= first]
        for one in touched:
            inside = any(
                o is not one and o.start >= one.start and o.end <= one.end and o.start <= first for o in touched
            )
            if not inside or one.start >= first:
                found[one.name] = None
    return tuple(found)
