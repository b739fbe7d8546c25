"""Findings that stood before are known again while their lines move, and hide no other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.risk.baseline import Baseline, BaselineError, fingerprint

LINE = b"    requests.get( url )\n"


def test_a_line_keeps_its_fingerprint_while_it_moves() -> None:
    text = b"import requests\n" + LINE
    moved = b"import requests\n\n\nx = 1\nif x:\n" + b"\t" + LINE
    assert fingerprint(text, text.index(b"requests.get")) == fingerprint(moved, moved.index(b"requests.get"))
    assert fingerprint(text, 0) != fingerprint(text, text.index(b"requests.get"))
    assert fingerprint(b"last", 3) == fingerprint(b"last\n", 0)


KEYS = st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xyz"), st.sampled_from(["00", "11"])), max_size=20)


@given(KEYS, KEYS)
def test_each_known_finding_hides_one_like_it(old: list[tuple[str, str, str]], new: list[tuple[str, str, str]]) -> None:
    known = Baseline.parse(Baseline(old).dump())
    shown = [key for key in new if not known.hides(key)]
    left = list(old)
    expected = [key for key in new if key not in left or left.remove(key)]  # type: ignore[func-returns-value]
    assert shown == expected


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"{", "no JSON"), (b"[]", "version is not 1"), (b'{"version": 2}', "version is not 1"),
        (b'{"version": 1}', "path, rule"), (b'{"version": 1, "findings": {"a": 3}}', "path, rule"),
        (b'{"version": 1, "findings": {"a": {"r": {"00": "x"}}}}', "path, rule"), (b"[" * 9999, "no JSON"),
    ],
)  # fmt: skip
def test_what_is_no_baseline_is_said(data: bytes, says: str) -> None:
    with pytest.raises(BaselineError, match=says):
        Baseline.parse(data)
