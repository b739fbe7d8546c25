"""A forge's reviews as facts of the gate: `earmark check --reviews`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from earmark.gate.facts import Facts
    from earmark.git.repository import Repository
    from earmark.origin.ledger import Ledger


def with_reviews(repo: Repository, ledger: Ledger, given: str, facts: Facts) -> Facts:
    """`facts` with the approvals that people gave on the forge to what they saw there. Raises the gate's `CannotTell`
    when the forge cannot be asked: then nobody knows whether anybody approved."""
    import time
    from argparse import Namespace

    from earmark.cli import workspace
    from earmark.cli.review_context import collected, following, forge_for, place, sender_for
    from earmark.gate.facts import CannotTell
    from earmark.git import refs
    from earmark.git.objects import Objects
    from earmark.review import standing
    from earmark.review.following import forge_approvals
    from earmark.review.forges.forge import Refused
    from earmark.review.forges.hosts import ForgeUnknown
    from earmark.review.forges.sender import ForgeError
    from earmark.review.span import NoSpan, find

    try:
        span = find(repo, given)
        where = place(span)
        forge, token = forge_for(repo, where)
        if not token.value:
            raise CannotTell(f"the reviews on the forge are not known: {token.why_none}")
        found = collected(repo, ledger, span, where, Namespace(title="", asked=""), online=True, near=False)
        if found.members_unknown:
            raise CannotTell("the reviews on the forge are not known: who is in the roster's teams was not told")
        ask = following(span, where)
        if refs.read(repo, f"refs/heads/{span.branch}") is None:  # a runner has the commit and no branch of its own
            ask = ask._replace(branch="")
        with sender_for(repo, where, token) as sender:
            followed = sender.hold(forge.follow(ask))
    except (NoSpan, ForgeUnknown, ForgeError, Refused, workspace.CannotTell) as error:
        raise CannotTell(f"the reviews on the forge are not known: {error}") from error
    if followed is None:
        return facts
    ids = tuple(commit.id for commit in span.commits)
    under = standing.Range(span.base, span.head, ids, f"refs/heads/{span.target}", span.target_commit)
    scope = standing.scope(repo, under, int(time.time()))
    with Objects(repo) as objects:
        approvals = forge_approvals(repo, ledger, objects, under, where.kind, followed.reviews, scope)
    facts = facts._replace(policy=facts.policy._replace(roster=found.policy.roster))
    return facts._replace(approvals=(*facts.approvals, *approvals), subjects=found.subjects, scope=scope)
