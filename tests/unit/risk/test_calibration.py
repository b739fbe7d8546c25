"""The scorer of the score: known answers, a naive model, and a fit that finds what was put in."""

import random
from math import log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.risk.calibration import (
    FITTED,
    Labelled,
    auc,
    auc_at_equal_size,
    dump,
    fitted,
    labelled,
    lift,
    parse,
    report,
)
from earmark.risk.score import Assessment, Term, weights


def commit(bad: bool, score: float, added: int = 10, **terms: float) -> Labelled:
    return Labelled("c", bad, score, "low", added, {name.replace("_", "-"): value for name, value in terms.items()})


def score(one: Labelled) -> float:
    return one.score


COMMITS = st.lists(st.builds(commit, st.booleans(), st.integers(0, 5), st.sampled_from([1, 10, 100])), max_size=25)


@given(COMMITS)
def test_auc_is_the_share_of_pairs_in_the_right_order(commits: list[Labelled]) -> None:
    pairs = [(b.score, g.score) for b in commits for g in commits if b.bad and not g.bad]
    expected = sum((b > g) + (b == g) / 2 for b, g in pairs) / len(pairs) if pairs else 0.5
    assert auc(commits, score) == pytest.approx(expected)


@given(COMMITS)
def test_at_equal_size_only_commits_of_one_size_are_compared(commits: list[Labelled]) -> None:
    pairs = [(b.score, g.score) for b in commits for g in commits if b.bad and not g.bad and b.added == g.added]
    expected = sum((b > g) + (b == g) / 2 for b, g in pairs) / len(pairs) if pairs else 0.5
    assert auc_at_equal_size(commits, score) == pytest.approx(expected)


def test_lift_and_report() -> None:
    commits = [commit(n < 2, 100 - n) for n in range(20)]
    assert lift(commits) == 10
    said = report(commits)
    assert "20 commits, 2 bad (10.0%)" in said
    assert "AUC of the score 1.000" in said
    assert "top tenth: 10.0 times the base rate" in said
    assert "levels: low 100%" in said


def test_a_file_of_labelled_commits_is_read_again() -> None:
    assessment = Assessment(30, "medium", (Term("finding", 20, "a"), Term("finding", 6, "b"), Term("churn", 4, "c")))
    one = labelled("abc", True, assessment, 12)
    assert one.terms == {"finding": 26, "churn": 4}
    assert parse(dump([one])) == [one]
    (bare,) = parse('{"bad": 1, "terms": {"churn": 4, "size-added": 3}}\n')
    assert (bare.bad, bare.score) == (True, 7)
    with pytest.raises(ValueError, match="line 2"):
        parse('{"bad": 1, "terms": {}}\n{"terms": {}}\n')


def test_a_fit_finds_what_decides_and_is_never_negative() -> None:
    draw = random.Random(4)
    commits = []
    for _ in range(600):
        size, fixes, noise = draw.randint(0, 200), draw.randint(0, 30), draw.randint(0, 30)
        odds = 0.9 * log2(1 + fixes) - 0.5 * log2(1 + noise) - 1.5
        bad = draw.random() < 1 / (1 + 2.72**-odds)
        now = weights()
        commits.append(
            commit(bad, 0, size, size_added=now["size"]["added"] * log2(1 + size),
                   past_fixes=now["history"]["fixes"] * log2(1 + fixes),
                   people=now["history"]["people"] * log2(1 + noise))
        )  # fmt: skip
    found = fitted(commits)
    assert found["past-fixes"] > 3 * found["size-added"] >= 0
    assert found["people"] == 0
    assert found["folders"] == weights()["spread"]["folders"]


def test_nothing_is_fitted_to_commits_of_one_kind() -> None:
    now = {name: weights()[group][key] for name, (group, key) in FITTED.items()}
    assert fitted([commit(False, 1, size_added=3.0)] * 9) == fitted([]) == now
