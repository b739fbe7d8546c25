"""The line diff is correct, minimal within its bound, and agrees with git on counts."""

from __future__ import annotations

import subprocess
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from earmark.text.diff import Hunk, diff_lines, match, split_lines

LINES = st.lists(st.sampled_from([b"a\n", b"b\n", b"}\n", b"\n", b"  x\n", b"\ty\n"]), max_size=14)


def rebuild(old: list[bytes], new: list[bytes], hunks: tuple[Hunk, ...]) -> list[bytes]:
    out: list[bytes] = []
    at = 0
    for hunk in hunks:
        out += old[at : hunk.old_start] + new[hunk.new_start : hunk.new_end]
        at = hunk.old_end
    return out + old[at:]


def longest(a: list[bytes], b: list[bytes]) -> int:
    table = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            table[i + 1][j + 1] = table[i][j] + 1 if x == y else max(table[i][j + 1], table[i + 1][j])
    return table[-1][-1]


@given(LINES, LINES)
def test_hunks_rebuild_the_new_text_and_keep_a_longest_common_part(old: list[bytes], new: list[bytes]) -> None:
    hunks = diff_lines(old, new)
    assert rebuild(old, new, hunks) == new
    kept = len(old) - sum(h.old_end - h.old_start for h in hunks)
    assert kept == longest(old, new)
    for first, second in pairwise(hunks):
        assert first.old_end < second.old_start or first.new_end < second.new_start
        assert second.old_start - first.old_end == second.new_start - first.new_end > 0


@given(LINES)
def test_equal_texts_have_no_hunks(lines: list[bytes]) -> None:
    assert diff_lines(lines, list(lines)) == ()


@given(st.binary(max_size=60))
def test_split_lines_loses_nothing(text: bytes) -> None:
    lines = split_lines(text)
    assert b"".join(lines) == text
    assert all(line.endswith(b"\n") for line in lines[:-1])


def test_only_line_feed_ends_a_line() -> None:
    assert split_lines(b"a\x0cb\rc\xe2\x80\xa8d\ne") == [b"a\x0cb\rc\xe2\x80\xa8d\n", b"e"]


def test_an_inserted_function_is_one_whole_function() -> None:
    old = [b"def a():\n", b"    return 1\n", b"\n", b"def c():\n", b"    return 1\n"]
    new = [
        b"def a():\n",
        b"    return 1\n",
        b"\n",
        b"def b():\n",
        b"    return 1\n",
        b"\n",
        b"def c():\n",
        b"    return 1\n",
    ]
    assert diff_lines(old, new) == (Hunk(3, 3, 3, 6),)


def test_a_rewritten_middle_of_a_large_file_is_fast_and_a_pathological_pair_degrades_to_whole_hunks() -> None:
    old = [b"line %d\n" % i for i in range(50_000)]
    new = old[:20_000] + [b"new %d\n" % i if i % 3 else b"}\n" for i in range(10_000)] + old[30_000:]
    assert diff_lines(old, new) == (Hunk(20_000, 30_000, 20_000, 30_000),)
    a = [b"%d\n" % (i % 7) for i in range(6_000)]
    b = [b"%d\n" % ((i * i) % 11) for i in range(6_000)]
    assert rebuild(a, b, diff_lines(a, b)) == b


def test_match_pairs_increase() -> None:
    pairs = match("the quick brown fox", "a quick brown dog")
    assert pairs == sorted(pairs) and all("the quick brown fox"[i] == "a quick brown dog"[j] for i, j in pairs)


@settings(max_examples=5, deadline=None, phases=[Phase.generate])
@given(st.lists(st.tuples(LINES, LINES), min_size=20, max_size=20))
def test_counts_agree_with_git(
    tmp_path_factory: pytest.TempPathFactory, cases: list[tuple[list[bytes], list[bytes]]]
) -> None:
    """git's minimal diff adds and deletes as many lines as ours (`--no-index`, one process for all cases)."""
    top: Path = tmp_path_factory.mktemp("diff")
    for side in ("a", "b"):
        (top / side).mkdir()
    for index, (old, new) in enumerate(cases):
        (top / "a" / f"{index:02}").write_bytes(b"".join(old))
        (top / "b" / f"{index:02}").write_bytes(b"".join(new))
    done = subprocess.run(
        ["git", "diff", "--no-index", "--minimal", "--numstat", "--no-renames", "a", "b"],
        cwd=top,
        capture_output=True,
        check=False,
    )
    counts = {line[-2:]: line.split("\t")[:2] for line in done.stdout.decode().splitlines()}
    for index, (old, new) in enumerate(cases):
        hunks = diff_lines(old, new)
        ours = [str(sum(h.new_end - h.new_start for h in hunks)), str(sum(h.old_end - h.old_start for h in hunks))]
        assert counts.get(f"{index:02}", ["0", "0"]) == ours
