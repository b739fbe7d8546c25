"""`textDocument/hover`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from lsprotocol import types

from earmark.lsp.regions import author_label
from earmark.lsp.reviewed import sentence
from earmark.lsp.text import name, plain, prose, when

if TYPE_CHECKING:
    from earmark.lsp.buffer import Buffer
    from earmark.lsp.findings import Placed
    from earmark.lsp.identity import Named
    from earmark.lsp.server import EarmarkServer
    from earmark.lsp.standing import Standing


class _Show(NamedTuple):
    """How foreign text is written for this client: sentences, and names."""

    prose: Callable[[str], str]
    name: Callable[[str], str]


def hover(ls: EarmarkServer, params: types.HoverParams) -> types.Hover | None:
    """Who wrote the text here and when, why it is risky, who must sign, how to lower it; None where nobody asks."""
    buffer = ls.session.buffers.get(params.text_document.uri)
    if buffer is None:
        return None
    if buffer.is_commit_message:
        return _due(ls, buffer)
    at = buffer.document.offset(params.position.line, params.position.character, ls.client.encoding)
    markdown = ls.client.hover_markdown
    show = _Show(partial(prose, markdown=markdown), partial(name, markdown=markdown))
    parts = []
    named = _region(buffer, at)
    if named is not None:
        parts += list(_origin(buffer, named, show))
    for item in ls.session.shown(buffer):
        if item.placed.start <= at <= item.placed.end:
            parts += list(_risk(item.placed, show))
    if named is not None and buffer.place is not None:
        parts += list(_review(ls, buffer, named, show))
        parts += list(_asked(ls.session.standing(buffer), buffer.place.path, show))
    if not parts:
        return None
    line = params.position.line + 1
    parts += [
        f"Used by others: {show.prose(known.said)}" for known in buffer.callers if known.start <= line <= known.end
    ]
    text = ("\n\n" if markdown else "\n").join(parts)
    kind = types.MarkupKind.Markdown if markdown else types.MarkupKind.PlainText
    return types.Hover(types.MarkupContent(kind, text))


def _due(ls: EarmarkServer, buffer: Buffer) -> types.Hover | None:
    """What the commit will declare, exactly as it will be written."""
    known = ls.session.messages.of(buffer)
    if known is None:
        return None
    said = known.summary + ("; this will be written:" if known.block else "; nothing is declared.")
    if ls.client.hover_markdown:
        block = f"\n\n```\n{known.block}```" if known.block else ""
        problems = "".join(f"\n\n{prose(problem, markdown=True)}" for problem in known.problems)
        return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, said + block + problems))
    text = "\n".join([said, *known.block.splitlines(), *map(plain, known.problems)])
    return types.Hover(types.MarkupContent(types.MarkupKind.PlainText, text))


def _region(buffer: Buffer, at: int) -> Named | None:
    if buffer.tracking is None:
        return None
    return next((n for n in buffer.tracking.ai if n.region.start <= at < n.region.end), None)


def _origin(buffer: Buffer, named: Named, show: _Show) -> Iterator[str]:
    region = named.region
    written = when(region.order)
    at = f", {written}" if written else ""
    author = show.name(author_label(buffer, region.origin.author))
    yield f"Written by AI: {author} (session {show.name(region.origin.author)}{at})"
    session = buffer.tracking.session_of(named) if buffer.tracking is not None else None
    if session is not None and session.director:
        yield f"Directed by {show.name(session.director)}"


def _risk(placed: Placed, show: _Show) -> Iterator[str]:
    finding = placed.finding
    detail = f" ({show.name(finding.detail)})" if finding.detail else ""
    yield f"Risk {finding.severity}, {show.name(finding.rule)}: {show.prose(finding.message)}{detail}"
    if finding.hint:
        yield f"To lower it: {show.prose(finding.hint)}"


def _review(ls: EarmarkServer, buffer: Buffer, named: Named, show: _Show) -> Iterator[str]:
    """How the review of the committed text stands: the same for its author and for whoever reviews it."""
    review = ls.session.review_state_of(buffer, named)
    if review is None or buffer.place is None:
        return
    state = ls.session.reviews.of(buffer.place.repo)
    yield f"Review: {show.prose(sentence(review, state))}"
    for _, message, met in state.obligations:
        if not met:
            yield f"Asked of the change: {show.prose(message)}"
    if state.url:
        yield f"Request: {show.name(state.url)} ({state.state})"
    if review.state != "approved" and state.second:
        yield f"If nobody answers: {show.name(', '.join(state.second))}"


def _asked(standing: Standing, path: str, show: _Show) -> Iterator[str]:
    if standing.level:
        yield f"This change: risk {standing.level}, {standing.score:g} of 100"
    for obligation in standing.open_for(path):
        where = f" ({show.name(obligation.where)})" if obligation.where else ""
        yield f"Still open: {show.prose(obligation.message)}{where}"
    for _, lower in standing.lowered_by[:2]:
        yield f"Would lower it: {show.prose(lower)}"
