"""The sliced, incremental parse gives the tree that a fresh parse gives."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.text import syntax
from earmark.text.document import ByteDocument
from earmark.text.edits import Edit
from earmark.text.incremental import IncrementalTree

SOURCE = b"""def first(a, b=1):
    \"\"\"Says what it does.\"\"\"
    try:
        return call(a, timeout=b)
    except ValueError as error:
        raise Failure("no") from error


class Thing:
    def second(self):
        return [item for item in self.items if item]
"""
pieces = st.sampled_from(
    [b"", b"x", b"\n", b"(", b'"', b"'''", b"    ", b"def f():\n    pass\n", "é😀".encode(), b"\r"]
)


def nodes(tree: object) -> list[tuple[str, int, int]]:
    """Every node of a tree as (type, start, end), depth first."""
    found = []
    stack = [tree.root_node]  # type: ignore[attr-defined]
    while stack:
        node = stack.pop()
        found.append((node.type, node.start_byte, node.end_byte))
        stack += reversed(node.children)
    return found


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 12), pieces, st.booleans()), min_size=1, max_size=6))
def test_damage_undone_leaves_the_tree_of_a_fresh_parse(edits: list[tuple[int, int, bytes, bool]]) -> None:
    """Within damaged text the parser's recovery may depend on where it stopped; once sound, nothing of it is left."""
    document = ByteDocument(SOURCE * 3)
    tree = IncrementalTree.of("python")
    assert tree is not None
    tree.parse(document.text, 10)
    undo = []
    steps = [(Edit(at, at + length, new), parse_here) for at, length, new, parse_here in edits]
    for edit, parse_here in steps:
        undo.append((Edit(edit.start, edit.start + len(edit.new), document.text[edit.start : edit.end]), parse_here))
        follow(tree, document, edit, parse_here)
        assert tree.tree is None or tree.tree.root_node.end_byte <= len(document.text)
    for edit, parse_here in reversed(undo):
        follow(tree, document, edit, parse_here)
    while not tree.parse(document.text, 0):
        assert not tree.complete
    assert document.text == SOURCE * 3
    assert nodes(tree.tree) == nodes(syntax.parse(document.text, "python"))


def follow(tree: IncrementalTree, document: ByteDocument, edit: Edit, parse_here: bool) -> None:
    tree.edit(edit, document.text)
    document.apply(edit)
    if parse_here:
        tree.parse(document.text, 0)


def test_a_halted_parse_goes_on_where_it_stopped() -> None:
    text = SOURCE * 200
    tree = IncrementalTree.of("python")
    assert tree is not None
    slices = 1
    while not tree.parse(text, 0):
        slices += 1
    assert slices > 3
    assert nodes(tree.tree) == nodes(syntax.parse(text, "python"))


def test_an_edit_during_a_halted_parse_starts_it_again() -> None:
    document = ByteDocument(SOURCE * 200)
    tree = IncrementalTree.of("python")
    assert tree is not None
    assert not tree.parse(document.text, 0)
    edit = Edit(0, 0, b"import os\n")
    tree.edit(edit, document.text)
    document.apply(edit)
    assert tree.parse(document.text, 10)
    assert nodes(tree.tree) == nodes(syntax.parse(document.text, "python"))


def test_a_huge_text_has_no_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syntax, "LARGEST", 10)
    tree = IncrementalTree.of("python")
    assert tree is not None
    assert tree.parse(b"x = 1234567890", 10)
    assert tree.tree is None


def test_no_grammar_no_tree() -> None:
    assert IncrementalTree.of("cobol") is None
