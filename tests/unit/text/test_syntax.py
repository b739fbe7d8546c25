import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.text import syntax
from earmark.text.edits import Edit
from earmark.text.languages import SLUGS

SAMPLE = b"import os\n\ndef f(x):\n    if x:\n        return os.path.join('a', \"\xc3\xa9\")\n    return [1, 2]\n"


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.parametrize("text", [b"", b"\x00\xff\xfe{[(", b"a = 1\n", b"\r\n\r"])
def test_any_bytes_give_a_tree(slug: str, text: bytes) -> None:
    tree = syntax.parse(text, slug)
    assert tree is not None
    assert tree.root_node.end_byte <= len(text)


def test_no_grammar_no_tree() -> None:
    assert syntax.parse(b"x", "cobol") is None
    assert syntax.parse(b"x", "") is None


def test_a_file_too_large_is_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syntax, "LARGEST", 4)
    assert syntax.parse(b"x=1\n", "python") is None
    assert syntax.parse(b"x=1", "python") is not None


@given(
    st.integers(0, len(SAMPLE)),
    st.integers(0, len(SAMPLE)),
    st.sampled_from([b"", b"x", b"\n", b"(", b"'", b"    y = 1\n", b"\r\n", b'"""', b"\xc3\xa9"]),
    st.booleans(),
)
def test_an_incremental_parse_equals_a_whole_one(a: int, b: int, new: bytes, row_known: bool) -> None:
    edit = Edit(min(a, b), max(a, b), new)
    after = SAMPLE[: edit.start] + edit.new + SAMPLE[edit.end :]
    tree = syntax.parse(SAMPLE, "python")
    assert tree is not None
    syntax.edit_tree(tree, edit, SAMPLE, SAMPLE.count(b"\n", 0, edit.start) if row_known else -1)
    incremental = syntax.parse(after, "python", tree)
    whole = syntax.parse(after, "python")
    assert incremental is not None
    assert whole is not None
    # Error recovery may legally differ; where the text is right the two trees must be one.
    if not whole.root_node.has_error:
        assert str(incremental.root_node) == str(whole.root_node)
        assert incremental.root_node.end_point == whole.root_node.end_point


@pytest.mark.parametrize("text", [b"- " * 400, b"? " * 400, b"".join(b" " * i + b"a:\n" for i in range(400))])
def test_yaml_nested_deeper_than_its_grammar_bears_has_no_tree(text: bytes) -> None:
    assert syntax.parse(text, "yaml") is None
