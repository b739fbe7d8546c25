"""`initialize`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from earmark.lsp import features

if TYPE_CHECKING:
    from earmark.lsp.server import EarmarkServer


def initialize(ls: EarmarkServer, params: types.InitializeParams) -> None:
    """Take note of the client; pygls then answers with what is registered. No file is read before that."""
    ls.begin(params)
    features.register_for_client(ls)
