"""Syntax trees: grammars loaded when first asked for, parses that never fail.

A tree is returned for any bytes; what does not parse shows as ERROR nodes. Rows and columns of a tree are 0-based,
columns in bytes, and only `\\n` ends a row.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Language, Tree

    from earmark.text.edits import Edit

# slug -> (module of the grammar's wheel, its function)
_GRAMMARS = {
    "python": ("tree_sitter_python", "language"),
    "javascript": ("tree_sitter_javascript", "language"),
    "typescript": ("tree_sitter_typescript", "language_typescript"),
    "tsx": ("tree_sitter_typescript", "language_tsx"),
    "go": ("tree_sitter_go", "language"),
    "java": ("tree_sitter_java", "language"),
    "rust": ("tree_sitter_rust", "language"),
    "c": ("tree_sitter_c", "language"),
    "cpp": ("tree_sitter_cpp", "language"),
    "csharp": ("tree_sitter_c_sharp", "language"),
    "ruby": ("tree_sitter_ruby", "language"),
    "php": ("tree_sitter_php", "language_php"),
    # PHP without an opening tag, as an editor or an assistant quotes it; the other grammar takes it for plain text.
    "php-fragment": ("tree_sitter_php", "language_php_only"),
    "kotlin": ("tree_sitter_kotlin", "language"),
    "swift": ("tree_sitter_swift", "language"),
    "bash": ("tree_sitter_bash", "language"),
    "sql": ("tree_sitter_sql", "language"),
    "terraform": ("tree_sitter_hcl", "language"),
    "dockerfile": ("tree_sitter_dockerfile", "language"),
    "yaml": ("tree_sitter_yaml", "language"),
    "json": ("tree_sitter_json", "language"),
    "html": ("tree_sitter_html", "language"),
}

# A capsule keeps the address of its name, not a copy, so the name must live as long as the process.
_CAPSULE_NAME = b"tree_sitter.Language"

# A file of this many bytes or more is data or generated, and parsing it would stall every thread (the binding holds
# the GIL while it parses).
LARGEST = 8 << 20

# The YAML grammar keeps its indentation in a buffer of fixed size and overruns it at a few hundred levels, which ends
# the process. Each level needs a column of its own before the first word of a line, so such a line gives it away.
_DEEPEST_INDENT = 160


@cache
def grammar(language: str) -> Language | None:
    """The grammar of the slug `language`; None when we have none or its wheel is not installed."""
    place = _GRAMMARS.get(language)
    if place is None:
        return None
    from tree_sitter import Language

    try:
        module = import_module(place[0])
    except ImportError:
        return None
    return Language(_capsule(getattr(module, place[1])()))


def _capsule(pointer: object) -> object:
    """What the runtime takes: older wheels still hand out the bare address of their grammar."""
    if not isinstance(pointer, int):
        return pointer
    import ctypes

    new = ctypes.pythonapi.PyCapsule_New
    new.restype = ctypes.py_object
    new.argtypes = (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)
    capsule: object = new(pointer, _CAPSULE_NAME, None)
    return capsule


def parse(text: bytes, language: str, old_tree: Tree | None = None) -> Tree | None:
    """The tree of `text`, or None when `language` has no grammar or the text is larger than `LARGEST` or
    nested deeper than the grammar can bear.

    `old_tree` is the tree of an earlier text that has been told of every edit since (`edit_tree`); the parse then
    costs what changed, not what stands.
    """
    known = grammar(language)
    if known is None or len(text) >= LARGEST or (language == "yaml" and _too_deep(text)):
        return None
    from tree_sitter import Parser

    parser = Parser(known)
    return parser.parse(text) if old_tree is None else parser.parse(text, old_tree)


def _too_deep(text: bytes) -> bool:
    indent = max((len(line) - len(line.lstrip(b" \t-?:")) for line in text.splitlines()), default=0)
    return indent > _DEEPEST_INDENT


def point(text: bytes, offset: int) -> tuple[int, int]:
    """Row and byte column of `offset` as the grammars count them: rows end at `\\n` only, both 0-based."""
    return text.count(b"\n", 0, offset), offset - (text.rfind(b"\n", 0, offset) + 1)


def edit_tree(tree: Tree, edit: Edit, before: bytes, row: int = -1) -> None:
    """Tell `tree`, the tree of `before`, of `edit`, so that it can serve as `old_tree` of the next parse.

    `row` is the row of `edit.start` when the caller knows it, which saves counting lines.
    """
    start = (row, edit.start - (before.rfind(b"\n", 0, edit.start) + 1)) if row >= 0 else point(before, edit.start)
    old_end = _advance(start, before[edit.start : edit.end])
    new_end = _advance(start, edit.new)
    tree.edit(edit.start, edit.end, edit.start + len(edit.new), start, old_end, new_end)


def _advance(start: tuple[int, int], over: bytes) -> tuple[int, int]:
    rows = over.count(b"\n")
    if not rows:
        return start[0], start[1] + len(over)
    return start[0] + rows, len(over) - (over.rfind(b"\n") + 1)
