"""`earmark.requestReview {uri?, id?, range?, scope?, title?, asked?, draft?, second?, digest?, dryRun?}` → {sent,
result}.

Nothing is sent that its author has not seen: either the argument holds the digest of a preview that the client showed,
or the preview is written to a file, the client is told to show it, and the author is asked.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lsprotocol import types

from earmark.lsp.commands.asking import Refused, argument, require_place, say
from earmark.lsp.handlers.arguments import field, word
from earmark.lsp.program import TookTooLong, earmark
from earmark.lsp.progress import Progress
from earmark.lsp.review_options import options, preview
from earmark.lsp.text import plain
from earmark.origin.ledger import folder

if TYPE_CHECKING:
    from earmark.git.repository import Repository
    from earmark.lsp.server import EarmarkServer

PAGE: Final = "review-request.md"
YOURS: Final = "<!-- What the session was asked, if the reviewer should know: write it below, in your own words. -->"
ENDS: Final = "<!-- Your words end here. The rest is a preview: what you change in it is not sent. -->"
_WRITTEN: Final = re.compile(rf"{re.escape(YOURS)}(.*?){re.escape(ENDS)}", re.DOTALL)
SEND, LEAVE = "Send", "Do not send"


async def request_review(ls: EarmarkServer, *arguments: Any) -> dict[str, Any]:
    """Ask for the review in a process of its own: it speaks to a forge and may take long."""
    given = argument(arguments)
    dry = field(given, "dryRun") is True
    buffer, repo = await require_place(ls, arguments, writes=not dry)
    wanted = await options(ls, buffer, given)
    if dry:
        return {"sent": False, "requests": json.loads(await _run(ls, repo, "--json", "--dry-run", *wanted))}
    digest = word(given, "digest") or await _agreed(ls, repo, wanted)
    if not digest:
        return {"sent": False, "result": {}}
    result = json.loads(await _run(ls, repo, "--json", f"--as-previewed={digest}"))
    url = plain(result.get("url") or result.get("number") or "")
    say(ls, f"The review was asked for: {url}" if url else "The review was asked for.")
    ls.session.reviews.touch(repo)
    return {"sent": True, "result": result}


async def _run(ls: EarmarkServer, repo: Repository, *arguments: str) -> str:
    """What `earmark review request` prints; what it refuses is said in its words."""
    async with Progress(ls.protocol, ls.client, "Requesting a review", cancellable=False):
        try:
            ran = await earmark(repo, "review", "request", *arguments)
        except TookTooLong as error:
            raise Refused(str(error)) from error
    if ran.code == 2 or not ran.out.strip():
        said = plain(ran.said.strip().removeprefix("earmark review request: "))
        raise Refused(said or "The review could not be asked for.")
    return ran.out


async def _agreed(ls: EarmarkServer, repo: Repository, wanted: list[str]) -> str:
    """The digest of the request that the author has seen and wants sent; empty when they do not."""
    async with Progress(ls.protocol, ls.client, "Deriving the review request", cancellable=False):
        shown = await preview(repo, wanted)
    if shown is None:
        say(ls, "There was nothing to ask a review for.")
        return ""
    if shown["blocked"]:
        raise Refused(plain(shown["blocked"]))
    page = Path(folder(repo), PAGE)
    await ls.session.scheduler.io(_write, page, shown["text"])
    if ls.client.show_document:
        await ls.window_show_document_async(types.ShowDocumentParams(page.as_uri(), take_focus=True))
    answer = await ls.window_show_message_request_async(
        types.ShowMessageRequestParams(
            types.MessageType.Info, _question(shown), [types.MessageActionItem(SEND), types.MessageActionItem(LEAVE)]
        )
    )
    if answer is None or answer.title != SEND:
        return ""
    words = _words(await _present(ls, page))
    if words:
        with_words = await preview(repo, [*(w for w in wanted if not w.startswith("--asked=")), f"--asked={words}"])
        shown = with_words or shown
    return str(shown["digest"])


def _question(shown: dict[str, Any]) -> str:
    people = [plain(one["name"]) + _queue(one["open"]) for one in shown["people"]]
    whom = "; ".join((*people, *(f"team {plain(team)}" for team in shown["teams"]))) or "nobody by name"
    return f"Earmark: send the review request “{plain(shown['title'], 80)}” to {whom}?"


def _queue(waiting: int | None) -> str:
    """How many requests wait for a person; nothing where it is not known."""
    return "" if waiting is None else f" ({waiting} open)"


def _write(page: Path, text: str) -> None:
    page.parent.mkdir(exist_ok=True)
    page.write_text(f"{YOURS}\n\n\n\n{ENDS}\n\n{text}", "utf-8")


async def _present(ls: EarmarkServer, page: Path) -> str:
    """The page as the author has it now: the open document, saved or not, else the file."""
    for buffer in ls.session.buffers.values():
        if buffer.uri.startswith("file:") and os.path.basename(buffer.uri) == PAGE:
            return buffer.text.decode("utf-8", "replace")
    return await ls.session.scheduler.io(page.read_text, "utf-8")


def _words(page: str) -> str:
    """What the author wrote between the two lines that are theirs."""
    found = _WRITTEN.search(page)
    return found[1].strip() if found else ""
