"""What another process records shows in the open buffer, whichever of reload and hook comes first."""

from __future__ import annotations

import json
from typing import Any

import pytest
from agent import Agent, blame
from editor import Editor, span
from real_git import RealGit

from earmark.lsp.origins import WATCH_SECONDS

BASE = "def price(sku):\n    return lookup(sku)\n"
AI = "def price(sku):\n    return lookup(sku)\n\n\ndef refund(order):\n    return eval(order.amount)\n"


@pytest.fixture
def shop(git: RealGit) -> RealGit:
    git.commit("base", {"shop.py": BASE})
    return git


def uri(git: RealGit, path: str = "shop.py") -> str:
    return (git.top / path).as_uri()


async def regions(editor: Editor, document: str, kind: str = "ai") -> list[dict[str, Any]]:
    found = await editor.request("earmark/regions", {"textDocument": {"uri": document}})
    return [region for region in found["regions"] if region["kind"] == kind]


def place(region: dict[str, Any]) -> tuple[int, int, int, int]:
    where = region["range"]
    return (where["start"]["line"], where["start"]["character"], where["end"]["line"], where["end"]["character"])


async def settled(editor: Editor) -> list[str]:
    """The methods of what the editor got, once the ledger has been looked at."""
    await editor.pass_time(WATCH_SECONDS)
    await editor.pass_time(1)
    methods = [message["method"] for message in editor.unread]
    editor.unread.clear()
    return methods


async def test_the_hook_comes_first(start: Any, shop: RealGit) -> None:
    editor = await start({"experimental": {"earmark": {"decorations": True}}})
    editor.open(uri(shop), BASE)
    await settled(editor)
    Agent(shop).write("shop.py", AI)
    await settled(editor)
    assert await regions(editor, uri(shop)) == []
    editor.change(uri(shop), 2, AI)
    await editor.idle()
    changed = [message["params"] for message in editor.unread if message["method"] == "earmark/regionsChanged"]
    assert changed == [{"uri": uri(shop), "version": 2}]
    editor.unread.clear()
    (region,) = await regions(editor, uri(shop))
    assert place(region) == (2, 0, 6, 0)
    assert (region["tool"], region["session"], region["risk"]) == ("claude", region["session"], "high")
    await settled(editor)


async def test_the_reload_comes_first(start: Any, shop: RealGit) -> None:
    editor = await start()
    editor.open(uri(shop), BASE)
    await settled(editor)
    agent = Agent(shop)
    call, old = agent.write_silently("shop.py", AI)
    editor.change(uri(shop), 2, ((2, 0), (2, 0), AI[len(BASE) :]))
    await settled(editor)
    assert await regions(editor, uri(shop)) == []
    agent.hook("PostToolUse", "shop.py", AI, call, old)
    await editor.pass_time(WATCH_SECONDS)
    assert "earmark/regionsChanged" in [message["method"] for message in editor.unread]
    (region,) = await regions(editor, uri(shop))
    assert place(region) == (2, 0, 6, 0)
    await settled(editor)


async def test_the_person_types_on_before_the_hook(start: Any, shop: RealGit) -> None:
    editor = await start()
    editor.open(uri(shop), BASE)
    await settled(editor)
    agent = Agent(shop)
    call, old = agent.write_silently("shop.py", AI)
    editor.change(uri(shop), 2, AI)
    editor.change(uri(shop), 3, ((0, 0), (0, 0), "#"))
    await settled(editor)
    agent.hook("PostToolUse", "shop.py", AI, call, old)
    await settled(editor)
    (region,) = await regions(editor, uri(shop))
    assert place(region) == (2, 0, 6, 0)
    assert [place(human) for human in await regions(editor, uri(shop), "human")] == [(0, 0, 0, 1)]


async def test_what_is_known_shows_when_the_file_is_opened(start: Any, shop: RealGit) -> None:
    Agent(shop).write("shop.py", AI)
    editor = await start()
    editor.open(uri(shop), AI)
    await settled(editor)
    assert [place(region) for region in await regions(editor, uri(shop))] == [(2, 0, 6, 0)]


async def test_ids_stay_through_edits_and_undo(start: Any, shop: RealGit) -> None:
    Agent(shop).write("shop.py", AI)
    editor = await start()
    editor.open(uri(shop), AI)
    await settled(editor)
    (before,) = await regions(editor, uri(shop))
    editor.change(uri(shop), 2, ((0, 0), (0, 0), "x\n"))
    editor.change(uri(shop), 3, ((6, 4), (6, 10), "yield"))
    editor.change(uri(shop), 4, ((4, 0), (7, 0), ""))
    (moved,) = await regions(editor, uri(shop))
    assert moved["id"] == before["id"]
    assert place(moved)[0] == 3
    editor.change(uri(shop), 5, AI)
    (whole,) = await regions(editor, uri(shop))
    assert (whole["id"], place(whole)) == (before["id"], place(before))
    await settled(editor)


