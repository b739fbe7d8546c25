"""A whole working day of one client and the server, in each encoding of positions: every method of both sides comes by,
and each message is held to the protocol on its way (see `messages.Conversation`)."""

from __future__ import annotations

from typing import Any

import pytest
from agent import Agent
from editor import Editor, Message, span
from real_git import RealGit

from earmark.lsp.features import COMMANDS

TRUSTED: dict[str, Any] = {"initializationOptions": {"trusted": True}, "clientInfo": {"name": "an editor"}}
POLICY = '[[review]]\nrisk = "medium"\nlevel = "senior"\ncount = 1\n\n[roster]\nlevels = ["junior", "senior"]\n'
BASE = "def größe(ware):\n    return '😀' + ware\n"
GUARD = "    if not ware:\n        raise ValueError(ware)\n"
# Every place that is named lies behind characters that the encodings count differently.
WRITTEN = BASE + "\n\ndef preis(ware):\n    '😀é'; netto = eval(ware); return netto\n"
PUSH = {"codeLens": {"dynamicRegistration": False}, "inlayHint": {}}
PULL = {"codeLens": {}, "diagnostic": {"dynamicRegistration": False}}


def abilities(encoding: str, text_document: dict[str, Any], decorations: bool) -> dict[str, Any]:
    """Everything that our server makes use of."""
    literal = {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["quickfix", "source"]}}}
    refresh = {name: {"refreshSupport": True} for name in ("codeLens", "inlayHint", "diagnostics")}
    workspace: dict[str, Any] = {"applyEdit": True, "configuration": True, "workspaceFolders": True, **refresh}
    return {
        "general": {"positionEncodings": [encoding]},
        "textDocument": {"codeAction": literal, "hover": {"contentFormat": ["markdown"]}, **text_document},
        "workspace": workspace | {"didChangeConfiguration": {"dynamicRegistration": True}},
        "window": {"showDocument": {"support": True}, "workDoneProgress": True},
        "experimental": {"earmark": {"decorations": decorations}},
    }


class Client:
    """An editor that does what it is asked to: it applies edits, picks the first answer, and lets nothing lie."""

    def __init__(self, editor: Editor, top: str) -> None:
        self.editor, self.document, self.version = editor, f"{top}/shop.py", 1

    async def serve(self) -> None:
        """Answer all that the server asks until it is quiet."""
        await self.editor.idle()
        while self.editor.unread:
            message = self.editor.unread.pop(0)
            if "id" in message:
                self.editor.reply(message, self.answer_to(message))
                await self.editor.idle()

    def answer_to(self, message: Message) -> Any:
        given = message.get("params", {})
        match message["method"]:
            case "workspace/configuration":
                return [{"minimumSeverity": "medium"} for _ in given["items"]]
            case "window/showMessageRequest":
                return given["actions"][0]
            case "window/showDocument":
                return {"success": True}
            case "workspace/applyEdit":
                for uri, edits in given["edit"]["changes"].items():
                    self.apply(uri, edits)
                return {"applied": True}
        return None

    def apply(self, uri: str, edits: list[dict[str, Any]]) -> None:
        self.version += 1
        changes = [(place(e["range"]["start"]), place(e["range"]["end"]), e["newText"]) for e in edits]
        self.editor.change(uri, self.version, *changes)

    async def ask(self, method: str, **params: Any) -> Any:
        asked = self.editor.ask(method, params)
        while not self.editor.answered(asked):
            await self.editor.until(lambda: self.editor.answered(asked) or bool(self.editor.unread))
            await self.serve()
        answer = await self.editor.answer(asked)
        return answer.get("result")

    async def about(self, method: str, **params: Any) -> Any:
        return await self.ask(method, textDocument={"uri": self.document}, **params)

    async def wait(self) -> None:
        """Let the server's short and long pauses pass."""
        for _ in range(3):
            await self.serve()
            await self.editor.pass_time(1)
        await self.serve()


def place(position: dict[str, int]) -> tuple[int, int]:
    return position["line"], position["character"]


@pytest.fixture
def shop(git: RealGit) -> RealGit:
    git.commit("base", {"shop.py": BASE.replace("    return", GUARD + "    return"), ".earmark.toml": POLICY})
    Agent(git).write("shop.py", WRITTEN)
    return git


