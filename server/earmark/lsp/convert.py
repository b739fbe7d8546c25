"""Our data as protocol types and back: the only place where both are known."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any, NamedTuple

from lsprotocol import types

from earmark.lsp.buffer import Buffer
from earmark.text.document import ByteDocument, Encoding

WARNING, INFORMATION, HINT = 2, 3, 4
SOURCE = "earmark"


class Mark(NamedTuple):
    """What a diagnostic says: bytes `start` to `end` of the present text, a severity of the protocol (2 warning, 3
    information, 4 hint), a rule's id as `code`, and a web address that explains it, or empty."""

    start: int
    end: int
    severity: int
    code: str
    message: str
    href: str = ""
    unnecessary: bool = False


def range_of(document: ByteDocument, start: int, end: int, encoding: Encoding) -> types.Range:
    """Bytes `start` to `end` as a range in `encoding`."""
    return types.Range(
        types.Position(*document.position(start, encoding)), types.Position(*document.position(end, encoding))
    )


def bytes_of(buffer: Buffer, given: types.Range, encoding: Encoding) -> tuple[int, int]:
    """The byte range of `given`, clamped to the text, start first."""
    start = buffer.document.offset(given.start.line, given.start.character, encoding)
    end = buffer.document.offset(given.end.line, given.end.character, encoding)
    return min(start, end), max(start, end)


def diagnostic(document: ByteDocument, mark: Mark, encoding: Encoding) -> types.Diagnostic:
    """A mark as a typed diagnostic."""
    return types.Diagnostic(
        range=range_of(document, mark.start, mark.end, encoding),
        message=mark.message,
        severity=types.DiagnosticSeverity(mark.severity),
        code=mark.code,
        code_description=types.CodeDescription(href=mark.href) if mark.href else None,
        source=SOURCE,
        tags=[types.DiagnosticTag.Unnecessary] if mark.unnecessary else None,
    )


def raw_diagnostic(document: ByteDocument, mark: Mark, encoding: Encoding) -> str:
    """A mark as JSON text; what `diagnostic` gives after serialization, at a twentieth of the time."""
    line, character = document.position(mark.start, encoding)
    end_line, end_character = document.position(mark.end, encoding)
    return (
        f'{{"range":{{"start":{{"line":{line},"character":{character}}},'
        f'"end":{{"line":{end_line},"character":{end_character}}}}},{_rest(*mark[2:])}'
    )


@lru_cache(1024)
def _rest(severity: int, code: str, message: str, href: str, unnecessary: bool) -> str:
    """What a diagnostic says besides its range, up to the closing brace; the same for every match of a rule."""
    said: dict[str, Any] = {"severity": severity, "code": code, "source": SOURCE, "message": message}
    if href:
        said["codeDescription"] = {"href": href}
    if unnecessary:
        said["tags"] = [types.DiagnosticTag.Unnecessary.value]
    return json.dumps(said)[1:]
