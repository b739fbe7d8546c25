"""The sum: monotone, bounded, every term with its evidence."""

from hypothesis import given
from hypothesis import strategies as st

from earmark.risk.assess import findings_of
from earmark.risk.changed import LEVELS, ChangedFile, FileFindings, risk_level_for_trailer
from earmark.risk.finding import SEVERITIES, Finding
from earmark.risk.past import History
from earmark.risk.rules import load_default
from earmark.risk.score import Context, assess, judge, measured

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
COUNTS = st.integers(0, 300)
HISTORIES = st.builds(History, COUNTS, COUNTS, COUNTS, COUNTS, COUNTS, COUNTS, st.sampled_from([(), ("a.py",)]))
CONTEXTS = st.builds(
    Context, COUNTS, HISTORIES, COUNTS, st.just(()), st.sampled_from([(), ("a.py",)]), st.sampled_from([(), ("x",)])
)
CHANGES = st.lists(st.tuples(COUNTS, COUNTS), min_size=1, max_size=4)


@given(FINDINGS, FINDINGS, CONTEXTS, HISTORIES, CHANGES, CHANGES)
def test_more_risk_never_lowers_the_score(
    few: list[Finding], more: list[Finding], context: Context, growth: History,
    lines: list[tuple[int, int]], extra: list[tuple[int, int]],
) -> None:  # fmt: skip
    """Every count grows or stays: findings, lines of any file, files, history, dependents, incidents."""
    small = [ChangedFile(f"d{n}/a.py", b"", b"", added=a, removed=r) for n, (a, r) in enumerate(lines)]
    grown = [(a + extra[n % len(extra)][0], r + extra[n % len(extra)][1]) for n, (a, r) in enumerate(lines)] + extra
    large = [ChangedFile(f"d{n}/a.py", b"", b"", added=a, removed=r) for n, (a, r) in enumerate(grown)]
    known = context.history or History()
    past = History(*(a + b for a, b in zip(known[:5], growth[:5], strict=True)), known.experience, known.concentrated)
    worse_context = context._replace(
        ai_lines=context.ai_lines + 1,
        history=past,
        dependents=(context.dependents or 0) + 3,
        incidents=(*context.incidents, "y"),
    )
    less = assess(small, [FileFindings("a.py", tuple(few), ())], context)
    worse = assess(large, [FileFindings("a.py", tuple(few + more), ())], worse_context)
    assert 0 <= less.score <= worse.score <= 100
    assert LEVELS.index(less.level) <= LEVELS.index(worse.level)
    assert abs(sum(t.value for t in less.terms) - less.score) <= 0.51 or less.score == 100
    assert all(t.evidence and t.lower for t in less.terms if t.name != "finding")


def test_a_critical_finding_alone_is_high_and_a_high_one_is_not() -> None:
    for severity, level in (("critical", "high"), ("high", "low")):
        found = FileFindings("a.py", (Finding("r", "race", severity, 0, 1, "w", "h"),), ())
        assert assess([ChangedFile("a.py", b"", b"", added=1)], [found], Context()).level == level


def test_a_newcomer_weighs_more_than_somebody_who_knows_the_code() -> None:
    def points(experience: int) -> float:
        found = assess([], [], Context(history=History(experience=experience)))
        return sum(t.value for t in found.terms if t.name == "newcomer")

    assert points(0) > points(5) > points(40) > points(64) == points(5000) == 0


def test_prose_lock_files_and_tests_are_no_code() -> None:
    names = ["README.md", "uv.lock", "package-lock.json", "tests/test_a.py", "web/a.min.js", "app/core/a.py", "b.yaml"]
    size = measured([ChangedFile(name, b"", b"", added=10, removed=1) for name in names])
    assert (size.added, size.removed, size.tests, size.files, size.folders, size.scattered) == (20, 2, 10, 2, 2, 11)


@given(FINDINGS, FINDINGS)
def test_the_trailer_never_falls_when_findings_are_added(few: list[Finding], more: list[Finding]) -> None:
    one = risk_level_for_trailer([FileFindings("a.py", tuple(few), ())])
    two = risk_level_for_trailer([FileFindings("a.py", tuple(few + more), ())])
    assert LEVELS.index(one) <= LEVELS.index(two)
