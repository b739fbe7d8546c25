"""Every rule holds on its own examples, and every pack says what a pack must say."""

from pathlib import Path

import pytest

from earmark.risk.documentation import address
from earmark.risk.examples import failures
from earmark.risk.pages import site
from earmark.risk.rules import Rule, RuleError, load_default, parse_pack

RULES = load_default().all()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_holds_on_its_examples(rule: Rule) -> None:
    assert failures(rule, load_default()) == []


def test_ids_are_unique() -> None:
    ids = [rule.id for rule in RULES]
    assert sorted(set(ids)) == ids


HEAD = 'format = 1\nlanguages = ["python"]\n'
HEAD += '[[rule]]\nid = "x"\ncategory = "race"\nseverity = "low"\nwhy = "w"\nhint = "h"\n'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("format = 2\n", "format must be 1"),
        ("format = 1\n[[rule]]\nid = 'x'\n", "category is missing"),
        (HEAD, "needs one of call"),
        (HEAD + 'call = ["f"]\nsilly = 1\n', "unknown key 'silly'"),
        (HEAD + 'call = ["f"]\nwhen = [{arg = 0, is = "odd"}]\n', "is = 'odd'"),
        (HEAD + 'call = ["f"]\nwhen = [{is = "literal"}]\n', "a condition needs one of"),
        (HEAD + "call = [\"f\"]\nwhen = [{arg = 0, matches = '('}]\n", "RE2 does not take"),
        (HEAD + 'object = "a"\nat = [{path = "b./(/"}]\n', "RE2 does not take"),
        (HEAD + 'require = "a: b./(/ set"\n', "RE2 does not take"),
        (HEAD.replace("race", "odd") + 'call = ["f"]\n', "category 'odd'"),
        (HEAD.replace("low", "odd") + 'call = ["f"]\n', "severity must be"),
        ("format = ", "pack.toml"),
    ],
)
def test_a_malformed_pack_says_what_is_wrong(text: str, says: str) -> None:
    with pytest.raises(RuleError, match=r"pack\.toml") as raised:
        parse_pack(text, "pack.toml")
    assert says in str(raised.value)


def test_a_query_that_does_not_compile_names_its_rule() -> None:
    from earmark.risk.program import program_for

    rules = load_default().with_packs([("python-local.toml", HEAD + "query = '(nonsense) @match'\n")])
    with pytest.raises(RuleError, match="rule x"):
        program_for(rules, "python")


def test_a_query_with_a_text_predicate_is_refused() -> None:
    """`(#eq? @name "x")` on a tree that was parsed in slices took the whole server down."""
    query = 'query = "((identifier) @match (#eq? @match x))"'
    with pytest.raises(RuleError, match="predicates such as #eq"):
        parse_pack(HEAD + query + "\n", "pack.toml")


DOCS = Path(__file__).parents[3] / "docs" / "rules"


def test_the_pages_are_those_of_the_rules() -> None:
    """After a change of a rule: `earmark rules pages --write docs/rules`."""
    kept = {file.name: file.read_text("utf-8") for file in DOCS.glob("*.md")}
    assert kept == site(load_default())


def test_every_rule_has_its_place_in_the_pages() -> None:
    for rule in load_default().every():
        assert address(rule.id, rule.category).endswith(f"/{rule.category}.md#{rule.id}")
    assert address("nobody-knows", "injection") == ""
    assert address("py-http-no-timeout", "no-such-category") == ""
