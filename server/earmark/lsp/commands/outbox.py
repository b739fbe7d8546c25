"""`earmark.outbox {uri?, action, key}` → {done}: "send" a kept review request now, or "cancel" it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pygls.exceptions import JsonRpcInvalidParams

from earmark.lsp.commands.asking import Refused, argument, require_place, say
from earmark.lsp.handlers.arguments import word
from earmark.lsp.program import TookTooLong, earmark
from earmark.lsp.progress import Progress
from earmark.lsp.sending import SECONDS, cancel
from earmark.lsp.text import plain

if TYPE_CHECKING:
    from earmark.git.repository import Repository
    from earmark.lsp.server import EarmarkServer


async def outbox(ls: EarmarkServer, *arguments: Any) -> dict[str, Any]:
    """Act on one request of the outbox, and say what became of it."""
    given = argument(arguments)
    action, key = word(given, "action"), word(given, "key")
    if action not in ("send", "cancel") or not key:
        raise JsonRpcInvalidParams('outbox takes {action: "send" or "cancel", key}')
    _, repo = await require_place(ls, arguments, writes=True)
    if action == "cancel":
        return {"done": await ls.session.scheduler.io(cancel, repo, key)}
    return {"done": await _send(ls, repo, key)}


async def _send(ls: EarmarkServer, repo: Repository, key: str) -> bool:
    async with Progress(ls.protocol, ls.client, "Sending the review request", cancellable=False):
        try:
            ran = await earmark(repo, "review", "outbox", "send", key, seconds=SECONDS)
        except TookTooLong as error:
            raise Refused(str(error)) from error
    if ran.said.strip():
        say(ls, plain(ran.said.strip().splitlines()[-1]))
    return ran.code == 0
