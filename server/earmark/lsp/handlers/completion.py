"""`textDocument/completion`: trailers in a commit message, with the values that are derived first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from lsprotocol import types

from earmark.lsp.convert import range_of
from earmark.trailers import vocabulary as words

if TYPE_CHECKING:
    from earmark.lsp.buffer import Buffer
    from earmark.lsp.server import EarmarkServer

_DERIVED = "derived from what is staged"
_CLOSED = {
    words.ASSISTED: ("yes", "no"), words.RISK: words.RISKS, words.REVIEW: words.REVIEWS, words.ROLLOUT: words.ROLLOUTS,
}  # fmt: skip


class _Offer(NamedTuple):
    label: str
    detail: str = ""
    new: str = ""


def completion(ls: EarmarkServer, params: types.CompletionParams) -> list[types.CompletionItem] | None:
    """What can stand at the cursor; None in other files, in the subject and in comments."""
    buffer = ls.session.buffers.get(params.text_document.uri)
    if buffer is None or not buffer.is_commit_message or params.position.line == 0:
        return None
    known = ls.session.messages.of(buffer)
    comment, block = (known.comment, known.block) if known is not None else ("#", "")
    at = buffer.document.offset(params.position.line, params.position.character, ls.client.encoding)
    start = buffer.document.line_start(buffer.document.line_at(at))
    typed = buffer.text[start:at].decode("utf-8", "replace")
    if typed.startswith(comment):
        return None
    key, colon, _ = typed.partition(":")
    if colon:
        start += len(f"{key}:".encode())
        offers = _values(key.strip(), block)
    else:
        offers = _keys(buffer, comment, block)
    where = range_of(buffer.document, start, at, ls.client.encoding)
    lead = " " if colon else ""
    return [_item(offer, lead, number, where) for number, offer in enumerate(offers)]


def _keys(buffer: Buffer, comment: str, block: str) -> Iterator[_Offer]:
    """The whole block where nothing is declared yet, the lines of it that are missing, then keys alone."""
    # Not as git reads it: a block with the word being typed in it is none yet.
    lines = buffer.text.decode("utf-8", "replace").split("\n")
    written = [line.partition(":")[::2] for line in lines if not line.startswith(comment)]
    there = {(key.strip().lower(), value.strip()) for key, value in written}
    keys = {key for key, _ in there}
    if block and words.ASSISTED.lower() not in keys:
        yield _Offer(f"{block.splitlines()[0]} …", f"the whole declaration, {_DERIVED}", block.rstrip("\n"))
    due = [line.partition(": ")[::2] for line in block.splitlines()]
    for key, value in due:
        if (key.lower(), value) not in there and (key == words.ASSISTED_BY or key.lower() not in keys):
            yield _Offer(f"{key}: {value}", _DERIVED)
    for key in words.KEYS:
        if key.lower() not in keys and key not in dict(due):
            yield _Offer(f"{key}: ")


def _values(key: str, block: str) -> Iterator[_Offer]:
    due = [line.partition(": ")[::2] for line in block.splitlines()]
    derived = [value for name, value in due if name.lower() == key.lower()]
    yield from (_Offer(value, _DERIVED) for value in derived)
    closed = next((values for name, values in _CLOSED.items() if name.lower() == key.lower()), ())
    yield from (_Offer(value) for value in closed if value not in derived)


def _item(offer: _Offer, lead: str, number: int, where: types.Range) -> types.CompletionItem:
    return types.CompletionItem(
        label=offer.label,
        kind=types.CompletionItemKind.Value if lead else types.CompletionItemKind.Property,
        detail=offer.detail or None,
        sort_text=f"{number:03}",
        filter_text=lead + offer.label,
        text_edit=types.TextEdit(where, lead + (offer.new or offer.label)),
    )
