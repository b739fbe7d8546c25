"""The page of scenarios names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TOP = Path(__file__).parents[3]
ROWS = re.findall(r"^\| (\d+) \| .* \| (.*) \|$", (TOP / "docs" / "origin.md").read_text(), re.MULTILINE)


def test_every_group_has_a_row() -> None:
    assert [int(number) for number, _ in ROWS] == list(range(1, 24))


@pytest.mark.parametrize(("number", "cell"), ROWS, ids=[number for number, _ in ROWS])
def test_what_a_row_names_is_there(number: str, cell: str) -> None:
    named = re.findall(r"`([^`]+)`", cell)
    assert named, f"row {number} names no test"
    for name in named:
        path, _, function = name.partition("::")
        text = (TOP / path).read_text()
        assert not function or f"def {function}(" in text, f"{path} has no {function}"
