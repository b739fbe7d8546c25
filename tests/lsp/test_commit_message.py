"""A commit message while it is written, and the policy file while it is edited."""

from __future__ import annotations

from typing import Any

import pytest
from agent import Agent
from editor import Editor, span
from real_git import RealGit

from earmark.lsp.origins import WATCH_SECONDS

AI = "def refund(order):\n    return eval(order.amount)\n"
TRUSTED = {"trusted": True}
EDITS = {
    "workspace": {"applyEdit": True},
    "textDocument": {"codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": [""]}}}},
}


@pytest.fixture
def staged(git: RealGit) -> RealGit:
    """A repository whose index holds two lines by an assistant."""
    git.commit("base", {"shop.py": "x = 1\n"})
    Agent(git).write("refund.py", AI)
    git("add", "-A")
    return git


async def message(start: Any, git: RealGit, text: str, **params: Any) -> tuple[Editor, str, list[dict[str, Any]]]:
    """An editor with this commit message open, and its diagnostics."""
    editor = await start(EDITS, **params)
    path = git.top / ".git" / "COMMIT_EDITMSG"
    path.write_text(text)
    document = path.as_uri()
    editor.open(document, text, params.pop("language", "gitcommit"))
    await editor.idle()
    found = [m["params"]["diagnostics"] for m in editor.unread if m["method"] == "textDocument/publishDiagnostics"]
    editor.unread.clear()
    return editor, document, found[-1]


async def actions(editor: Editor, document: str) -> list[dict[str, Any]]:
    asked = {"textDocument": {"uri": document}, "range": span((0, 0), (0, 0)), "context": {"diagnostics": []}}
    found: list[dict[str, Any]] = await editor.request("textDocument/codeAction", asked)
    return found


async def test_what_is_not_declared_is_said_and_can_be_written(start: Any, staged: RealGit) -> None:
    editor, document, found = await message(
        start, staged, "Refund orders\n\n# comment\n", initializationOptions=TRUSTED
    )
    assert [(d["code"], d["severity"], d["range"]["start"]["line"]) for d in found] == [("undeclared-ai", 3, 0)]
    assert "2 of 2 added lines were written by an assistant" in found[0]["message"]
    (write,) = await actions(editor, document)
    asked = editor.ask(
        "workspace/executeCommand", {"command": write["command"]["command"], "arguments": write["command"]["arguments"]}
    )
    await editor.idle()
    edit = editor.take("workspace/applyEdit")
    (change,) = edit["params"]["edit"]["changes"][document]
    where = change["range"]
    editor.change(document, 2, (tuple(where["start"].values()), tuple(where["end"].values()), change["newText"]))
    editor.reply(edit, {"applied": True})
    answer = await editor.result(asked)
    assert answer["written"] == "message"
    written = editor.text(document)
    assert written.startswith("Refund orders\n\nAI-Assisted: yes\nAssisted-by: Claude:unknown\nAI-Lines: 2/2\n")
    assert written.endswith("\n# comment\n")
    assert (await editor.diagnostics())["diagnostics"] == []
    assert await actions(editor, document) == []


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("Title\n\nAI-Assisted: no\n", ["trailer-contradiction"]),
        ("Title\n\nAI-Assisted: yes\nAI-Lines: 1/1\n\nA closing word.\n", ["trailer-hidden"]),
        ("Title\n\nAI-Assisted: perhaps\n", ["trailer-missing"]),
        ("Title\n\nAI-Assisted: yes\nAI-Assisted: no\n", ["trailer-contradiction"]),
        ("Title\n\nAI-Assisted: yes\nAssisted-by: claude:opus\nAI-Lines: 1/2\n", ["trailer-contradiction"]),
    ],
)
async def test_what_is_wrong_with_trailers(start: Any, staged: RealGit, text: str, codes: list[str]) -> None:
    _, _, found = await message(start, staged, text, initializationOptions=TRUSTED, clientInfo={"name": "test"})
    assert set(codes) <= {d["code"] for d in found}


async def test_a_message_is_read_in_every_editors_name_for_it(start: Any, git: RealGit) -> None:
    for language in ("gitcommit", "git-commit"):
        editor = await start()
        uri = (git.top / ".git" / "COMMIT_EDITMSG").as_uri()
        editor.open(uri, "Title\n\nAI-Assisted: perhaps\n", language)
        assert "trailer-missing" in [d["code"] for d in (await editor.diagnostics())["diagnostics"]]


async def test_nothing_is_derived_in_a_workspace_nobody_trusts(start: Any, staged: RealGit) -> None:
    editor, document, found = await message(start, staged, "Refund orders\n")
    assert found == []
    assert await actions(editor, document) == []


async def test_a_commit_without_ai_is_left_alone(start: Any, git: RealGit) -> None:
    git.commit("base", {"shop.py": "x = 1\n"})
    git.write("shop.py", "x = 2\n")
    git("add", "-A")
    editor, document, found = await message(start, git, "Change x\n", initializationOptions=TRUSTED)
    assert found == []
    assert await actions(editor, document) == []


async def test_a_message_in_a_linked_worktree(start: Any, git: RealGit, tmp_path: Any) -> None:
    git.commit("base", {"shop.py": "x = 1\n"})
    git("worktree", "add", "-q", str(tmp_path / "linked"))
    linked = RealGit(tmp_path / "linked", init=False)
    Agent(linked).write("refund.py", AI)
    linked("add", "-A")
    editor = await start(initializationOptions=TRUSTED)
    path = git.top / ".git" / "worktrees" / "linked" / "COMMIT_EDITMSG"
    editor.open(path.as_uri(), "Refund orders\n", "gitcommit")
    await editor.idle()
    assert [d["code"] for d in editor.unread[-1]["params"]["diagnostics"]] == ["undeclared-ai"]
    editor.unread.clear()


async def test_tagging_the_next_commit(start: Any, staged: RealGit) -> None:
    editor = await start(rootUri=staged.top.as_uri(), initializationOptions=TRUSTED)
    done = await editor.request("workspace/executeCommand", {"command": "earmark.tagCommit"})
    assert done["written"] == "next commit"
    assert done["block"].startswith("AI-Assisted: yes\n")
    assert "the next commit will declare it" in editor.take("window/showMessage")["params"]["message"]
    assert (staged.top / ".git" / "earmark" / "next").exists()


async def test_the_policy_file_says_what_is_wrong_where(start: Any, git: RealGit) -> None:
    text = '[declare]\nmode = "sometimes"\n\n[[review]]\nlevel = "senior"\ncolour = 1\n'
    git.commit("policy", {".earmark.toml": text})
    editor = await start()
    uri = (git.top / ".earmark.toml").as_uri()
    editor.open(uri, text, "toml")
    await editor.idle()
    found = editor.unread[-1]["params"]["diagnostics"]
    assert {(d["code"], d["range"]["start"]["line"]) for d in found} >= {("policy-invalid", 1), ("policy-invalid", 5)}
    editor.unread.clear()
    editor.change(uri, 2, ((1, 8), (1, 17), "always"), ((5, 0), (6, 0), ""))
    await editor.idle()
    assert editor.unread[-1]["params"]["diagnostics"] == []
    editor.unread.clear()
    await editor.pass_time(WATCH_SECONDS)
    await editor.pass_time(1)
    editor.unread.clear()
