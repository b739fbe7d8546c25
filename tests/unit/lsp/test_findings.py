"""FindingList against a naive model: a plain list that every edit walks through."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from earmark.lsp.findings import FindingList
from earmark.risk.finding import Finding, Fix
from earmark.text.edits import Edit

LENGTH = 120


def finding(start: int, length: int, rule: str, fixed: int = -1) -> Finding:
    fix = None if fixed < 0 else Fix(start + fixed, start + fixed + 1, b"", "Mend")
    return Finding(f"{rule}{fixed}", "race", "high", start, start + length, "It may fail.", fix=fix)


findings = st.builds(
    finding, st.integers(0, LENGTH - 12), st.integers(1, 9), st.sampled_from("abc"), st.integers(-1, 10)
)
edits = st.tuples(st.integers(0, LENGTH), st.integers(0, 8), st.integers(0, 8))
replacements = st.tuples(st.integers(0, LENGTH), st.integers(0, 30), st.lists(findings, max_size=4))


class Naive:
    """(start, end, rule, extent) of every finding, moved one by one."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, int, str, int, int]] = []

    def edit(self, edit: Edit) -> None:
        kept = []
        by = edit.shift
        for start, end, rule, begin, reach in self.rows:
            if reach < edit.start or (reach == edit.start == edit.end and begin < edit.start):
                kept.append((start, end, rule, begin, reach))
            elif begin >= edit.end and begin > edit.start:
                kept.append((start + by, end + by, rule, begin + by, reach + by))
            else:
                # What is left of the finding's own bytes, with what was written between them.
                left = [i for i in range(start, end) if i < edit.start]
                right = [i + by for i in range(start, end) if i >= edit.end]
                where = [*left, *right]
                if where:
                    kept.append((min(where), max(where) + 1, rule, min(where), max(where) + 1))
        self.rows = sorted(set(kept))

    def replace(self, start: int, end: int, found: list[Finding]) -> None:
        new = {row(f)[:3]: row(f) for f in found}
        kept = {r[:3]: r for r in self.rows if r[1] < start or r[0] > end}
        self.rows = sorted((kept | new).values())


def row(f: Finding) -> tuple[int, int, str, int, int]:
    extent = (f.start, f.end) if f.fix is None else (min(f.start, f.fix.start), max(f.end, f.fix.end))
    return (f.start, f.end, f.rule, *extent)


@given(st.lists(findings, max_size=12), st.lists(st.one_of(edits, replacements), max_size=12))
def test_follows_edits_and_new_looks(first: list[Finding], steps: list[tuple[int, int, object]]) -> None:
    ours, naive = FindingList(LENGTH), Naive()
    ours.replace(0, LENGTH, first)
    naive.replace(0, LENGTH, first)
    for at, length, what in steps:
        if isinstance(what, int):
            step = Edit(at, at + length, b"x" * what)
            ours.edit(step)
            naive.edit(step)
        else:
            assert isinstance(what, list)
            ours.replace(at, at + length, what)
            naive.replace(at, at + length, what)
        assert {(p.start, p.end, p.finding.rule, p.begin, p.reach) for p in ours} == set(naive.rows)
        places = [p.begin for p in ours]
        assert places == sorted(places)


def test_what_an_edit_touches_stretches_and_loses_its_fix() -> None:
    found = FindingList(40)
    found.replace(0, 40, [finding(5, 5, "a"), finding(20, 5, "b", 1), finding(30, 5, "c", 1)])
    found.edit(Edit(22, 23, b""))
    assert [(p.start, p.end, p.finding.fix is None) for p in found] == [(5, 10, True), (20, 24, True), (29, 34, False)]


def test_what_an_edit_deletes_is_gone() -> None:
    found = FindingList(40)
    found.replace(0, 40, [finding(5, 5, "a"), finding(20, 5, "b")])
    found.edit(Edit(4, 12, b"new"))
    assert [(p.start, p.end) for p in found] == [(15, 20)]


def test_text_typed_behind_a_finding_leaves_it() -> None:
    found = FindingList(40)
    found.replace(0, 40, [finding(5, 5, "a")])
    found.edit(Edit(10, 10, b"x"))
    assert [(p.start, p.end) for p in found] == [(5, 10)]
