"""A model over loopback that asks its assistant for one tool call and then says that it is done.

The assistants are the real programs; only what they would ask their vendor for is answered here, in the streams of each
vendor's own interface. Requests that are about something else (titles, limits) get an answer without a tool call.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Json = dict[str, Any]
DONE = "Done."


class Model(ThreadingHTTPServer):
    """`tool` and `arguments` are the call to ask for, once; `asked` are the bodies of all requests, `paths` where each
    was sent."""

    daemon_threads = True

    def __init__(self, tool: str, arguments: Json) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.tool, self.arguments = tool, arguments
        self.called = False
        self.asked: list[Json] = []
        self.paths: list[str] = []
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def wants_call(self, body: Json) -> bool:
        """Whether this request gets the tool call: the first that offers the tool."""
        with self.lock:
            self.asked.append(body)
            if self.called or f'"{self.tool}"' not in json.dumps(body.get("tools") or []):
                return False
            self.called = True
            return True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is its own affair."""


@contextmanager
def serving(tool: str, arguments: Json) -> Iterator[Model]:
    """A model that answers until the block ends."""
    with Model(tool, arguments) as model:
        thread = threading.Thread(target=model.serve_forever, daemon=True)
        thread.start()
        try:
            yield model
        finally:
            model.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: Model
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._json({"data": [], "models": []})

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        body: Json = json.loads(raw) if raw else {}
        path = self.path.partition("?")[0]
        self.server.paths.append(path)
        for end, stream in _STREAMS.items():
            if path.endswith(end):
                call = self.server.wants_call(body)
                self._events(stream(self.server, body, call))
                return
        self._json({})

    def _json(self, answer: Json) -> None:
        self._send("application/json", json.dumps(answer).encode())

    def _events(self, events: Iterator[tuple[str, Json]]) -> None:
        lines = [
            f"event: {name}\ndata: {json.dumps(data)}\n\n" if name else f"data: {json.dumps(data)}\n\n"
            for name, data in events
        ]
        self._send("text/event-stream", "".join(lines).encode())

    def _send(self, kind: str, content: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _anthropic(model: Model, body: Json, call: bool) -> Iterator[tuple[str, Json]]:
    """The Messages interface."""
    usage = {"input_tokens": 10, "output_tokens": 5}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": body.get("model"), "content": []}
    yield "message_start", {"type": "message_start", "message": message | {"stop_reason": None, "usage": usage}}
    if call:
        block: Json = {"type": "tool_use", "id": "toolu_1", "name": model.tool, "input": {}}
        delta: Json = {"type": "input_json_delta", "partial_json": json.dumps(model.arguments)}
    else:
        block, delta = {"type": "text", "text": ""}, {"type": "text_delta", "text": DONE}
    yield "content_block_start", {"type": "content_block_start", "index": 0, "content_block": block}
    yield "content_block_delta", {"type": "content_block_delta", "index": 0, "delta": delta}
    yield "content_block_stop", {"type": "content_block_stop", "index": 0}
    reason = {"stop_reason": "tool_use" if call else "end_turn", "stop_sequence": None}
    yield "message_delta", {"type": "message_delta", "delta": reason, "usage": {"output_tokens": 5}}
    yield "message_stop", {"type": "message_stop"}


def _responses(model: Model, _: Json, call: bool) -> Iterator[tuple[str, Json]]:
    """OpenAI's Responses interface; a tool whose arguments are one text is a custom tool there."""
    if call and "input" in model.arguments and len(model.arguments) == 1:
        item: Json = {"type": "custom_tool_call", "id": "ctc_1", "call_id": "call_1", "name": model.tool}
        item["input"] = model.arguments["input"]
    elif call:
        item = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": model.tool}
        item["arguments"] = json.dumps(model.arguments)
    else:
        content = [{"type": "output_text", "text": DONE, "annotations": []}]
        item = {"type": "message", "id": "msg_1", "role": "assistant", "content": content}
    response = {"id": "resp_1", "object": "response", "status": "in_progress", "output": []}
    usage = {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}
    yield "response.created", {"type": "response.created", "response": response}
    yield "response.output_item.done", {"type": "response.output_item.done", "output_index": 0, "item": item}
    done = response | {"status": "completed", "output": [item], "usage": usage}
    yield "response.completed", {"type": "response.completed", "response": done}


def _gemini(model: Model, _: Json, call: bool) -> Iterator[tuple[str, Json]]:
    """Google's streamGenerateContent."""
    part: Json = {"functionCall": {"name": model.tool, "args": model.arguments}} if call else {"text": DONE}
    candidate = {"content": {"role": "model", "parts": [part]}, "finishReason": "STOP", "index": 0}
    usage = {"promptTokenCount": 10, "candidatesTokenCount": 5, "totalTokenCount": 15}
    yield "", {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "gemini-test"}


def _chat(model: Model, body: Json, call: bool) -> Iterator[tuple[str, Json]]:
    """The chat completions that most other vendors copied."""
    base = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": body.get("model")}
    function = {"name": model.tool, "arguments": json.dumps(model.arguments)}
    called: Json = {
        "role": "assistant",
        "tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": function}],
    }
    delta: Json = called if call else {"role": "assistant", "content": DONE}
    yield "", base | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    yield "", base | {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls" if call else "stop"}]}


_STREAMS = {
    "/messages": _anthropic,
    "/responses": _responses,
    ":streamGenerateContent": _gemini,
    "/chat/completions": _chat,
}