async def the_day(client: Client, git: RealGit) -> None:
    """Opens the file, looks at everything there is to see, runs every command, edits, saves, commits and leaves."""
    editor = client.editor
    editor.open(client.document, WRITTEN)
    await client.wait()
    everywhere, line = span((0, 0), (6, 0)), {"line": 5, "character": 14}
    for method in ("textDocument/codeLens", "textDocument/diagnostic", "earmark/regions", "earmark/change"):
        await client.about(method)
    await client.wait()
    for method in ("earmark/reviewState", "earmark/reviewPreview", "earmark/reviewQueue"):
        await client.ask(method, uri=client.document)
    await client.about("textDocument/inlayHint", range=everywhere)
    assert await client.about("textDocument/hover", position=line)
    actions = await client.about("textDocument/codeAction", range=everywhere, context={"diagnostics": []})
    [region] = [r for r in (await client.about("earmark/regions"))["regions"] if r["kind"] == "ai"][:1]
    here = {"uri": client.document, "version": 1, "range": region["range"], "id": region["id"]}
    # What is marked as a person's is no region any more.
    for command in sorted(COMMANDS, key=lambda command: command == "earmark.markRegion"):
        given = here | {"rule": "py-code-injection", "kind": "human", "dryRun": True}
        offered = [a["command"]["arguments"][0] for a in actions if a.get("command", {}).get("command") == command]
        await client.ask(
            "workspace/executeCommand", command=command, arguments=[(given | offered[0]) if offered else given]
        )
    Agent(git, "another-session").write("shop.py", editor.text(client.document) + "\n\nLAST = eval('😀')\n")
    client.version += 1
    editor.change(client.document, client.version, (git.top / "shop.py").read_text())
    await client.wait()
    client.version += 1
    editor.change(client.document, client.version, ((0, 0), (0, 0), "# 😀 first\n"))
    inserted = {"textDocument": {"uri": client.document, "version": client.version}, "range": span((0, 0), (1, 0))}
    editor.send("earmark/didInsert", inserted | {"tool": "probe", "model": "m", "session": "s", "kind": "completion"})
    editor.send("textDocument/didSave", {"textDocument": {"uri": client.document}})
    editor.send("workspace/didChangeConfiguration", {"settings": None})
    await client.wait()
    editor.send("$/cancelRequest", {"id": editor.ask("earmark/regions", {"textDocument": {"uri": client.document}})})
    git("add", "-A")
    message = git.top / ".git" / "COMMIT_EDITMSG"
    message.write_text("Größe 😀\n\nAI-Assisted: perhaps 😀\n")
    editor.open(message.as_uri(), message.read_text(), "gitcommit")
    await client.wait()
    await client.ask("workspace/executeCommand", command="earmark.tagCommit", arguments=[{"uri": message.as_uri()}])
    editor.close_document(message.as_uri())
    editor.close_document(client.document)
    await editor.request("shutdown")
    editor.send("exit")
    await client.serve()


CALLED_BY_CLIENT = {
    "initialize", "initialized", "shutdown", "exit", "$/cancelRequest", "workspace/executeCommand",
    "workspace/didChangeConfiguration", "textDocument/didOpen", "textDocument/didChange", "textDocument/didSave",
    "textDocument/didClose", "textDocument/hover", "textDocument/codeAction", "textDocument/codeLens",
    "earmark/regions", "earmark/didInsert", "earmark/change", "earmark/reviewState", "earmark/reviewPreview",
    "earmark/reviewQueue",
}  # fmt: skip
CALLED_BY_SERVER = {
    "client/registerCapability", "workspace/configuration", "workspace/applyEdit", "window/showMessage",
    "window/showMessageRequest", "window/showDocument", "window/workDoneProgress/create", "$/progress",
    "workspace/codeLens/refresh", "workspace/inlayHint/refresh", "earmark/regionsChanged", "earmark/changeChanged",
}  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
@pytest.mark.parametrize(
    ("text_document", "decorations", "client_says", "server_says"),
    [
        pytest.param(
            PUSH, False, {"textDocument/inlayHint"},
            {"textDocument/publishDiagnostics"}, id="pushed to, with hints",
        ),
        pytest.param(
            PULL, True, {"textDocument/diagnostic"}, {"workspace/diagnostic/refresh"}, id="pulling, with decorations",
        ),
    ],
)  # fmt: skip
async def test_every_message_is_the_protocols(
    start: Any, shop: RealGit, encoding: str, text_document: dict[str, Any], decorations: bool,
    client_says: set[str], server_says: set[str],
) -> None:  # fmt: skip
    editor = await start(abilities(encoding, text_document, decorations), rootUri=shop.top.as_uri(), **TRUSTED)
    assert editor.encoding == encoding
    await the_day(Client(editor, shop.top.as_uri()), shop)
    said = editor.conversation.methods
    assert CALLED_BY_CLIENT | client_says <= {method for sender, method in said if sender == "client"}
    assert CALLED_BY_SERVER | server_says == {method for sender, method in said if sender == "server"}
