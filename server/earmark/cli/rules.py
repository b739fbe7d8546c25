"""`earmark rules list|test|pages`: the rules, whether their examples hold, and their documentation.

`test PACK.toml…` tests the rules of those packs alone, as they would run. `pages --write FOLDER` writes a page a
category.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from earmark.risk.rules import Rule, RuleSet


def run(argv: list[str]) -> int:
    """Exit code 0; 1 when an example does not hold; 2 for a malformed pack."""
    from argparse import ArgumentParser

    parser = ArgumentParser(prog="earmark rules", description="List the rules, or run their own examples.")
    parser.add_argument("what", choices=("list", "test", "pages"))
    parser.add_argument("--json", action="store_true", help="list: one object a line")
    parser.add_argument("--write", metavar="FOLDER", help="pages: write one a category there")
    parser.add_argument("packs", nargs="*", metavar="PACK.toml", help="further packs, from files")
    asked = parser.parse_args(argv)
    from pathlib import Path

    from earmark.cli.workspace import display
    from earmark.risk.rules import RuleError, load_default
    from earmark.risk.user_packs import Pack, checked, with_user_packs

    rules = load_default()
    try:
        packs = [Pack(path, Path(path).read_text("utf-8")) for path in asked.packs]
        rules, problems = with_user_packs(rules, packs)
        for problem in problems:
            print(f"earmark rules: {display(problem.source)}: {display(problem.message)}", file=sys.stderr)
        if problems:
            return 2
        if asked.what == "test":
            return _test(rules, [rule for pack in packs for rule in checked(pack, ())] if packs else None)
        return _list(rules, asked.json) if asked.what == "list" else _pages(rules, asked.write)
    except (RuleError, OSError, UnicodeDecodeError) as error:
        print(f"earmark rules: {error}", file=sys.stderr)
        return 2


def _list(rules: RuleSet, as_json: bool) -> int:
    from earmark.risk.pages import plain

    for rule in rules.every():
        if as_json:
            print(json.dumps(plain(rule)))
        else:
            print(f"{rule.id:36} {rule.severity:9} {rule.category:26} {rule.why}")
    return 0


def _test(rules: RuleSet, only: Sequence[Rule] | None) -> int:
    from earmark.risk.examples import change_failures, failures

    text: Sequence[Rule] = rules.all() if only is None else only
    change = rules.changes() if only is None else ()
    problems = [p for rule in text for p in failures(rule, rules)]
    problems += [p for rule in change for p in change_failures(rule, rules)]
    for problem in problems:
        print(problem)
    print(f"{len(text) + len(change)} rules of {rules.version}, {len(problems)} examples that do not hold")
    return 1 if problems else 0


def _pages(rules: RuleSet, folder: str | None) -> int:
    from pathlib import Path

    from earmark.cli.workspace import display
    from earmark.risk.pages import book, site

    if folder is None:
        print(book(rules))
        return 0
    pages = site(rules)
    Path(folder).mkdir(parents=True, exist_ok=True)
    for old in Path(folder).glob("*.md"):
        if old.name not in pages:
            old.unlink()
    for name, text in pages.items():
        Path(folder, name).write_text(text, "utf-8")
    print(f"{len(pages)} pages in {display(folder)}")
    return 0