async def test_severity_follows_the_author(start: Any, shop: RealGit) -> None:
    text = "eval(a)\n" + AI
    shop.commit("old risk", {"shop.py": "eval(a)\n" + BASE})
    Agent(shop).write("shop.py", text)
    editor = await start({"experimental": {"earmark": {"decorations": True}}})
    editor.open(uri(shop), text)
    await editor.idle()
    found = [m["params"] for m in editor.unread if m["method"] == "textDocument/publishDiagnostics"][-1]
    assert [(d["range"]["start"]["line"], d["severity"]) for d in found["diagnostics"]] == [(0, 4), (6, 2)]
    await settled(editor)


async def test_a_removal_has_its_place(start: Any, shop: RealGit) -> None:
    guarded = "def pay(user):\n    if not user.ok:\n        raise Denied\n    charge(user)\n"
    shop.commit("pay", {"pay.py": guarded})
    Agent(shop).write("pay.py", "def pay(user):\n    charge(user)\n")
    editor = await start({"textDocument": {"inlayHint": {}}})
    editor.open(uri(shop, "pay.py"), "def pay(user):\n    charge(user)\n")
    await settled(editor)
    found = await editor.request("earmark/regions", {"textDocument": {"uri": uri(shop, "pay.py")}})
    assert [(r["position"], r["lines"]) for r in found["removals"]] == [({"line": 1, "character": 0}, 2)]
    hints = await editor.request(
        "textDocument/inlayHint", {"textDocument": {"uri": uri(shop, "pay.py")}, "range": span((0, 0), (9, 0))}
    )
    assert [(h["position"]["line"], h["label"]) for h in hints] == [(1, "AI removed 2 lines here (claude:unknown)")]


def insertion(document: str, version: int, start: tuple[int, int], end: tuple[int, int]) -> dict[str, Any]:
    return {
        "textDocument": {"uri": document, "version": version}, "range": span(start, end),
        "tool": "copilot", "model": "gpt-5", "session": "s-1", "kind": "completion",
    }  # fmt: skip


@pytest.mark.parametrize("order", ["before its change", "behind its change", "late"])
async def test_an_accepted_completion(start: Any, shop: RealGit, order: str) -> None:
    editor = await start()
    editor.open(uri(shop), BASE)
    await settled(editor)
    message = insertion(uri(shop), 2, (1, 4), (1, 22))
    if order == "before its change":
        editor.send("earmark/didInsert", message)
    editor.change(uri(shop), 2, ((1, 4), (1, 22), "raise NotImplemented"[:18]))
    if order == "behind its change":
        editor.send("earmark/didInsert", message)
    editor.change(uri(shop), 3, ((0, 0), (0, 0), "# é😀\n"))
    if order == "late":
        editor.send("earmark/didInsert", message)
    await settled(editor)
    (region,) = await regions(editor, uri(shop))
    assert place(region) == (2, 4, 2, 22)
    assert (region["tool"], region["model"]) == ("copilot", "gpt-5")


async def test_a_saved_completion_is_in_the_ledger(start: Any, shop: RealGit) -> None:
    editor = await start()
    editor.open(uri(shop), BASE)
    await settled(editor)
    text = BASE + "print(price(1))\n"
    editor.change(uri(shop), 2, ((2, 0), (2, 0), "print(price(1))\n"))
    editor.send("earmark/didInsert", insertion(uri(shop), 2, (2, 0), (3, 0)))
    await editor.idle()
    shop.write("shop.py", text)
    editor.send("textDocument/didSave", {"textDocument": {"uri": uri(shop)}})
    await settled(editor)
    assert [(r["start"], r["kind"], r["tool"]) for r in blame(shop, "shop.py") if r["kind"] == "ai"] == [
        (3, "ai", "copilot")
    ]
    editor.close_document(uri(shop))
    editor.open(uri(shop), text)
    await settled(editor)
    assert [place(region) for region in await regions(editor, uri(shop))] == [(2, 0, 3, 0)]


