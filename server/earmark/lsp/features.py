"""Which method is answered by which handler: the only place where they are registered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from earmark.lsp.handlers.did_change_configuration import did_change_configuration
from earmark.lsp.handlers.did_insert import did_insert
from earmark.lsp.handlers.did_save import did_save
from earmark.lsp.handlers.initialize import initialize
from earmark.lsp.handlers.initialized import initialized
from earmark.lsp.handlers.regions import regions

if TYPE_CHECKING:
    from earmark.lsp.server import EarmarkServer


def register(ls: EarmarkServer) -> None:
    """Register what every client gets; `initialize` adds what depends on the client."""
    ls.feature(types.INITIALIZE)(initialize)
    ls.feature(types.INITIALIZED)(initialized)
    ls.feature(types.TEXT_DOCUMENT_DID_SAVE)(did_save)
    ls.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)(did_change_configuration)
    ls.feature("earmark/regions")(regions)
    ls.feature("earmark/didInsert")(did_insert)


def register_for_client(ls: EarmarkServer) -> None:
    """Register what this client can use; called by `initialize`, before the capabilities are computed."""
    from earmark.lsp.handlers.diagnostic import diagnostic

    if ls.client.pull_diagnostics:
        options = types.DiagnosticOptions(
            inter_file_dependencies=False, workspace_diagnostics=False, identifier="earmark"
        )
        ls.feature(types.TEXT_DOCUMENT_DIAGNOSTIC, options)(diagnostic)
