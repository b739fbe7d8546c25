"""An editor without a screen for every test that asks for one, and a real git in a home of its own."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))
sys.path.append(str(Path(__file__).parents[1] / "editors"))

from editor import Editor
from real_git import RealGit


@pytest.fixture(name="home", autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's home with a git identity; nothing of the real user's configuration is seen."""
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text("[user]\n\tname = Ada Example\n\temail = ada@example.com\n")
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(home / ".state"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    return home


@pytest.fixture
def git(home: Path, tmp_path: Path) -> RealGit:
    """An empty repository on branch main."""
    return RealGit(tmp_path / "repo")


@pytest.fixture
async def start() -> AsyncIterator[Any]:
    """`await start(capabilities, **initialize parameters)`: an editor; at the end nothing it got may be unread."""
    async with AsyncExitStack() as stack:

        async def begin(capabilities: dict[str, Any] | None = None, **params: Any) -> Editor:
            editor = await stack.enter_async_context(Editor())
            await editor.initialize(capabilities or {}, **params)
            return editor

        yield begin
