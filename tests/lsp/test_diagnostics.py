"""When diagnostics are sent, which ones, and that none is ever of an older text."""

from __future__ import annotations

from typing import Any

import pytest

from earmark.lsp import analysis
from earmark.lsp.diagnostics import MOST

URI = "file:///nowhere/module.py"
EVAL = "py-code-injection"
PULL = {"textDocument": {"diagnostic": {}}, "workspace": {"diagnostics": {"refreshSupport": True}}}


def codes(params: dict[str, Any]) -> list[str]:
    return [item["code"] for item in params["diagnostics"]]


def lines(params: dict[str, Any]) -> list[int]:
    return [item["range"]["start"]["line"] for item in params["diagnostics"]]


async def test_an_edit_is_answered_at_once_for_its_version(start: Any) -> None:
    editor = await start()
    editor.open(URI, "import os\n\n\ndef f(x):\n    return 1\n")
    assert (await editor.diagnostics()) == {"uri": URI, "version": 1, "diagnostics": []}
    editor.change(URI, 2, ((4, 11), (4, 12), "eval(x)"))
    found = await editor.diagnostics()
    assert (found["version"], codes(found), lines(found)) == (2, [EVAL], [4])
    assert found["diagnostics"][0]["severity"] == 4
    assert found["diagnostics"][0]["source"] == "earmark"
    await editor.pass_time(1)


async def test_findings_move_with_their_text(start: Any) -> None:
    editor = await start()
    editor.open(URI, "def f(x):\n    return eval(x)\n")
    assert lines(await editor.diagnostics()) == [1]
    editor.change(URI, 2, ((0, 0), (0, 0), "# one\n# two\n"))
    found = await editor.diagnostics()
    assert (found["version"], lines(found)) == (2, [3])
    await editor.pass_time(1)


async def test_what_is_queued_is_answered_once(start: Any) -> None:
    editor = await start()
    editor.open(URI, "x = 1\n")
    await editor.diagnostics()
    for version in range(2, 202):
        editor.change(URI, version, ((0, 5), (0, 5), "1"))
    assert (await editor.diagnostics())["version"] == 201


async def test_every_version_that_is_waited_for_gets_its_own_set(start: Any) -> None:
    editor = await start()
    editor.open(URI, "x = eval(y)\n")
    first = await editor.diagnostics()
    editor.change(URI, 2, ((0, 11), (0, 11), " "))
    second = await editor.diagnostics()
    assert (first["version"], second["version"]) == (1, 2)
    assert first["diagnostics"] == second["diagnostics"]


async def test_the_same_set_is_not_sent_twice_for_one_version(start: Any) -> None:
    editor = await start()
    editor.open(URI, "x = eval(y)\n")
    await editor.diagnostics()
    editor.change(URI, 2, ((0, 11), (0, 11), " "))
    await editor.diagnostics()
    await editor.pass_time(analysis.LONG_PAUSE)
    assert editor.unread == []


async def test_what_only_the_whole_text_shows_comes_after_a_pause(start: Any) -> None:
    """An import far from a call decides what the call is: the lines around the edit do not tell."""
    editor = await start()
    editor.open(URI, "import platform as rq\n" + "\n" * 2000 + "rq.get('http://x')\n")
    assert codes(await editor.diagnostics()) == []
    editor.change(URI, 2, ((0, 7), (0, 15), "requests"))
    assert codes(await editor.diagnostics()) == []
    await editor.pass_time(analysis.PAUSE)
    found = await editor.diagnostics()
    assert (found["version"], codes(found)) == (2, ["py-http-no-timeout"])


async def test_an_edit_puts_the_deep_look_off(start: Any) -> None:
    editor = await start()
    editor.open(URI, "import platform as rq\n" + "\n" * 2000 + "rq.get('http://x')\n")
    await editor.diagnostics()
    editor.change(URI, 2, ((0, 7), (0, 15), "requests"))
    await editor.diagnostics()
    await editor.pass_time(analysis.PAUSE * 0.9)
    editor.change(URI, 3, ((1, 0), (1, 0), "#"))
    assert codes(await editor.diagnostics()) == []
    await editor.pass_time(analysis.PAUSE * 0.9)
    assert editor.unread == []
    await editor.pass_time(analysis.PAUSE * 0.2)
    assert (await editor.diagnostics())["version"] == 3


