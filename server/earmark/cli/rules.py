"""`earmark rules list|test|pages`: the rules, whether their examples hold, and their documentation."""

from __future__ import annotations

import json
import sys


def run(argv: list[str]) -> int:
    """Exit code 0; 1 when an example does not hold; 2 for a malformed pack."""
    from argparse import ArgumentParser

    parser = ArgumentParser(prog="earmark rules", description="List the rules, or run their own examples.")
    parser.add_argument("what", choices=("list", "test", "pages"))
    parser.add_argument("--json", action="store_true", help="list: one object a line")
    parser.add_argument("packs", nargs="*", metavar="PACK.toml", help="further packs, from files")
    asked = parser.parse_args(argv)
    from pathlib import Path

    from earmark.risk.rules import RuleError, load_default

    rules = load_default()
    try:
        if asked.packs:
            rules = rules.with_packs([(Path(p).name, Path(p).read_text("utf-8")) for p in asked.packs])
        return {"list": _list, "test": _test, "pages": _pages}[asked.what](rules, asked.json)
    except (RuleError, OSError) as problem:
        print(f"earmark rules: {problem}", file=sys.stderr)
        return 2


def _list(rules: object, as_json: bool) -> int:
    from earmark.risk.pages import plain
    from earmark.risk.rules import RuleSet

    assert isinstance(rules, RuleSet)
    for rule in rules.every():
        if as_json:
            print(json.dumps(plain(rule)))
        else:
            print(f"{rule.id:36} {rule.severity:9} {rule.category:26} {rule.why}")
    return 0


def _test(rules: object, as_json: bool) -> int:
    from earmark.risk.examples import change_failures, failures
    from earmark.risk.rules import RuleSet

    assert isinstance(rules, RuleSet)
    text, change = rules.all(), rules.changes()
    problems = [p for rule in text for p in failures(rule, rules)]
    problems += [p for rule in change for p in change_failures(rule, rules)]
    for problem in problems:
        print(problem)
    print(f"{len(text) + len(change)} rules of {rules.version}, {len(problems)} examples that do not hold")
    return 1 if problems else 0


def _pages(rules: object, as_json: bool) -> int:
    from earmark.risk.pages import book
    from earmark.risk.rules import RuleSet

    assert isinstance(rules, RuleSet)
    print(book(rules))
    return 0
