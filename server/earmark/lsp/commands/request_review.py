"""`earmark.requestReview {uri?, range?, dryRun?}` → what `earmark review request --json` says."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from earmark.lsp.commands.asking import Refused, argument, require_place, say
from earmark.lsp.handlers.arguments import field
from earmark.lsp.text import plain

if TYPE_CHECKING:
    from earmark.git.repository import Repository
    from earmark.lsp.server import EarmarkServer

_SECONDS = 120.0


async def request_review(ls: EarmarkServer, *arguments: Any) -> dict[str, Any]:
    """Ask for the review in a process of its own: it speaks to a forge and may take long; cancelling ends it."""
    dry = field(argument(arguments), "dryRun") is True
    _, repo = await require_place(ls, arguments, writes=not dry)
    async with _Progress(ls, "Requesting a review"):
        code, out, said = await _run(repo, dry)
    if code == 2 or not out.strip():
        raise Refused(plain(said.removeprefix("earmark review request: ")) or "The review could not be asked for.")
    result = json.loads(out)
    if dry:
        return {"sent": False, "requests": result}
    url = result.get("url", "") if isinstance(result, dict) else ""
    say(ls, f"The review was asked for: {plain(url)}" if url else "There was nothing to ask a review for.")
    return {"sent": bool(url), "result": result}


async def _run(repo: Repository, dry: bool) -> tuple[int, str, str]:
    flags = ["--json", "--dry-run"] if dry else ["--json"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "earmark", "review", "request", *flags,
        cwd=repo.top, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        out, err = await asyncio.wait_for(process.communicate(), _SECONDS)
    except TimeoutError as error:
        raise Refused(f"The forge did not answer within {_SECONDS:g} seconds.") from error
    finally:
        with suppress(ProcessLookupError):
            process.kill()
    return process.returncode or 0, out.decode("utf-8", "replace"), err.decode("utf-8", "replace")


class _Progress:
    """A progress report in the client, where it can show one."""

    def __init__(self, ls: EarmarkServer, title: str) -> None:
        self._ls = ls
        self._title = title
        self._token = ""

    async def __aenter__(self) -> None:
        if not self._ls.client.progress:
            return
        self._token = f"earmark-{id(self):x}"
        await self._ls.work_done_progress.create_async(self._token)
        self._ls.work_done_progress.begin(self._token, types.WorkDoneProgressBegin(self._title, cancellable=False))

    async def __aexit__(self, *exc: object) -> None:
        if self._token:
            self._ls.work_done_progress.end(self._token, types.WorkDoneProgressEnd())
