"""What can be done about a finding or a region, in clients with every ability and with none."""

from __future__ import annotations

from typing import Any

import pytest
from agent import Agent
from editor import Editor, span
from real_git import RealGit

LITERALS = {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["quickfix", "source"]}}}
FULL = {
    "textDocument": {
        "codeAction": LITERALS,
        "codeLens": {},
        "inlayHint": {},
        "hover": {"contentFormat": ["markdown", "plaintext"]},
    },
    "workspace": {"applyEdit": True},
    "window": {"showDocument": {"support": True}},
}
URI = "file:///nowhere/module.py"
AI = "def price(sku):\n    return lookup(sku)\n\n\ndef refund(order):\n    return eval(order.amount)\n"


@pytest.fixture
def shop(git: RealGit) -> RealGit:
    git.commit("base", {"shop.py": AI.partition("\n\n\n")[0] + "\n"})
    Agent(git).write("shop.py", AI)
    return git


async def opened(start: Any, shop: RealGit, capabilities: dict[str, Any], **params: Any) -> tuple[Editor, str]:
    """An editor that has the shop open and knows how its change stands."""
    editor = await start(capabilities, **params)
    document = (shop.top / "shop.py").as_uri()
    editor.open(document, AI)
    await editor.idle()
    await editor.pass_time(1)
    await editor.pass_time(1)
    editor.unread.clear()
    return editor, document


async def actions(
    editor: Editor, document: str, start: tuple[int, int], end: tuple[int, int], **context: Any
) -> list[dict[str, Any]]:
    params = {
        "textDocument": {"uri": document},
        "range": span(start, end),
        "context": {"diagnostics": [], **context},
    }
    found = await editor.request("textDocument/codeAction", params)
    assert isinstance(found, list)
    return found


async def run(editor: Editor, action: dict[str, Any]) -> int:
    """Start the command of an action, as a client does that was shown it."""
    command = action["command"] if isinstance(action["command"], dict) else action
    return editor.ask("workspace/executeCommand", {k: command[k] for k in ("command", "arguments")})


def titled(found: list[dict[str, Any]], part: str) -> dict[str, Any]:
    matching = [action for action in found if part in action["title"]]
    assert len(matching) == 1, [action["title"] for action in found]
    return matching[0]


async def test_a_safe_fix_is_an_edit(start: Any) -> None:
    editor = await start(FULL)
    editor.open(URI, "import requests\n\nrequests.get(url)\n")
    diagnostic = (await editor.diagnostics())["diagnostics"][0]
    fix = titled(await actions(editor, URI, (2, 12), (2, 12)), "Give up after 30 seconds")
    assert fix["isPreferred"] is True
    assert fix["diagnostics"][0]["code"] == diagnostic["code"]
    assert fix["diagnostics"][0]["range"] == diagnostic["range"]
    (edit,) = fix["edit"]["changes"][URI]
    editor.change(
        URI, 2, (tuple(edit["range"]["start"].values()), tuple(edit["range"]["end"].values()), edit["newText"])
    )
    assert (await editor.diagnostics())["diagnostics"] == []


async def test_actions_need_no_data_from_the_client(start: Any) -> None:
    """The diagnostics a client sends back are not looked at; the place is enough."""
    editor = await start(FULL)
    editor.open(URI, "x = eval(y)\n")
    await editor.diagnostics()
    titles = [action["title"] for action in await actions(editor, URI, (0, 6), (0, 6))]
    assert titles == ["Earmark: suppress py-code-injection here…", "Earmark: why py-code-injection?"]


async def test_only_the_kinds_asked_for(start: Any) -> None:
    editor = await start(FULL)
    editor.open(URI, "x = eval(y)\n")
    await editor.diagnostics()
    assert await actions(editor, URI, (0, 6), (0, 6), only=["refactor"]) == []
    assert len(await actions(editor, URI, (0, 6), (0, 6), only=["quickfix", "refactor"])) == 2