async def test_a_long_parse_is_answered_with_what_moved_first(start: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    editor = await start()
    body = "def f(x):\n    return [x, x, x]\n\n\n" * 400
    editor.open(URI, body + "eval(z)\n")
    assert lines(await editor.diagnostics()) == [1600]
    monkeypatch.setattr(analysis, "PUSH_SLICE", 0)
    monkeypatch.setattr(analysis, "SLICE", 0.0001)
    editor.change(URI, 2, ((0, 0), (0, 0), "exec(z)\n"))
    await editor.idle()
    moved, complete = editor.take_all("textDocument/publishDiagnostics", "textDocument/publishDiagnostics")
    assert (moved["params"]["version"], lines(moved["params"])) == (2, [1601])
    assert (complete["params"]["version"], lines(complete["params"])) == (2, [0, 1601])


async def test_a_long_parse_is_given_up_when_an_edit_comes(start: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The editor checks for every set it gets that the server had seen nothing newer when it sent it."""
    editor = await start()
    body = "def f(x):\n    return [x, x, x]\n\n\n" * 400
    editor.open(URI, body)
    await editor.diagnostics()
    monkeypatch.setattr(analysis, "PUSH_SLICE", 0)
    monkeypatch.setattr(analysis, "SLICE", 0.0001)
    for version in range(2, 8):
        editor.change(URI, version, ((0, 0), (0, 0), "eval(z)\n"))
        for _ in range(3):
            await editor.breathe()
    await editor.idle()
    last = [message["params"] for message in editor.unread]
    editor.unread.clear()
    assert [found["version"] for found in last] == sorted(found["version"] for found in last)
    assert last[-1]["version"] == 7
    assert lines(last[-1]) == [0, 1, 2, 3, 4, 5]


async def test_at_most_two_hundred_are_shown_the_severe_ones_first(start: Any) -> None:
    editor = await start()
    mild = "requests.get('http://x')\n" * 400
    editor.open(URI, "import requests\n" + mild + "eval(x)\n")
    found = await editor.diagnostics()
    assert len(found["diagnostics"]) == MOST
    assert codes(found)[-1] == EVAL
    assert lines(found) == sorted(lines(found))


async def test_less_than_medium_is_not_shown_unless_asked_for(start: Any) -> None:
    text = "import hashlib\nassert user.is_admin\nprint('debug', x)\nbreakpoint()\neval(x)\n"
    quiet, loud = await start(), await start(initializationOptions={"minimumSeverity": "low"})
    severe = await start(initializationOptions={"minimumSeverity": "critical"})
    counts = []
    for editor in (severe, quiet, loud):
        editor.open(URI, text)
        counts.append(len((await editor.diagnostics())["diagnostics"]))
    assert counts[0] < counts[1] <= counts[2]


async def test_a_pulling_client_is_not_pushed_to(start: Any) -> None:
    editor = await start(PULL)
    editor.open(URI, "eval(x)\n")
    await editor.idle()
    assert editor.unread == []
    report = await editor.request("textDocument/diagnostic", {"textDocument": {"uri": URI}})
    assert (report["kind"], [item["code"] for item in report["items"]]) == ("full", [EVAL])
    again = {"textDocument": {"uri": URI}, "previousResultId": report["resultId"]}
    assert await editor.request("textDocument/diagnostic", again) == {
        "kind": "unchanged",
        "resultId": report["resultId"],
    }


async def test_a_pull_right_behind_an_edit_is_about_the_edited_text(start: Any) -> None:
    editor = await start(PULL)
    editor.open(URI, "x = 1\n")
    await editor.idle()
    editor.change(URI, 2, ((0, 4), (0, 5), "eval(y)"))
    pulled = editor.ask("textDocument/diagnostic", {"textDocument": {"uri": URI}})
    report = await editor.result(pulled)
    assert [item["code"] for item in report["items"]] == [EVAL]
    await editor.pass_time(1)


async def test_a_pulling_client_is_asked_to_ask_again_once(start: Any) -> None:
    editor = await start(PULL)
    editor.open(URI, "import platform as rq\n" + "\n" * 2000 + "rq.get('http://x')\n")
    await editor.idle()
    first = await editor.request("textDocument/diagnostic", {"textDocument": {"uri": URI}})
    editor.change(URI, 2, ((0, 7), (0, 15), "requests"))
    provisional = await editor.request(
        "textDocument/diagnostic", {"textDocument": {"uri": URI}, "previousResultId": first["resultId"]}
    )
    assert provisional["kind"] == "unchanged"
    await editor.pass_time(analysis.PAUSE)
    refresh = editor.take("workspace/diagnostic/refresh")
    await editor.pass_time(5)
    assert editor.unread == []
    editor.reply(refresh)
    report = await editor.request("textDocument/diagnostic", {"textDocument": {"uri": URI}})
    assert [item["code"] for item in report["items"]] == ["py-http-no-timeout"]


async def test_a_pull_of_an_unknown_document_is_empty(start: Any) -> None:
    editor = await start(PULL)
    report = await editor.request("textDocument/diagnostic", {"textDocument": {"uri": "file:///no.py"}})
    assert report == {"kind": "full", "items": []}


async def test_raw_and_typed_diagnostics_say_the_same(start: Any) -> None:
    text = (
        "import requests, pdb\ntry:\n    requests.get('é😀'); eval(x)\nexcept Exception:\n    pass\npdb.set_trace()\n"
    )
    pushed, pulled = await start(), await start(PULL)
    pushed.open(URI, text)
    pulled.open(URI, text)
    await pulled.idle()
    report = await pulled.request("textDocument/diagnostic", {"textDocument": {"uri": URI}})
    assert len(report["items"]) >= 3
    assert (await pushed.diagnostics())["diagnostics"] == report["items"]


@pytest.mark.parametrize("text", ["", "\n", "\ufeff", "x", "(" * 5000, "'" * 999, "\0" * 50, "\ud800", "é" * 70_000])
async def test_any_text_is_answered(start: Any, text: str) -> None:
    editor = await start()
    editor.open(URI, text)
    editor.change(URI, 2, ((0, 0), (0, 0), "("))
    assert (await editor.diagnostics())["version"] == 2
    await editor.pass_time(1)
    editor.unread.clear()
