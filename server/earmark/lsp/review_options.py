"""What a review is asked for, in the words of `earmark review request`, from what an editor points at."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pygls.exceptions import JsonRpcInvalidParams

from earmark.lsp.commands.asking import Refused
from earmark.lsp.handlers.arguments import byte_range, field, word
from earmark.lsp.program import TookTooLong, earmark
from earmark.lsp.reviewed import committed_lines
from earmark.lsp.text import plain

if TYPE_CHECKING:
    from earmark.git.repository import Repository
    from earmark.lsp.buffer import Buffer
    from earmark.lsp.server import EarmarkServer

SCOPES = ("region", "file", "change")
_LONGEST = 4_000  # characters of the author's own words


async def options(ls: EarmarkServer, buffer: Buffer | None, given: Any) -> list[str]:
    """The options that say what is to be looked at and what the author says about it."""
    scope = word(given, "scope", "change")
    if scope not in SCOPES:
        raise JsonRpcInvalidParams(f"scope is one of {', '.join(SCOPES)}")
    found = [f"--title={title}"] if (title := word(given, "title")) else []
    asked = field(given, "asked") or ""
    if not isinstance(asked, str) or len(asked) > _LONGEST:
        raise JsonRpcInvalidParams(f"asked must be a string of at most {_LONGEST} characters")
    found += [f"--asked={asked}"] if asked.strip() else []
    found += [f"--{flag}" for flag in ("draft", "second") if field(given, flag) is True]
    if scope == "change":
        return found
    if buffer is None or buffer.place is None:
        raise JsonRpcInvalidParams("a region or a file needs the uri of an open document of a repository")
    return [*found, f"--path={buffer.place.path}{_lines(ls, buffer, given) if scope == 'region' else ''}"]


def _lines(ls: EarmarkServer, buffer: Buffer, given: Any) -> str:
    """`:START-END` of the committed text for a region's id, or for a range of the buffer."""
    named = buffer.tracking.names.get(word(given, "id")) if buffer.tracking is not None else None
    if named is not None:
        start, end = named.region.start, max(named.region.end - 1, named.region.start)
    elif field(given, "range") is not None:
        start, end = byte_range(buffer, field(given, "range"), ls.client.encoding)
    else:
        raise Refused("This region is no longer there.")
    lines = committed_lines(buffer, buffer.document.line_at(start) + 1, buffer.document.line_at(end) + 1)
    if lines is None:
        raise Refused("These lines are not committed yet, and a review is asked for commits: commit them first.")
    return f":{lines.start}-{lines.end}"


async def preview(repo: Repository, wanted: list[str]) -> dict[str, Any] | None:
    """What `earmark review request --preview` prints, the queues counted first; None where there is nothing to ask a
    review for."""
    try:
        ran = await earmark(repo, "review", "request", "--preview", "--balance", *wanted)
    except TookTooLong as error:
        raise Refused(str(error)) from error
    if ran.code == 2 or not ran.out.strip():
        said = plain(ran.said.strip().removeprefix("earmark review request: "))
        raise Refused(said or "The request could not be derived.")
    found: dict[str, Any] | None = json.loads(ran.out)
    return found
