"""`earmark/reviewQueue`: {uri?} → what waits for the user in this project, and what is on its way from here."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from earmark.lsp.commands.asking import Refused, require_place
from earmark.lsp.program import TookTooLong, earmark
from earmark.lsp.text import plain
from earmark.review.outbox import Outbox

if TYPE_CHECKING:
    from earmark.git.repository import Repository
    from earmark.lsp.server import EarmarkServer


async def review_queue(ls: EarmarkServer, params: Any) -> dict[str, Any]:
    """`waiting` comes from the forge; `note` says why it is not known, empty when it is."""
    _, repo = await require_place(ls, (params,), writes=False)
    ls.session.review_asked = True
    waiting, note = await _waiting(repo)
    if not note:
        ls.session.reviews.ask_from_now_on(repo)
    return {"waiting": waiting, "outbox": await ls.session.scheduler.io(_outbox, repo), "note": note}


async def _waiting(repo: Repository) -> tuple[list[dict[str, Any]], str]:
    try:
        ran = await earmark(repo, "review", "status", "--mine", "--json")
    except TookTooLong as error:
        raise Refused(str(error)) from error
    if ran.code == 2:
        return [], plain(ran.said.removeprefix("earmark review status: "))
    found = json.loads(ran.out)
    return [one | {name: plain(one[name]) for name in ("number", "url", "title")} for one in found], ""


def _outbox(repo: Repository) -> list[dict[str, Any]]:
    if not Outbox.exists(repo):
        return []
    with Outbox.open(repo, time.time) as outbox:
        entries = outbox.entries()
    return [
        {
            "key": entry.key,
            "state": entry.state,
            "title": plain(entry.ask.title),
            "said": plain(entry.said),
            "nextAt": round(entry.next_at),
            "attempts": entry.attempts,
            "url": plain(entry.receipt.url) if entry.receipt else "",
        }
        for entry in entries
    ]
