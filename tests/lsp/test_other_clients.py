"""Clients that cannot be run here, Zed and LSP4IJ: their abilities, as their sources declare them, against the server.

What each is told is held to the protocol on its way, and each promise must reach it by a channel that it has."""

from __future__ import annotations

from typing import Any

import pytest
from agent import Agent
from editor import span
from real_git import RealGit

BASE = "def price(sku):\n    return lookup(sku)\n"
RISKY = BASE + "\n\ndef refund(order):\n    return eval(order.amount)\n"
ACTIONS = {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["quickfix", "source"]}}}
MARKDOWN = {"contentFormat": ["markdown", "plaintext"]}
REFRESH = {"refreshSupport": True}
CLIENTS: dict[str, dict[str, Any]] = {
    "Zed": {
        "general": {"positionEncodings": ["utf-16"]},
        "textDocument": {
            "codeAction": ACTIONS | {"dataSupport": True},
            "diagnostic": {"dynamicRegistration": True},
            "hover": MARKDOWN,
            "inlayHint": {"resolveSupport": {"properties": ["tooltip"]}},
            "publishDiagnostics": {"versionSupport": True, "dataSupport": True},
        },
        "workspace": {"applyEdit": True, "configuration": True, "inlayHint": REFRESH, "diagnostics": REFRESH},
        "window": {"workDoneProgress": True},
    },
    "LSP4IJ": {
        "general": {"positionEncodings": ["utf-16"]},
        "textDocument": {
            "codeAction": ACTIONS | {"dataSupport": True},
            "codeLens": {},
            "hover": MARKDOWN,
            "inlayHint": {},
            "publishDiagnostics": {"dataSupport": True},
        },
        "workspace": {"applyEdit": True, "configuration": True, "inlayHint": REFRESH, "codeLens": REFRESH},
        "window": {"workDoneProgress": True, "showDocument": {"support": True}},
    },
}


@pytest.mark.parametrize("name", CLIENTS)
async def test_each_promise_has_a_channel(start: Any, git: RealGit, name: str) -> None:
    git.commit("base", {"shop.py": BASE})
    Agent(git).write("shop.py", RISKY)
    trusted = {"initializationOptions": {"trusted": True}, "clientInfo": {"name": name}}
    editor = await start(CLIENTS[name], rootUri=git.top.as_uri(), **trusted)
    editor.reply(editor.take("workspace/configuration"), [None])
    document = (git.top / "shop.py").as_uri()
    here = {"textDocument": {"uri": document}}
    editor.open(document, RISKY)
    await editor.pass_time(1)
    await editor.pass_time(1)
    if "diagnostic" in CLIENTS[name]["textDocument"]:
        found = (await editor.request("textDocument/diagnostic", here))["items"]
    else:
        found = [m["params"] for m in editor.unread if m["method"] == "textDocument/publishDiagnostics"][-1][
            "diagnostics"
        ]
    assert [(d["code"], d["range"]["start"]) for d in found] == [("py-code-injection", {"line": 5, "character": 11})]
    hints = await editor.request("textDocument/inlayHint", here | {"range": span((0, 0), (6, 0))})
    assert [hint["label"] for hint in hints] == ["AI 4 lines (claude:unknown)"]
    hover = await editor.request("textDocument/hover", here | {"position": {"line": 5, "character": 12}})
    assert "Written by AI" in hover["contents"]["value"] and "Still open" in hover["contents"]["value"]
    asking = here | {"range": span((5, 11), (5, 15)), "context": {"diagnostics": found}}
    offered = {action["title"] for action in await editor.request("textDocument/codeAction", asking)}
    assert {"Earmark: suppress py-code-injection here…", "Earmark: tag the next commit"} <= offered
    await editor.pass_time(1)
    editor.unread.clear()