async def test_a_client_without_action_literals_gets_commands(start: Any) -> None:
    editor = await start()
    editor.open(URI, "x = eval(y)\n")
    await editor.diagnostics()
    found = await actions(editor, URI, (0, 6), (0, 6))
    assert [action["command"] for action in found] == ["earmark.suppressFinding", "earmark.explainRule"]


async def test_suppressing_asks_why_and_writes_it_down(start: Any) -> None:
    editor = await start(FULL)
    editor.open(URI, "def f(y):\n    x = eval(y)\n")
    await editor.diagnostics()
    asked = await run(editor, titled(await actions(editor, URI, (1, 8), (1, 8)), "suppress"))
    await editor.idle()
    question = editor.take("window/showMessageRequest")
    editor.change(URI, 2, ((0, 0), (0, 0), "import os\n"))
    assert (await editor.diagnostics())["version"] == 2
    editor.reply(question, question["params"]["actions"][0])
    await editor.idle()
    edit = editor.take("workspace/applyEdit")
    (change,) = edit["params"]["edit"]["changes"][URI]
    assert change["newText"] == "    # earmark: ignore[py-code-injection] Not a problem here\n"
    editor.change(URI, 3, ((2, 0), (2, 0), change["newText"]))
    editor.reply(edit, {"applied": True})
    assert (await editor.result(asked))["comment"].endswith("Not a problem here")
    assert (await editor.diagnostics())["diagnostics"] == []


async def test_no_reason_no_suppression(start: Any) -> None:
    editor = await start(FULL)
    editor.open(URI, "x = eval(y)\n")
    await editor.diagnostics()
    asked = await run(editor, titled(await actions(editor, URI, (0, 6), (0, 6)), "suppress"))
    await editor.idle()
    editor.reply(editor.take("window/showMessageRequest"), None)
    assert "No reason" in (await editor.answer(asked))["error"]["message"]


async def test_explaining_a_rule(start: Any) -> None:
    editor = await start(FULL)
    editor.open(URI, "x = eval(y)\n")
    await editor.diagnostics()
    explained = await editor.request(
        "workspace/executeCommand", {"command": "earmark.explainRule", "arguments": [{"rule": "py-code-injection"}]}
    )
    assert explained["severity"] == "high"
    assert "py-code-injection" in explained["page"]
    assert "py-code-injection" in editor.take("window/showMessage")["params"]["message"]
    here = {"uri": URI, "range": span((0, 0), (0, 3))}
    by_place = await editor.request("workspace/executeCommand", {"command": "earmark.explainRule", "arguments": [here]})
    assert by_place == explained
    editor.take("window/showMessage")


async def test_a_client_that_shows_the_page_is_not_told_twice(start: Any) -> None:
    editor = await start(FULL | {"experimental": {"earmark": {"decorations": True}}})
    asked = {"command": "earmark.explainRule", "arguments": [{"rule": "py-code-injection"}]}
    explained = await editor.request("workspace/executeCommand", asked)
    assert explained["page"]
    assert editor.unread == []


@pytest.mark.parametrize(
    ("command", "argument", "said"),
    [
        ("earmark.explainRule", {"rule": "no-such-rule"}, "no rule 'no-such-rule'"),
        ("earmark.explainRule", {}, "must name a rule"),
        ("earmark.explainRule", {"uri": URI, "range": "x"}, "line and a character"),
        ("earmark.markRegion", {"uri": URI, "kind": "robot"}, 'kind must be "ai" or "human"'),
        ("earmark.markRegion", {"uri": "file:///x"}, "open document"),
        ("earmark.markRegion", {"uri": URI, "kind": "ai", "range": span((0, 0), (0, 2))}, "git worktree"),
        ("earmark.suppressFinding", {"uri": URI, "rule": "x", "range": span((0, 0), (0, 0))}, "no finding of rule"),
        ("earmark.showRegion", {"uri": URI, "id": "r99"}, "no longer there"),
        ("earmark.tagCommit", {"uri": URI}, "git worktree"),
        ("earmark.noSuchCommand", {}, "not defined"),
    ],
)
async def test_a_command_that_cannot_be_done_says_why(start: Any, command: str, argument: Any, said: str) -> None:
    editor = await start(FULL)
    editor.open(URI, "x = 1\n")
    await editor.diagnostics()
    asked = editor.ask("workspace/executeCommand", {"command": command, "arguments": [argument]})
    assert said in (await editor.answer(asked))["error"]["message"]


