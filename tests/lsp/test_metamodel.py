"""The judge itself: what it lets pass, and that it sees each way in which a message can be wrong."""

from __future__ import annotations

from typing import Any

import pytest
from messages import Conversation
from metamodel import both

MODEL = both()
RANGE = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 1}}
DIAGNOSTIC = {"range": RANGE, "message": "m", "severity": 2, "tags": [1], "codeDescription": {"href": "https://x.y/"}}
EDIT = {"documentChanges": [{"textDocument": {"uri": "file:///a", "version": 1}, "edits": []}]}


def publish(**diagnostic: Any) -> dict[str, Any]:
    params = {"uri": "file:///a", "version": 3, "diagnostics": [DIAGNOSTIC | diagnostic]}
    return {"jsonrpc": "2.0", "method": "textDocument/publishDiagnostics", "params": params}


def answer(**rest: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1} | rest


@pytest.mark.parametrize(
    ("message", "asked"),
    [
        (publish(), ""),
        (publish(code="x", data={"anything": [1, {}]}), ""),
        (answer(result=None), "shutdown"),
        (answer(result=None), "textDocument/hover"),
        (answer(result={"contents": {"kind": "markdown", "value": ""}}), "textDocument/hover"),
        (
            answer(result=[{"title": "t", "command": "c"}, {"title": "t", "kind": "own.kind"}]),
            "textDocument/codeAction",
        ),
        (answer(result={"kind": "unchanged", "resultId": "1"}), "textDocument/diagnostic"),
        (answer(error={"code": -32800, "message": "cancelled"}), "textDocument/hover"),
        (answer(method="workspace/applyEdit", params={"edit": EDIT}), ""),
        ({"jsonrpc": "2.0", "method": "earmark/regionsChanged", "params": {"uri": "file:///a", "version": 1}}, ""),
    ],
)
def test_what_the_server_may_say(message: dict[str, Any], asked: str) -> None:
    assert MODEL.problems(message, "server", asked) == []


@pytest.mark.parametrize(
    ("message", "asked", "problem"),
    [
        (publish(severity=5), "", "severity: 5 is no DiagnosticSeverity"),
        (publish(severity=True), "", "severity: True is no uinteger"),
        (publish(range={"start": RANGE["start"]}), "", "range.end is missing"),
        (publish(range=RANGE | {"start": {"line": -1, "character": 0}}), "", "line: -1 is no uinteger"),
        (publish(relatedInformation=None), "", "relatedInformation: None is no list"),
        (publish(colour="red"), "", "colour is not in the protocol"),
        (publish(tags=[1, 9]), "", "tags[1]: 9 is no DiagnosticTag"),
        (publish() | {"id": 1}, "", "publishDiagnostics is no request"),
        (publish() | {"extra": 1}, "", "extra is not in the protocol"),
        (publish() | {"jsonrpc": "1.0"}, "", "jsonrpc is not 2.0"),
        (answer(result={"contents": 5}), "textDocument/hover", "result"),
        (answer(result=[{"label": "x"}]), "textDocument/inlayHint", "position is missing"),
        (answer(), "textDocument/hover", "neither a result nor an error"),
        (answer(error={"code": "x", "message": "m"}), "textDocument/hover", "error.code is missing"),
        (answer(result=None), "no/such", "no request"),
        (answer(method="textDocument/hover", params={}), "", "is not for the server to send"),
        (answer(method="workspace/applyEdit", params={"edit": {"changes": {"file:///a": {}}}}), "", "is no list"),
        (
            answer(result={"version": 1, "regions": [{"id": "r"}], "removals": []}),
            "earmark/regions",
            "range is missing",
        ),
    ],
)
def test_what_the_server_may_not_say(message: dict[str, Any], asked: str, problem: str) -> None:
    problems = MODEL.problems(message, "server", asked)
    assert any(problem in found for found in problems), problems


@pytest.mark.parametrize(
    ("encoding", "start", "end", "fits"),
    [
        ("utf-8", 5, 9, True), ("utf-16", 5, 7, True), ("utf-32", 5, 6, True),
        ("utf-8", 5, 7, False), ("utf-16", 5, 6, False), ("utf-32", 5, 9, False),
    ],
)  # fmt: skip
def test_places_are_in_the_text_and_whole_characters(encoding: str, start: int, end: int, fits: bool) -> None:
    talk = Conversation()
    talk.encoding = encoding
    document = {"uri": "file:///a", "languageId": "python", "version": 1, "text": "a = '😀'\n"}
    opening = {"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": {"textDocument": document}}
    talk.check(opening, "client")
    said = publish(range={"start": {"line": 0, "character": start}, "end": {"line": 0, "character": end}})
    if fits:
        talk.check(said, "server")
    else:
        with pytest.raises(AssertionError, match="is not in file:///a"):
            talk.check(said, "server")
