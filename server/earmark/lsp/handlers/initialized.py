"""`initialized`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from earmark.lsp.buffer import COMMIT_LANGUAGES
from earmark.lsp.features import COMPLETION_TRIGGERS, register_completion
from earmark.lsp.handlers.did_change_configuration import pull_configuration
from earmark.policy.model import FILE

if TYPE_CHECKING:
    from earmark.lsp.server import EarmarkServer


async def initialized(ls: EarmarkServer, _: types.InitializedParams) -> None:
    """Ask for the user's settings, and to be told when they change, where the client can do either."""
    ls.session.vanished.start()
    if ls.client.register_configuration:
        registration = types.Registration(
            id="earmark.configuration",
            method=types.WORKSPACE_DID_CHANGE_CONFIGURATION,
            register_options={"section": "earmark"},
        )
        ls.client_register_capability(types.RegistrationParams([registration]))
    if ls.client.completion and ls.client.register_completion:
        register_completion(ls)
        completion = types.Registration(
            id="earmark.completion",
            method=types.TEXT_DOCUMENT_COMPLETION,
            register_options={
                "documentSelector": [
                    *({"language": language} for language in sorted(COMMIT_LANGUAGES)),
                    {"pattern": f"**/{FILE}"},
                ],
                "triggerCharacters": list(COMPLETION_TRIGGERS),
            },
        )
        ls.client_register_capability(types.RegistrationParams([completion]))
    if ls.client.configuration:
        await pull_configuration(ls)