async def test_marking_ai_text_as_ones_own(start: Any, shop: RealGit) -> None:
    editor, document = await opened(start, shop, FULL, initializationOptions={"trusted": True})
    asked = await run(editor, titled(await actions(editor, document, (4, 0), (4, 0)), "a person wrote this"))
    await editor.idle()
    question = editor.take("window/showMessageRequest")
    editor.reply(question, question["params"]["actions"][0])
    assert await editor.result(asked) == {"marked": 4}
    found = await editor.request("earmark/regions", {"textDocument": {"uri": document}})
    assert [region["kind"] for region in found["regions"]] == ["human"]
    await editor.pass_time(1)
    editor.unread.clear()
    from earmark.git.repository import find
    from earmark.origin.ledger import Ledger

    repo = find(shop.top)
    assert repo is not None
    with Ledger.open(repo) as ledger:
        (row,) = ledger.audit_rows()
    assert (row.who, row.what, row.why) == ("Ada Example <ada@example.com>", "mark", "I typed this myself")
    assert '"lines": [3, 6]' in row.detail


async def test_marking_a_pasted_text_as_ai(start: Any, shop: RealGit) -> None:
    editor, document = await opened(start, shop, FULL, initializationOptions={"trusted": True})
    mark = {"uri": document, "range": span((0, 0), (1, 0)), "kind": "ai", "reason": "from the chat", "tool": "chatgpt"}
    done = await editor.request("workspace/executeCommand", {"command": "earmark.markRegion", "arguments": [mark]})
    assert done == {"marked": 1}
    found = await editor.request("earmark/regions", {"textDocument": {"uri": document}})
    assert [(region["range"]["start"]["line"], region["tool"]) for region in found["regions"]] == [
        (0, "chatgpt"),
        (2, "claude"),
    ]
    await editor.pass_time(1)
    editor.unread.clear()


async def test_nothing_is_written_in_a_workspace_nobody_trusts(start: Any, shop: RealGit) -> None:
    editor, document = await opened(start, shop, FULL)
    titles = [action["title"] for action in await actions(editor, document, (4, 0), (5, 12))]
    assert all("person wrote" not in title and "tag" not in title for title in titles)
    for command in ("earmark.markRegion", "earmark.tagCommit", "earmark.requestReview"):
        argument = {"uri": document, "id": "r1", "kind": "human", "reason": "mine"}
        asked = editor.ask("workspace/executeCommand", {"command": command, "arguments": [argument]})
        assert "trusted" in (await editor.answer(asked))["error"]["message"]


async def test_hover_says_who_when_why_and_what_is_open(start: Any, shop: RealGit) -> None:
    shop.write(".earmark.toml", '[[review]]\nrisk = "low"\nlevel = "senior"\n')
    editor, document = await opened(start, shop, FULL)
    shown = await editor.request(
        "textDocument/hover", {"textDocument": {"uri": document}, "position": {"line": 5, "character": 14}}
    )
    text = shown["contents"]["value"]
    assert shown["contents"]["kind"] == "markdown"
    for part in (
        "Written by AI: `claude:unknown`",
        "UTC",
        "Directed by `Ada Example <ada@example.com>`",
        "Risk high, `py-code-injection`",
        "To lower it",
        "Still open",
        "senior",
        "`.earmark.toml:1`",
    ):
        assert part in text, text
    nowhere = {"textDocument": {"uri": document}, "position": {"line": 0, "character": 0}}
    assert await editor.request("textDocument/hover", nowhere) is None


