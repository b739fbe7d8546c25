"""`textDocument/codeAction`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from earmark.lsp.convert import bytes_of, diagnostic, range_of
from earmark.lsp.features import ACTION_KINDS
from earmark.lsp.standing import waits_for_review
from earmark.lsp.text import plain

if TYPE_CHECKING:
    from earmark.lsp.buffer import Buffer
    from earmark.lsp.diagnostics import Shown
    from earmark.lsp.server import EarmarkServer

QUICKFIX, TAG, REVIEW = ACTION_KINDS

Action = types.CodeAction | types.Command


def code_action(ls: EarmarkServer, params: types.CodeActionParams) -> list[Action]:
    """What can be done about the findings and regions that the range touches.

    They are found by place, never by what a diagnostic carried: some clients do not send its data back.
    """
    buffer = ls.session.buffers.get(params.text_document.uri)
    if buffer is None:
        return []
    start, end = bytes_of(buffer, params.range, ls.client.encoding)
    actions = list(_actions(ls, buffer, start, end))
    only = params.context.only
    if only:
        actions = [action for action in actions if any(_within(action.kind, kind) for kind in only)]
    if ls.client.code_action_literals:
        return list(actions)
    # A client from before code action literals takes commands only.
    return [action.command for action in actions if action.command is not None]


def _within(kind: types.CodeActionKind | str | None, wanted: types.CodeActionKind | str) -> bool:
    mine, asked = (str(getattr(k, "value", k)) for k in (kind, wanted))
    return mine == asked or mine.startswith(asked + ".") or not asked


def _actions(ls: EarmarkServer, buffer: Buffer, start: int, end: int) -> Iterator[types.CodeAction]:
    trusted = ls.session.trusted(buffer)
    if buffer.is_commit_message:
        if ls.session.messages.offer(buffer):
            title = "Earmark: write the trailers and mend this message"
            yield _command(title, QUICKFIX, "earmark.tagCommit", {"uri": buffer.uri})
        return
    for item in ls.session.shown(buffer):
        if item.placed.start <= end and item.placed.end >= start:
            yield from _about_finding(ls, buffer, item)
    if not trusted or buffer.tracking is None:
        return
    for named in buffer.tracking.ai:
        if named.region.start <= end and named.region.end >= start:
            yield _command(
                "Earmark: a person wrote this, not AI…", QUICKFIX, "earmark.markRegion",
                {"uri": buffer.uri, "id": named.id, "kind": "human"},
            )  # fmt: skip
            break
    else:
        if end > start:
            where = _place(ls, buffer, start, end)
            yield _command("Earmark: AI wrote this…", QUICKFIX, "earmark.markRegion", where | {"kind": "ai"})
    if buffer.place is not None:
        asked = {o.code: o for o in ls.session.standing(buffer).open_for(buffer.place.path)}
        if "undeclared-ai" in asked:
            yield _command("Earmark: tag the next commit", TAG, "earmark.tagCommit", {"uri": buffer.uri})
        yield from _about_review(ls, buffer, start, end, any(map(waits_for_review, asked)))


def _about_review(ls: EarmarkServer, buffer: Buffer, start: int, end: int, wanted: bool) -> Iterator[types.CodeAction]:
    """Ask for a review of the change, of this file, and of a committed region here, while one is open."""
    here = ls.session.reviewed_in(buffer)
    if not wanted and all(review.state == "approved" for review in here):
        return
    argument: dict[str, Any] = {"uri": buffer.uri}
    yield _command("Earmark: request a review", REVIEW, "earmark.requestReview", argument)
    if not here:
        return
    whole = argument | {"scope": "file"}
    yield _command("Earmark: request a review of this file", REVIEW, "earmark.requestReview", whole)
    first, last = buffer.document.line_at(start) + 1, buffer.document.line_at(end) + 1
    for review in here:
        if review.lines.start and review.lines.start <= last and review.lines.end >= first:
            lines = [buffer.document.line_start(line - 1) for line in review.lines]
            region = _place(ls, buffer, *lines) | {"scope": "region"}
            yield _command("Earmark: request a review of this region", REVIEW, "earmark.requestReview", region)
            break


def _about_finding(ls: EarmarkServer, buffer: Buffer, item: Shown) -> Iterator[types.CodeAction]:
    placed, encoding = item.placed, ls.client.encoding
    finding = placed.finding
    said = diagnostic(buffer.document, ls.session.mark_of(buffer, item), encoding)
    if finding.fix is not None:
        fix = finding.fix
        where = range_of(buffer.document, fix.start + placed.shift, fix.end + placed.shift, encoding)
        edit = types.TextEdit(where, fix.new.decode("utf-8", "replace"))
        yield types.CodeAction(
            title=f"Earmark: {plain(fix.title)}",
            kind=QUICKFIX,
            diagnostics=[said],
            is_preferred=True,
            edit=types.WorkspaceEdit(changes={buffer.uri: [edit]}),
        )
    where_said = _place(ls, buffer, placed.start, placed.end) | {"rule": finding.rule}
    suppress = _command(f"Earmark: suppress {finding.rule} here…", QUICKFIX, "earmark.suppressFinding", where_said)
    explain = _command(f"Earmark: why {finding.rule}?", QUICKFIX, "earmark.explainRule", where_said)
    for action in (suppress, explain):
        action.diagnostics = [said]
        yield action


def _place(ls: EarmarkServer, buffer: Buffer, start: int, end: int) -> dict[str, Any]:
    where = range_of(buffer.document, start, end, ls.client.encoding)
    return {
        "uri": buffer.uri,
        "version": buffer.version,
        "range": {
            "start": {"line": where.start.line, "character": where.start.character},
            "end": {"line": where.end.line, "character": where.end.character},
        },
    }


def _command(title: str, kind: types.CodeActionKind | str, command: str, argument: dict[str, Any]) -> types.CodeAction:
    return types.CodeAction(
        title=title, kind=kind, command=types.Command(title=title, command=command, arguments=[argument])
    )
