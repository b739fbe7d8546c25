"""`earmark review status [RANGE]`: how the review stands, region by region."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from earmark.cli.workspace import CannotTell, display, workspace

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from earmark.git.repository import Repository
    from earmark.origin.ledger import Ledger
    from earmark.review.collect import Collected
    from earmark.review.following import RegionState
    from earmark.review.forges.forge import Ask, Followed
    from earmark.review.forges.hosts import Place


PATIENCE_DAYS = 2  # a turn is expected within a day; escalation is the author's decision, never ours


class _How(NamedTuple):
    """How a review stands. `age` is how many days ago it was asked for from this clone, None when it was not; `failed`
    is what the forge, which was asked, did not answer."""

    found: Collected
    followed: Followed | None
    why_not: str
    regions: tuple[RegionState, ...]
    age: float | None
    failed: str = ""


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
    parser.add_argument(
        "--if-asked", action="store_true", help="ask the forge only when a request was sent from this clone"
    )
    parser.add_argument("--target", default="", help="the branch the change goes to")
    parser.add_argument("--remote", default="", help="the remote the change is pushed to")
    parser.add_argument("--mine", action="store_true", help="what waits for you in this project")
    parser.set_defaults(title="", asked="")
    return parser


def _status(repo: Repository, ledger: Ledger, asked: Namespace) -> int:
    import json
    import time

    from earmark.cli.review_context import collected, following, place_if_any
    from earmark.git.objects import Objects
    from earmark.review import standing
    from earmark.review.following import forge_approvals, states
    from earmark.review.forges.hosts import ForgeUnknown
    from earmark.review.span import NoSpan, find

    if asked.mine:
        return _mine(repo, asked)
    try:
        span = find(repo, asked.range, target=asked.target, remote=asked.remote)
        where = place_if_any(repo, span)
        under = standing.Range(
            span.base, span.head, tuple(c.id for c in span.commits), f"refs/heads/{span.target}", span.target_commit
        )
        scope = standing.scope(repo, under, int(time.time()))
        ask = following(span, where)
        age = _age(repo, ask.key)
        offline = asked.offline or not repo.trusted or (asked.if_asked and age is None)
        followed, why_not, failed = _followed(repo, where, ask, offline=offline)
        with Objects(repo) as objects:
            approvals = standing.signed(repo, objects, span.target_commit)
            if followed:
                approvals += forge_approvals(repo, ledger, objects, under, where.kind, followed.reviews, scope)
            found = collected(repo, ledger, span, where, asked, approvals, scope, online=not offline, near=False)
            blobs = {path: blob.id for path in found.subjects if (blob := objects.get(f"{span.head}:{path}"))}
    except (NoSpan, ForgeUnknown) as error:
        raise CannotTell(str(error)) from error
    against = _against(found, where, followed)
    regions = states(found.subjects, approvals, found.policy.roster, scope, against)
    how = _How(found, followed, why_not, regions, age, failed)
    print(json.dumps(_plain(how, blobs), indent=2)) if asked.json else _print(how)
    return _code(how)


def _code(how: _How) -> int:
    import sys

    if how.failed:
        print(f"earmark review status: {display(how.failed)}", file=sys.stderr)
        return 2
    wanted = [item for item in how.found.request.obligations if item.code.startswith(("approval", "self"))]
    return 0 if all(item.met for item in wanted) else 1


def _against(found: Collected, where: Place, followed: Followed | None) -> list[str]:
    """Who asks for changes: by name where the roster knows the login."""
    names = {
        login.casefold(): person.name
        for person in found.policy.roster.people
        for kind, login in person.handles
        if kind == where.kind
    }
    reviews = followed.reviews if followed else ()
    return [names.get(one.login.casefold(), one.login) for one in reviews if one.state == "changes"]


def _mine(repo: Repository, asked: Namespace) -> int:
    """The requests that wait for the token's owner."""
    import json

    from earmark.cli.review_context import forge_for, place_of_remote, sender_for
    from earmark.review.forges.forge import Refused
    from earmark.review.forges.hosts import ForgeUnknown
    from earmark.review.forges.sender import ForgeError

    try:
        where = place_of_remote(repo, asked.remote)
        forge, token = forge_for(repo, where)
        if not token.value or not repo.trusted:
            raise CannotTell(token.why_none or "the workspace is not trusted; run `earmark trust` if it is yours")
        with sender_for(repo, where, token) as sender:
            waiting = sender.hold(forge.mine())
    except (ForgeUnknown, ForgeError, Refused) as error:
        raise CannotTell(str(error)) from error
    if asked.json:
        print(json.dumps([one._asdict() for one in waiting], indent=2))
        return 0
    for one in waiting:
        print(f"{'*' if one.ours else ' '} {display(one.url or one.number)}  {display(one.title)}")
    if not waiting:
        print("nothing waits for you here")
    return 0


