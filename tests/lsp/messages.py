"""Whether a message of the server's is one of the protocol: every field known, none missing, all of the right type.

The check is a round trip through lsprotocol, whose types are generated from the protocol's own machine-readable
description: what does not come back as it went in is not in the description. Our own methods are described here.
"""

from __future__ import annotations

from typing import Any

from lsprotocol import types
from lsprotocol.converters import get_converter

_CONVERTER = get_converter()
# lsprotocol 2025.0 takes a code action that has a command for a command.
_CONVERTER.register_structure_hook(
    types.Command | types.CodeAction,
    lambda given, _: _CONVERTER.structure(
        given, types.Command if isinstance(given.get("command"), str) else types.CodeAction
    ),
)

_PLACE = {"line": int, "character": int}
_RANGE = {"start": _PLACE, "end": _PLACE}
_REGION = {
    "id": str, "range": _RANGE, "kind": str, "tool": str, "model": str, "session": str, "risk": str, "review": str,
}  # fmt: skip
OURS: dict[str, Any] = {
    "earmark/regions": {
        "version": (int, type(None)),
        "regions": [_REGION],
        "removals": [{"position": _PLACE, "lines": int, "session": str}],
    },
    "earmark/regionsChanged": {"uri": str, "version": int},
}


def validate_notification(message: dict[str, Any]) -> None:
    if message["method"] in OURS:
        assert set(message) == {"jsonrpc", "method", "params"}
        _matches(OURS[message["method"]], message["params"])
        return
    _round_trip(message, types.METHOD_TO_TYPES[message["method"]][0])


def validate_request(message: dict[str, Any]) -> None:
    _round_trip(message, types.METHOD_TO_TYPES[message["method"]][0])


def validate_result(method: str, message: dict[str, Any]) -> None:
    if method in OURS:
        _matches(OURS[method], message["result"])
        return
    known = types.METHOD_TO_TYPES.get(method)
    assert known is not None, f"{method} is neither the protocol's nor ours"
    assert known[1] is not None
    _round_trip(message, known[1])


def _round_trip(message: dict[str, Any], kind: Any) -> None:
    again = _CONVERTER.unstructure(_CONVERTER.structure(message, kind), unstructure_as=kind)
    assert _without_nulls(again) == _without_nulls(message), f"not a {kind.__name__}: {message}"


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def _matches(shape: Any, value: Any) -> None:
    if isinstance(shape, dict):
        assert isinstance(value, dict)
        assert set(value) == set(shape)
        for key, inner in shape.items():
            _matches(inner, value[key])
    elif isinstance(shape, list):
        assert isinstance(value, list)
        for item in value:
            _matches(shape[0], item)
    else:
        assert isinstance(value, shape)
        assert not isinstance(value, bool)
