"""The private hooks of pygls that we override are still there and are still called as we expect."""

from __future__ import annotations

import inspect
from importlib.metadata import version
from pathlib import Path

import pygls
import pytest
from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol

from earmark.lsp.protocol import EarmarkProtocol


def test_the_version_we_know() -> None:
    assert version("pygls").startswith("2.1.")


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("_send_data", ["self", "data"]),
        ("_handle_response", ["self", "msg_id", "result", "error"]),
        ("_handle_cancel_notification", ["self", "msg_id"]),
        ("_send_response", ["self", "msg_id", "result", "error"]),
        ("structure_message", ["self", "data"]),
        ("handle_message", ["self", "message"]),
        ("lsp_exit", ["self", "args"]),
        ("lsp_text_document__did_open", ["self", "params"]),
        ("lsp_text_document__did_change", ["self", "params"]),
        ("lsp_text_document__did_close", ["self", "params"]),
        ("lsp_workspace__execute_command", ["self", "params"]),
    ],
)
def test_the_hooks(name: str, parameters: list[str]) -> None:
    assert list(inspect.signature(getattr(LanguageServerProtocol, name)).parameters) == parameters


def test_ours_replace_the_built_in_handlers() -> None:
    server = LanguageServer("test", "1", protocol_cls=EarmarkProtocol)
    handlers = server.protocol.fm.builtin_features
    for method in (
        types.TEXT_DOCUMENT_DID_OPEN,
        types.TEXT_DOCUMENT_DID_CHANGE,
        types.TEXT_DOCUMENT_DID_CLOSE,
        types.WORKSPACE_EXECUTE_COMMAND,
        types.EXIT,
    ):
        assert handlers[method].__func__.__module__ == "earmark.lsp.protocol"


def test_what_we_rely_on_is_there() -> None:
    server = LanguageServer("test", "1", protocol_cls=EarmarkProtocol)
    assert server.protocol._request_futures == {}
    assert server.protocol._shutdown is False
    assert server.protocol.fm.commands == {}
    assert server._thread_pool is None


def test_no_handler_runs_in_the_pool_that_reads() -> None:
    """pygls's own thread decorator shares its pool with the reader of standard input; ours is never used."""
    for file in (Path(inspect.getfile(EarmarkProtocol)).parent).rglob("*.py"):
        assert ".thread(" not in file.read_text(), file
    assert "thread_pool" in Path(inspect.getfile(pygls)).with_name("server.py").read_text()
