"""`earmark review request`: shows the request, exactly what would be sent and why these people; sends it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from earmark.cli.review_context import ask_of, collected, focus_of, forge_for, place, place_if_any, queue_of
from earmark.cli.workspace import CannotTell, display, workspace

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from earmark.git.repository import Repository
    from earmark.origin.ledger import Ledger
    from earmark.review.collect import Collected
    from earmark.review.forges.forge import Ask, Forge
    from earmark.review.forges.hosts import Credential, Place
    from earmark.review.preview import Preview


class _Ready(NamedTuple):
    """A request that could be sent: everything about it, and the connection it would use."""

    where: Place
    token: Credential
    forge: Forge
    found: Collected
    ask: Ask


def work(argv: list[str]) -> Iterator[int]:
    """Exit code 0; 1 when the policy's needs could not all be asked for; 2 when it cannot be told or sent."""
    asked = _parser().parse_args(argv)
    with workspace() as (repo, ledger):
        yield _requested(repo, ledger, asked)


def _parser() -> ArgumentParser:
    from argparse import ArgumentParser

    parser = ArgumentParser(prog="earmark review request", description="Ask the right person to review AI changes.")
    parser.add_argument(
        "range", nargs="?", default="", help="A..B or a commit; by default what HEAD adds to the target"
    )
    parser.add_argument("--dry-run", action="store_true", help="send nothing; print the exact requests")
    parser.add_argument("--explain", action="store_true", help="send nothing; say line by line why these people")
    parser.add_argument("--preview", action="store_true", help="send nothing; keep the request and print it as JSON")
    parser.add_argument("--as-previewed", default="", metavar="DIGEST", help="send exactly what that preview showed")
    parser.add_argument("--json", action="store_true", help="print JSON: the requests of a dry run, else what was done")
    parser.add_argument("--document", action="store_true", help="print the request as JSON and send nothing")
    parser.add_argument("--target", default="", help="the branch the change goes to")
    parser.add_argument("--remote", default="", help="the remote the change is pushed to")
    parser.add_argument("--title", default="", help="the request's title; by default the first commit's subject")
    parser.add_argument("--asked", default="", help="what the session was asked, in your words, for the reviewer")
    parser.add_argument(
        "--path", action="append", default=[], metavar="PATH[:START-END]",
        help="look at this first, and ask only who must review it; may be repeated",
    )  # fmt: skip
    parser.add_argument("--draft", action="store_true", help="open the request as a draft")
    parser.add_argument("--second", action="store_true", help="ask the second choice too, when nobody has answered")
    parser.add_argument("--balance", action="store_true", help="ask the forge how many requests wait for whom, first")
    return parser


def _requested(repo: Repository, ledger: Ledger, asked: Namespace) -> int:
    from earmark.review.forges.forge import Refused
    from earmark.review.forges.hosts import ForgeUnknown
    from earmark.review.forges.sender import ForgeError
    from earmark.review.outbox import OutboxError
    from earmark.review.span import NoSpan

    try:
        if asked.as_previewed:
            return _send_preview(repo, asked)
        return _derived(repo, ledger, asked)
    except (NoSpan, ForgeUnknown, Refused, ForgeError, OutboxError) as error:
        raise CannotTell(str(error)) from error


def _derived(repo: Repository, ledger: Ledger, asked: Namespace) -> int:
    """Derive the request from the commits, then show it or send it."""
    import json

    from earmark.review.request import as_json
    from earmark.review.span import find

    span = find(repo, asked.range, target=asked.target, remote=asked.remote)
    where = place_if_any(repo, span) if asked.document or asked.explain else place(span)
    found = collected(repo, ledger, span, where, asked, focus=focus_of(asked.path))
    for problem in found.problems:
        print(f"earmark review request: {display(problem)}", file=sys.stderr)
    _refuse_no_focus(found)
    request = found.request
    if not request.ai_lines and not request.ai_removed and not found.route.lines:
        shown = "null" if asked.preview else "[]" if asked.json else ""
        print(shown or "no AI change in this range, and the policy asks for no review of it")
        return 0
    if asked.document:
        print(json.dumps(as_json(request), indent=2))
        return 0
    if asked.explain and not (asked.balance or asked.preview):
        return _explain(found, as_data=asked.json)
    forge, token = forge_for(repo, where)
    load: dict[str, int] = {}
    if asked.balance:
        everybody = [
            login for person in found.policy.roster.people for kind, login in person.handles if kind == where.kind
        ]
        first = [choice.person.login for choice in found.route.people + found.route.second]
        load = queue_of(repo, where, token, forge, first + everybody)
        found = collected(repo, ledger, span, where, asked, load=load, focus=focus_of(asked.path))
    if asked.explain:
        return _explain(found, as_data=asked.json)
    ask = ask_of(span, where, found, forge, draft=asked.draft, second=asked.second)
    ready = _Ready(where, token, forge, found, ask)
    if asked.preview:
        return _preview(repo, ready, load)
    if asked.dry_run:
        return _dry_run(repo, ready, as_data=asked.json)
    if asked.balance or sys.stderr.isatty():
        _say_queue(repo, ready)
    return _send(repo, where, token, ask, found.route.unmet, as_data=asked.json)


def _refuse_no_focus(found: Collected) -> None:
    touched = {part.path for part in found.request.regions} | {part.path for part in found.request.removals}
    for focus in found.request.focus:
        if focus.path not in touched:
            raise CannotTell(f"{focus.path} has nothing of an assistant's in this range; was it committed?")


def _explain(found: Collected, *, as_data: bool) -> int:
    import json

    lines = found.route.lines
    print(json.dumps(lines, indent=2) if as_data else "\n".join(map(display, lines)) or "nobody is asked for")
    return 1 if found.route.unmet else 0


