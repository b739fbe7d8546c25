"""The server's text is the client's text, whatever is in it and however positions are counted."""

from __future__ import annotations

from typing import Any

import pytest

URI = "file:///nowhere/module.py"


@pytest.mark.parametrize(
    ("before", "change", "after"),
    [
        pytest.param("a = 1\n\f\nb = 2\n", ((2, 0), (2, 1), "X"), "a = 1\n\f\nX = 2\n", id="form feed"),
        pytest.param("a = '\u2028'\nb\n", ((1, 0), (1, 1), "X"), "a = '\u2028'\nX\n", id="U+2028"),
        pytest.param("a = '\x85\x0b\x1c'\nb\n", ((1, 0), (1, 1), "X"), "a = '\x85\x0b\x1c'\nX\n", id="NEL, VT, FS"),
        pytest.param("a\r\nb\r\n", ((1, 0), (1, 1), "X"), "a\r\nX\r\n", id="CRLF"),
        pytest.param("a\rb\r", ((1, 0), (1, 1), "X"), "a\rX\r", id="lone CR"),
        pytest.param("a\rb\nc\r\nd", ((3, 0), (3, 1), "X"), "a\rb\nc\r\nX", id="all three"),
        pytest.param("a\r\nb", ((0, 1), (1, 0), ""), "ab", id="a CRLF deleted"),
        pytest.param("a\nb", ((7, 3), (9, 1), "X"), "a\nbX", id="past the end"),
        pytest.param("a\nb", ((0, 99), (0, 99), "X"), "aX\nb", id="past the end of a line"),
        pytest.param("a\nb", ((1, 1), (0, 0), "X"), "X", id="start behind end"),
        pytest.param("", ((0, 0), (0, 0), "X"), "X", id="an empty document"),
    ],
)
async def test_edits(start: Any, before: str, change: Any, after: str) -> None:
    editor = await start()
    editor.open(URI, before)
    editor.change(URI, 2, change)
    assert (await editor.diagnostics())["version"] == 2
    assert editor.text(URI) == after


@pytest.mark.parametrize(
    ("encodings", "chosen", "character"),
    [
        (["utf-8", "utf-16"], "utf-8", 14),
        (["utf-16"], "utf-16", 12),
        (["utf-32", "utf-8"], "utf-32", 11),
        (["utf-7", "utf-32"], "utf-32", 11),
        (None, "utf-16", 12),
    ],
)
async def test_emoji_before_the_edit(start: Any, encodings: list[str] | None, chosen: str, character: int) -> None:
    editor = await start({"general": {"positionEncodings": encodings}} if encodings else {})
    assert editor.encoding == chosen
    editor.open(URI, "a = '😀' or b\n")
    editor.change(URI, 2, ((0, character), (0, character + 1), "X"))
    await editor.diagnostics()
    assert editor.text(URI) == "a = '😀' or X\n"


async def test_a_diagnostic_behind_an_emoji(start: Any) -> None:
    for encoding, characters in (("utf-8", (12, 19)), ("utf-16", (10, 17)), ("utf-32", (9, 16))):
        editor = await start({"general": {"positionEncodings": [encoding]}})
        editor.open(URI, "a = '😀'; eval(b)\n")
        found = (await editor.diagnostics())["diagnostics"]
        place = found[0]["range"]
        assert (place["start"]["character"], place["end"]["character"]) == characters


async def test_several_changes_in_one_message_follow_each_other(start: Any) -> None:
    editor = await start()
    editor.open(URI, "one\ntwo\n")
    editor.change(URI, 2, ((0, 0), (0, 0), "x\n"), ((1, 0), (1, 3), "1"), "whole\nnew text\n", ((1, 0), (1, 3), "old"))
    await editor.diagnostics()
    assert editor.text(URI) == "whole\nold text\n"


async def test_a_change_of_an_unknown_document_is_ignored(start: Any) -> None:
    editor = await start()
    editor.change("file:///never/opened.py", 2, ((0, 0), (0, 0), "x"))
    editor.close_document("file:///never/opened.py")
    editor.send("textDocument/didSave", {"textDocument": {"uri": "file:///never/opened.py"}})
    await editor.idle()
    assert editor.unread == []


@pytest.mark.parametrize(
    "params",
    [None, {}, {"textDocument": {"uri": URI}}, {"textDocument": {"uri": URI, "version": 2}, "contentChanges": None},
     {"textDocument": {"uri": URI, "version": 2}, "contentChanges": [{"range": {"start": 1}, "text": "x"}]},
     {"textDocument": {"uri": URI, "version": 2}, "contentChanges": [{"text": 5}]}, [1], "x"],
)  # fmt: skip
async def test_a_malformed_change_breaks_nothing(start: Any, params: Any) -> None:
    editor = await start()
    editor.open(URI, "a = 1\n")
    await editor.diagnostics()
    editor.send("textDocument/didChange", params, broken=True)
    editor.change(URI, 3, ((0, 4), (0, 5), "2"))
    await editor.idle()
    assert editor.unread.pop()["params"]["version"] == 3
    editor.unread.clear()
    assert editor.text(URI) == "a = 2\n"


async def test_a_second_open_replaces_the_first(start: Any) -> None:
    editor = await start()
    editor.open(URI, "old\n")
    editor.open(URI, "new\n", version=7)
    assert (await editor.diagnostics())["version"] == 7
    assert editor.text(URI) == "new\n"


async def test_closing_clears_what_was_shown(start: Any) -> None:
    editor = await start()
    editor.open(URI, "eval(x)\n")
    assert (await editor.diagnostics())["diagnostics"]
    editor.close_document(URI)
    assert await editor.diagnostics() == {"uri": URI, "diagnostics": []}
