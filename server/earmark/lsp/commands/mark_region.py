"""`earmark.markRegion {uri, id | range, kind, reason?, tool?, model?}` → {marked}: the user says who wrote a text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pygls.exceptions import JsonRpcInvalidParams

from earmark.lsp.commands.asking import Refused, argument, reason_for, require_buffer, require_trust
from earmark.lsp.handlers.arguments import byte_range, field, word
from earmark.origin.model import Origin, Session, ai

if TYPE_CHECKING:
    from earmark.lsp.buffer import Buffer
    from earmark.lsp.server import EarmarkServer

_REASONS = {
    "human": ("I typed this myself", "It was moved here, not written", "I rewrote the suggestion completely"),
    "ai": ("An assistant wrote it elsewhere and I pasted it", "The assistant's hook was not installed"),
}


async def mark_region(ls: EarmarkServer, *arguments: Any) -> dict[str, Any]:
    """Give the text to a person or to an assistant, with the reason kept in the ledger's audit."""
    given = argument(arguments)
    buffer = require_buffer(ls, given)
    kind = word(given, "kind")
    if kind not in _REASONS:
        raise JsonRpcInvalidParams('kind must be "ai" or "human"')
    if buffer.place is None or buffer.tracking is None:
        raise Refused("Origins are kept for files inside a git worktree only.")
    require_trust(ls, buffer.place.repo)
    _span(ls, buffer, given)
    question = "Who wrote this is kept with your reason. Why do you say so?"
    reason = await reason_for(ls, given, question, _REASONS[kind])
    # The user may have typed while being asked; a region is found again by its id.
    start, end = _span(ls, buffer, given)
    session = Session(word(given, "tool") or "unknown", f"mark:{buffer.place.path}", word(given, "model") or "unknown")
    await ls.session.origins.mark(buffer, start, end, _origin(kind, session), session, reason)
    return {"marked": buffer.document.line_at(max(end - 1, start)) - buffer.document.line_at(start) + 1}


def _origin(kind: str, session: Session) -> Origin:
    return ai(session.id) if kind == "ai" else Origin("human")


def _span(ls: EarmarkServer, buffer: Buffer, given: Any) -> tuple[int, int]:
    region_id = field(given, "id")
    if isinstance(region_id, str) and buffer.tracking is not None:
        named = buffer.tracking.names.get(region_id)
        if named is None:
            raise Refused("This region is no longer there.")
        return named.region.start, named.region.end
    start, end = byte_range(buffer, field(given, "range"), ls.client.encoding)
    if start == end:
        raise JsonRpcInvalidParams("the range to mark is empty")
    return start, end
