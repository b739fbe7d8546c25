"""The desk of an author whose change is under review: an editor with the changed file open, and a forge."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from editor import Editor
from forge_server import ForgeServer, serving
from github_service import GitHubService
from real_git import RealGit
from request_story import RETRIED, Story
from test_command import VARIABLES

FULL = {
    "general": {"positionEncodings": ["utf-8"]},
    "workspace": {"codeLens": {"refreshSupport": False}},
    "window": {"showDocument": {"support": True}, "workDoneProgress": True},
    "textDocument": {
        "codeLens": {},
        "hover": {"contentFormat": ["markdown"]},
        "codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["quickfix", "source"]}}},
    },
}


class Desk:
    """The author's editor with the committed change open, and the forge."""

    def __init__(self, editor: Editor, story: Story, server: ForgeServer, service: GitHubService) -> None:
        self.editor, self.story, self.server, self.service = editor, story, server, service
        self.uri = (story.git.top / "payments/charge.py").as_uri()

    async def about(self, method: str, **more: Any) -> Any:
        return await self.editor.request(method, {"textDocument": {"uri": self.uri}} | more)

    async def ask(self, method: str, **params: Any) -> Any:
        """The answer to one of our own requests, which a process of its own may have to find."""
        return await self.later(self.editor.ask(method, {"uri": self.uri} | params))

    def command(self, name: str, **argument: Any) -> int:
        given = {"command": name, "arguments": [{"uri": self.uri} | argument]}
        return self.editor.ask("workspace/executeCommand", given)

    async def later(self, number: int) -> Any:
        await self.editor.until(lambda: self.editor.answered(number))
        answer = await self.editor.answer(number)
        return answer.get("result", answer.get("error"))

    async def lenses(self) -> list[tuple[int, str]]:
        found = await self.about("textDocument/codeLens")
        return [(lens["range"]["start"]["line"], lens["command"]["title"]) for lens in found]

    async def states(self) -> list[str]:
        found = await self.about("earmark/regions")
        return [region["reviewState"]["state"] for region in found["regions"] if region["kind"] == "ai"]

    async def hover(self) -> str:
        shown = await self.about("textDocument/hover", position={"line": 3, "character": 8})
        return str(shown["contents"]["value"])

    async def settled(self) -> None:
        """Let what changed on disk be seen, and what that starts come to its end."""
        for _ in range(4):
            await self.editor.pass_time(1)
        self.editor.unread.clear()

    def said(self, method: str) -> list[Any]:
        """What the server said by `method`; everything unread counts as read."""
        found = [message for message in self.editor.unread if message["method"] == method]
        self.editor.unread.clear()
        return found

    async def asked_by(self, method: str) -> Any:
        """The next request of the server's by this method; progress that begins meanwhile is agreed to."""
        while True:
            await self.editor.until(lambda: any("id" in message for message in self.editor.unread))
            [question] = [message for message in self.editor.unread if "id" in message]
            self.editor.unread.clear()
            if question["method"] == method:
                return question
            self.editor.reply(question)
            await self.editor.breathe()


@asynccontextmanager
async def at_desk(git: RealGit, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    """The change is committed on a branch that the remote has; nobody was asked yet."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    story = Story(git)
    story.retry()
    story.ledger.close()
    git("update-ref", "refs/remotes/origin/retry", "HEAD")
    monkeypatch.setenv("GITHUB_TOKEN", "very-secret")
    service = GitHubService(people=("grace",), teams=("payments",))
    async with AsyncExitStack() as stack:
        server = stack.enter_context(serving(service))
        monkeypatch.setenv("EARMARK_FORGE_URL", server.url)
        editor = await stack.enter_async_context(Editor())
        await editor.initialize(FULL, rootUri=git.top.as_uri(), initializationOptions={"trusted": True})
        desk = Desk(editor, story, server, service)
        editor.open(desk.uri, RETRIED)
        await editor.idle()
        await editor.pass_time(1)
        yield desk
        await editor.idle()
        editor.unread.clear()
