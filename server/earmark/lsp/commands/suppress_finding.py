"""`earmark.suppressFinding {uri, range, rule, reason?}` → {comment}: a comment in the text, with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams

from earmark.lsp.commands.asking import Refused, argument, reason_for, require_buffer
from earmark.lsp.handlers.arguments import byte_range, field, word
from earmark.lsp.recall import audited

if TYPE_CHECKING:
    from earmark.lsp.buffer import Buffer
    from earmark.lsp.server import EarmarkServer

_REASONS = ("Not a problem here", "Handled elsewhere", "Accepted for now", "Test or example code")

_COMMENTS = {
    "#": "python ruby bash terraform dockerfile yaml",
    "//": "javascript typescript tsx go java rust c cpp csharp php kotlin swift",
    "--": "sql",
}
_LEAD = {language: lead for lead, languages in _COMMENTS.items() for language in languages.split()}


async def suppress_finding(ls: EarmarkServer, *arguments: Any) -> dict[str, Any]:
    """Put a suppressing comment on its own line above the finding."""
    given = argument(arguments)
    buffer = require_buffer(ls, given)
    rule = word(given, "rule")
    lead = _LEAD.get(buffer.language)
    if lead is None:
        raise Refused("This language has no comments, so nothing can be suppressed in the text.")
    if not ls.client.apply_edit:
        raise Refused(f"This editor takes no edits; write `{lead} earmark: ignore[{rule}] reason` above the line.")
    _line_of(ls, buffer, given, rule)
    reason = await reason_for(
        ls, given, f"Why is {rule} not a problem here? The reason is kept in a comment.", _REASONS
    )
    line = _line_of(ls, buffer, given, rule)
    start = buffer.document.line_start(line)
    text = buffer.text[start : buffer.document.line_end(line)]
    indent = text[: len(text) - len(text.lstrip())].decode("ascii")
    end = "\r\n" if buffer.text[buffer.document.line_end(0) :][:2] == b"\r\n" else "\n"
    comment = f"{lead} earmark: ignore[{rule}] {reason}"
    place = types.Range(types.Position(line, 0), types.Position(line, 0))
    edit = types.WorkspaceEdit(changes={buffer.uri: [types.TextEdit(place, f"{indent}{comment}{end}")]})
    applied = await ls.workspace_apply_edit_async(types.ApplyWorkspaceEditParams(edit, f"Suppress {rule}"))
    if applied.applied and buffer.place is not None and ls.session.trusted(buffer):
        detail = {"path": buffer.place.path, "rule": rule}
        await ls.session.scheduler.io(audited, buffer.place.repo, "suppressed", reason, detail)
    return {"comment": comment if applied.applied else ""}


def _line_of(ls: EarmarkServer, buffer: Buffer, given: Any, rule: str) -> int:
    """The line of the finding of this rule that is nearest to the range given; 0-based."""
    start, _ = byte_range(buffer, field(given, "range"), ls.client.encoding)
    places = [item.placed.start for item in ls.session.shown(buffer) if item.placed.finding.rule == rule]
    if not places:
        raise JsonRpcInvalidParams(f"there is no finding of rule {rule[:80]!r} in this document")
    return buffer.document.line_at(min(places, key=lambda place: abs(place - start)))
