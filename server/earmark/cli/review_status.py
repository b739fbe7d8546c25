"""`earmark review status [RANGE]`: how the review stands, region by region."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from earmark.cli.workspace import CannotTell, display, workspace

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from earmark.git.repository import Repository
    from earmark.origin.ledger import Ledger
    from earmark.review.collect import Collected
    from earmark.review.following import RegionState
    from earmark.review.forges.forge import Followed
    from earmark.review.forges.hosts import Place
    from earmark.review.span import Span


def work(argv: list[str]) -> Iterator[int]:
    """Exit code 0 when every obligation of review is met, 1 when one is open, 2 when it cannot be told."""
    asked = _parser().parse_args(argv)
    with workspace() as (repo, ledger):
        yield _status(repo, ledger, asked)


def _parser() -> ArgumentParser:
    from argparse import ArgumentParser

    parser = ArgumentParser(prog="earmark review status", description="How the review of a change stands.")
    parser.add_argument(
        "range", nargs="?", default="", help="A..B or a commit; by default what HEAD adds to the target"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--offline", action="store_true", help="signed approvals and what is known here, no network")
    parser.add_argument("--target", default="", help="the branch the change goes to")
    parser.add_argument("--remote", default="", help="the remote the change is pushed to")
    parser.set_defaults(title="", asked="")
    return parser


def _status(repo: Repository, ledger: Ledger, asked: Namespace) -> int:
    import time

    from earmark.cli.review import collected, place
    from earmark.git.objects import Objects
    from earmark.review import standing
    from earmark.review.following import forge_approvals, states
    from earmark.review.forges.hosts import ForgeUnknown
    from earmark.review.forges.sender import ForgeError
    from earmark.review.span import NoSpan, find

    try:
        span = find(repo, asked.range, target=asked.target, remote=asked.remote)
        where = place(span)
        under = standing.Range(
            span.base, span.head, tuple(c.id for c in span.commits), f"refs/heads/{span.target}", span.target_commit
        )
        scope = standing.scope(repo, under, int(time.time()))
        found = collected(repo, ledger, span, where, asked)
        followed, why_not = _followed(repo, where, span, found, offline=asked.offline)
        with Objects(repo) as objects:
            approvals = standing.signed(repo, objects, span.target_commit)
            if followed:
                approvals += forge_approvals(repo, ledger, objects, under, where.kind, followed.reviews, scope)
        found = collected(repo, ledger, span, where, asked, approvals, scope)
    except (NoSpan, ForgeUnknown, ForgeError) as error:
        raise CannotTell(str(error)) from error
    against = [review.login for review in followed.reviews if review.state == "changes"] if followed else []
    regions = states(found.subjects, approvals, found.policy.roster, scope, against)
    wanted = [item for item in found.request.obligations if item.code.startswith(("approval", "self"))]
    _print(found, followed, why_not, regions, as_data=asked.json)
    return 0 if all(item.met for item in wanted) else 1


def _followed(
    repo: Repository, where: Place, span: Span, found: Collected, *, offline: bool
) -> tuple[Followed | None, str]:
    """What the forge says, or why it was not asked."""
    import os
    import time

    from earmark.cli.review import ask_of
    from earmark.review.forges.hosts import credential, forge_of
    from earmark.review.forges.sender import Clock, Sender
    from earmark.review.pushing import credential_helper, pusher

    if offline or not repo.trusted:
        return None, "the forge was not asked" + ("" if repo.trusted else ": the workspace is not trusted")
    token = credential(where, os.environ, credential_helper(repo))
    if not token.value:
        return None, token.why_none
    forge = forge_of(where)
    ask = ask_of(span, where, found, forge, draft=False)
    with Sender(where.project.api, token, pusher(repo), Clock(time.time, time.sleep)) as sender:
        followed = sender.hold(forge.follow(ask))
    return followed, "" if followed else "nobody was asked yet: `earmark review request`"


def _print(
    found: Collected, followed: Followed | None, why_not: str, regions: tuple[RegionState, ...], *, as_data: bool
) -> None:
    import json

    if as_data:
        print(
            json.dumps(
                {
                    "key": found.request.key,
                    "request": followed._asdict() if followed else None,
                    "note": why_not,
                    "regions": [{**state._asdict(), "lines": list(state.lines)} for state in regions],
                    "obligations": [item._asdict() for item in found.request.obligations],
                },
                indent=2,
            )
        )
        return
    if followed:
        waiting = ", ".join((*followed.waiting, *followed.teams)) or "nobody"
        print(f"{display(followed.url or followed.number)} is {followed.state}, waits for {display(waiting)}")
    else:
        print(display(why_not))
    for state in regions:
        where = "removals" if not state.lines.start else f"lines {state.lines.start}-{state.lines.end}"
        by = ", ".join(f"{name} ({level})" if level else name for name, level in state.by)
        said = " ".join(part for part in (state.state, f"by {by}" if by else "", state.because) if part)
        print(f"  {display(state.path)} {where}: {display(said)}")
    for item in found.request.obligations:
        print(f"  {'met ' if item.met else 'open'} {item.code}: {display(item.message)}")
