"""What clients/README.md promises is what was measured in the real editors."""

from __future__ import annotations

import promises
from promises import CASES, PROMISES, Measured


def test_the_table_is_current() -> None:
    text = promises.README.read_text()
    assert promises.BEGIN in text and promises.END in text
    assert text == promises.with_table(text, promises.read()), "run python tests/editors/promises.py"


def test_every_cell_is_of_a_known_promise() -> None:
    for client, cells in promises.read().items():
        assert cells and not cells.keys() - PROMISES.keys() - CASES.keys(), client


def test_a_run_adds_what_it_saw() -> None:
    before = {"A": {"risk": "old", "hover": "kept"}, "B": {"risk": "kept"}}
    after = promises.merged(before, {Measured("A", "risk", "new")})
    assert after == {"A": {"risk": "new", "hover": "kept"}, "B": {"risk": "kept"}}
    assert "| a risky line has a hint | new | kept |" in promises.table(after)
    assert "| who wrote it, when, why it is risky | kept | – |" in promises.table(after)
