"""`earmark explain RULE`: why a rule exists, how to mend what it finds, examples. `earmark explain PATH:LINE`: what is
known of a place."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator

from earmark.cli.workspace import display, guarded


def run(argv: list[str]) -> int:
    """Exit code 0, or 2 when there is no such rule or place."""
    return guarded("explain", _explain(argv))


def _explain(argv: list[str]) -> Iterator[int]:
    from argparse import ArgumentParser

    parser = ArgumentParser(prog="earmark explain", description="Why a rule exists, or what is known of a place.")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("what", metavar="RULE|PATH:LINE")
    asked = parser.parse_args(argv)
    if ":" in asked.what:
        from earmark.cli.explain_place import explain

        yield explain(asked.what, asked.json)
    yield _rule(asked.what, asked.json)


def _rule(rule_id: str, as_json: bool) -> int:
    from earmark.git.trust import open_repository
    from earmark.policy.repository_rules import repository_rules
    from earmark.risk.pages import page, plain

    rules = repository_rules(open_repository(os.getcwd())).rules
    rule = rules.get(rule_id)
    if rule is None:
        from difflib import get_close_matches

        near = get_close_matches(rule_id, [r.id for r in rules.every()], 3, 0.4)
        also = f"; near: {', '.join(near)}" if near else "; `earmark rules list` shows all"
        print(f"earmark explain: no rule {display(rule_id)!r}{also}", file=sys.stderr)
        return 2
    print(json.dumps(plain(rule)) if as_json else page(rule))
    return 0