async def test_hover_is_plain_where_markdown_is_not_shown(start: Any, shop: RealGit) -> None:
    editor, document = await opened(start, shop, {})
    shown = await editor.request(
        "textDocument/hover", {"textDocument": {"uri": document}, "position": {"line": 5, "character": 14}}
    )
    assert shown["contents"]["kind"] == "plaintext"
    assert "Written by AI: claude:unknown" in shown["contents"]["value"]


async def test_a_lens_only_where_something_is_asked(start: Any, shop: RealGit) -> None:
    editor, document = await opened(start, shop, FULL)
    lenses = await editor.request("textDocument/codeLens", {"textDocument": {"uri": document}})
    assert (lenses[0]["range"]["start"]["line"], lenses[0]["command"]["command"]) == (2, "earmark.tagCommit")
    shop.write(".earmark.toml", '[[paths]]\nmatch = ["shop.py"]\nclass = "generated"\n[[review]]\nrisk = "critical"\n')
    await editor.pass_time(1)
    await editor.pass_time(1)
    assert await editor.request("textDocument/codeLens", {"textDocument": {"uri": document}}) == []
    editor.unread.clear()


async def test_nothing_is_said_about_what_the_policy_leaves_out(start: Any, shop: RealGit) -> None:
    shop.write(".earmark.toml", '[[paths]]\nmatch = ["shop.py"]\nclass = "vendored"\n')
    editor, document = await opened(start, shop, {"textDocument": {"diagnostic": {}, "inlayHint": {}}})
    report = await editor.request("textDocument/diagnostic", {"textDocument": {"uri": document}})
    assert report["items"] == []


async def test_hints_stand_in_the_asked_range_only(start: Any, shop: RealGit) -> None:
    editor, document = await opened(start, shop, FULL)

    async def hints(first: int, last: int) -> list[tuple[int, str]]:
        asked = {"textDocument": {"uri": document}, "range": span((first, 0), (last, 0))}
        return [(h["position"]["line"], h["label"]) for h in await editor.request("textDocument/inlayHint", asked)]

    assert await hints(0, 9) == [(2, "AI 4 lines (claude:unknown)")]
    assert await hints(3, 9) == []


async def test_one_channel_a_region(start: Any, shop: RealGit) -> None:
    """Drawn by the client, else a hint, else a diagnostic; never two of them."""
    drawn = {"experimental": {"earmark": {"decorations": True}}}
    shown = []
    for capabilities in (FULL | drawn, FULL, {}, drawn):
        editor = await start(capabilities)
        document = (shop.top / "shop.py").as_uri()
        editor.open(document, AI)
        await editor.idle()
        await editor.pass_time(1)
        said = [m["params"] for m in editor.unread if m["method"] == "textDocument/publishDiagnostics"][-1]
        offers = editor.server.server_capabilities.inlay_hint_provider is not None
        shown.append((offers, "ai-region" in [item["code"] for item in said["diagnostics"]]))
        await editor.pass_time(1)
        editor.unread.clear()
    assert shown == [(False, False), (True, False), (False, True), (False, False)]


async def test_a_region_that_begins_with_empty_lines_is_marked_where_its_text_is(start: Any, shop: RealGit) -> None:
    editor = await start()
    document = (shop.top / "shop.py").as_uri()
    editor.open(document, AI)
    await editor.idle()
    await editor.pass_time(1)
    said = [m["params"] for m in editor.unread if m["method"] == "textDocument/publishDiagnostics"][-1]
    [region] = [item for item in said["diagnostics"] if item["code"] == "ai-region"]
    assert region["range"] == span((4, 0), (4, 18))
    await editor.pass_time(1)
    editor.unread.clear()


async def test_showing_a_region(start: Any, shop: RealGit) -> None:
    editor, document = await opened(start, shop, FULL)
    asked = editor.ask(
        "workspace/executeCommand", {"command": "earmark.showRegion", "arguments": [{"uri": document, "id": "r1"}]}
    )
    await editor.idle()
    show = editor.take("window/showDocument")
    assert show["params"]["selection"] == span((2, 0), (6, 0))
    editor.reply(show, {"success": True})
    assert (await editor.result(asked))["id"] == "r1"
