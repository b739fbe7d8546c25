"""Which method is answered by which handler: the only place where they are registered.

A handler's module is loaded when its first message comes: an editor waits for the answer to `initialize`, and nothing
that the answer does not need is loaded before it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from lsprotocol import types

if TYPE_CHECKING:
    from collections.abc import Callable

    from earmark.lsp.server import EarmarkServer

# The name of a handler is that of its module in `handlers` and of the function there.
_HANDLERS = {
    types.TEXT_DOCUMENT_DID_SAVE: "did_save",
    types.TEXT_DOCUMENT_HOVER: "hover",
    types.TEXT_DOCUMENT_CODE_ACTION: "code_action",
    "earmark/regions": "regions",
    "earmark/didInsert": "did_insert",
}
# Those that wait for something: a file, the client's answer, a longer look.
_WAITING = {
    types.INITIALIZED: "initialized",
    types.SHUTDOWN: "shutdown",
    types.WORKSPACE_DID_CHANGE_CONFIGURATION: "did_change_configuration",
    "earmark/change": "change",
    "earmark/reviewPreview": "review_preview",
    "earmark/reviewState": "review_state",
    "earmark/reviewQueue": "review_queue",
}
COMMANDS = {
    "earmark.tagCommit": "tag_commit",
    "earmark.requestReview": "request_review",
    "earmark.markRegion": "mark_region",
    "earmark.suppressFinding": "suppress_finding",
    "earmark.showRegion": "show_region",
    "earmark.explainRule": "explain_rule",
    "earmark.outbox": "outbox",
}
COMPLETION_TRIGGERS = (":", "[")
ACTION_KINDS = (types.CodeActionKind.QuickFix, "source.earmark.tag", "source.earmark.review")


def register(ls: EarmarkServer) -> None:
    """Register what every client gets; `initialize` adds what depends on the client."""

    @ls.feature(types.INITIALIZE)
    def initialize(params: types.InitializeParams) -> None:
        ls.begin(params)

    options = {types.TEXT_DOCUMENT_CODE_ACTION: types.CodeActionOptions(code_action_kinds=ACTION_KINDS)}
    for method, name in _HANDLERS.items():
        ls.feature(method, options.get(method))(_at_once(name))
    for method, name in _WAITING.items():
        ls.feature(method)(_waiting(name))
    for command, name in COMMANDS.items():
        ls.command(command)(_command(name))


def register_for_client(ls: EarmarkServer) -> None:
    """Register what this client can use; called by `initialize`, before the capabilities are computed."""
    client = ls.client
    if client.pull_diagnostics:
        options = types.DiagnosticOptions(
            inter_file_dependencies=False, workspace_diagnostics=False, identifier="earmark"
        )
        ls.feature(types.TEXT_DOCUMENT_DIAGNOSTIC, options)(_yielding("diagnostic"))
    if client.inlay_hints and not client.decorations:
        ls.feature(types.TEXT_DOCUMENT_INLAY_HINT)(_at_once("inlay_hint"))
    if client.completion and not client.register_completion:
        register_completion(ls)
    if client.code_lenses:
        ls.feature(types.TEXT_DOCUMENT_CODE_LENS)(_at_once("code_lens"))


def register_completion(ls: EarmarkServer) -> None:
    """Answer `completion`. A client that can be told so asks in commit messages and policies only (see
    `handlers.initialized`)."""
    ls.feature(types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions(trigger_characters=COMPLETION_TRIGGERS))(
        _at_once("completion")
    )


def _at_once(name: str) -> Callable[..., Any]:
    def handler(ls: EarmarkServer, params: Any) -> Any:
        return getattr(import_module(f"earmark.lsp.handlers.{name}"), name)(ls, params)

    return handler


def _waiting(name: str) -> Callable[..., Any]:
    async def handler(ls: EarmarkServer, params: Any = None) -> Any:
        return await getattr(import_module(f"earmark.lsp.handlers.{name}"), name)(ls, params)

    return handler


def _yielding(name: str) -> Callable[..., Any]:
    def handler(ls: EarmarkServer, params: Any) -> Any:
        return (yield from getattr(import_module(f"earmark.lsp.handlers.{name}"), name)(ls, params))

    return handler


def _command(name: str) -> Callable[..., Any]:
    async def handler(ls: EarmarkServer, *arguments: Any) -> Any:
        from earmark.lsp.commands.asking import explained

        return await explained(getattr(import_module(f"earmark.lsp.commands.{name}"), name))(ls, *arguments)

    return handler
