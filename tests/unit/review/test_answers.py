"""Answers of a forge kept between processes."""

from __future__ import annotations

from pathlib import Path

import pytest

from earmark.review.forges import answers


def test_they_are_read_as_they_were_written_and_the_latest_are_kept(tmp_path: Path) -> None:
    file = str(tmp_path / "answers.json")
    many = {f"https://h/{n}": (f'"{n}"', [n, {"a": None}], {"link": "<x>", "date": "now"}) for n in range(100)}
    answers.write(file, many)
    found = answers.read(file)
    assert list(found) == list(many)[-answers.MOST :]
    assert found["https://h/99"] == ('"99"', [99, {"a": None}], {"link": "<x>"})


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b'{"a": 1}', b'{"a": [1, 2]}', b"\xff", b"[" * 100_000])
def test_what_is_not_ours_is_none(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "answers.json").write_bytes(raw)
    assert answers.read(str(tmp_path / "answers.json")) == {}


def test_neither_a_large_file_nor_a_missing_folder_stops_anything(tmp_path: Path) -> None:
    file = tmp_path / "answers.json"
    answers.write(str(file), {"https://h/1": ('"1"', "x" * answers.MOST_BYTES, {})})
    assert not file.exists()
    answers.write(str(tmp_path / "gone" / "answers.json"), {"https://h/1": ('"1"', 1, {})})
    assert list(tmp_path.iterdir()) == []
    file.write_bytes(b" " * (answers.MOST_BYTES + 1))
    assert answers.read(str(file)) == {}
