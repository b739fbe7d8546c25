"""Changed ranges cover every byte that an edit wrote, and stay few."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from earmark.lsp.ranges import Ranges
from earmark.text.edits import Edit


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 9), st.integers(0, 9)), max_size=40))
def test_every_byte_written_is_covered(edits: list[tuple[int, int, int]]) -> None:
    text, ranges = b"." * 300, Ranges()
    for at, length, size in edits:
        edit = Edit(min(at, len(text)), min(at + length, len(text)), b"x" * size)
        ranges.edit(edit)
        text = text[: edit.start] + edit.new + text[edit.end :]
        assert any(low <= edit.start <= high for low, high in ranges.items)
    covered = {i for low, high in ranges.items for i in range(low, high)}
    assert {i for i, byte in enumerate(text) if byte == ord("x")} <= covered
    assert len(ranges.items) <= 16
    assert all(a[1] < b[0] for a, b in zip(ranges.items, ranges.items[1:], strict=False))


def test_typing_in_one_place_is_one_range() -> None:
    ranges = Ranges()
    for n in range(5):
        ranges.edit(Edit(10 + n, 10 + n, b"x"))
    assert ranges.items == [(10, 15)]
