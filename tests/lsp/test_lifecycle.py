"""Beginning, end, cancelling, and what must never hold up anything else."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from editor import Editor, span
from real_git import RealGit

from earmark.lsp import commands

URI = "file:///nowhere/module.py"
HOVER = {"textDocument": {"uri": URI}, "position": {"line": 0, "character": 5}}


async def raw(editor: Editor, body: bytes) -> list[dict[str, Any]]:
    """What the server answers to a body that no client should send."""
    answers: list[dict[str, Any]] = []
    editor._take = answers.append  # type: ignore[method-assign]
    editor._inbox.put(body)
    await editor.idle()
    del editor._take
    return answers


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", -32700),
        (b"{", -32700),
        (b"\xff\xfe", -32700),
        (b"[" * 100_000, -32700),
        (b"[]", -32600),
        (b"5", -32600),
        (b'{"id":1}', -32600),
        (b'{"jsonrpc":"1.0","id":1,"method":"shutdown"}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"no/such"}', -32601),
        (b'{"jsonrpc":"2.0","id":1,"method":"textDocument/hover","params":{"x":1}}', -32602),
    ],
)
async def test_a_bad_message_is_answered_and_forgotten(start: Any, body: bytes, code: int) -> None:
    editor = await start()
    answers = await raw(editor, body)
    assert [answer["error"]["code"] for answer in answers] == [code]
    editor.open(URI, "eval(x)\n")
    assert (await editor.diagnostics())["diagnostics"]


async def test_unknown_notifications_are_ignored(start: Any) -> None:
    editor = await start()
    assert await raw(editor, b'{"jsonrpc":"2.0","method":"no/such"}') == []
    assert await raw(editor, b'{"jsonrpc":"2.0","method":"$/anything","params":{}}') == []
    assert await raw(editor, b'{"jsonrpc":"2.0","id":99,"result":null}') == []


async def test_nothing_is_answered_before_initialize() -> None:
    async with Editor() as editor:
        asked = editor.ask("textDocument/hover", HOVER)
        assert (await editor.answer(asked))["error"]["code"] == -32002
        await editor.initialize({})


async def test_after_shutdown_only_exit_counts() -> None:
    async with Editor() as editor:
        await editor.initialize({})
        assert await editor.request("shutdown") is None
        asked = editor.ask("textDocument/hover", HOVER)
        assert (await editor.answer(asked))["error"]["code"] == -32600
        editor.send("exit")
        await editor.idle()
        assert editor.server.stopped.result() == 0


async def test_exit_without_shutdown_is_an_error() -> None:
    async with Editor() as editor:
        await editor.initialize({})
        editor.send("exit")
        await editor.idle()
        assert editor.server.stopped.result() == 1


async def test_capabilities_of_a_client_that_has_none(start: Any) -> None:
    editor = await start()
    offered = editor.server.server_capabilities
    assert offered.diagnostic_provider is None
    assert offered.inlay_hint_provider is None
    assert offered.code_lens_provider is None
    assert offered.execute_command_provider.commands == [
        "earmark.tagCommit", "earmark.requestReview", "earmark.markRegion", "earmark.suppressFinding",
        "earmark.showRegion", "earmark.explainRule", "earmark.outbox",
    ]  # fmt: skip
    here = {"start": HOVER["position"], "end": HOVER["position"]}
    asking = {"textDocument": HOVER["textDocument"], "range": here, "context": {"diagnostics": []}}
    assert await editor.request("textDocument/hover", HOVER) is None
    assert await editor.request("textDocument/codeAction", asking) == []


async def test_settings_are_asked_for_and_a_bad_one_is_said_once(start: Any) -> None:
    capabilities = {"workspace": {"configuration": True, "didChangeConfiguration": {"dynamicRegistration": True}}}
    options = {"minimumSeverity": "critical"}
    editor = await start(capabilities, initializationOptions=options, clientInfo={"name": "an editor"})
    registration, question = editor.take_all("client/registerCapability", "workspace/configuration")
    assert registration["params"]["registrations"][0]["method"] == "workspace/didChangeConfiguration"
    editor.reply(registration)
    assert question["params"]["items"] == [{"section": "earmark"}]
    editor.reply(question, [{"minimumSeverity": "severe", "colour": "blue", "codeLens": None}])
    await editor.idle()
    said = editor.take("window/showMessage")["params"]["message"]
    assert "minimumSeverity must be one of low, medium, high, critical" in said
    assert "'colour'" in said
    assert editor.server.session.settings.minimum_severity == "critical"
    editor.open(URI, "eval(x)\n")
    assert (await editor.diagnostics())["diagnostics"] == []
    editor.send("workspace/didChangeConfiguration", {"settings": None})
    await editor.idle()
    editor.reply(editor.take("workspace/configuration"), [{"minimumSeverity": "low"}])
    assert (await editor.diagnostics())["diagnostics"]


async def test_settings_that_come_with_the_message(start: Any) -> None:
    editor = await start()
    editor.send("workspace/didChangeConfiguration", {"settings": {"earmark": {"minimumSeverity": "high"}, "other": 1}})
    await editor.idle()
    assert editor.server.session.settings.minimum_severity == "high"


async def test_the_repository_cannot_make_itself_trusted(start: Any) -> None:
    """A workspace configuration may be a file of the repository."""
    editor = await start()
    editor.send("workspace/didChangeConfiguration", {"settings": {"earmark": {"trusted": True}}})
    await editor.idle()
    assert editor.server.session.settings.trusted is None


async def test_a_storm_of_cancelled_hovers(start: Any) -> None:
    editor = await start()
    editor.open(URI, "x = eval(y)\n")
    await editor.diagnostics()
    asked = [editor.ask("textDocument/hover", HOVER) for _ in range(70)]
    for number in asked:
        editor.send("$/cancelRequest", {"id": number})
    editor.change(URI, 2, ((0, 0), (0, 0), " "))
    assert (await editor.diagnostics())["version"] == 2
    for number in asked:
        assert "result" in await editor.answer(number)


async def test_a_request_that_waits_can_be_cancelled(start: Any) -> None:
    editor = await start({"workspace": {"applyEdit": True}})
    editor.open(URI, "x = eval(y)\n")
    await editor.diagnostics()
    argument = {"uri": URI, "rule": "py-code-injection", "range": span((0, 4), (0, 4))}
    asked = editor.ask("workspace/executeCommand", {"command": "earmark.suppressFinding", "arguments": [argument]})
    await editor.idle()
    question = editor.take("window/showMessageRequest")
    editor.send("$/cancelRequest", {"id": asked})
    assert (await editor.answer(asked))["error"]["code"] == -32800
    # The answer to a question nobody waits for any more; pygls 2.1.1 raises on it.
    editor.reply(question, {"title": "Not a problem here"})
    editor.change(URI, 2, ((0, 0), (0, 0), " "))
    assert (await editor.diagnostics())["version"] == 2


async def test_slow_commands_do_not_delay_a_hover(start: Any, git: RealGit, monkeypatch: pytest.MonkeyPatch) -> None:
    """Six commands wait for a look-up that does not end; a hover and a new document are served meanwhile."""
    git.commit("base", {"a.py": "eval(x)\n"})
    editor = await start(initializationOptions={"trusted": True})
    document = (git.top / "a.py").as_uri()
    editor.open(document, "eval(x)\n")
    await editor.idle()
    editor.unread.clear()
    gate = threading.Event()
    started = threading.Semaphore(0)

    def stuck(*_: Any) -> Any:
        started.release()
        assert gate.wait(30)
        raise OSError("given up")

    monkeypatch.setattr("earmark.lsp.commands.tag_commit.keep", stuck)
    asked = [
        editor.ask("workspace/executeCommand", {"command": "earmark.tagCommit", "arguments": [{"uri": document}]})
        for _ in range(6)
    ]
    await editor.until(lambda: started.acquire(blocking=False))
    hover = editor.ask("textDocument/hover", HOVER | {"textDocument": {"uri": document}})
    git.write("b.py", "exec(y)\n")
    other = (git.top / "b.py").as_uri()
    editor.open(other, "exec(y)\n")
    await editor.until(lambda: editor.answered(hover))
    await editor.until(lambda: editor.server.session.buffers[other].tracking is not None)
    assert not any(editor.answered(number) for number in asked)
    gate.set()
    await editor.pass_time(1)
    for number in asked:
        assert (await editor.answer(number))["error"]["message"] == "given up"
    editor.unread.clear()


async def test_saves_out_of_order(start: Any, git: RealGit) -> None:
    """A save may be reported after the next edit, twice, or after the document was closed."""
    git.commit("base", {"a.py": "x = 1\n"})
    editor = await start()
    document = (git.top / "a.py").as_uri()
    editor.open(document, "x = 1\n")
    await editor.idle()
    editor.change(document, 2, ((0, 4), (0, 5), "2"))
    for _ in range(2):
        editor.send("textDocument/didSave", {"textDocument": {"uri": document}})
    editor.change(document, 3, ((0, 4), (0, 5), "3"))
    editor.send("textDocument/didSave", {"textDocument": {"uri": document}})
    editor.close_document(document)
    editor.send("textDocument/didSave", {"textDocument": {"uri": document}})
    await editor.pass_time(1)
    published = [message["params"].get("version") for message in editor.unread]
    assert published[-1] is None
    editor.unread.clear()


async def test_a_review_request_runs_in_a_process_of_its_own(start: Any, git: RealGit) -> None:
    git.commit("base", {"a.py": "x = 1\n"})
    editor = await start(rootUri=git.top.as_uri(), workspaceFolders=[{"uri": git.top.as_uri(), "name": "repo"}])
    asked = editor.ask(
        "workspace/executeCommand", {"command": "earmark.requestReview", "arguments": [{"dryRun": True}]}
    )
    await editor.until(lambda: editor.answered(asked))
    answer = await editor.answer(asked)
    said = json.dumps(answer)
    assert "error" in answer or answer["result"] == {"sent": False, "requests": []}
    assert "Traceback" not in said


def test_commands_and_handlers_are_one_file_each() -> None:
    """So that a newcomer opens the right file first."""
    from pathlib import Path

    from earmark.lsp.features import COMMANDS

    folder = Path(commands.__file__).parent
    names = {name.removeprefix("earmark.") for name in COMMANDS}
    files = {path.stem for path in folder.glob("*.py")} - {"__init__", "asking"}
    assert {"".join(part.title() for part in file.split("_")).lower() for file in files} == {n.lower() for n in names}
    assert set(COMMANDS.values()) == files
