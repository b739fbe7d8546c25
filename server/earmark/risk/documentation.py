"""Where the pages of the rules are installed. Knows no rules: a server that starts must not pay for those."""

from __future__ import annotations

import os
from functools import cache


def address(rule_id: str, category: str) -> str:
    """Where the installed documentation of a rule is, as a `file:` address with the rule's anchor; "" for a rule that
    is not ours."""
    from pathlib import Path

    folder = _documentation()
    if not folder or f"\n## {rule_id}\n" not in _text(os.path.join(folder, f"{category}.md")):
        return ""
    return f"{Path(folder, category + '.md').as_uri()}#{rule_id}"


@cache
def _documentation() -> str:
    """The folder of the pages: in the wheel beside this file, in a checkout in its `docs/rules`."""
    here = os.path.dirname(os.path.abspath(__file__))
    places = (os.path.join(here, "documentation"), os.path.join(here, "..", "..", "..", "docs", "rules"))
    return next((os.path.normpath(p) for p in places if os.path.exists(os.path.join(p, "README.md"))), "")


@cache
def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as handle:
            return handle.read()
    except OSError:
        return ""
