"""`earmark.tagCommit {uri?, message?}` → {block, summary, written}: `written` is "message", "next commit", or empty.

With `message`, a text that is no document (a commit box), the answer has it with its trailers as `message`, and nothing
is written or kept.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from earmark.lsp.commands.asking import argument, require_place, say
from earmark.lsp.convert import range_of
from earmark.lsp.handlers.arguments import field
from earmark.lsp.messages import Due, due, mended
from earmark.lsp.recall import audited
from earmark.text.document import replacement

if TYPE_CHECKING:
    from earmark.git.repository import Repository
    from earmark.lsp.buffer import Buffer
    from earmark.lsp.server import EarmarkServer


async def tag_commit(ls: EarmarkServer, *arguments: Any) -> dict[str, Any]:
    """Write the trailers into the open commit message, or keep them for the next commit."""
    buffer, repo = await require_place(ls, arguments, writes=True)
    given = field(argument(arguments), "message")
    if isinstance(given, str):
        return await _for_text(ls, given, repo)
    if buffer is not None and buffer.is_commit_message:
        return await _into_message(ls, buffer, repo)
    found = await ls.session.scheduler.slow_io(keep, repo)
    if not found.block:
        say(ls, f"Nothing to declare: {found.summary}.")
        return {"block": "", "summary": found.summary, "written": ""}
    say(ls, f"{found.summary}; the next commit will declare it.")
    return {"block": found.block, "summary": found.summary, "written": "next commit"}


async def _for_text(ls: EarmarkServer, given: str, repo: Repository) -> dict[str, Any]:
    text = given.encode("utf-8", "replace")
    found = await ls.session.scheduler.slow_io(due, repo, text)
    message = mended(text, found).decode("utf-8", "replace")
    return {"block": found.block, "summary": found.summary, "written": "", "message": message}


async def _into_message(ls: EarmarkServer, buffer: Buffer, repo: Repository) -> dict[str, Any]:
    found = await ls.session.scheduler.slow_io(due, repo, buffer.text)
    before = buffer.text
    after = mended(before, found)
    answer = {"block": found.block, "summary": found.summary, "written": ""}
    if after == before or not ls.client.apply_edit:
        say(ls, f"{found.summary}; nothing to change in the message." if after == before else found.block)
        return answer
    edit = replacement(before, after)
    where = range_of(buffer.document, edit.start, edit.end, ls.client.encoding)
    change = types.TextEdit(where, edit.new.decode("utf-8", "replace"))
    applied = await ls.workspace_apply_edit_async(
        types.ApplyWorkspaceEditParams(types.WorkspaceEdit(changes={buffer.uri: [change]}), "Provenance trailers")
    )
    if applied.applied:
        detail = {"block": found.block.splitlines()}
        await ls.session.scheduler.slow_io(audited, repo, "tagged", "in the editor", detail)
    return answer | {"written": "message" if applied.applied else ""}


def keep(repo: Repository) -> Due:
    """Derive the trailers of the staged change and keep them for the next commit; runs in the pool."""
    from earmark.commit import declared, pending, situation
    from earmark.commit.parent import Parent
    from earmark.origin.ledger import Ledger

    now = situation.read(repo, "", "", Parent(), {})
    with Ledger.open(repo) as ledger:
        found = declared.staged(repo, ledger, now, os.environ)
    if found.block:
        pending.write(repo, pending.Pending(found.fingerprint, found.block, evidence=found.summary), "next")
        audited(repo, "tagged", "in the editor", {"block": found.block.splitlines(), "fingerprint": found.fingerprint})
    return Due(found.block, found.summary, "#")
