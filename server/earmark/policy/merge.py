"""An organisation's base policy over a repository's: nothing in the repository loosens it."""

from __future__ import annotations

from earmark.policy import model
from earmark.policy.model import Policy


def merge_base(base: Policy, policy: Policy) -> Policy:
    """`policy` tightened by `base`.

    Of two settings the stricter counts; where neither is stricter (preset, tests, adoption commit, roster) a
    base that sets the key decides alone, since a repository could otherwise call anything a test and anybody a
    principal. Rules of both apply; a repository's exempt paths (`model.EXEMPT`) exempt from its own rules only.
    """
    roster = base.roster if base.given & {"roster.levels", "roster.people"} else policy.roster
    return policy._replace(
        declare=_declare(base, policy),
        gate=_gate(base, policy),
        paths=(*(rule._replace(base=True) for rule in base.paths), *policy.paths),
        review=_review(base, policy),
        roster=roster,
        base=base,
    )


def _review(base: Policy, policy: Policy) -> tuple[model.ReviewRule, ...]:
    """The rules of both; the default one stands only where neither names any."""
    if "review" not in base.given:
        return policy.review
    return (*(rule._replace(base=True) for rule in base.review), *(rule for rule in policy.review if rule.place >= 0))


def _declare(base: Policy, policy: Policy) -> model.Declare:
    ours, theirs = base.declare, policy.declare
    trivial = min(ours.trivial_lines, theirs.trivial_lines) if "declare.trivial_lines" in base.given else None
    return model.Declare(
        mode=_stricter(model.MODES, ours.mode, theirs.mode),
        trivial_lines=theirs.trivial_lines if trivial is None else trivial,
        preset=ours.preset if "declare.preset" in base.given else theirs.preset,
    )


def _gate(base: Policy, policy: Policy) -> model.Gate:
    ours, theirs = base.gate, policy.gate
    notes = ours.missing_notes if "gate.missing_notes" in base.given else theirs.missing_notes
    protected = ours.protected if "gate.protected" in base.given else ()
    return model.Gate(
        missing_notes=_stricter(model.MISSING_NOTES, notes, theirs.missing_notes),
        since=ours.since or theirs.since,
        protected=tuple(dict.fromkeys((*protected, *theirs.protected))),
        enforce_locally=ours.enforce_locally or theirs.enforce_locally,
        tests=ours.tests if "gate.tests" in base.given else theirs.tests,
    )


def _stricter(order: tuple[str, ...], one: str, other: str) -> str:
    return max(one, other, key=order.index)
