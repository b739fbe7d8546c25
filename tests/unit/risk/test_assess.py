"""The sum: monotone, bounded, every term with its evidence."""

from hypothesis import given
from hypothesis import strategies as st

from earmark.risk.assess import (
    LEVELS,
    ChangedFile,
    Context,
    FileFindings,
    assess,
    findings_of,
    judge,
    risk_level_for_trailer,
)
from earmark.risk.finding import SEVERITIES, Finding
from earmark.risk.rules import load_default

RULES = load_default()
OLD = b"""import requests


def f(u, user):
    if not user.is_admin:
        raise PermissionError
    return requests.get(u, timeout=3)
"""
NEW = b"import requests\n\n\ndef f(u, user):\n    return requests.get(u)\n"


def test_a_change_is_judged_by_what_it_says_and_what_it_took_away() -> None:
    file = ChangedFile("app/a.py", OLD, NEW, added=1, removed=3)
    assessment, found, errors = judge([file], RULES, Context(ai_lines=1))
    assert errors == ()
    assert {f.rule for f in found[0].change} == {"change-removed-auth", "change-limit-loosened"}
    assert [f.rule for f in found[0].text] == ["py-http-no-timeout"]
    assert assessment.level == "critical"
    assert [t.name for t in assessment.terms[:2]] == ["finding", "finding"]
    assert "is_admin" in assessment.terms[0].evidence
    assert all(t.evidence for t in assessment.terms)


def test_only_the_lines_asked_for_are_looked_at() -> None:
    text = b"import requests\nrequests.get(a)\nrequests.get(b)\n"
    found = findings_of(ChangedFile("a.py", b"", text, lines=((3, 3),), removed_at=()), RULES)
    assert [text.count(b"\n", 0, f.start) + 1 for f in found.all] == [3]


def test_a_removal_by_ai_is_found_without_any_added_line() -> None:
    new = OLD.replace(b"    if not user.is_admin:\n        raise PermissionError\n", b"")
    removal = ChangedFile("a.py", OLD, new, lines=(), removed_at=(4,))
    assert [f.rule for f in findings_of(removal, RULES).all] == ["change-removed-auth"]
    elsewhere = removal._replace(removed_at=(0,))
    assert findings_of(elsewhere, RULES).all == ()


def test_a_change_without_findings_is_low() -> None:
    assessment, _, _ = judge([ChangedFile("a.py", b"x = 1\n", b"x = 2\n", added=1, removed=1)], RULES)
    assert assessment.level == "low"
    assert risk_level_for_trailer([FileFindings("a.py", (), ())]) == "low"


FINDINGS = st.lists(st.builds(lambda s, n: Finding(f"r{n}", "race", s, n, n, "w", "h"), st.sampled_from(SEVERITIES),
                              st.integers(0, 50)), max_size=8)  # fmt: skip
CONTEXTS = st.builds(Context, st.integers(0, 500), st.integers(0, 99), st.integers(0, 30), st.integers(0, 200))


@given(FINDINGS, FINDINGS, CONTEXTS, st.integers(0, 3000), st.integers(0, 3000))
def test_more_risk_never_lowers_the_score(
    few: list[Finding], more: list[Finding], context: Context, a: int, b: int
) -> None:
    small = [ChangedFile("a.py", b"", b"", added=min(a, b))]
    large = [ChangedFile("a.py", b"", b"", added=max(a, b))]
    less = assess(small, [FileFindings("a.py", tuple(few), ())], context)
    worse = assess(large, [FileFindings("a.py", tuple(few + more), ())], context._replace(churn=context.churn + 5))
    assert 0 <= less.score <= worse.score <= 100
    assert LEVELS.index(less.level) <= LEVELS.index(worse.level)
    assert abs(sum(t.value for t in less.terms) - less.score) <= 0.51 or less.score == 100


@given(FINDINGS, FINDINGS)
def test_the_trailer_never_falls_when_findings_are_added(few: list[Finding], more: list[Finding]) -> None:
    one = risk_level_for_trailer([FileFindings("a.py", tuple(few), ())])
    two = risk_level_for_trailer([FileFindings("a.py", tuple(few + more), ())])
    assert LEVELS.index(one) <= LEVELS.index(two)
