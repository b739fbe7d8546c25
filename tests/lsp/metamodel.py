"""Whether a JSON-RPC message is one of the protocol, by its official meta-model and our own methods in the same form.

Strict where the protocol leaves room: a property that the model does not name is a problem, so is a method that is sent
in a direction that it does not have.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

FOLDER = Path(__file__).parents[2] / "fixtures" / "lsp"
Json = dict[str, Any]
Sender = Literal["client", "server"]

_DIRECTIONS = {"client": ("clientToServer", "both"), "server": ("serverToClient", "both")}
_INT32 = 2**31
_STRINGS = ("string", "DocumentUri", "URI", "RegExp")
_ERROR = {"code": int, "message": str}


class MetaModel:
    """The methods and types of one or more descriptions."""

    def __init__(self, *files: Path) -> None:
        parts = [json.loads(file.read_text()) for file in files]

        def all_of(section: str, key: str) -> dict[str, Json]:
            return {entry[key]: entry for part in parts for entry in part[section]}

        self.requests = all_of("requests", "method")
        self.notifications = all_of("notifications", "method")
        self._structures = all_of("structures", "name")
        self._enumerations = all_of("enumerations", "name")
        self._aliases = all_of("typeAliases", "name")

    def problems(self, message: Json, sender: Sender, asked: str = "") -> list[str]:
        """What is wrong with a whole message from `sender`; `asked` is the method that a response answers."""
        if message.get("jsonrpc") != "2.0":
            return ["jsonrpc is not 2.0"]
        if "method" in message:
            return list(self._call(message, sender))
        return list(self._response(message, asked))

    def _call(self, message: Json, sender: Sender) -> Iterator[str]:
        method = message["method"]
        yield from _keys(message, {"jsonrpc", "method", "params", "id"})
        known = (self.requests if "id" in message else self.notifications).get(method)
        if known is None:
            yield f"{method} is no {'request' if 'id' in message else 'notification'} of the protocol"
            return
        if "id" in message and not isinstance(message["id"], int | str):
            yield f"{method}: the id is neither a number nor a string"
        if known["messageDirection"] not in _DIRECTIONS[sender]:
            yield f"{method} is not for the {sender} to send"
        if "params" in known:
            yield from self._value(known["params"], message.get("params"), method)
        elif message.get("params") is not None:
            yield f"{method} takes no parameters"

    def _response(self, message: Json, asked: str) -> Iterator[str]:
        known = self.requests.get(asked)
        if known is None:
            yield f"an answer to {asked!r}, which is no request"
            return
        if "error" in message:
            yield from _keys(message, {"jsonrpc", "id", "error"})
            error = message["error"]
            yield from _keys(error, {"code", "message", "data"})
            yield from (f"{asked}: error.{k} is missing" for k, t in _ERROR.items() if not isinstance(error.get(k), t))
            return
        yield from _keys(message, {"jsonrpc", "id", "result"})
        if "result" not in message:
            yield f"{asked}: neither a result nor an error"
            return
        yield from self._value(known["result"], message["result"], f"{asked} result")

    def _value(self, kind: Json, value: Any, where: str) -> Iterator[str]:
        yield from getattr(self, f"_{kind['kind']}")(kind, value, where)

    def _base(self, kind: Json, value: Any, where: str) -> Iterator[str]:
        name, number = kind["name"], isinstance(value, int) and not isinstance(value, bool)
        fits = {
            "null": value is None,
            "boolean": isinstance(value, bool),
            "integer": number and -_INT32 <= value < _INT32,
            "uinteger": number and 0 <= value < _INT32,
            "decimal": number or isinstance(value, float),
        }
        if not (isinstance(value, str) if name in _STRINGS else fits[name]):
            yield f"{where}: {value!r:.80} is no {name}"

    def _reference(self, kind: Json, value: Any, where: str) -> Iterator[str]:
        name = kind["name"]
        if name == "LSPAny":
            return
        if name in self._aliases:
            yield from self._value(self._aliases[name]["type"], value, where)
        elif name in self._enumerations:
            yield from self._enumeration(self._enumerations[name], value, where)
        else:
            yield from self._object(self._properties(name), value, where)

    def _enumeration(self, enumeration: Json, value: Any, where: str) -> Iterator[str]:
        wrong = list(self._base(enumeration["type"], value, where))
        allowed = [entry["value"] for entry in enumeration["values"]]
        if wrong:
            yield from wrong
        elif value not in allowed and not enumeration.get("supportsCustomValues"):
            yield f"{where}: {value!r} is no {enumeration['name']}"

    def _properties(self, name: str) -> dict[str, Json]:
        structure = self._structures[name]
        found: dict[str, Json] = {}
        for base in (*structure.get("extends", ()), *structure.get("mixins", ())):
            found |= self._properties(base["name"])
        return found | {entry["name"]: entry for entry in structure["properties"]}

    def _literal(self, kind: Json, value: Any, where: str) -> Iterator[str]:
        yield from self._object({entry["name"]: entry for entry in kind["value"]["properties"]}, value, where)

    def _object(self, properties: dict[str, Json], value: Any, where: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"{where}: {value!r:.80} is no object"
            return
        for name in value.keys() - properties.keys():
            yield f"{where}.{name} is not in the protocol"
        for name, entry in properties.items():
            if name in value:
                yield from self._value(entry["type"], value[name], f"{where}.{name}")
            elif not entry.get("optional"):
                yield f"{where}.{name} is missing"

    def _array(self, kind: Json, value: Any, where: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield f"{where}: {value!r:.80} is no list"
            return
        for n, item in enumerate(value):
            yield from self._value(kind["element"], item, f"{where}[{n}]")

    def _map(self, kind: Json, value: Any, where: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"{where}: {value!r:.80} is no object"
            return
        for key, item in value.items():
            yield from self._value(kind["value"], item, f"{where}[{key!r}]")

    def _tuple(self, kind: Json, value: Any, where: str) -> Iterator[str]:
        if not isinstance(value, list) or len(value) != len(kind["items"]):
            yield f"{where}: {value!r:.80} is no list of {len(kind['items'])}"
            return
        for n, (inner, item) in enumerate(zip(kind["items"], value, strict=True)):
            yield from self._value(inner, item, f"{where}[{n}]")

    def _or(self, kind: Json, value: Any, where: str) -> Iterator[str]:
        tried = [list(self._value(inner, value, where)) for inner in kind["items"]]
        # Of several that do not fit, the nearest says most.
        yield from min(tried, key=len)

    def _and(self, kind: Json, value: Any, where: str) -> Iterator[str]:
        properties: dict[str, Json] = {}
        for inner in kind["items"]:
            properties |= self._properties(inner["name"])
        yield from self._object(properties, value, where)

    def _stringLiteral(self, kind: Json, value: Any, where: str) -> Iterator[str]:
        if value != kind["value"]:
            yield f"{where}: {value!r:.80} is not {kind['value']!r}"


def _keys(message: Json, allowed: set[str]) -> Iterator[str]:
    for name in message.keys() - allowed:
        yield f"{name} is not in the protocol"


def both() -> MetaModel:
    """The protocol's methods and ours."""
    return MetaModel(FOLDER / "metaModel.json", FOLDER / "earmark.json")