@pytest.mark.parametrize(
    "params",
    [{}, {"textDocument": {"uri": "file:///other.py", "version": 1}}, {"range": None}, [], None, {"tool": 5},
     {"range": {"start": {"line": "x"}}}, {"kind": "typing"}, {"tool": ""}],
)  # fmt: skip
async def test_a_malformed_insertion_says_nothing_of_the_text(start: Any, shop: RealGit, params: Any) -> None:
    editor = await start()
    editor.open(uri(shop), BASE)
    await settled(editor)
    given = insertion(uri(shop), 1, (0, 0), (1, 0)) | params if isinstance(params, dict) and params else params
    editor.send("earmark/didInsert", given, broken=True)
    await editor.idle()
    editor.unread = [m for m in editor.unread if m["method"] != "window/showMessage"]
    assert await regions(editor, uri(shop)) == []


async def test_a_document_outside_any_repository(start: Any, tmp_path: Any) -> None:
    editor = await start()
    for document in ((tmp_path / "alone.py").as_uri(), "untitled:Untitled-1", "file:///no/such/folder/x.py"):
        editor.open(document, "eval(x)\n")
        await settled(editor)
        editor.send("earmark/didInsert", insertion(document, 1, (0, 0), (0, 4)))
        await settled(editor)
        assert [place(region) for region in await regions(editor, document)] == [(0, 0, 0, 4)]


async def test_regions_of_an_unknown_document(start: Any) -> None:
    editor = await start()
    found = await editor.request("earmark/regions", {"textDocument": {"uri": "file:///unknown.py"}})
    assert found == {"version": None, "regions": [], "removals": []}


async def test_an_unreadable_ledger_leaves_the_diagnostics(start: Any, shop: RealGit) -> None:
    folder = shop.top / ".git" / "earmark"
    folder.mkdir()
    (folder / "ledger.db").write_bytes(b"not a database" * 100)
    editor = await start()
    editor.open(uri(shop), "eval(x)\n")
    await editor.idle()
    assert "py-code-injection" in json.dumps(editor.unread)
    await settled(editor)


async def test_a_client_that_shows_unknown_notifications_gets_none_before_it_asks(start: Any, shop: RealGit) -> None:
    Agent(shop).write("shop.py", AI)
    editor = await start(clientInfo={"name": "emacs"})
    editor.open(uri(shop), AI)
    assert "earmark/regionsChanged" not in await settled(editor)
    assert await regions(editor, uri(shop))
    editor.send("earmark/didInsert", insertion(uri(shop), 1, (0, 0), (1, 0)))
    assert "earmark/regionsChanged" in await settled(editor)


async def test_a_colleagues_ai_lines_come_from_the_notes(start: Any, shop: RealGit, tmp_path: Any) -> None:
    Agent(shop).write("shop.py", AI)
    shop.commit("refunds")
    blame(shop, "shop.py")
    clone = RealGit(tmp_path / "clone", init=False)
    shop("clone", "-q", str(shop.top), str(clone.top))
    clone("fetch", "-q", "origin", "refs/notes/ai:refs/notes/ai")
    editor = await start()
    editor.open(uri(clone), "# local\n" + AI)
    await settled(editor)
    (region,) = await regions(editor, uri(clone))
    assert place(region) == (3, 0, 7, 0)
    assert (region["tool"], region["session"][:2]) == ("claude", "s_")
    clone.write("shop.py", "# local\n" + AI)
    editor.send("textDocument/didSave", {"textDocument": {"uri": uri(clone)}})
    await settled(editor)
    editor.close_document(uri(clone))
    editor.open(uri(clone), "# local\n" + AI)
    await settled(editor)
    (again,) = await regions(editor, uri(clone))
    assert (place(again), again["tool"], again["session"]) == ((3, 0, 7, 0), "claude", region["session"])


async def test_a_shutdown_waits_for_what_is_being_saved(start: Any, shop: RealGit) -> None:
    editor = await start()
    editor.open(uri(shop), BASE)
    await settled(editor)
    editor.send("earmark/didInsert", insertion(uri(shop), 1, (0, 0), (2, 0)))
    editor.send("textDocument/didSave", {"textDocument": {"uri": uri(shop)}})
    assert await editor.request("shutdown") is None
    editor.unread.clear()
    from earmark.git.repository import find
    from earmark.origin.ledger import Ledger

    repo = find(shop.top)
    assert repo is not None
    with Ledger.open(repo) as ledger:
        last = ledger.last("shop.py")
    assert last is not None
    assert [region.origin.kind for region in last.snapshot.regions] == ["ai"]


