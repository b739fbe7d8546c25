"""What the commands share: reading their argument, asking the user for a reason, saying what happened."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcInvalidParams

from earmark.git.run import GitError
from earmark.lsp.handlers.arguments import field
from earmark.lsp.text import plain
from earmark.origin.ledger import LedgerError

if TYPE_CHECKING:
    from earmark.git.repository import Repository
    from earmark.lsp.buffer import Buffer
    from earmark.lsp.server import EarmarkServer

_LONGEST_REASON = 500


class Refused(JsonRpcException):
    """The command cannot be carried out here; the message says why and what to do. (LSP RequestFailed)"""

    CODE = types.LSPErrorCodes.RequestFailed.value
    MESSAGE = "refused"


Command = Callable[..., Coroutine[Any, Any, dict[str, Any]]]


def explained(command: Command) -> Command:
    """`command`, with what git, the ledger or the disk refuse said as such instead of as a fault of ours."""

    @wraps(command)
    async def guarded(ls: EarmarkServer, *arguments: Any) -> dict[str, Any]:
        try:
            return await command(ls, *arguments)
        except (GitError, LedgerError, OSError) as error:
            raise Refused(plain(str(error))) from error

    return guarded


def argument(arguments: tuple[Any, ...]) -> Any:
    """The command's one object; empty when the client gave none."""
    return arguments[0] if arguments else {}


def buffer_of(ls: EarmarkServer, given: Any) -> Buffer | None:
    """The open document that the argument names, if it names one."""
    uri = field(given, "uri")
    return ls.session.buffers.get(uri) if isinstance(uri, str) else None


def require_buffer(ls: EarmarkServer, given: Any) -> Buffer:
    """The open document that the argument names; raises where there is none."""
    buffer = buffer_of(ls, given)
    if buffer is None:
        raise JsonRpcInvalidParams("the argument must be an object with the uri of an open document")
    return buffer


async def require_place(
    ls: EarmarkServer, arguments: tuple[Any, ...], *, writes: bool
) -> tuple[Buffer | None, Repository]:
    """The document and the repository a command is about: those of its argument, whose `uri` may name a file that is
    not open or a folder, else the client's first folder."""
    given = argument(arguments)
    buffer = buffer_of(ls, given)
    uri = field(given, "uri")
    repo = await ls.session.repository(buffer, uri if isinstance(uri, str) else "")
    if repo is None:
        raise Refused("This is not inside a git worktree, so there is no commit to speak of.")
    if writes:
        require_trust(ls, repo)
    return buffer, repo


def require_trust(ls: EarmarkServer, repo: Repository) -> None:
    """Raise unless the user trusts this workspace."""
    if not (repo.trusted or ls.session.settings.trusted):
        raise Refused("Nobody has said that this workspace is trusted; run `earmark trust` in it if it is yours.")


async def reason_for(ls: EarmarkServer, given: Any, question: str, offered: tuple[str, ...]) -> str:
    """The reason that the argument carries, else one that the user picks; raises where none is given."""
    reason = field(given, "reason")
    if isinstance(reason, str) and reason.strip():
        return plain(reason, _LONGEST_REASON)
    if reason is not None:
        raise JsonRpcInvalidParams("reason must say why, in a sentence")
    chosen = await ls.window_show_message_request_async(
        types.ShowMessageRequestParams(
            types.MessageType.Info, question, [types.MessageActionItem(title) for title in offered]
        )
    )
    if chosen is None:
        raise Refused("No reason was given, so nothing was done.")
    return plain(chosen.title, _LONGEST_REASON)


def say(ls: EarmarkServer, text: str, kind: types.MessageType = types.MessageType.Info) -> None:
    """Tell the user what happened."""
    ls.window_show_message(types.ShowMessageParams(kind, f"Earmark: {text}"))
