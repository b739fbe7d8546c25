"""`earmark/didInsert`: a client of ours saw an assistant's text being accepted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pygls.exceptions import JsonRpcInvalidParams

from earmark.lsp.buffer import Claim
from earmark.lsp.handlers.arguments import field, position, uri_of, word
from earmark.origin.model import Session
from earmark.text.document import ByteDocument

if TYPE_CHECKING:
    from earmark.lsp.server import EarmarkServer

_KINDS = frozenset({"completion", "chat", "agent"})


def did_insert(ls: EarmarkServer, params: Any) -> None:
    """Give the inserted range to its session; `range` is in the text of `textDocument.version`, before or after whose
    `didChange` this arrives."""
    buffer = ls.session.buffers.get(uri_of(params))
    if buffer is None:
        return
    version = field(params, "textDocument", "version")
    start, end = (position(field(params, "range", name)) for name in ("start", "end"))
    kind = word(params, "kind", "completion")
    tool = word(params, "tool")
    if kind not in _KINDS or not tool:
        raise JsonRpcInvalidParams("didInsert needs a tool, and a kind of completion, chat or agent")
    conversation = word(params, "session") or f"{kind}:{buffer.uri}"
    session = Session(tool=tool, conversation=conversation, model=word(params, "model") or "unknown")
    encoding = ls.client.encoding

    def locate(document: ByteDocument) -> tuple[int, int]:
        places = sorted((document.offset(*start, encoding), document.offset(*end, encoding)))
        return places[0], places[1]

    version = version if isinstance(version, int) else buffer.version
    ls.session.origins.claim(buffer, Claim(version, locate, session))
