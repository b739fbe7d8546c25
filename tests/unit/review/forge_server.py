"""Forges on a loopback port that keep state, check every body against a closed contract, and fail when told to.

A `Service` knows one forge's rules (who can be asked, what a repeated call does); `ForgeServer` speaks HTTP, validates,
records every call with its headers, and injects faults by the number of the call.
"""

from __future__ import annotations

import copy
import json
import re
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from jsonschema import Draft202012Validator
from openapi import CACHE

CONTRACTS = Path(__file__).parents[3] / "fixtures" / "review" / "contracts"


class Reply(NamedTuple):
    """What a service answers: status, JSON body, headers."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = {}


class Call(NamedTuple):
    """One request as it arrived."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: Any


class Fault(NamedTuple):
    """What goes wrong with one call: `reply` instead of the service's; `applied`: the service acts first, then the
    fault; `cut`: the connection is reset without an answer; `raw`: these bytes as the body; `short`: the connection
    ends in the middle of the body; `slow`: the answer comes when nobody waits for it any more."""

    reply: Reply | None = None
    applied: bool = False
    cut: bool = False
    raw: bytes | None = None
    short: bool = False
    slow: bool = False


Handler = Callable[[Call, dict[str, str]], Reply]
Faults = Callable[[int, Call], Fault | None]


class Service:
    """Routes by method and path pattern; subclasses fill `routes` and `contract`."""

    contract = ""

    def __init__(self) -> None:
        self.routes: list[tuple[str, re.Pattern[str], str, Handler]] = []
        published = CACHE if self.contract == "github" and CACHE.exists() else CONTRACTS / f"{self.contract}.json"
        self.schemas: dict[str, Any] = json.loads(published.read_text())

    def on(self, method: str, template: str, handler: Handler) -> None:
        pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template))
        self.routes.append((method, pattern, f"{method} {template}", handler))

    def answer(self, call: Call) -> Reply:
        for method, pattern, name, handler in self.routes:
            match = pattern.fullmatch(call.path)
            if match is None or method != call.method:
                continue
            if call.body is not None or name in self.schemas:
                given = call.body if call.method != "GET" else queried(call)
                errors = [error.message for error in Draft202012Validator(self.schemas[name]).iter_errors(given)]
                assert not errors, f"{name}: {errors}"
            return handler(call, {key: unquote(value) for key, value in match.groupdict().items()})
        raise AssertionError(f"no route for {call.method} {call.path}: the forge has none either")


class ForgeServer(ThreadingHTTPServer):
    """`service` behind HTTP. `calls` are all requests in order, `replies` what was answered; `wrong` what broke the
    contract."""

    daemon_threads = True

    def __init__(
        self, service: Service, *, prefix: str = "", faults: Faults | None = None, tls: ssl.SSLContext | None = None
    ) -> None:
        self.service = service
        self.prefix = prefix
        self.faults = faults
        self.calls: list[Call] = []
        self.replies: list[Reply] = []
        self.wrong: list[str] = []
        self.guard = threading.Lock()
        self.tls = tls
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        host = "https://localhost" if self.tls else "http://127.0.0.1"
        return f"{host}:{self.server_address[1]}{self.prefix}"

    def finish_request(self, request: Any, client_address: Any) -> None:
        """In the connection's own thread, so that a client who does not shake hands stops nobody else."""
        if self.tls is None:
            super().finish_request(request, client_address)
            return
        with self.tls.wrap_socket(request, server_side=True) as secured:
            super().finish_request(secured, client_address)

    def writes(self) -> list[tuple[str, str]]:
        """Method and path of every call that is no read."""
        return [(call.method, call.path) for call in self.calls if call.method != "GET"]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A reset that a fault asked for is no error of the server's."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: ForgeServer

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def _serve(self) -> None:
        length = int(self.headers.get("content-length", 0))
        raw = self.rfile.read(length)
        if len(raw) < length:  # whoever asked ended in the middle: a request that did not arrive is none
            self.close_connection = True
            return
        parts = urlsplit(self.path)
        assert parts.path.startswith(self.server.prefix)
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = json.loads(raw) if raw else None
        call = Call(self.command, parts.path[len(self.server.prefix) :], parse_qs(parts.query), headers, body)
        with self.server.guard:
            number = len(self.server.calls)
            self.server.calls.append(call)
            fault = self.server.faults(number, call) if self.server.faults else None
            reply = Reply(500 if fault is None or fault.raw is None else 200)
            if fault is None or fault.applied:
                try:
                    reply = self.server.service.answer(call)
                except AssertionError as error:
                    self.server.wrong.append(str(error))
                    reply = Reply(400, {"message": str(error)})
        if fault and fault.slow:
            select.select([self.connection], [], [], 10)  # until whoever asked has hung up
        if fault and (fault.cut or fault.slow):
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        if fault and fault.reply:
            reply = fault.reply
        self._reply(reply, headers, fault.raw if fault else None, short=bool(fault and fault.short))

    def _reply(self, reply: Reply, asked: Mapping[str, str], raw: bytes | None, *, short: bool) -> None:
        self.server.replies.append(copy.deepcopy(reply))
        content = raw if raw is not None else b"" if reply.body is None else json.dumps(reply.body).encode()
        headers = {"content-type": "application/json", **reply.headers}
        status = reply.status
        if self.command == "GET" and status == 200 and raw is None:
            import hashlib

            headers["etag"] = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
            if asked.get("if-none-match") == headers["etag"]:
                status, content = 304, b""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(content) + short))
        self.close_connection |= short
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _serve


def queried(call: Call) -> dict[str, Any]:
    """The query as a schema sees it: one value a name, numbers as such."""
    return {name: int(value) if value.isdigit() else value for name, (value, *_) in call.query.items()}


@contextmanager
def serving(service: Service, **options: Any) -> Iterator[ForgeServer]:
    """The service on a loopback port; on leaving, a broken contract fails the test."""
    server = ForgeServer(service, **options)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert server.wrong == []


def paged(call: Call, items: list[Any], url: str) -> Reply:
    """One page of a list, with GitHub's `Link` header to the next."""
    size = min(int(call.query.get("per_page", call.query.get("limit", ["30"]))[0]), 100)
    page = int(call.query.get("page", ["1"])[0])
    headers = {}
    if page * size < len(items):
        query = "&".join(f"{k}={v[0]}" for k, v in call.query.items() if k != "page")
        headers["link"] = f'<{url}{call.path}?{query}&page={page + 1}>; rel="next", <{url}{call.path}>; rel="first"'
    return Reply(200, items[(page - 1) * size : page * size], headers)
