"""`textDocument/completion`: trailers in a commit message, with the values that are derived first, and the keys and
words of a policy file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lsprotocol import types

from earmark.lsp.convert import range_of
from earmark.lsp.policy_offers import Offer, offers
from earmark.trailers import vocabulary as words

if TYPE_CHECKING:
    from earmark.lsp.buffer import Buffer
    from earmark.lsp.server import EarmarkServer

_DERIVED = "derived from what is staged"
_CLOSED = {
    words.ASSISTED: ("yes", "no"), words.RISK: words.RISKS, words.REVIEW: words.REVIEWS, words.ROLLOUT: words.ROLLOUTS,
}  # fmt: skip


def completion(ls: EarmarkServer, params: types.CompletionParams) -> list[types.CompletionItem] | None:
    """What can stand at the cursor; None in other files, in a message's subject and in its comments."""
    buffer = ls.session.buffers.get(params.text_document.uri)
    if buffer is None or not (buffer.is_commit_message or buffer.is_policy):
        return None
    at = buffer.document.offset(params.position.line, params.position.character, ls.client.encoding)
    start = buffer.document.line_start(buffer.document.line_at(at))
    typed = buffer.text[start:at].decode("utf-8", "replace")
    if buffer.is_policy:
        lines = buffer.text.decode("utf-8", "replace").splitlines()
        begin, found = offers(lines, params.position.line, typed)
        start, lead = start + len(typed[:begin].encode()), ""
    elif params.position.line == 0 or typed.startswith(_comment(ls, buffer)):
        return None
    else:
        key, colon, _ = typed.partition(":")
        start, lead = (start + len(f"{key}:".encode()), " ") if colon else (start, "")
        found = tuple(_trailers(ls, buffer, key if colon else ""))
    where = range_of(buffer.document, start, at, ls.client.encoding)
    return [_item(offer, lead, number, where) for number, offer in enumerate(found)]


def _comment(ls: EarmarkServer, buffer: Buffer) -> str:
    known = ls.session.messages.of(buffer)
    return known.comment if known is not None else "#"


def _trailers(ls: EarmarkServer, buffer: Buffer, key: str) -> Iterator[Offer]:
    """Values of the trailer `key`, or trailers where there is none yet."""
    known = ls.session.messages.of(buffer)
    block = known.block if known is not None else ""
    yield from _values(key.strip(), block) if key else _keys(buffer, _comment(ls, buffer), block)


def _keys(buffer: Buffer, comment: str, block: str) -> Iterator[Offer]:
    """The whole block where nothing is declared yet, the lines of it that are missing, then keys alone."""
    # Not as git reads it: a block with the word being typed in it is none yet.
    lines = buffer.text.decode("utf-8", "replace").split("\n")
    written = [line.partition(":")[::2] for line in lines if not line.startswith(comment)]
    there = {(key.strip().lower(), value.strip()) for key, value in written}
    keys = {key for key, _ in there}
    if block and words.ASSISTED.lower() not in keys:
        yield Offer(f"{block.splitlines()[0]} …", f"the whole declaration, {_DERIVED}", block.rstrip("\n"))
    due = [line.partition(": ")[::2] for line in block.splitlines()]
    for key, value in due:
        if (key.lower(), value) not in there and (key == words.ASSISTED_BY or key.lower() not in keys):
            yield Offer(f"{key}: {value}", _DERIVED)
    for key in words.KEYS:
        if key.lower() not in keys and key not in dict(due):
            yield Offer(f"{key}: ")


def _values(key: str, block: str) -> Iterator[Offer]:
    due = [line.partition(": ")[::2] for line in block.splitlines()]
    derived = [value for name, value in due if name.lower() == key.lower()]
    yield from (Offer(value, _DERIVED) for value in derived)
    closed = next((values for name, values in _CLOSED.items() if name.lower() == key.lower()), ())
    yield from (Offer(value) for value in closed if value not in derived)


def _item(offer: Offer, lead: str, number: int, where: types.Range) -> types.CompletionItem:
    return types.CompletionItem(
        label=offer.label,
        kind=types.CompletionItemKind.Value if lead else types.CompletionItemKind.Property,
        detail=offer.detail or None,
        sort_text=f"{number:03}",
        filter_text=lead + offer.label,
        text_edit=types.TextEdit(where, lead + (offer.new or offer.label)),
    )
