"""A region keeps its id through whatever happens around and inside it."""

from __future__ import annotations

import pytest

from earmark.lsp.identity import RegionNames
from earmark.origin.model import HUMAN, UNKNOWN, Region, ai
from earmark.text.edits import Edit

A, B = ai("s_a"), ai("s_b")


def names(*steps: tuple[list[Edit], list[Region]]) -> list[str]:
    """The ids after the last step, the first step being what was there at the start."""
    known = RegionNames()
    for edits, regions in steps:
        known.follow(edits, regions)
    return [named.id for named in known.named]


@pytest.mark.parametrize(
    ("edits", "after", "ids"),
    [
        pytest.param([], [Region(10, 20, A), Region(30, 40, B)], ["r1", "r2"], id="nothing happened"),
        pytest.param([Edit(0, 0, b"xxxxx")], [Region(15, 25, A), Region(35, 45, B)], ["r1", "r2"], id="text before"),
        pytest.param(
            [Edit(15, 15, b"xx")],
            [Region(10, 15, A), Region(15, 17, HUMAN), Region(17, 22, A), Region(32, 42, B)],
            ["r1", "r3", "r4", "r2"],
            id="a person types inside: the first part keeps the name",
        ),
        pytest.param([Edit(10, 20, b"")], [Region(20, 30, B)], ["r2"], id="the first is deleted"),
        pytest.param([Edit(5, 15, b"")], [Region(5, 10, A), Region(20, 30, B)], ["r1", "r2"], id="half is deleted"),
        pytest.param(
            [Edit(0, 0, b"x"), Edit(0, 1, b"")],
            [Region(10, 20, A), Region(30, 40, B)],
            ["r1", "r2"],
            id="there and back",
        ),
        pytest.param([], [Region(10, 20, B), Region(30, 40, B)], ["r3", "r2"], id="another origin is another region"),
        pytest.param([], [Region(10, 20, A), Region(22, 25, UNKNOWN), Region(30, 40, B)], ["r1", "r2"], id="unknown"),
        pytest.param(
            [Edit(60, 60, b"x" * 10)],
            [Region(10, 20, A), Region(30, 40, B), Region(60, 70, A)],
            ["r1", "r2", "r3"],
            id="a new region is new",
        ),
    ],
)
def test_ids(edits: list[Edit], after: list[Region], ids: list[str]) -> None:
    assert names(([], [Region(10, 20, A), Region(30, 40, B)]), (edits, after)) == ids


def test_an_id_is_never_given_twice() -> None:
    assert names(([], [Region(0, 5, A)]), ([Edit(0, 5, b"")], []), ([Edit(0, 0, b"x")], [Region(0, 1, A)])) == ["r2"]


def test_grown_together_the_first_name_stays() -> None:
    before = [Region(0, 5, A), Region(8, 12, A)]
    assert names(([], before), ([Edit(5, 8, b"")], [Region(0, 9, A)])) == ["r1"]
