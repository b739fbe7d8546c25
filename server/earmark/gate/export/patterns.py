"""The two regular expressions of a push rule: what every message must match, and what none may.

They run on RE2: no look-ahead, `.` stops at a line feed. Messages written in a browser end their lines with CR LF.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from earmark.policy.model import RISKS, Policy, rank
from earmark.trailers.attribution import ADDRESSES
from earmark.trailers.vocabulary import (
    ASSISTED,
    ASSISTED_BY,
    GENERATED_BY,
    LINES,
    PROVENANCE,
    REMOVED,
    REVIEW,
    RISK,
    ROLLOUT,
)

LONGEST = 511

_END = r"\r?\n"
# Forges write these themselves and can declare nothing; `check` judges what they merge.
_MERGE = r"\AMerge (branch|remote-tracking branch|pull request|tag|commit) "


class Patterns(NamedTuple):
    """`require` and `reject`, each empty where the policy gives nothing to say."""

    require: str
    reject: str


def patterns(policy: Policy) -> Patterns:
    """The patterns for a policy's mode, preset and review rules."""
    if policy.declare.mode == "forbid":
        return Patterns("", _forbidden(policy.declare.preset))
    if policy.declare.preset != "earmark":
        # These conventions cannot say "no", so nothing can be asked of a message that says nothing.
        return Patterns("", rf"(?m)^(?:{ASSISTED_BY}|{GENERATED_BY}):[ \t]*\r?$")
    require = rf"(?m){_MERGE}|^{ASSISTED}: no\r?$|{_block()}" if policy.declare.mode == "always" else _whole_blocks()
    return Patterns(require, _contradictions(policy))


def _block() -> str:
    """A whole block that says yes, from the start of a line to the end of its last."""
    return (
        rf"^{ASSISTED}: yes{_END}({ASSISTED_BY}: \S+:\S+{_END})+{LINES}: \d+/\d+{_END}({REMOVED}: \d+{_END})?"
        rf"{RISK}: ({'|'.join(RISKS)}){_END}{REVIEW}: (not-)?required{_END}"
        rf"({ROLLOUT}: (direct|flag|canary){_END})?{PROVENANCE}: v1:sha256:[0-9a-f]{{64}}\r?$"
    )


def _whole_blocks() -> str:
    """A message in which `AI-Assisted: yes` stands at the start of a line only where a whole block follows.

    Without look-ahead that takes the complement: a line that leaves the words at some character, or ends before.
    """
    words = f"{ASSISTED}: yes"
    line = rf"([^{words[-1]}\n].*)?"
    for char in reversed(words[:-1]):
        line = rf"([^{char}\n].*|{char}{line})?"
    block = _block().removeprefix("^").removesuffix("$")
    return rf"\A(({line}|{block})(\n|\z))*\z"


def _contradictions(policy: Policy) -> str:
    both = (
        rf"^{ASSISTED}: yes\r?$(?s:.*)^{ASSISTED}: no\r?$",
        rf"^{ASSISTED}: no\r?$(?s:.*)^{ASSISTED}: yes\r?$",
    )
    reviewed = _reviewed(policy)
    less = [rf"^{RISK}: (?:{'|'.join(reviewed)}){_END}{REVIEW}: not-required"] if reviewed else []
    return "(?m)" + "|".join((*less, *both))


def _reviewed(policy: Policy) -> tuple[str, ...]:
    """The risks at which every AI change is to be reviewed, wherever it is."""
    everywhere = [rank(rule.risk, RISKS) for rule in policy.review if "**" in rule.paths]
    return RISKS[max(min(everywhere), 0) :] if everywhere else ()


def _forbidden(preset: str) -> str:
    """What gives a message away as an assistant's."""
    known = "|".join(map(re.escape, ADDRESSES))
    said = [rf"{ASSISTED}: yes\r?$"]
    if preset != "earmark":
        said += [rf"(?i:{ASSISTED_BY}|{GENERATED_BY}): *\S"]
    return rf"(?m)^(?:{'|'.join(said)}|(?i:Co-authored-by|Signed-off-by): .*<(?i:{known})>)"
