"""Packs that are not ours: the fit ones run, the others are left out with a sentence."""

import pytest

from earmark.risk.engine import scan
from earmark.risk.rules import load_default
from earmark.risk.user_packs import LARGEST, MOST_PACKS, Pack, is_pack, with_user_packs

RULE = """
[[rule]]
id = "acme-no-eval-twice"
category = "injection"
severity = "high"
why = "Acme forbids it."
hint = "Do not."
"""
HEAD = 'format = 1\nlanguages = ["python"]\n'
GOOD = HEAD + RULE + 'call = ["acme.twice"]\nbad = ["acme.twice(1)\\n"]\n'


def pack(tail: str, head: str = HEAD) -> str:
    return head + RULE + tail


def test_a_fit_pack_runs_for_the_languages_it_names() -> None:
    rules, problems = with_user_packs(load_default(), [Pack(".earmark/rules/acme.toml", GOOD)])
    assert problems == ()
    assert rules.version == load_default().version + "+local"
    found, errors = scan(b"import acme\nacme.twice(1)\n", "python", "a.py", rules=rules)
    assert ([f.rule for f in found], errors) == (["acme-no-eval-twice"], ())
    assert scan(b"acme.twice(1);\n", "javascript", "a.js", rules=rules) == ((), ())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("format = 1\nlanguages = [", "Invalid value"),
        (pack('call = ["f"]\nsilly = 1\n'), "unknown key"),
        (pack("query = '(nonsense) @match'\n"), "does not compile"),
        (pack("query = '((identifier) @match (#eq? @match x))'\n"), "predicates"),
        (pack("query = '(module (_)* (_)* (_) @match)'\n"), "quantifier"),
        (pack("query = '" + "(identifier) " * 400 + "@match'\n"), "4000 characters"),
        (pack("query = '(identifier) @match'\n", 'format = 1\nlanguages = ["klingon"]\n'), "no grammar"),
        (pack("query = '(identifier) @match'\n", "format = 1\n"), "needs the languages"),
        (pack('text = "((a{1000}){1000}){1000}"\nwhen = [{name = "(?=x)"}]\n'), "acme-no-eval-twice"),
        (pack('check = ["incident"]\n'), "ours alone"),
        (GOOD.replace("acme-no-eval-twice", "py-http-no-timeout"), "of this id already"),
        (GOOD + RULE + 'call = ["g"]\n', "of this id already"),
        ("#" * (LARGEST + 1), "larger than 256 KiB"),
        (HEAD + "".join(RULE.replace("twice", str(n)) + 'call = ["f"]\n' for n in range(501)), "more than 500"),
    ],
)
def test_an_unfit_pack_is_left_out_and_the_others_run(text: str, says: str) -> None:
    packs = [Pack("bad.toml", text), Pack("good.toml", GOOD.replace("twice", "thrice"))]
    rules, problems = with_user_packs(load_default(), packs)
    assert [problem.source for problem in problems] == ["bad.toml"]
    assert says in problems[0].message
    assert [f.rule for f in scan(b"acme.thrice(1)\n", "python", "a.py", rules=rules)[0]] == ["acme-no-eval-thrice"]


def test_there_is_an_end_to_packs() -> None:
    packs = [Pack(f"{n}.toml", GOOD.replace("twice", f"n{n}")) for n in range(MOST_PACKS + 2)]
    _, problems = with_user_packs(load_default(), packs)
    assert [p.source for p in problems] == [f"{MOST_PACKS}.toml", f"{MOST_PACKS + 1}.toml"]


def test_where_packs_are() -> None:
    assert is_pack(".earmark/rules/acme.toml")
    assert not is_pack(".earmark/rules/more/acme.toml")
    assert not is_pack("rules/acme.toml")
