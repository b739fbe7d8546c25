"""Holds a conversation to the protocol: every message of both sides to the meta-model, and every place that the server
names to the text it speaks of, in the encoding that was agreed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from metamodel import Sender, both
from texts import changed, exact

Message = dict[str, Any]
_MODEL = both()
_OTHER: dict[Sender, Sender] = {"client": "server", "server": "client"}


class Conversation:
    """What one client and one server have said so far. `methods` are those that came by, with their senders."""

    def __init__(self) -> None:
        self.encoding = "utf-16"
        self.methods: set[tuple[Sender, str]] = set()
        self._asked: dict[tuple[Sender, Any], Message] = {}
        self._texts: dict[str, list[str]] = {}
        self._seen: dict[Any, int] = {}

    def check(self, message: Message, sender: Sender) -> None:
        """Fail on a message that is not the protocol's, or speaks of places that are not there."""
        asked = self.note(message, sender)
        problems = _MODEL.problems(message, sender, asked["method"] if asked else "")
        assert not problems, f"{problems}\nin a message of the {sender}: {message}"
        if sender == "server":
            self._check_places(message, asked)

    def note(self, message: Message, sender: Sender) -> Message | None:
        """Take note of a message without judging it; the request that it answers."""
        if "method" in message:
            self.methods.add((sender, message["method"]))
            if "id" in message:
                self._asked[sender, message["id"]] = message
                self._seen[sender, message["id"]] = len(self._texts.get(_uri_of(message.get("params")), [])) - 1
            elif sender == "client":
                self._follow(message)
            return None
        asked = self._asked.pop((_OTHER[sender], message["id"]), None)
        assert asked is not None, f"an answer nobody asked for: {message}"
        if asked["method"] == "initialize" and "result" in message:
            self.encoding = message["result"]["capabilities"]["positionEncoding"]
        return asked

    def _follow(self, message: Message) -> None:
        uri = _uri_of(message.get("params"))
        if message["method"] == "textDocument/didOpen":
            self._texts[uri] = [message["params"]["textDocument"]["text"]]
        elif message["method"] == "textDocument/didChange" and uri in self._texts:
            changes = message["params"]["contentChanges"]
            self._texts[uri].append(changed(self._texts[uri][-1], changes, self.encoding))
        elif message["method"] == "textDocument/didClose":
            self._texts.pop(uri, None)

    def _check_places(self, message: Message, asked: Message | None) -> None:
        """A place counts in any text since the question: the answer may be of a later one, never of an older."""
        about = (asked or message).get("params")
        since = max(self._seen.pop(("client", asked["id"]), 0), 0) if asked else 0
        said = message.get("result") if asked else about
        for uri, place in places(said, _uri_of(about)):
            texts = self._texts.get(uri, [])
            fits = any(exact(text, place, self.encoding) for text in texts[since:])
            assert fits or not texts, f"{place} is not in {uri} ({self.encoding}): {texts[-1]!r}\n{message}"


def _uri_of(params: Any) -> str:
    """The document that parameters speak of, or an empty string."""
    if not isinstance(params, dict):
        return ""
    document = params.get("textDocument", params)
    return str(document.get("uri", "")) if isinstance(document, dict) else ""


def places(value: Any, uri: str) -> Iterator[tuple[str, dict[str, int]]]:
    """Every position in a message's data, with the document that it is in; `uri` is that of the message."""
    if isinstance(value, list):
        for item in value:
            yield from places(item, uri)
    elif isinstance(value, dict):
        if value.keys() == {"line", "character"}:
            yield uri, value
            return
        here = _uri_of(value) or uri
        for key, item in value.items():
            yield from places(item, key if key.startswith("file:") else here)
