"""However a text is cut, edited and scanned, what is shown in the end is what one scan of the text finds."""

from __future__ import annotations

import random
from typing import Any

import pytest

from earmark.lsp import analysis, scanning
from earmark.risk.engine import scan
from earmark.risk.rules import load_default
from earmark.text.document import ByteDocument

URI = "file:///nowhere/module.py"
RISKY = (
    "import requests, subprocess\n\n\ndef fetch(url):\n    try:\n        reply = requests.get(\n            url,\n"
    "        )\n        subprocess.run(reply.text, shell=True)\n"
    "    except Exception:\n        pass\n    eval(url)\n\n\n"
)
PIECES = ["", "x", "\n", "(", ")", '"', "    ", "eval(y)\n", "# é😀", "def g():\n    pass\n", "timeout=5, "]


def expected(text: str, language: str = "python") -> list[tuple[str, int, int]]:
    """(rule, line, column) of what one scan finds, medium and above."""
    data = text.encode()
    found, _ = scan(data, language, "/nowhere/module.py", rules=load_default())
    document = ByteDocument(data)
    return sorted((f.rule, *document.position(f.start, "utf-16")) for f in found if f.rank >= 1)


def shown(params: dict[str, Any]) -> list[tuple[str, int, int]]:
    return sorted(
        (d["code"], d["range"]["start"]["line"], d["range"]["start"]["character"]) for d in params["diagnostics"]
    )


@pytest.mark.parametrize("smallest", [8, 100, 1 << 20])
async def test_pieces_find_what_the_whole_finds(start: Any, monkeypatch: pytest.MonkeyPatch, smallest: int) -> None:
    monkeypatch.setattr(scanning, "_SMALLEST", smallest)
    monkeypatch.setattr(scanning, "_TOO_LONG", 1e9)
    editor = await start()
    editor.open(URI, RISKY * 6)
    assert shown(await editor.diagnostics()) == expected(RISKY * 6)


async def test_the_pool_finds_what_the_loop_finds(start: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "_TOO_LONG", 0)
    editor = await start()
    editor.open(URI, RISKY * 30)
    assert shown(await editor.diagnostics()) == expected(RISKY * 30)
    editor.change(URI, 2, ((2, 0), (2, 0), "exec(url)\n"))
    first = await editor.diagnostics()
    assert 2 not in [line for _, line, _ in shown(first)], "a costly scan is not made while typing"
    await editor.pass_time(analysis.LONG_PAUSE)
    assert shown(await editor.diagnostics()) == expected(editor.text(URI))


@pytest.mark.parametrize("seed", range(12))
async def test_random_edits_end_where_a_whole_scan_ends(start: Any, seed: int) -> None:
    """With the parse and the scan cut into pieces at random, and edits arriving in between."""
    chance = random.Random(seed)
    editor = await start()
    editor.open(URI, RISKY * 3)
    await editor.idle()
    for version in range(2, 22):
        lines = editor.text(URI).split("\n")
        line = chance.randrange(len(lines))
        column = chance.randrange(len(lines[line]) + 1)
        end = (min(line + chance.choice([0, 0, 0, 1]), len(lines) - 1), column + chance.choice([0, 0, 2]))
        editor.change(URI, version, ((line, column), max((line, column), end), chance.choice(PIECES)))
        for _ in range(chance.randrange(6)):
            await editor.breathe()
        if chance.random() < 0.3:
            await editor.pass_time(analysis.PAUSE * chance.random() * 2)
        if chance.random() < 0.5:
            await editor.idle()
    editor.change(URI, 22, RISKY * 2 + "exec(z)\n")
    await editor.pass_time(1)
    assert editor.unread[-1]["params"]["version"] == 22
    assert shown(editor.unread[-1]["params"]) == expected(RISKY * 2 + "exec(z)\n")
    editor.unread.clear()
