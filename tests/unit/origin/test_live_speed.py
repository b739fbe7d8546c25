"""The short ways that an edit takes through many regions give what the long ones give."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from earmark.origin.live import LiveOrigins, typed
from earmark.origin.model import HUMAN, UNKNOWN, Origin, Region, Snapshot, ai
from earmark.origin.regions import Regions, move, spliced, tidied, tidy
from earmark.text.edits import Edit

TEXT = b"one two\nthree\n\nfour five six\nseven\n\n\neight nine\nten\n"
WRITERS: list[Origin] = [ai("s_1"), ai("s_2"), HUMAN, UNKNOWN]


@st.composite
def regions(draw: st.DrawFn) -> tuple[Region, ...]:
    """Tidy regions of TEXT."""
    cuts = sorted(draw(st.lists(st.integers(0, len(TEXT)), max_size=14, unique=True)))
    pieces = [Region(a, b, draw(st.sampled_from(WRITERS)), draw(st.integers(1, 5))) for a, b in pairwise(cuts)]
    return tidy([piece for piece in pieces if draw(st.integers(0, 3))], TEXT)


@st.composite
def edit(draw: st.DrawFn) -> Edit:
    start = draw(st.integers(0, len(TEXT)))
    end = draw(st.integers(start, min(len(TEXT), start + draw(st.sampled_from([0, 0, 1, 20])))))
    return Edit(start, end, draw(st.sampled_from([b"", b"x", b" ", b"\n", b"a\nb\n"])))


@given(regions(), edit())
def test_tidying_around_an_edit_is_tidying(before: tuple[Region, ...], one: Edit) -> None:
    text = TEXT[: one.start] + one.new + TEXT[one.end :]
    after = typed(list(before), one, HUMAN, 9)
    assert tidied(after, text, one.start, one.start + len(one.new)) == tidy(after, text)


@given(regions(), edit())
def test_splicing_is_clipping_and_moving(before: tuple[Region, ...], one: Edit) -> None:
    every = Regions(before)
    inside = [Region(one.start, one.start + len(one.new), ai("s_3"), 9)]
    new_end = one.start + len(one.new)
    long = [*every.clip(0, one.start), *inside, *every.moved(one.end, len(TEXT), new_end)]
    assert spliced(before, one.start, one.end, inside, new_end) == long


@given(regions(), st.integers(-3, 3))
def test_moving_keeps_everything_but_the_place(before: tuple[Region, ...], shift: int) -> None:
    assert [(r.start - shift, r.end - shift, *r[2:]) for r in move(before, shift)] == [tuple(r) for r in before]


@given(regions(), st.lists(edit(), min_size=1, max_size=4))
def test_regions_of_a_buffer_stay_tidy_inside_the_text(before: tuple[Region, ...], edits: list[Edit]) -> None:
    for observed in ("keystroke", "bulk"):
        buffer = LiveOrigins(Snapshot(TEXT, before))
        for order, one in enumerate(edits, 10):
            old = buffer.snapshot.text
            if one.end > len(old):
                continue
            buffer.apply([one], old[: one.start] + one.new + old[one.end :], observed, order)  # type: ignore[arg-type]
            found = buffer.snapshot.regions
            assert found == tidy(found, buffer.snapshot.text)
            assert all(0 <= r.start < r.end <= len(buffer.snapshot.text) for r in found)
