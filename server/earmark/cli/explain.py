"""`earmark explain RULE`: why a rule exists, how to mend what it finds, examples."""

from __future__ import annotations

import json
import sys


def run(argv: list[str]) -> int:
    """Exit code 0, or 2 when there is no such rule."""
    from argparse import ArgumentParser

    parser = ArgumentParser(prog="earmark explain", description="Why a rule exists, with examples.")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("rule")
    asked = parser.parse_args(argv)
    from earmark.risk.pages import page, plain
    from earmark.risk.rules import load_default

    rules = load_default()
    rule = rules.get(asked.rule)
    if rule is None:
        from difflib import get_close_matches

        near = get_close_matches(asked.rule, [r.id for r in rules.every()], 3, 0.4)
        also = f"; near: {', '.join(near)}" if near else "; `earmark rules list` shows all"
        print(f"earmark explain: no rule {asked.rule!r}{also}", file=sys.stderr)
        return 2
    print(json.dumps(plain(rule)) if asked.json else page(rule))
    return 0