def _shown(repo: Repository, ready: _Ready, load: dict[str, int]) -> Preview:
    from earmark.review.forges.forge import plan, shown
    from earmark.review.preview import preview

    steps = [*_notes_step(repo, ready.ask), *(shown(step) for step in plan(ready.forge, ready.ask))]
    return preview(
        ready.where.kind, ready.where.project, ready.ask, ready.found.route, steps, load, _blocked(repo, ready)
    )


def _blocked(repo: Repository, ready: _Ready) -> str:
    """Why the request could not be sent from here now, empty when it can."""
    if not repo.trusted:
        return "nothing is sent from a workspace that is not trusted; run `earmark trust` if it is yours"
    return ready.token.why_none if ready.where.kind == "github" and not ready.token.value else ""


def _notes_step(repo: Repository, ask: Ask) -> list[dict[str, object]]:
    """The push of the notes that goes before the branch, when the remote is not known to have them."""
    from earmark.commit import share
    from earmark.git import refs
    from earmark.origin import notes

    tip = refs.read(repo, notes.REF)
    if not ask.push or not ask.remote or tip is None or refs.read(repo, share.tracking(ask.remote)) == tip:
        return []
    return [{"push": ["git", "push", ask.remote, notes.REF]}]


def _preview(repo: Repository, ready: _Ready, load: dict[str, int]) -> int:
    """Keep the request under its digest, so that exactly this one can be sent, and print everything about it."""
    import json
    import time

    from earmark.review.outbox import Outbox
    from earmark.review.preview import as_json

    first = [choice.person.login for choice in ready.found.route.people]
    known = load or queue_of(repo, ready.where, ready.token, ready.forge, [login for login in first if login])
    made = _shown(repo, ready, known)
    with Outbox.open(repo, time.time) as outbox:
        outbox.keep_preview(made.digest, ready.where.kind, ready.where.project, ready.ask, ready.found.route.unmet)
    print(json.dumps(as_json(made), indent=2))
    return 0


def _dry_run(repo: Repository, ready: _Ready, *, as_data: bool) -> int:
    """Print the request as it would be sent, why these people, and every step."""
    import json

    made = _shown(repo, ready, {})
    if as_data:
        print(json.dumps(made.requests, indent=2))
        return 0
    print(f"# {display(ready.ask.title)}\n\n{ready.ask.document}")
    print("--- why these people")
    print("\n".join(map(display, made.lines)) or "nobody is asked for")
    print("\n--- what would be sent")
    if not ready.token.value:
        print(display(ready.token.why_none))
    for step in made.requests:
        if "push" in step:
            import shlex

            print(display(shlex.join(step["push"])))
        else:
            print(f"{step['method']} {step['url']}")
            if step["body"] is not None:
                print(json.dumps(step["body"], indent=2))
    return 0


def _say_queue(repo: Repository, ready: _Ready) -> None:
    """How long the queue of each person is, before they are asked."""
    for login, count in queue_of(repo, ready.where, ready.token, ready.forge, ready.ask.reviewers).items():
        noun = "request waits" if count == 1 else "requests wait"
        print(f"{display(login)}: {count} open {noun}", file=sys.stderr)


def _send_preview(repo: Repository, asked: Namespace) -> int:
    """Send the request of a preview, unless what it was about is no longer what stands here."""
    import os
    import time

    from earmark.cli.review_context import settings
    from earmark.git.history import resolve
    from earmark.review.forges import hosts
    from earmark.review.outbox import Outbox

    with Outbox.open(repo, time.time) as outbox:
        kept = outbox.preview(asked.as_previewed)
    if kept is None:
        raise CannotTell("this preview is not known here any more; look at a new one")
    now = resolve(repo, f"refs/heads/{kept.ask.branch}") or resolve(repo, "HEAD")
    if now != kept.ask.head:
        raise CannotTell("the branch has moved since this preview; look at a new one")
    where = hosts.again(kept.kind, kept.project, os.environ, settings())
    _, token = forge_for(repo, where)
    return _send(repo, where, token, kept.ask, kept.unmet, as_data=asked.json)


def _send(repo: Repository, where: Place, token: Credential, ask: Ask, unmet: tuple[str, ...], *, as_data: bool) -> int:
    import json
    import time

    from earmark.cli.review_outbox import sending
    from earmark.commit import share
    from earmark.review.outbox import Outbox, deliver

    if not repo.trusted:
        raise CannotTell("nothing is sent from a workspace that is not trusted; run `earmark trust` if it is yours")
    if where.kind == "github" and not token.value:
        raise CannotTell(token.why_none)
    if ask.push and ask.remote:
        said = share.push(repo, ask.remote)
        if said:
            print(f"earmark review request: {display(said)}", file=sys.stderr)
    with Outbox.open(repo, time.time) as outbox:
        outbox.put(where.kind, where.project, ask)
        entry = deliver(outbox, sending(repo), ask.key)
    if entry is None or entry.receipt is None:
        said = entry.said if entry else "another process is sending it"
        kept = "it is kept: `earmark review outbox send`" if entry and entry.state == "waiting" else "it was not sent"
        raise CannotTell(f"{said}; {kept}")
    receipt = entry.receipt
    if as_data:
        print(json.dumps({"key": ask.key, **receipt._asdict(), "unmet": unmet}, indent=2))
    else:
        verb = "asked for a review" if receipt.created else "brought the request up to date"
        print(f"{verb}: {display(receipt.url or receipt.number or ask.branch)}")
        for line in (*(f"asked {who}" for who in receipt.asked), *receipt.notices, *unmet):
            print(f"  {display(line)}")
    return 1 if unmet else 0
