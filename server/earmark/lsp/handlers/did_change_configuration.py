"""`workspace/didChangeConfiguration`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lsprotocol import types

if TYPE_CHECKING:
    from earmark.lsp.server import EarmarkServer


async def did_change_configuration(ls: EarmarkServer, params: types.DidChangeConfigurationParams) -> None:
    """Apply the settings: asked for where the client answers such questions, else as they come with the message."""
    if ls.client.configuration:
        await pull_configuration(ls)
        return
    given = as_data(params.settings)
    if isinstance(given, Mapping) and "earmark" in given:
        ls.session.configure(given["earmark"])


async def pull_configuration(ls: EarmarkServer) -> None:
    """Ask for section `earmark` and apply it."""
    item = types.ConfigurationItem(section="earmark")
    answer = await ls.workspace_configuration_async(types.ConfigurationParams([item]))
    for given in answer[:1]:
        ls.session.configure(as_data(given))


def as_data(value: Any) -> Any:
    """What pygls made of an object of no known type, as plain data again."""
    fields = getattr(value, "_asdict", None)
    if fields is not None:
        return {key: as_data(item) for key, item in fields().items()}
    if isinstance(value, Mapping):
        return {key: as_data(item) for key, item in value.items()}
    return value
