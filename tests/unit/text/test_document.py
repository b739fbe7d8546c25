"""ByteDocument against a naive model over `str`."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.text.document import ByteDocument, Encoding, encode, replacement
from earmark.text.edits import Edit

ENCODINGS: tuple[Encoding, ...] = ("utf-8", "utf-16", "utf-32")
texts = st.text(st.sampled_from("ab\n\r\f\x0b\x85\u2028é€𝕊😀"), max_size=30)


def naive_lines(text: str) -> list[str]:
    """The lines of `text` with their ends, as LSP defines them; the last one may be empty."""
    return [*re.findall(r"[^\r\n]*(?:\r\n|\r|\n)", text), re.split(r"\r\n|\r|\n", text)[-1]]


def units(text: str, encoding: Encoding) -> int:
    return {"utf-8": len(text.encode()), "utf-16": len(text.encode("utf-16-le")) // 2, "utf-32": len(text)}[encoding]


def naive_offset(text: str, line: int, character: int, encoding: Encoding) -> int:
    """The byte offset of a position, found by walking characters."""
    lines = naive_lines(text)
    if line >= len(lines):
        return len(text.encode())
    before = "".join(lines[:line])
    taken = ""
    for char in lines[line].rstrip("\r\n"):
        if units(taken + char, encoding) > character:
            break
        taken += char
    return len((before + taken).encode())


def assert_lines(document: ByteDocument, text: str) -> None:
    assert document.text == text.encode()
    lines = naive_lines(text)
    starts = [len("".join(lines[:n]).encode()) for n in range(len(lines))]
    assert document.line_count == len(lines)
    assert [document.line_start(n) for n in range(len(lines))] == starts
    ends = [start + len(line.rstrip("\r\n").encode()) for start, line in zip(starts, lines, strict=True)]
    assert [document.line_end(n) for n in range(len(lines))] == ends
    for offset in range(len(document.text) + 1):
        assert document.line_at(offset) == sum(start <= offset for start in starts) - 1


@given(texts, st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40), texts), max_size=8))
def test_line_starts_follow_every_edit(text: str, edits: list[tuple[int, int, str]]) -> None:
    document = ByteDocument(text.encode())
    assert_lines(document, text)
    for a, b, new in edits:
        start, end = sorted((min(a, len(text)), min(b, len(text))))
        document.apply(Edit(len(text[:start].encode()), len(text[:end].encode()), new.encode()))
        text = text[:start] + new + text[end:]
        assert_lines(document, text)


@given(texts, st.integers(0, 12), st.integers(0, 12), st.sampled_from(ENCODINGS))
def test_offset_agrees_with_a_walk_over_characters(text: str, line: int, character: int, encoding: Encoding) -> None:
    offset = ByteDocument(text.encode()).offset(line, character, encoding)
    assert offset == naive_offset(text, line, character, encoding)


@given(texts, st.sampled_from(ENCODINGS))
def test_position_is_the_inverse_of_offset(text: str, encoding: Encoding) -> None:
    document = ByteDocument(text.encode())
    for index in range(len(text) + 1):
        offset = len(text[:index].encode())
        inside_crlf = text[index - 1 : index + 1] == "\r\n"
        line, character = document.position(offset, encoding)
        assert document.offset(line, character, encoding) == (offset - 1 if inside_crlf else offset)


@given(st.binary(max_size=40), st.integers(-2, 8), st.integers(-2, 20), st.sampled_from(ENCODINGS))
def test_malformed_bytes_keep_positions_inside_the_text(
    text: bytes, line: int, character: int, encoding: Encoding
) -> None:
    document = ByteDocument(text)
    offset = document.offset(line, character, encoding)
    assert 0 <= offset <= len(text)
    assert document.position(offset, encoding) <= (document.line_count - 1, len(text))


@pytest.mark.parametrize(
    ("before", "edit", "after", "lines"),
    [
        pytest.param(b"a\r\nb", Edit(2, 2, b"x"), b"a\rx\nb", 3, id="an insertion splits a CRLF"),
        pytest.param(b"a\rx\nb", Edit(2, 3, b""), b"a\r\nb", 2, id="a deletion joins a CRLF"),
        pytest.param(b"a\nb", Edit(1, 1, b"\r"), b"a\r\nb", 2, id="a CR typed before LF"),
        pytest.param(b"a\rb", Edit(2, 2, b"\n"), b"a\r\nb", 2, id="an LF typed behind CR"),
        pytest.param(b"a\r\nb", Edit(1, 2, b""), b"a\nb", 2, id="the CR of a CRLF deleted"),
        pytest.param(b"", Edit(0, 0, b"\r"), b"\r", 2, id="a CR in an empty text"),
        pytest.param(b"\n", Edit(0, 0, b"\r"), b"\r\n", 2, id="a CR at the very start"),
        pytest.param(
            "a\f\u2028\x85b".encode(), Edit(0, 1, b"c"), "c\f\u2028\x85b".encode(), 1, id="no other line ends"
        ),
    ],
)
def test_line_ends(before: bytes, edit: Edit, after: bytes, lines: int) -> None:
    document = ByteDocument(before)
    document.apply(edit)
    assert (document.text, document.line_count) == (after, lines)


@pytest.mark.parametrize(
    ("encoding", "character", "offset"),
    [
        ("utf-8", 4, 4),
        ("utf-16", 2, 4),
        ("utf-32", 1, 4),
        ("utf-8", 2, 0),
        ("utf-16", 1, 0),
        ("utf-16", 3, 5),
        ("utf-32", 99, 5),
    ],
)
def test_emoji_in_every_encoding(encoding: Encoding, character: int, offset: int) -> None:
    assert ByteDocument("😀x\n".encode()).offset(0, character, encoding) == offset


def test_an_edit_outside_the_text_is_refused_and_changes_nothing() -> None:
    document = ByteDocument(b"ab")
    with pytest.raises(ValueError, match=r"1\.\.3 outside a text of 2 bytes"):
        document.apply(Edit(1, 3, b""))
    assert document.text == b"ab"


def test_a_lone_surrogate_keeps_its_width() -> None:
    assert encode("a\ud83db") == "a\ufffdb".encode()
    assert encode("a\ud83d\ude00b") == "a😀b".encode()


@given(texts, texts, texts, texts)
def test_replacement_turns_one_text_into_the_other(head: str, old: str, new: str, tail: str) -> None:
    before, after = (head + old + tail).encode(), (head + new + tail).encode()
    edit = replacement(before, after)
    assert before[: edit.start] + edit.new + before[edit.end :] == after
    assert edit.start <= edit.end
    assert len(edit.new) <= len(new.encode())
    for part in (before[: edit.start], edit.new, before[edit.end :]):
        part.decode()
