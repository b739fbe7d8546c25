"""Which method is answered by which handler: the only place where they are registered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from earmark.lsp.commands.asking import explained
from earmark.lsp.commands.explain_rule import explain_rule
from earmark.lsp.commands.mark_region import mark_region
from earmark.lsp.commands.request_review import request_review
from earmark.lsp.commands.show_region import show_region
from earmark.lsp.commands.suppress_finding import suppress_finding
from earmark.lsp.commands.tag_commit import tag_commit
from earmark.lsp.handlers.code_action import KINDS, code_action
from earmark.lsp.handlers.did_change_configuration import did_change_configuration
from earmark.lsp.handlers.did_insert import did_insert
from earmark.lsp.handlers.did_save import did_save
from earmark.lsp.handlers.hover import hover
from earmark.lsp.handlers.initialize import initialize
from earmark.lsp.handlers.initialized import initialized
from earmark.lsp.handlers.regions import regions

if TYPE_CHECKING:
    from earmark.lsp.server import EarmarkServer


COMMANDS = {
    "earmark.tagCommit": tag_commit,
    "earmark.requestReview": request_review,
    "earmark.markRegion": mark_region,
    "earmark.suppressFinding": suppress_finding,
    "earmark.showRegion": show_region,
    "earmark.explainRule": explain_rule,
}


def register(ls: EarmarkServer) -> None:
    """Register what every client gets; `initialize` adds what depends on the client."""
    ls.feature(types.INITIALIZE)(initialize)
    ls.feature(types.INITIALIZED)(initialized)
    ls.feature(types.TEXT_DOCUMENT_DID_SAVE)(did_save)
    ls.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)(did_change_configuration)
    ls.feature(types.TEXT_DOCUMENT_HOVER)(hover)
    ls.feature(types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(code_action_kinds=KINDS))(code_action)
    ls.feature("earmark/regions")(regions)
    ls.feature("earmark/didInsert")(did_insert)
    for name, command in COMMANDS.items():
        ls.command(name)(explained(command))


def register_for_client(ls: EarmarkServer) -> None:
    """Register what this client can use; called by `initialize`, before the capabilities are computed.

    Their modules are loaded here, not with the server: what a client cannot ask for costs it no start-up time.
    """
    client = ls.client
    if client.pull_diagnostics:
        from earmark.lsp.handlers.diagnostic import diagnostic

        options = types.DiagnosticOptions(
            inter_file_dependencies=False, workspace_diagnostics=False, identifier="earmark"
        )
        ls.feature(types.TEXT_DOCUMENT_DIAGNOSTIC, options)(diagnostic)
    if client.inlay_hints and not client.decorations:
        from earmark.lsp.handlers.inlay_hint import inlay_hint

        ls.feature(types.TEXT_DOCUMENT_INLAY_HINT)(inlay_hint)
    if client.code_lenses:
        from earmark.lsp.handlers.code_lens import code_lens

        ls.feature(types.TEXT_DOCUMENT_CODE_LENS)(code_lens)
