"""`earmark review request|status|approve|outbox`: asks for a review, follows it, signs it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from earmark.cli.review_context import ask_of, collected, forge_for, place, queue_of
from earmark.cli.workspace import CannotTell, display, guarded, workspace

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from earmark.git.repository import Repository
    from earmark.origin.ledger import Ledger
    from earmark.review.collect import Collected
    from earmark.review.forges.forge import Ask, Forge
    from earmark.review.forges.hosts import Credential, Place
    from earmark.review.span import Span

_COMMANDS = {
    "request": "ask for a review of AI changes",
    "status": "how the review stands, region by region",
    "approve": "sign what is under review",
    "outbox": "what is on its way: list, send, cancel",
}


def run(argv: list[str]) -> int:
    """Exit code 0; 1 when the policy's needs could not all be asked for; 2 when it cannot be told or sent."""
    name = argv[0] if argv else "--help"
    if name in ("-h", "--help"):
        print("usage: earmark review COMMAND [options]\n")
        print("\n".join(f"  {command:9} {does}" for command, does in _COMMANDS.items()))
        return 0
    if name == "request":
        return guarded("review request", _request(argv[1:]))
    if name in _COMMANDS:
        from importlib import import_module

        command = import_module(f"earmark.cli.review_{name}")
        return guarded(f"review {name}", command.work(argv[1:]))
    print(f"earmark review: no command {display(name)!r}; one of {', '.join(_COMMANDS)}", file=sys.stderr)
    return 2


def _parser() -> ArgumentParser:
    from argparse import ArgumentParser

    parser = ArgumentParser(prog="earmark review request", description="Ask the right person to review AI changes.")
    parser.add_argument(
        "range", nargs="?", default="", help="A..B or a commit; by default what HEAD adds to the target"
    )
    parser.add_argument("--dry-run", action="store_true", help="send nothing; print the exact requests")
    parser.add_argument("--json", action="store_true", help="print JSON: the requests of a dry run, else what was done")
    parser.add_argument("--document", action="store_true", help="print the request as JSON and send nothing")
    parser.add_argument("--target", default="", help="the branch the change goes to")
    parser.add_argument("--remote", default="", help="the remote the change is pushed to")
    parser.add_argument("--title", default="", help="the request's title; by default the first commit's subject")
    parser.add_argument("--asked", default="", help="what the session was asked, in your words, for the reviewer")
    parser.add_argument("--draft", action="store_true", help="open the request as a draft")
    parser.add_argument("--second", action="store_true", help="ask the second choice too, when nobody has answered")
    parser.add_argument("--balance", action="store_true", help="ask the forge how many requests wait for whom, first")
    return parser


def _request(argv: list[str]) -> Iterator[int]:
    asked = _parser().parse_args(argv)
    with workspace() as (repo, ledger):
        yield _requested(repo, ledger, asked)


def _requested(repo: Repository, ledger: Ledger, asked: Namespace) -> int:
    import json

    from earmark.review.forges.forge import Refused, plan, shown
    from earmark.review.forges.hosts import ForgeUnknown
    from earmark.review.forges.sender import ForgeError
    from earmark.review.request import as_json
    from earmark.review.span import NoSpan, find

    try:
        span = find(repo, asked.range, target=asked.target, remote=asked.remote)
        where = _place(repo, span, anywhere=asked.document)
        found = collected(repo, ledger, span, where, asked)
        for problem in found.problems:
            print(f"earmark review request: {display(problem)}", file=sys.stderr)
        request = found.request
        if not request.ai_lines and not request.ai_removed and not found.route.lines:
            print("[]" if asked.json else "no AI change in this range, and the policy asks for no review of it")
            return 0
        if asked.document:
            print(json.dumps(as_json(request), indent=2))
            return 0
        forge, token = forge_for(repo, where)
        if asked.balance:
            everybody = [
                login for person in found.policy.roster.people for kind, login in person.handles if kind == where.kind
            ]
            first = [choice.person.login for choice in found.route.people + found.route.second]
            load = queue_of(repo, where, token, forge, first + everybody)
            found = collected(repo, ledger, span, where, asked, load=load)
        ask = ask_of(span, where, found, forge, draft=asked.draft, second=asked.second)
        if not asked.dry_run:
            if asked.balance or sys.stderr.isatty():
                _say_queue(repo, where, token, forge, ask)
            return _send(repo, where, token, ask, found, as_data=asked.json)
        steps = [*_notes_step(repo, ask), *(shown(step) for step in plan(forge, ask))]
    except (NoSpan, ForgeUnknown, Refused, ForgeError) as error:
        raise CannotTell(str(error)) from error
    if asked.json:
        print(json.dumps(steps, indent=2))
    else:
        _preview(ask, found, steps, token)
    return 0


def _notes_step(repo: Repository, ask: Ask) -> list[dict[str, object]]:
    """The push of the notes that goes before the branch, when the remote is not known to have them."""
    from earmark.commit import share
    from earmark.git import refs
    from earmark.origin import notes

    tip = refs.read(repo, notes.REF)
    if not ask.push or not ask.remote or tip is None or refs.read(repo, share.tracking(ask.remote)) == tip:
        return []
    return [{"push": ["git", "push", ask.remote, notes.REF]}]


def _say_queue(repo: Repository, where: Place, token: Credential, forge: Forge, ask: Ask) -> None:
    """How long the queue of each person is, before they are asked."""
    for login, count in queue_of(repo, where, token, forge, ask.reviewers).items():
        noun = "request waits" if count == 1 else "requests wait"
        print(f"{display(login)}: {count} open {noun}", file=sys.stderr)


def _place(repo: Repository, span: Span, *, anywhere: bool) -> Place:
    """Where the request goes; with `anywhere` a repository without a forge will do, for reading the document."""
    from pathlib import PurePath

    from earmark.review.forges.forge import Project
    from earmark.review.forges.hosts import ForgeUnknown, Place

    try:
        return place(span)
    except ForgeUnknown:
        if not anywhere:
            raise
        return Place("github", Project("", PurePath(repo.top).name), False)


def _send(repo: Repository, where: Place, token: Credential, ask: Ask, found: Collected, *, as_data: bool) -> int:
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
        print(json.dumps({"key": ask.key, **receipt._asdict(), "unmet": found.route.unmet}, indent=2))
    else:
        verb = "asked for a review" if receipt.created else "brought the request up to date"
        print(f"{verb}: {display(receipt.url or receipt.number or ask.branch)}")
        for line in (*(f"asked {who}" for who in receipt.asked), *receipt.notices, *found.route.unmet):
            print(f"  {display(line)}")
    return 1 if found.route.unmet else 0


def _preview(ask: Ask, found: Collected, steps: list[dict[str, object]], token: Credential) -> None:
    """The request as it would be sent, why these people, and every step."""
    import json

    print(f"# {display(ask.title)}\n\n{ask.document}")
    print("--- why these people")
    print("\n".join(map(display, found.route.lines)) or "nobody is asked for")
    print("\n--- what would be sent")
    if not token.value:
        print(display(token.why_none))
    for step in steps:
        if "push" in step:
            import shlex

            print(display(shlex.join(step["push"])))  # type: ignore[arg-type]
        else:
            print(f"{step['method']} {step['url']}")
            if step["body"] is not None:
                print(json.dumps(step["body"], indent=2))
