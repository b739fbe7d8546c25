"""The packages a source text imports: names as written, with their bytes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from earmark.text.syntax import grammar, parse

if TYPE_CHECKING:
    from tree_sitter import Node, Query, Tree

NODE_LANGUAGES = frozenset({"javascript", "typescript", "tsx"})
_MATCH_LIMIT = 4096

_PYTHON = """
(import_statement name: (dotted_name) @module)
(import_statement name: (aliased_import name: (dotted_name) @module))
(import_from_statement module_name: (dotted_name) @module)
"""
_NODE = """
(import_statement source: (string) @module)
(export_statement source: (string) @module)
(call_expression function: (identifier) @call arguments: (arguments . (string) @module))
(call_expression function: (import) arguments: (arguments . (string) @module))
"""


class Import(NamedTuple):
    """A module as it is imported (`os.path`, `@scope/name/part`) at bytes `start` to `end` (0-based, half-open).
    `guarded`: the text says what to do when it is not there."""

    module: str
    start: int
    end: int
    guarded: bool = False


def imports(text: bytes, language: str, tree: Tree | None = None) -> Iterator[Import]:
    """Absolute imports in order of place; relative ones name no package. Empty for other languages than ours."""
    from tree_sitter import QueryCursor

    query = _query(language)
    tree = tree or (parse(text, language) if query is not None else None)
    if query is None or tree is None:
        return
    found = []
    for _, captures in QueryCursor(query, match_limit=_MATCH_LIMIT).matches(tree.root_node):
        call = captures.get("call")
        if call and text[call[0].start_byte : call[0].end_byte] != b"require":
            continue
        found += captures.get("module", [])
    for node in sorted(found, key=lambda n: n.start_byte):
        start, end = node.start_byte, node.end_byte
        if language in NODE_LANGUAGES:
            start, end = start + 1, end - 1
        module = text[start:end].decode("utf-8", "replace")
        if module and len(module) <= 200:
            yield Import(module, start, end, _is_guarded(node))


@cache
def _query(language: str) -> Query | None:
    source = _PYTHON if language == "python" else _NODE if language in NODE_LANGUAGES else ""
    known = grammar(language) if source else None
    if known is None:
        return None
    from tree_sitter import Query

    return Query(known, source)


def _is_guarded(node: Node) -> bool:
    """In a `try` or a condition (on the platform, the type checker): absence is foreseen."""
    above: Node | None = node.parent
    for _ in range(8):
        if above is None:
            return False
        if above.type in ("try_statement", "if_statement", "except_clause"):
            return True
        above = above.parent
    return False


def package_of(module: str, language: str) -> str:
    """What must be installed for the import to work: `os` of `os.path`, `@a/b` of `@a/b/c`; "" for what is no package
    (a path, an address, an alias of the bundler)."""
    if language == "python":
        return module.split(".")[0].strip()
    if module.startswith("npm:"):
        module = module[4:]
    if module.startswith((".", "/", "#", "~", "$", "@/", "@@")) or ":" in module or "!" in module or "?" in module:
        return ""
    parts = module.split("/")
    if module.startswith("@"):
        return f"{parts[0]}/{parts[1].split('@')[0]}" if len(parts) > 1 and parts[1] else ""
    return parts[0].split("@")[0]
