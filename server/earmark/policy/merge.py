"""An organisation's base policy over a repository's: nothing in the repository loosens it."""

from __future__ import annotations

from earmark.policy import model
from earmark.policy.model import Policy
from earmark.policy.scope import DECLARES


def merge_base(base: Policy, policy: Policy) -> Policy:
    """`policy` tightened by `base`.

    Of two settings the stricter counts; where neither is stricter (preset, tests, adoption commit, levels, people) a
    base that sets the key, or has a rule that needs it, decides alone: a repository could otherwise call anything a
    test and put its juniors on top. (Who has which level is the repository's word until the base names people or
    teams.) Rules of both apply; a repository's exempt paths (`model.EXEMPT`) exempt from its own rules only.
    """
    ranked = "roster.levels" in base.given or any(rule.level for rule in base.review)
    roster = policy.roster._replace(levels=base.roster.levels) if ranked else policy.roster
    if base.given & {"roster.people", "roster.teams"}:
        roster = base.roster
    return policy._replace(
        declare=_declare(base, policy),
        gate=_gate(base, policy),
        paths=(*(rule._replace(base=True) for rule in base.paths), *policy.paths),
        review=_review(base, policy),
        roster=roster,
        freeze=(*(window._replace(base=True) for window in base.freeze), *policy.freeze),
        base=base,
    )


def _review(base: Policy, policy: Policy) -> tuple[model.ReviewRule, ...]:
    """The rules of both; the default one stands only where neither names any."""
    if "review" not in base.given:
        return policy.review
    return (*(rule._replace(base=True) for rule in base.review), *(rule for rule in policy.review if rule.place >= 0))


def _declare(base: Policy, policy: Policy) -> model.Declare:
    ours, theirs = base.declare, policy.declare
    # A base that says when to declare says so whole: its limit is the default one where it names none.
    says = bool(base.given & DECLARES)
    return model.Declare(
        mode=_stricter(model.MODES, ours.mode, theirs.mode),
        trivial_lines=min(ours.trivial_lines, theirs.trivial_lines) if says else theirs.trivial_lines,
        preset=ours.preset if "declare.preset" in base.given else theirs.preset,
        by_address=theirs.by_address or (ours.by_address and (says or "declare.by_address" in base.given)),
        # Of two tools for one address the base's counts.
        assistants=tuple(dict((*theirs.assistants, *ours.assistants)).items()),
    )


def _gate(base: Policy, policy: Policy) -> model.Gate:
    ours, theirs = base.gate, policy.gate
    notes = ours.missing_notes if "gate.missing_notes" in base.given else theirs.missing_notes
    protected = ours.protected if "gate.protected" in base.given else ()
    tests_matter = "gate.tests" in base.given or any(rule.require_tests for rule in base.paths)
    return model.Gate(
        missing_notes=_stricter(model.MISSING_NOTES, notes, theirs.missing_notes),
        since=ours.since or theirs.since,
        protected=tuple(dict.fromkeys((*protected, *theirs.protected))),
        enforce_locally=ours.enforce_locally or theirs.enforce_locally,
        tests=ours.tests if tests_matter else theirs.tests,
    )


def _stricter(order: tuple[str, ...], one: str, other: str) -> str:
    return max(one, other, key=order.index)