async def test_a_small_change_that_others_made_is_nobodys_typing(start: Any, shop: RealGit) -> None:
    editor = await start()
    editor.open(uri(shop), BASE)
    await settled(editor)
    shop.write("shop.py", "x\n" + BASE)
    editor.change(uri(shop), 2, ((0, 0), (0, 0), "x\n"))
    editor.change(uri(shop), 3, ((1, 0), (1, 0), "y\n"))
    assert [place(region) for region in await regions(editor, uri(shop), "human")] == [(1, 0, 2, 0)]
    await settled(editor)


async def test_a_merge_brings_what_only_the_notes_know(start: Any, shop: RealGit) -> None:
    shop("checkout", "-q", "-b", "side")
    Agent(shop).write("shop.py", AI)
    shop.commit("side")
    shop("checkout", "-q", "main")
    text = "import first\n" + BASE
    shop.commit("main", {"shop.py": text})
    editor = await start()
    editor.open(uri(shop), text)
    await settled(editor)
    shop("merge", "-q", "--no-edit", "side")
    merged = (shop.top / "shop.py").read_text()
    editor.change(uri(shop), 2, merged)
    for _ in range(3):
        await settled(editor)
    assert [place(region) for region in await regions(editor, uri(shop))] == [(3, 0, 7, 0)]


async def test_a_stash_taken_back_in_an_open_buffer(start: Any, shop: RealGit) -> None:
    Agent(shop).write("shop.py", AI)
    editor = await start()
    editor.open(uri(shop), AI)
    await settled(editor)
    shop("stash", "-q")
    editor.change(uri(shop), 2, BASE)
    await settled(editor)
    text = "import first\n" + BASE
    shop.commit("meanwhile", {"shop.py": text})
    editor.change(uri(shop), 3, text)
    await settled(editor)
    shop("stash", "pop", "-q")
    editor.change(uri(shop), 4, "import first\n" + AI)
    for _ in range(3):
        await settled(editor)
    assert [place(region) for region in await regions(editor, uri(shop))] == [(3, 0, 7, 0)]


@pytest.mark.parametrize("target", ["shop.py", "other.py"])
async def test_a_block_that_is_cut_and_pasted_keeps_its_owner(start: Any, shop: RealGit, target: str) -> None:
    shop.commit("other", {"other.py": "import first\n"})
    Agent(shop).write("shop.py", AI)
    editor = await start()
    editor.open(uri(shop), AI)
    editor.open(uri(shop, "other.py"), "import first\n")
    await settled(editor)
    editor.change(uri(shop), 2, ((3, 0), (6, 0), ""))
    assert [place(region) for region in await regions(editor, uri(shop))] == [(2, 0, 3, 0)]
    block = "".join(AI.splitlines(keepends=True)[3:6])
    editor.change(uri(shop, target), 3, ((0, 0), (0, 0), block))
    assert place((await regions(editor, uri(shop, target)))[0]) == (0, 0, 3, 0)
    editor.change(uri(shop, target), 4, ((3, 0), (3, 0), block))
    assert place((await regions(editor, uri(shop, target)))[0]) == (0, 0, 3, 0)
    await settled(editor)


async def test_a_block_that_is_copied_does_not(start: Any, shop: RealGit) -> None:
    Agent(shop).write("shop.py", AI)
    editor = await start()
    editor.open(uri(shop), AI)
    await settled(editor)
    block = "".join(AI.splitlines(keepends=True)[3:6])
    editor.change(uri(shop), 2, ((3, 0), (6, 0), ""))
    editor.change(uri(shop), 3, ((3, 0), (3, 0), block))
    editor.change(uri(shop), 4, ((0, 0), (0, 0), block))
    assert [place(region) for region in await regions(editor, uri(shop))] == [(5, 0, 9, 0)]
    await settled(editor)


async def test_a_file_renamed_in_the_editor(start: Any, shop: RealGit) -> None:
    Agent(shop).write("shop.py", AI)
    editor = await start()
    editor.open(uri(shop), AI)
    await settled(editor)
    (shop.top / "shop.py").rename(shop.top / "store.py")
    editor.close_document(uri(shop))
    editor.open(uri(shop, "store.py"), AI)
    await settled(editor)
    assert [place(region) for region in await regions(editor, uri(shop, "store.py"))] == [(2, 0, 6, 0)]


async def test_many_commits_at_once_are_looked_at_once(
    start: Any, shop: RealGit, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[object] = []
    monkeypatch.setattr("earmark.lsp.recall.settled", looked.append)
    editor = await start()
    editor.open(uri(shop), BASE)
    await settled(editor)
    looked.clear()
    for number in range(6):
        shop.commit(f"commit {number}", {"other.py": f"x = {number}\n"})
        await editor.pass_time(WATCH_SECONDS)
    await settled(editor)
    assert 1 <= len(looked) <= 3
