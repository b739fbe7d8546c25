"""The real process over real pipes: framing, clients of several makes, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import IO, Any

import pytest
import pytest_lsp
from lsprotocol import types
from messages import Conversation
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities

SERVE = [sys.executable, "-m", "earmark", "serve", "--stdio"]
NOBODY = {"processId": None, "rootUri": None, "capabilities": {}}
TEXT = "import requests\n\n\ndef f(x):\n    y = '😀'; return eval(x)\n"


class Process:
    """The server process and its pipes; what goes through them is held to the protocol."""

    def __init__(self, *flags: str) -> None:
        self.conversation = Conversation()
        self.process = subprocess.Popen(
            [*SERVE, *flags], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def send(self, message: dict[str, Any], header: str = "Content-Length: {}\r\n\r\n") -> None:
        message = {"jsonrpc": "2.0"} | message
        self.conversation.check(message, "client")
        body = json.dumps(message).encode()
        stdin = self.process.stdin
        assert stdin is not None
        stdin.write(header.format(len(body)).encode() + body)
        stdin.flush()

    def read(self) -> dict[str, Any]:
        message = read(self.process.stdout)
        self.conversation.check(message, "server")
        return message

    def initialize(self, **params: Any) -> dict[str, Any]:
        self.send({"id": 1, "method": "initialize", "params": NOBODY | params})
        return self.read()

    def end(self) -> int:
        """Close the input and wait for the end."""
        self.process.communicate(timeout=20)
        return self.process.returncode


def read(stream: IO[bytes] | None) -> dict[str, Any]:
    assert stream is not None
    length = 0
    while (line := stream.readline()) != b"\r\n":
        assert line, "the server has ended"
        if line.startswith(b"Content-Length: "):
            length = int(line.split()[1])
    message: dict[str, Any] = json.loads(stream.read(length))
    return message


@pytest.fixture
def process() -> Iterator[Process]:
    running = Process()
    yield running
    running.process.kill()
    running.process.communicate()


def test_an_orderly_end(process: Process) -> None:
    assert process.initialize()["result"]["serverInfo"]["name"] == "earmark"
    process.send({"id": 2, "method": "shutdown"})
    assert process.read() == {"jsonrpc": "2.0", "id": 2, "result": None}
    process.send({"method": "exit"})
    assert process.process.wait(20) == 0


def test_flags_of_editors_are_ignored() -> None:
    running = Process("--clientProcessId=1", "--node-ipc", "stray")
    assert "result" in running.initialize()
    assert running.end() == 1


def test_the_end_of_input_is_the_end(process: Process) -> None:
    process.initialize()
    assert process.end() == 1


def test_what_was_asked_before_the_end_of_input_is_answered(process: Process) -> None:
    process.send({"id": 1, "method": "initialize", "params": NOBODY})
    process.send({"id": 2, "method": "earmark/regions", "params": {"textDocument": {"uri": "file:///x"}}})
    out, _ = process.process.communicate(timeout=20)
    assert out.count(b"Content-Length") == 2


@pytest.mark.parametrize(
    "header",
    [
        "content-length: {}\r\n\r\n",
        "Content-Type: application/vscode-jsonrpc; charset=utf-8\r\nContent-Length:{}\r\n\r\n",
        "\r\nContent-Length: {}\r\n\r\n",
        "Content-Length: {}\n\n",
    ],
)
def test_headers_as_clients_write_them(process: Process, header: str) -> None:
    process.send({"id": 1, "method": "initialize", "params": NOBODY}, header)
    assert process.read()["id"] == 1


@pytest.mark.parametrize("junk", [b"hello\r\n", b"Content-Length: x\r\n\r\n", b"Content-Length: 999999999999\r\n\r\n"])
def test_a_stream_without_frames_ends_the_server_with_one_line(process: Process, junk: bytes) -> None:
    assert process.process.stdin is not None
    process.process.stdin.write(junk)
    _, err = process.process.communicate(timeout=20)
    assert process.process.returncode == 1
    assert len(err.decode().strip().splitlines()) == 1
    assert b"Traceback" not in err


def test_killing_the_client_ends_the_server(tmp_path: Path) -> None:
    """Also when its pipes stay open because another process has them."""
    script = textwrap.dedent(
        """
        import json, os, subprocess, sys, time
        server = subprocess.Popen(json.loads(sys.argv[1]), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        holder = subprocess.Popen(["sleep", "60"], stdin=server.stdout, stdout=server.stdin)
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize",
                           "params": {"processId": os.getpid(), "capabilities": {}}}).encode()
        server.stdin.write(b"Content-Length: %d\\r\\n\\r\\n" % len(body) + body)
        server.stdin.flush()
        server.stdout.readline()
        print(server.pid, holder.pid, flush=True)
        time.sleep(60)
        """
    )
    with subprocess.Popen([sys.executable, "-c", script, json.dumps(SERVE)], stdout=subprocess.PIPE) as client:
        assert client.stdout is not None
        server, holder = map(int, client.stdout.readline().split())
        watch = os.pidfd_open(server)
        client.kill()
    try:
        import select

        assert select.select([watch], [], [], 20)[0], "the server outlives its client"
    finally:
        os.close(watch)
        os.kill(holder, signal.SIGKILL)


def test_a_stray_print_does_not_reach_the_client() -> None:
    script = textwrap.dedent(
        """
        import os
        import earmark.lsp.server as server
        run = server.run
        async def printing(*streams):
            print("stray", flush=True)
            os.write(1, b"stray")
            return await run(*streams)
        server.run = printing
        server.serve()
        """
    )
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:
        body = b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"processId":null,"capabilities":{}}}'
        out, _ = running.communicate(b"Content-Length: %d\r\n\r\n%b" % (len(body), body), timeout=20)
    assert out.startswith(b"Content-Length: ")
    assert b"stray" not in out


HELIX = types.ClientCapabilities(
    general=types.GeneralClientCapabilities(position_encodings=["utf-8", "utf-32", "utf-16"]),
    text_document=types.TextDocumentClientCapabilities(
        publish_diagnostics=types.PublishDiagnosticsClientCapabilities(version_support=True),
        inlay_hint=types.InlayHintClientCapabilities(),
        hover=types.HoverClientCapabilities(content_format=["markdown"]),
    ),
    workspace=types.WorkspaceClientCapabilities(apply_edit=True),
)
CLIENTS = {
    "visual_studio_code": client_capabilities("visual_studio_code"),
    "neovim": client_capabilities("neovim@v0.11.0"),
    "emacs": client_capabilities("emacs"),
    "helix": HELIX,
    "nothing": types.ClientCapabilities(),
}


@pytest_lsp.fixture(config=ClientServerConfig(server_command=SERVE), params=list(CLIENTS))
async def client(lsp_client: LanguageClient, request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[None]:
    capabilities = CLIENTS[request.param]
    params = types.InitializeParams(capabilities=capabilities, root_uri=tmp_path.as_uri(), process_id=os.getpid())
    lsp_client.offered = (await lsp_client.initialize_session(params)).capabilities
    yield
    await lsp_client.shutdown_session()


async def test_every_client_is_told_of_a_risk(client: LanguageClient, tmp_path: Path) -> None:
    """pytest-lsp checks each answer against the capabilities the client declared."""
    uri = (tmp_path / "module.py").as_uri()
    offered = client.offered
    client.text_document_did_open(types.DidOpenTextDocumentParams(types.TextDocumentItem(uri, "python", 1, TEXT)))
    if offered.diagnostic_provider is not None:
        report = await client.text_document_diagnostic_async(
            types.DocumentDiagnosticParams(types.TextDocumentIdentifier(uri))
        )
        assert isinstance(report, types.RelatedFullDocumentDiagnosticReport)
        found = report.items
        assert client.diagnostics == {}, "a client that pulls is not pushed to"
    else:
        await client.wait_for_notification(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        found = client.diagnostics[uri]
    column = {"utf-8": 23, "utf-16": 21, "utf-32": 20}[
        str(getattr(offered.position_encoding, "value", offered.position_encoding))
    ]
    assert [(d.code, d.range.start.line, d.range.start.character) for d in found] == [("py-code-injection", 4, column)]
    position = types.Position(4, column + 1)
    hover = await client.text_document_hover_async(types.HoverParams(types.TextDocumentIdentifier(uri), position))
    assert hover is not None
    assert "py-code-injection" in str(hover.contents)
    actions = await client.text_document_code_action_async(
        types.CodeActionParams(
            types.TextDocumentIdentifier(uri), types.Range(position, position), types.CodeActionContext(diagnostics=[])
        )
    )
    assert actions


async def test_every_client_gets_the_diagnostics_of_an_edit(client: LanguageClient, tmp_path: Path) -> None:
    uri = (tmp_path / "module.py").as_uri()
    pulls = client.offered.diagnostic_provider is not None
    client.text_document_did_open(types.DidOpenTextDocumentParams(types.TextDocumentItem(uri, "python", 1, TEXT)))
    if not pulls:
        await client.wait_for_notification(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
    whole = types.TextDocumentContentChangeWholeDocument("x = 1\n")
    client.text_document_did_change(
        types.DidChangeTextDocumentParams(types.VersionedTextDocumentIdentifier(2, uri), [whole])
    )
    if pulls:
        report = await client.text_document_diagnostic_async(
            types.DocumentDiagnosticParams(types.TextDocumentIdentifier(uri))
        )
        assert isinstance(report, types.RelatedFullDocumentDiagnosticReport)
        assert list(report.items) == []
        return
    await client.wait_for_notification(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
    assert list(client.diagnostics[uri]) == []
