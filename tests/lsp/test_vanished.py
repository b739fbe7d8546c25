"""A hook that somebody took out is said once a day, in the editor."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from real_git import RealGit

from earmark.lsp.vanished import AGAIN, FIRST


@pytest.fixture
def settings(home: Path, git: RealGit) -> Path:
    """Claude Code's settings, with the hook of a user who ran `earmark init`."""
    command = [sys.executable, "-P", "-m", "earmark", "init", "--agents", "claude", "--yes"]
    subprocess.run(command, cwd=git.top, check=True, capture_output=True, timeout=30)
    return home / ".claude" / "settings.json"


def contents(settings: Path) -> str:
    return settings.read_text()


def take_out(settings: Path) -> None:
    settings.write_text("{}\n")


def let_a_day_pass(home: Path) -> None:
    """For whoever looks at when the hooks were looked at."""
    yesterday = time.time() - 25 * 3600
    os.utime(home / ".state" / "earmark" / "hooks-looked-at", (yesterday, yesterday))


async def said(start: Any, git: RealGit, seconds: float = FIRST) -> list[str]:
    editor = await start({}, rootUri=git.top.as_uri())
    await editor.pass_time(seconds)
    taken, editor.unread = editor.unread, []
    assert {message["method"] for message in taken} <= {"window/showMessage"}
    return [message["params"]["message"] for message in taken]


async def test_nothing_is_said_while_the_hook_stands(start: Any, git: RealGit, settings: Path) -> None:
    assert "earmark record" in contents(settings)
    assert await said(start, git) == []


async def test_a_vanished_hook_is_said_once_a_day(start: Any, git: RealGit, settings: Path, home: Path) -> None:
    take_out(settings)
    [warning] = await said(start, git)
    assert str(settings) in warning
    assert "`earmark init --agents claude`" in warning
    assert await said(start, git) == []
    let_a_day_pass(home)
    assert len(await said(start, git)) == 1


async def test_a_server_that_runs_for_days_looks_again(start: Any, git: RealGit, settings: Path, home: Path) -> None:
    editor = await start({}, rootUri=git.top.as_uri())
    await editor.pass_time(FIRST)
    take_out(settings)
    let_a_day_pass(home)
    await editor.pass_time(AGAIN)
    assert "claude" in editor.take("window/showMessage")["params"]["message"]


async def test_what_was_never_installed_is_not_missed(start: Any, git: RealGit, home: Path) -> None:
    (home / ".claude").mkdir()
    assert await said(start, git) == []


async def test_where_nothing_can_be_kept_nothing_is_said(
    start: Any, git: RealGit, settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_out(settings)
    monkeypatch.setenv("XDG_STATE_HOME", "/dev/null")
    assert await said(start, git) == []
