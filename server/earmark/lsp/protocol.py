"""Our differences from pygls's protocol.

Overridden, because pygls 2.1 has no public way, and pinned by tests/lsp/test_pygls_hooks.py:
- `_send_data`, `_send_response`: one write a message, nothing formatted for a log, results that are JSON already;
- `_handle_response`, `_handle_cancel_notification`: a reply to a cancelled call and a late cancel are normal;
- the built-in handlers of didOpen, didChange, didClose, executeCommand and exit: our buffers replace its workspace,
  commands get their arguments as they came, and the server ends in order.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Generator
from typing import TYPE_CHECKING, Any, cast

from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcInvalidParams
from pygls.protocol import LanguageServerProtocol, lsp_method

from earmark.lsp.transport import frame

if TYPE_CHECKING:
    from earmark.lsp.server import EarmarkServer

log = logging.getLogger(__name__)

_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


class Json(str):
    """A result that is JSON already."""

    __slots__ = ()


class EarmarkProtocol(LanguageServerProtocol):
    """Messages to and from one client; used in the loop thread only."""

    _server: EarmarkServer

    def receive(self, body: bytes) -> bool:
        """Handle one message; true when it is a request, whose handler may need a turn of the loop to begin."""
        try:
            raw = json.loads(body)
        except (ValueError, RecursionError) as error:
            self._refuse(None, types.ErrorCodes.ParseError, f"the message is not JSON: {error}")
            return False
        if not isinstance(raw, dict) or raw.get("jsonrpc") != "2.0":
            self._refuse(None, types.ErrorCodes.InvalidRequest, "the message is not a JSON-RPC 2.0 object")
            return False
        method = raw.get("method")
        if method == types.TEXT_DOCUMENT_DID_CHANGE:
            self._server.session.change(raw.get("params"))
            return False
        if method is not None and not self._takes(raw, method):
            return False
        try:
            self.handle_message(self.structure_message(raw))
        except JsonRpcException as error:
            if "id" in raw:
                self._send_response(raw["id"], error=error.to_response_error())
        return "id" in raw

    def _takes(self, raw: dict[str, Any], method: Any) -> bool:
        """Whether this message is for a handler of ours now; a request that is not is refused."""
        known = method in self.fm.features or method in self.fm.builtin_features or method == types.CANCEL_REQUEST
        if "id" not in raw:
            return known
        if not self._server.initialized and method != types.INITIALIZE:
            self._refuse(raw["id"], types.ErrorCodes.ServerNotInitialized, "`initialize` must come first")
        elif self._shutdown:
            self._refuse(raw["id"], types.ErrorCodes.InvalidRequest, "the server has been asked to shut down")
        elif not known:
            self._refuse(raw["id"], types.ErrorCodes.MethodNotFound, f"there is no method {str(method)[:80]!r}")
        else:
            # Optional in JSON-RPC, but pygls wants it for methods of our own.
            raw.setdefault("params", None)
            return True
        return False

    def _refuse(self, msg_id: Any, code: int, message: str) -> None:
        self._send_response(msg_id, error=types.ResponseError(code=code, message=message))

    async def answered(self, seconds: float) -> None:
        """Wait until what the client has asked for is answered, at most `seconds`."""
        futures = self._request_futures.values()
        waiting = [cast("asyncio.Future[Any]", future) for future in futures if asyncio.isfuture(future)]
        if waiting:
            await asyncio.wait(waiting, timeout=seconds)

    def send_raw(self, message: str) -> None:
        """Send a message that is JSON already."""
        if self.writer is None:
            return
        try:
            self.writer.write(frame(message.encode()))
        except OSError as error:
            log.warning("The client is gone: %s", error)
            self._server.stop(1)

    def _send_response(self, msg_id: Any, result: Any = None, error: Any = None) -> None:
        if isinstance(result, Json):
            self._result_types.pop(msg_id, None)
            self.send_raw(f'{{"jsonrpc":"2.0","id":{_encode(msg_id)},"result":{result}}}')
            return
        super()._send_response(msg_id, result, error)

    def _send_data(self, data: Any) -> None:
        self.send_raw(_encode(self._converter.unstructure(data)))

    def _handle_response(self, msg_id: Any, result: Any = None, error: Any = None) -> None:
        future = self._request_futures.get(msg_id)
        if future is not None and future.done():
            del self._request_futures[msg_id]
            return
        super()._handle_response(msg_id, result, error)

    def _handle_cancel_notification(self, msg_id: Any) -> None:
        future = self._request_futures.pop(msg_id, None)
        if future is not None:
            future.cancel()

    @lsp_method(types.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: types.DidOpenTextDocumentParams) -> None:
        document = params.text_document
        self._server.session.open(document.uri, document.language_id, document.version, document.text)

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: types.DidChangeTextDocumentParams) -> None:
        """Present so that the capability is computed; `receive` takes the message itself."""
        raise AssertionError("didChange is handled raw")

    @lsp_method(types.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: types.DidCloseTextDocumentParams) -> None:
        self._server.session.close(params.text_document.uri)

    @lsp_method(types.WORKSPACE_EXECUTE_COMMAND)
    async def lsp_workspace__execute_command(  # type: ignore[override]
        self, params: types.ExecuteCommandParams
    ) -> Any:
        """Not a generator as in pygls, where a cancelled request leaves the command running."""
        handler = self.fm.commands.get(params.command)
        if handler is None:
            raise JsonRpcInvalidParams(f"command {params.command[:80]!r} is not defined")
        return await handler(*(params.arguments or ()))

    @lsp_method(types.EXIT)
    def lsp_exit(self, *args: Any) -> Generator[Any, Any, None]:
        self._server.stop(0 if self._shutdown else 1)
        return
        yield
