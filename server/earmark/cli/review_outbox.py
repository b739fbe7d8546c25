"""`earmark review outbox [list|send|cancel] [KEY]`: requests on their way."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from earmark.cli.workspace import CannotTell, display, workspace

if TYPE_CHECKING:
    from earmark.git.repository import Repository
    from earmark.review.forges.forge import Receipt
    from earmark.review.outbox import Entry, Outbox


def work(argv: list[str]) -> Iterator[int]:
    """Exit code 0; 1 when something still waits or has failed after `send`; 2 when it cannot be told."""
    import time
    from argparse import ArgumentParser

    from earmark.review.outbox import Outbox, OutboxError

    parser = ArgumentParser(prog="earmark review outbox", description="Requests on their way.")
    parser.add_argument("action", nargs="?", choices=("list", "send", "cancel"), default="list")
    parser.add_argument("key", nargs="?", default="", help="one request; by default all that are due")
    parser.add_argument("--json", action="store_true", help="print the requests as JSON")
    asked = parser.parse_args(argv)
    with workspace(settle=False) as (repo, _):
        try:
            with Outbox.open(repo, time.time) as outbox:
                if asked.action == "cancel":
                    _cancel(outbox, asked.key)
                code = _send(repo, outbox, asked.key) if asked.action == "send" else 0
                _print(outbox, as_data=asked.json)
                yield code
        except OutboxError as error:
            raise CannotTell(str(error)) from error


def sending(repo: Repository) -> Callable[[Entry], Receipt]:
    """Sends one kept request with what the user's environment and settings say now."""
    import os
    import time

    from earmark.cli.review_context import settings
    from earmark.review.forges import hosts
    from earmark.review.forges.sender import Clock, Sender
    from earmark.review.pushing import credential_helper, pusher

    def send(entry: Entry) -> Receipt:
        where = hosts.again(entry.kind, entry.project, os.environ, settings())
        token = hosts.credential(where, os.environ, credential_helper(repo))
        forge = hosts.forge_of(where, with_token=bool(token.value))
        with Sender(where.project.api, token, pusher(repo), Clock(time.time, time.sleep)) as sender:
            return sender.carry_out(lambda: forge.request(entry.ask))

    return send


def _cancel(outbox: Outbox, key: str) -> None:
    if not key:
        raise CannotTell("which request? give its key from `earmark review outbox`")
    if not outbox.cancel(key):
        raise CannotTell(f"no request {key} waits to be sent")


def _send(repo: Repository, outbox: Outbox, key: str) -> int:
    from earmark.review.forges.hosts import ForgeUnknown
    from earmark.review.outbox import deliver

    if not repo.trusted:
        raise CannotTell("nothing is sent from a workspace that is not trusted; run `earmark trust` if it is yours")
    done: set[str] = set()
    left = 0
    while True:
        try:
            entry = deliver(outbox, sending(repo), key or None)
        except ForgeUnknown as error:
            raise CannotTell(str(error)) from error
        if entry is None or entry.key in done:
            return 1 if left else 0
        done.add(entry.key)
        left += entry.state != "sent"
        print(f"{entry.key[:10]} {entry.state}: {display(entry.said or entry.ask.title)}", file=sys.stderr)
        if key:
            return 1 if left else 0


def _print(outbox: Outbox, *, as_data: bool) -> None:
    import json
    import time

    entries = outbox.entries()
    if as_data:
        print(json.dumps([_plain(entry) for entry in entries], indent=2))
        return
    for entry in entries:
        when = ""
        if entry.state == "waiting":
            when = f", again in {max(0, round(entry.next_at - time.time()))} s"
        url = entry.receipt.url or entry.receipt.number if entry.receipt else ""
        print(f"{entry.key[:10]}  {entry.state:9} {display(entry.ask.title)}  {display(url or entry.said)}{when}")
    if not entries:
        print("no request is on its way")


def _plain(entry: Entry) -> dict[str, object]:
    return {
        "key": entry.key, "state": entry.state, "title": entry.ask.title, "forge": entry.kind,
        "project": entry.project.path, "attempts": entry.attempts, "next_at": entry.next_at, "said": entry.said,
        "receipt": entry.receipt._asdict() if entry.receipt else None,
    }  # fmt: skip
