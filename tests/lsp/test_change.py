"""The working change as a view of an editor shows it, and the trailers for a message that is no document."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from agent import Agent
from editor import Editor
from real_git import RealGit

BASE = "def price(sku):\n    return lookup(sku)\n"
RISKY = BASE + "\n\ndef refund(order):\n    return eval(order.amount)\n"
POLICY = '[[review]]\nrisk = "medium"\nlevel = "senior"\ncount = 1\n\n[roster]\nlevels = ["junior", "senior"]\n'


@pytest.fixture
def shop(git: RealGit) -> RealGit:
    git.commit("base", {"shop.py": BASE, "plain.py": BASE, ".earmark.toml": POLICY})
    Agent(git).write("shop.py", RISKY)
    Agent(git).write("plain.py", BASE.replace("    return lookup(sku)\n", "    pass\n"))
    return git


async def begun(start: Any, git: RealGit, **params: Any) -> Editor:
    editor = await start({"workspace": {"workspaceFolders": True}}, rootUri=git.top.as_uri(), **params)
    assert isinstance(editor, Editor)
    return editor


async def known(editor: Editor) -> dict[str, Any]:
    """The change, once the server has looked at it."""
    await editor.request("earmark/change", {})
    await editor.pass_time(1)
    editor.take("earmark/changeChanged")
    found = await editor.request("earmark/change", {})
    assert isinstance(found, dict)
    await editor.pass_time(1)
    return found


async def test_the_riskiest_file_comes_first_with_its_regions(start: Any, shop: RealGit) -> None:
    change = await known(await begun(start, shop))
    assert change["root"] == shop.top.as_uri()
    assert change["level"] in ("medium", "high", "critical")
    risky, plain = change["files"]
    assert (risky["path"], risky["uri"], risky["risk"]) == ("shop.py", (shop.top / "shop.py").as_uri(), "high")
    assert (risky["aiLines"], risky["aiRemoved"], risky["review"]) == (4, 0, "required")
    [region] = risky["regions"]
    assert (region["start"], region["end"], region["tool"], region["risk"]) == (3, 6, "claude", "high")
    [finding] = region["findings"]
    assert (finding["line"], finding["rule"], finding["severity"]) == (6, "py-code-injection", "high")
    written, removed = sorted(plain["regions"], key=lambda r: r["removed"])
    assert (written["start"], written["end"], written["removed"]) == (2, 2, 0)
    assert (removed["removed"], plain["aiRemoved"]) == (1, 1)


async def test_what_is_asked_names_its_remedy_and_the_line_that_asks(start: Any, shop: RealGit) -> None:
    change = await known(await begun(start, shop))
    asked = {o["code"]: o for o in change["obligations"]}
    assert asked["undeclared-ai"]["command"] == "earmark.tagCommit"
    review = asked["approval-missing"]
    assert (review["command"], review["met"], review["line"]) == ("earmark.requestReview", False, 1)
    assert (review["policy"], review["uri"]) == (".earmark.toml:1", (shop.top / ".earmark.toml").as_uri())


async def test_a_commit_empties_it_and_the_client_is_told(start: Any, shop: RealGit) -> None:
    editor = await begun(start, shop)
    assert len((await known(editor))["files"]) == 2
    shop("commit", "-aqm", "done")
    await editor.request("earmark/change", {})
    await editor.pass_time(1)
    editor.take("earmark/changeChanged")
    assert (await editor.request("earmark/change", {}))["files"] == []
    await editor.pass_time(1)


async def test_findings_under_the_setting_are_left_out(start: Any, shop: RealGit) -> None:
    editor = await begun(start, shop, initializationOptions={"minimumSeverity": "critical"})
    risky = (await known(editor))["files"][0]
    assert [region["findings"] for region in risky["regions"]] == [[]]


async def test_outside_a_worktree_there_is_no_change(start: Any, tmp_path: Path) -> None:
    editor = await start({}, rootUri=tmp_path.as_uri())
    assert (await editor.request("earmark/change", {}))["root"] == ""


async def test_a_message_of_a_commit_box_gets_its_trailers_and_nothing_is_kept(start: Any, shop: RealGit) -> None:
    editor = await begun(start, shop, initializationOptions={"trusted": True})
    shop("add", "shop.py")

    async def tagged(message: str) -> dict[str, Any]:
        asked = {"command": "earmark.tagCommit", "arguments": [{"message": message}]}
        answer = await editor.request("workspace/executeCommand", asked)
        assert isinstance(answer, dict)
        return answer

    first = await tagged("Refund orders\n")
    assert first["block"].startswith("AI-Assisted: yes\n")
    assert first["message"] == "Refund orders\n\n" + first["block"]
    assert (await tagged(first["message"]))["message"] == first["message"]
    assert (await tagged(""))["written"] == ""
    shop("-c", "core.hooksPath=/dev/null", "commit", "-qm", "plain")
    assert "AI-Assisted" not in shop("log", "-1", "--format=%B")


async def test_the_box_of_another_repository_is_about_its_own_change(start: Any, shop: RealGit, tmp_path: Path) -> None:
    editor = await begun(start, shop, initializationOptions={"trusted": True})
    shop("add", "shop.py")
    other = RealGit(tmp_path / "other")
    other.commit("base", {"shop.py": BASE})
    for git, declared in ((shop, True), (other, False)):
        asked = {"command": "earmark.tagCommit", "arguments": [{"message": "Refund\n", "uri": git.top.as_uri()}]}
        answer = await editor.request("workspace/executeCommand", asked)
        assert bool(answer["block"]) is declared
