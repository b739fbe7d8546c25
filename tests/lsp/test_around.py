"""What the repository around a buffer adds to its diagnostics: packages, its own packs, incidents."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from agent import Agent
from real_git import RealGit

from earmark.lsp import analysis, around, indexing

PACK = """format = 1
languages = ["python"]
[[rule]]
id = "acme-twice"
category = "injection"
severity = "high"
why = "w"
hint = "h"
call = ["acme.twice"]
"""
BASE = "import json\n"
NEW = BASE + "import quantum_json_helper_pro\nimport httpx\n\n\ndef f(acme):\n    acme.twice(charge(1))\n"


@pytest.fixture
def shop(git: RealGit) -> RealGit:
    incident = "---\nid: one\nseverity: high\nsymbols: [charge]\nlesson: Charge once.\n---\n"
    git.commit("base", {"shop.py": BASE, ".earmark/rules/acme.toml": PACK, "incidents/one.md": incident})
    return git


async def shown(start: Any, git: RealGit, **params: Any) -> dict[str, dict[str, Any]]:
    editor = await start(rootUri=git.top.as_uri(), **params)
    editor.open((git.top / "shop.py").as_uri(), NEW)
    await editor.idle()
    await editor.pass_time(analysis.LONG_PAUSE)
    await editor.idle()
    sent = [m["params"] for m in editor.unread if m.get("method") == "textDocument/publishDiagnostics"]
    editor.unread.clear()
    return {item["code"]: item for item in sent[-1]["diagnostics"]}


async def test_a_trusted_repository_adds_its_packs_and_incidents(start: Any, shop: RealGit) -> None:
    found = await shown(start, shop, initializationOptions={"trusted": True})
    assert list(found) == ["dep-unknown-python", "acme-twice", "incident-resembled"]
    assert found["dep-unknown-python"]["range"]["start"] == {"line": 1, "character": 7}
    assert "quantum_json_helper_pro is no package on PyPI" in found["dep-unknown-python"]["message"]
    assert "Charge once." in found["incident-resembled"]["message"]
    assert "codeDescription" not in found["acme-twice"]


async def test_an_untrusted_repository_adds_no_packs(start: Any, shop: RealGit) -> None:
    found = await shown(start, shop)
    assert list(found) == ["dep-unknown-python", "incident-resembled"]
    page = found["dep-unknown-python"]["codeDescription"]["href"]
    assert page.startswith("file:///")
    assert page.endswith("/dependency-risk.md#dep-unknown-python")


async def test_a_pack_that_is_not_fit_says_so_while_it_is_written(start: Any, shop: RealGit) -> None:
    editor = await start(rootUri=shop.top.as_uri())
    editor.open((shop.top / ".earmark/rules/acme.toml").as_uri(), PACK.replace("high", "apocalyptic"))
    await editor.idle()
    sent = [m["params"] for m in editor.unread if m.get("method") == "textDocument/publishDiagnostics"]
    editor.unread.clear()
    (item,) = sent[-1]["diagnostics"]
    assert (item["code"], item["range"]["start"]["line"]) == ("earmark-file-unfit", 0)
    assert "rule acme-twice: severity must be one of" in item["message"]


PRICES = "def total(a):\n    return a\n\n\ndef rate(a):\n    return 1\n"
CART = "from prices import total\n\n\ndef pay(cart):\n    return total(cart) + total(1)\n"


@pytest.fixture
def prices(git: RealGit) -> RealGit:
    git.commit("base", {"prices.py": PRICES, "cart.py": CART})
    Agent(git).write("prices.py", PRICES.replace("return a\n", "return a / 2\n"))
    return git


async def hovered(editor: Any, git: RealGit, line: int) -> str:
    at = {"textDocument": {"uri": (git.top / "prices.py").as_uri()}, "position": {"line": line, "character": 6}}
    found = await editor.request("textDocument/hover", at)
    return str(found["contents"]["value"]) if found else ""


async def test_hover_says_who_uses_what_the_change_touches(start: Any, prices: RealGit) -> None:
    editor = await start(rootUri=prices.top.as_uri())
    editor.open((prices.top / "prices.py").as_uri(), (prices.top / "prices.py").read_text())
    await editor.idle()
    await editor.pass_time(1)
    said = await hovered(editor, prices, 1)
    assert "Written by AI" in said
    assert said.endswith("Used by others: total: 2 callers in 1 file: cart.py")
    editor.unread.clear()


async def test_a_large_repository_is_learnt_in_a_process_of_its_own(
    start: Any, prices: RealGit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(around, "_SMALL", 1)
    editor = await start({"window": {"workDoneProgress": True}}, rootUri=prices.top.as_uri())
    editor.open((prices.top / "prices.py").as_uri(), (prices.top / "prices.py").read_text())
    while not any(message.get("method") == "window/workDoneProgress/create" for message in editor.unread):
        await editor.breathe()
    asked = next(m for m in editor.unread if m.get("method") == "window/workDoneProgress/create")
    editor.reply(asked)
    await editor.idle()
    titles = [m["params"]["value"] for m in editor.unread if m.get("method") == "$/progress"]
    assert [value["kind"] for value in titles] == ["begin", "end"]
    assert titles[0]["title"] == "Learning who uses what"
    editor.unread.clear()
    assert (await hovered(editor, prices, 1)).endswith("total: 2 callers in 1 file: cart.py")
    await editor.pass_time(1)
    editor.unread.clear()


async def test_learning_can_be_cancelled(start: Any, prices: RealGit, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = asyncio.Event()

    async def endless(*arguments: Any, **named: Any) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    monkeypatch.setattr(around, "_SMALL", 1)
    monkeypatch.setattr(indexing, "earmark", endless)
    editor = await start({"window": {"workDoneProgress": True}}, rootUri=prices.top.as_uri())
    editor.open((prices.top / "prices.py").as_uri(), (prices.top / "prices.py").read_text())
    while not any(message.get("method") == "window/workDoneProgress/create" for message in editor.unread):
        await editor.breathe()
    asked = next(m for m in editor.unread if m.get("method") == "window/workDoneProgress/create")
    editor.reply(asked)
    while not any(message.get("method") == "$/progress" for message in editor.unread):
        await editor.breathe()
    editor.send("window/workDoneProgress/cancel", {"token": asked["params"]["token"]})
    await asyncio.wait_for(ended.wait(), 10)
    await editor.idle()
    editor.unread.clear()
    assert "Used by others" not in await hovered(editor, prices, 1)
    await editor.pass_time(1)
    editor.unread.clear()
