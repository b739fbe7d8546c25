"""Every change rule fires on its own pairs and stays silent on the near miss beside each."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.risk.change_rules import compare
from earmark.risk.rules import ChangeRule, load_default

RULES = load_default()
CASES = [
    pytest.param(rule, number, id=f"{rule.id}-{number}")
    for rule in RULES.changes()
    for number in range(len(rule.cases))
]


@pytest.mark.parametrize(("rule", "number"), CASES)
def test_a_rule_fires_and_its_near_miss_does_not(rule: ChangeRule, number: int) -> None:
    old, bad, good, language, path = rule.cases[number]
    found, errors = compare(old.encode(), bad.encode(), language, path or "app/a.py", rules=RULES)
    assert errors == ()
    mine = [f for f in found if f.rule == rule.id]
    assert mine, [f.rule for f in found]
    assert all(0 <= f.start <= f.end <= len(bad.encode()) and f.detail for f in mine)
    found, errors = compare(old.encode(), good.encode(), language, path or "app/a.py", rules=RULES)
    assert errors == ()
    assert rule.id not in {f.rule for f in found}


@pytest.mark.parametrize("rule", RULES.changes(), ids=lambda rule: rule.id)
def test_a_rule_has_two_cases(rule: ChangeRule) -> None:
    assert len(rule.cases) >= 2


BEFORE = b"def f(x):\n    if x is None:\n        raise ValueError\n    return g(x)\n\n\ndef h(y):\n    return y\n"


def test_a_finding_stands_where_the_guard_stood() -> None:
    after = BEFORE.replace(b"    if x is None:\n        raise ValueError\n", b"")
    found, _ = compare(BEFORE, after, "python", "a.py", rules=RULES)
    assert [(f.rule, after.count(b"\n", 0, f.start) + 1) for f in found] == [("change-removed-guard", 2)]
    assert found[0].detail == "removed: x is None"


@pytest.mark.parametrize(
    "after",
    [
        BEFORE,
        BEFORE.replace(b"return g(x)", b"return g(x + 1)"),
        BEFORE.replace(b"    return y\n", b"    # a note\n    return y\n"),
        BEFORE.replace(b"def h(y):\n    return y\n", b"def h(y):\n    z = y\n    return z\n"),
        b"import os\n" + BEFORE,
        BEFORE.replace(b"    ", b"  "),
        BEFORE.replace(b"\n", b"\r\n"),
    ],
)
def test_neutral_edits_are_silent(after: bytes) -> None:
    assert compare(BEFORE, after, "python", "a.py", rules=RULES) == ((), ())


@given(
    st.binary(max_size=200), st.binary(max_size=200), st.sampled_from(["python", "go", "yaml", "terraform", "bash", ""])
)
def test_any_two_texts_give_findings_and_no_error(old: bytes, new: bytes, language: str) -> None:
    found, errors = compare(old, new, language, "x", rules=RULES)
    assert errors == ()
    assert all(0 <= f.start <= f.end <= len(new) for f in found)
