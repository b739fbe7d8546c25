"""A commit message while it is written, and the policy file while it is edited."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from agent import Agent
from editor import Editor, span
from real_git import RealGit

from earmark.commit import install
from earmark.git import repository
from earmark.lsp.messages import WATCH_SECONDS as MESSAGE_SECONDS
from earmark.lsp.origins import WATCH_SECONDS
from earmark.origin.ledger import AuditRow, Ledger

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


def block_of(found: list[dict[str, Any]]) -> str:
    """The block that the diagnostic of a missing declaration shows."""
    (missing,) = [d["message"] for d in found if d["code"] == "undeclared-ai"]
    return str(missing).partition("To be written:\n")[2] + "\n"


async def mended(editor: Editor, document: str) -> str:
    """The text after the one action that is offered."""
    (write,) = await actions(editor, document)
    command = {"command": write["command"]["command"], "arguments": write["command"]["arguments"]}
    asked = editor.ask("workspace/executeCommand", command)
    await editor.idle()
    edit = editor.take("workspace/applyEdit")
    (change,) = edit["params"]["edit"]["changes"][document]
    where = change["range"]
    editor.change(document, 2, (tuple(where["start"].values()), tuple(where["end"].values()), change["newText"]))
    editor.reply(edit, {"applied": True})
    await editor.result(asked)
    return editor.text(document)


async def test_the_preview_is_what_the_hooks_write(start: Any, staged: RealGit) -> None:
    editor, document, found = await message(start, staged, "Refund orders\n", initializationOptions=TRUSTED)
    shown = block_of(found)
    asked = {"textDocument": {"uri": document}, "position": {"line": 0, "character": 3}}
    hover = await editor.request("textDocument/hover", asked)
    assert hover["contents"]["value"].endswith(shown.rstrip("\n"))
    found_repo = repository.find(staged.top)
    assert found_repo is not None
    install.apply(install.plan(found_repo, python=sys.executable))
    staged("commit", "-q", "-m", "Refund orders")
    assert staged("log", "-1", "--format=%B").rstrip("\n") + "\n" == f"Refund orders\n\n{shown}"
    editor.unread.clear()


MESSY = """Refund orders

AI-Assisted: yes
Assisted-by: Claude:unknown
AI-Lines: 1/2

A closing paragraph that hides the block.

Co-Authored-By: Claude <noreply@anthropic.com>
AI-Assisted: no
Signed-off-by: Ada Example <ada@example.com>