def _followed(repo: Repository, where: Place, ask: Ask, *, offline: bool) -> tuple[Followed | None, str, str]:
    """What the forge says, or why it was not asked, or (last) what went wrong when it was."""
    from earmark.cli.review_context import forge_for, sender_for
    from earmark.review.forges.sender import ForgeError

    if not where.project.api:
        return None, "there is no forge here: signed approvals alone count", ""
    if offline or not repo.trusted:
        return None, "the forge was not asked" + ("" if repo.trusted else ": the workspace is not trusted"), ""
    forge, token = forge_for(repo, where)
    if not token.value:
        return None, token.why_none, ""
    try:
        with sender_for(repo, where, token) as sender:
            followed = sender.hold(forge.follow(ask))
    except ForgeError as error:
        return None, str(error), str(error)
    return followed, "" if followed else "nobody was asked yet: `earmark review request`", ""


def _age(repo: Repository, key: str) -> float | None:
    """How many days ago the request was sent from this clone, None when it was not."""
    import time

    from earmark.review.outbox import Outbox, OutboxError

    if not Outbox.exists(repo):
        return None
    try:
        with Outbox.open(repo, time.time) as outbox:
            entry = outbox.get(key)
    except OutboxError:
        return None
    return (time.time() - entry.changed_at) / 86_400 if entry and entry.state == "sent" else None


def _plain(how: _How, blobs: Mapping[str, str]) -> dict[str, object]:
    """All of it as data; `blobs` are the contents that the lines are lines of."""
    return {
        "key": how.found.request.key,
        "head": how.found.request.head,
        "files": blobs,
        "request": how.followed._asdict() if how.followed else None,
        "note": how.why_not,
        "regions": [{**state._asdict(), "lines": list(state.lines)} for state in how.regions],
        "asked_days_ago": None if how.age is None else round(how.age, 2),
        "second": [choice.person.name for choice in how.found.route.second],
        "obligations": [item._asdict() for item in how.found.request.obligations],
    }


def _print(how: _How) -> None:
    followed = how.followed
    if followed:
        waiting = ", ".join((*followed.waiting, *followed.teams)) or "nobody"
        late = how.age is not None and how.age >= PATIENCE_DAYS and bool(followed.waiting or followed.teams)
        if late and how.found.route.second:
            names = ", ".join(choice.person.name for choice in how.found.route.second)
            print(f"asked {how.age:.0f} days ago; second choice: {display(names)} (`earmark review request --second`)")
        print(f"{display(followed.url or followed.number)} is {followed.state}, waits for {display(waiting)}")
    else:
        print(display(how.why_not))
    for state in how.regions:
        where = "removals" if not state.lines.start else f"lines {state.lines.start}-{state.lines.end}"
        by = ", ".join(f"{name} ({level})" if level else name for name, level in state.by)
        said = " ".join(part for part in (state.state, f"by {by}" if by else "", state.because) if part)
        print(f"  {display(state.path)} {where}: {display(said)}")
    for item in how.found.request.obligations:
        print(f"  {'met ' if item.met else 'open'} {item.code}: {display(item.message)}")
