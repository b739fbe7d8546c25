"""Reading what clients send in messages and commands that the protocol does not describe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pygls.exceptions import JsonRpcInvalidParams

from earmark.lsp.buffer import Buffer
from earmark.text.document import Encoding


def field(params: Any, *path: str) -> Any:
    """The value at `path` in an object that came as a mapping or with attributes; None where it is missing."""
    for name in path:
        params = params.get(name) if isinstance(params, Mapping) else getattr(params, name, None)
    return params


def uri_of(params: Any) -> str:
    """`textDocument.uri`, or `uri`; raises JsonRpcInvalidParams when there is none."""
    uri = field(params, "textDocument", "uri") or field(params, "uri")
    if not isinstance(uri, str):
        raise JsonRpcInvalidParams("textDocument.uri is missing")
    return uri


def word(params: Any, name: str, default: str = "") -> str:
    """A short string; raises JsonRpcInvalidParams for anything else that is given."""
    value = field(params, name)
    if value is None:
        return default
    if not isinstance(value, str) or len(value) > 500:
        raise JsonRpcInvalidParams(f"{name} must be a string of at most 500 characters")
    return value


def position(value: Any) -> tuple[int, int]:
    """(line, character) of a position; raises JsonRpcInvalidParams for anything else."""
    line, character = field(value, "line"), field(value, "character")
    if not isinstance(line, int) or not isinstance(character, int):
        raise JsonRpcInvalidParams("a position must have a line and a character")
    return line, character


def byte_range(buffer: Buffer, given: Any, encoding: Encoding) -> tuple[int, int]:
    """The bytes of a range in the present text, start first; raises JsonRpcInvalidParams for no range."""
    places = [buffer.document.offset(*position(field(given, end)), encoding) for end in ("start", "end")]
    return min(places), max(places)