# a comment of git's
"""


async def test_one_action_mends_everything(start: Any, staged: RealGit) -> None:
    editor, document, found = await message(start, staged, MESSY, initializationOptions=TRUSTED)
    codes = [(d["code"], d["range"]["start"]["line"]) for d in found]
    assert ("trailer-hidden", 2) in codes
    assert ("assistant-signature", 8) in codes
    assert ("trailer-contradiction", 9) in codes
    text = await mended(editor, document)
    assert text.startswith(
        "Refund orders\n\nA closing paragraph that hides the block.\n\nAI-Assisted: yes\nAssisted-by: "
    )
    assert text.endswith("\nSigned-off-by: Ada Example <ada@example.com>\n\n# a comment of git's\n")
    assert "Co-Authored-By" not in text
    assert text.count("AI-Assisted") == 1
    assert (await editor.diagnostics())["diagnostics"] == []
    assert await actions(editor, document) == []
    (row,) = rows(staged)
    assert (row.what, row.why) == ("tagged", "in the editor")


def rows(git: RealGit) -> tuple[AuditRow, ...]:
    found = repository.find(git.top)
    assert found is not None
    with Ledger.open(found) as ledger:
        return ledger.audit_rows()


async def test_each_wrong_field_is_marked_at_its_line(start: Any, staged: RealGit) -> None:
    editor, _, found = await message(start, staged, "Refund orders\n", initializationOptions=TRUSTED)
    right = "Refund orders\n\n" + block_of(found)
    lines = right.splitlines()
    for key, wrong, code in (
        ("AI-Provenance", "v1:sha256:" + "0" * 64, "digest-mismatch"),
        ("AI-Lines", "1/2", "trailer-contradiction"),
        ("AI-Risk", "low", "trailer-contradiction"),
        ("AI-Risk", "grave", "trailer-missing"),
        ("Assisted-by", "Cursor:unknown", "trailer-contradiction"),
    ):
        at = next(number for number, line in enumerate(lines) if line.startswith(key))
        text = "\n".join([*lines[:at], f"{key}: {wrong}", *lines[at + 1 :]]) + "\n"
        editor, document, found = await message(start, staged, text, initializationOptions=TRUSTED)
        assert (code, at) in [(d["code"], d["range"]["start"]["line"]) for d in found], key
        assert await mended(editor, document) == right
        assert (await editor.diagnostics())["diagnostics"] == []


async def test_more_than_is_derived_is_nobodys_loss(start: Any, staged: RealGit) -> None:
    _, _, found = await message(start, staged, "Refund orders\n", initializationOptions=TRUSTED)
    text = "Refund orders\n\n" + block_of(found).replace("AI-Review: not-required", "AI-Review: required")
    for risk in ("low", "medium", "high"):
        text = text.replace(f"AI-Risk: {risk}", "AI-Risk: critical")
    editor, document, found = await message(start, staged, text, initializationOptions=TRUSTED)
    assert found == []
    assert await actions(editor, document) == []


async def test_what_is_staged_meanwhile_is_seen(start: Any, staged: RealGit) -> None:
    editor, _, found = await message(start, staged, "Refund orders\n", initializationOptions=TRUSTED)
    assert "AI-Lines: 2/2" in block_of(found)
    Agent(staged).write("more.py", "a = 1\nb = 2\n")
    staged("add", "more.py")
    await editor.pass_time(MESSAGE_SECONDS)
    found = [m["params"]["diagnostics"] for m in editor.unread if m["method"] == "textDocument/publishDiagnostics"][-1]
    assert "AI-Lines: 4/4" in block_of(found)
    editor.unread.clear()


# Gives the message its title, says that it is open, and waits until somebody has looked.
WAITS = """#!/bin/sh
message=$(cat "$1")
printf 'Refund orders\\n\\n%s\\n' "$message" >"$1"
echo open >"{gate}"
read go <"{gate}"
"""


@contextmanager
def committing(git: RealGit, tmp_path: Path, *args: str) -> Iterator[str]:
    """`git commit args…` while it waits for its editor; the message as the editor has it open."""
    gate, editor = tmp_path / "gate", tmp_path / "editor"
    os.mkfifo(gate)
    editor.write_text(WAITS.format(gate=gate))
    editor.chmod(0o755)
    environment = os.environ | {"GIT_EDITOR": str(editor)}
    with subprocess.Popen(["git", "commit", "-q", *args], cwd=git.top, env=environment) as process:
        assert gate.read_text() == "open\n"
        yield (git.top / ".git" / "COMMIT_EDITMSG").read_text()
        gate.write_text("go\n")
        assert process.wait(60) == 0


@pytest.mark.parametrize(
    ("commit", "lines"),
    [(["-a"], "4/4"), (["refund.py"], "2/2"), (["--amend"], "4/4"), (["-a", "--amend"], "6/6")],
)
async def test_the_commit_that_waits_for_this_editor(
    start: Any, git: RealGit, tmp_path: Path, commit: list[str], lines: str
) -> None:
    """Its index may be one of its own, and it may replace HEAD."""
    git.commit("base", {"shop.py": "x = 1\n"})
    Agent(git).write("refund.py", AI)
    Agent(git).write("more.py", "a = 1\nb = 2\n")
    git("add", "-A")
    if "--amend" in commit:
        git("commit", "-q", "-m", "Refund orders")
        Agent(git).write("more.py", "a = 1\nb = 2\nc = 3\nd = 4\n")
    else:
        git("reset", "-q", "--", "more.py")
        git("add", "-N", "more.py")
    with committing(git, tmp_path, *commit) as text:
        editor = await start(EDITS, initializationOptions=TRUSTED)
        editor.open((git.top / ".git" / "COMMIT_EDITMSG").as_uri(), text, "gitcommit")
        await editor.idle()
        found = editor.unread[-1]["params"]["diagnostics"]
        editor.unread.clear()
    assert f"AI-Lines: {lines}" in block_of(found)


async def complete(editor: Editor, document: str, line: int, character: int) -> list[tuple[str, str]]:
    """(label, what it makes of the line) of everything offered there."""
    asked = {"textDocument": {"uri": document}, "position": {"line": line, "character": character}}
    answer = await editor.request("textDocument/completion", asked)
    found = []
    for item in answer or []:
        edit = item["textEdit"]
        assert edit["range"]["end"] == asked["position"]
        text = editor.text(document).split("\n")[line]
        found.append((item["label"], text[: edit["range"]["start"]["character"]] + edit["newText"]))
    return found


COMPLETES = EDITS | {"textDocument": EDITS["textDocument"] | {"completion": {}}}


async def test_trailers_are_completed_with_what_is_derived(start: Any, staged: RealGit) -> None:
    text = "Refund orders\n\nAI\nAI-Risk:\nAI-Review: n\n# comment\n"
    editor = await start(COMPLETES, initializationOptions=TRUSTED)
    document = (staged.top / ".git" / "COMMIT_EDITMSG").as_uri()
    editor.open(document, text, "gitcommit")
    await editor.idle()
    (found,) = [m["params"]["diagnostics"] for m in editor.unread if m["params"]["diagnostics"]][-1:]
    editor.unread.clear()
    block = block_of(found)
    keys = dict(await complete(editor, document, 2, 2))
    assert keys["AI-Assisted: yes …"] + "\n" == block
    assert keys["AI-Lines: 2/2"] == "AI-Lines: 2/2"
    assert {"AI-Removed: ", "AI-Rollout: "} <= set(keys)
    assert "AI-Risk: high" not in keys, "it is there already"
    risk = block.partition("AI-Risk: ")[2].partition("\n")[0]
    values = await complete(editor, document, 3, 8)
    assert next(value for value, _ in values) == risk
    assert {line for _, line in values} == {f"AI-Risk: {word}" for word in ("low", "medium", "high", "critical")}
    assert {line for _, line in await complete(editor, document, 4, 12)} == {
        "AI-Review: required", "AI-Review: not-required",
    }  # fmt: skip
    assert await complete(editor, document, 0, 3) == []
    assert await complete(editor, document, 5, 4) == []


async def test_a_client_that_can_be_told_asks_in_messages_only(start: Any, git: RealGit) -> None:
    able = {"textDocument": {"completion": {"dynamicRegistration": True}}}
    editor = await start(able, clientInfo={"name": "test"})
    await editor.idle()
    register = editor.take("client/registerCapability")
    editor.reply(register, None)
    (told,) = register["params"]["registrations"]
    assert told["method"] == "textDocument/completion"
    assert told["registerOptions"]["documentSelector"] == [
        {"language": "git-commit"}, {"language": "gitcommit"}, {"pattern": "**/.earmark.toml"},
    ]  # fmt: skip
    git.commit("base", {"shop.py": "x = 1\n"})
    editor.open((git.top / "shop.py").as_uri(), "x = 1\nAI\n", "python")
    await editor.idle()
    editor.unread.clear()
    assert await complete(editor, (git.top / "shop.py").as_uri(), 1, 2) == []


async def test_other_gates_of_the_repository_are_heard(start: Any, git: RealGit) -> None:
    rules = "rules:\n  footer-max-line-length: [2, always, 40]\n"
    config = '[commit]\nai_attribution = "disclose"\nsubject_max_length = 20\n'
    git.commit("base", {"shop.py": "x = 1\n", ".commitlintrc.yml": rules, "cchk.toml": config})
    Agent(git).write("refund.py", AI)
    git("add", "-A")
    editor, document, found = await message(start, git, "Refund orders\n", initializationOptions=TRUSTED)
    assert [d["code"] for d in found] == ["undeclared-ai"], "without trailers nothing is too long"
    text = await mended(editor, document)
    (refused,) = (await editor.diagnostics())["diagnostics"]
    assert refused["code"] == "refused-elsewhere"
    assert refused["message"].startswith(
        "commitlint (.commitlintrc.yml:2) will refuse this commit: the message to come:"
    )
    assert await actions(editor, document) == [], "no action of ours can mend that"
    editor.change(document, 3, ((0, 0), (0, 0), "A subject that is too long: "))
    await editor.idle()
    codes = [d["message"].partition(" (")[0] for d in editor.unread[-1]["params"]["diagnostics"]]
    assert codes == ["commit-check", "commitlint"]
    assert text.startswith("Refund orders")
    editor.unread.clear()


async def test_a_policy_is_completed(start: Any, git: RealGit) -> None:
    text = '[declare]\nmode = \npre\n\n[[review]]\nrisk = "h\n\n[gate]\nenforce_locally = t\n[[\n# \n'
    git.commit("policy", {".earmark.toml": "[declare]\n"})
    editor = await start(COMPLETES)
    uri = (git.top / ".earmark.toml").as_uri()
    editor.open(uri, text, "toml")
    await editor.idle()
    assert [line for _, line in await complete(editor, uri, 1, 7)] == [
        'mode = "ai-only"', 'mode = "always"', 'mode = "forbid"',
    ]  # fmt: skip
    keys = dict(await complete(editor, uri, 2, 3))
    assert keys["preset"] == "preset = "
    assert "mode" not in keys, "it is there already"
    assert ('"high"', 'risk = "high"') in await complete(editor, uri, 5, 9)
    assert [line for _, line in await complete(editor, uri, 8, 19)] == [
        "enforce_locally = true",
        "enforce_locally = false",
    ]
    headers = [label for label, _ in await complete(editor, uri, 9, 2)]
    assert headers == ["[[paths]]", "[[review]]", "[[freeze]]", "[roster]", "[[roster.people]]"]
    assert await complete(editor, uri, 10, 2) == []
    editor.unread.clear()
    await editor.pass_time(WATCH_SECONDS)
    await editor.pass_time(1)
    editor.unread.clear()
