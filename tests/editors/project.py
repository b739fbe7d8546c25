"""A real git repository in which an assistant wrote something, as its own hook payloads told `earmark record`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

BASE = '''"""Shipping rates."""

import requests

RATES = "https://rates.example.com/v1"


def total(prices):
    return sum(prices)
'''

RISKY = """

def rate(country):
    while True:
        try:
            return requests.get(RATES, params={"to": country}).json()
        except Exception:
            pass
"""


class Project:
    """`top` is the worktree; `environment` is what every process of the test runs with: a home of its own, no one's git
    configuration, and the interpreter that runs the tests as the server's."""

    def __init__(self, folder: Path, name: str = "shop", session: str = "") -> None:
        self.top = folder / name
        self.top.mkdir(parents=True)
        home = folder / "home"
        home.mkdir()
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "XDG_", "EARMARK_"))}
        self.environment = kept | {
            "HOME": str(home),
            "EARMARK_PYTHON": sys.executable,
            "GIT_CONFIG_NOSYSTEM": "1",
            "LANG": "C.UTF-8",
        }
        self.session = session or str(uuid.uuid5(uuid.NAMESPACE_URL, str(folder)))
        self.transcript = home / ".claude" / "projects" / "shop" / f"{self.session}.jsonl"
        self.transcript.parent.mkdir(parents=True)
        answer = {"type": "assistant", "sessionId": self.session, "message": {"model": "claude-opus-4-5-20251101"}}
        self.transcript.write_text(json.dumps(answer) + "\n")
        self.git("init", "-q", "-b", "main")
        self.git("config", "user.name", "Dev Eloper")
        self.git("config", "user.email", "dev@example.com")
        self.calls = 0

    def git(self, *arguments: str, **environment: str) -> str:
        """Standard output of git, stripped."""
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.top,
            env=self.environment | environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, f"git {arguments}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def wait_subject(self, subject: str) -> None:
        """Wait until the last commit has this title."""
        until = time.monotonic() + 20
        while self.git("log", "-1", "--format=%s") != subject:
            assert time.monotonic() < until, f"no commit {subject!r}"
            time.sleep(0.05)

    def earmark(self, *arguments: str, given: str = "") -> str:
        """Standard output of `earmark`."""
        done = subprocess.run(
            [sys.executable, "-P", "-m", "earmark", *arguments],
            cwd=self.top, env=self.environment, input=given, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, f"earmark {arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    def commit(self, message: str, **files: str) -> None:
        """Write files (`name__ext` stands for `name.ext`) and commit everything."""
        for name, text in files.items():
            (self.top / name.replace("__", ".")).write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)

    def ai_edit(self, path: str, old: str, new: str, written: Callable[[], object] | None = None) -> None:
        """What Claude Code does for one Edit: hook, write, hook. `written` is called between the last two."""
        file = self.top / path
        before = file.read_text()
        assert before.count(old) == 1, f"{old!r} stands {before.count(old)} times in {path}"
        self.calls += 1
        call: dict[str, object] = {
            "session_id": self.session,
            "transcript_path": str(self.transcript),
            "cwd": str(self.top),
            "permission_mode": "acceptEdits",
            "tool_name": "Edit",
            "tool_input": {"file_path": str(file), "old_string": old, "new_string": new, "replace_all": False},
            "tool_use_id": f"toolu_{self.calls:02}",
        }
        self.record(call | {"hook_event_name": "PreToolUse"})
        file.write_text(before.replace(old, new))
        if written:
            written()
        response = {"filePath": str(file), "oldString": old, "newString": new, "originalFile": before}
        self.record(call | {"hook_event_name": "PostToolUse", "tool_response": response})

    def record(self, payload: dict[str, object]) -> None:
        """One hook payload through the real command; what it cannot record fails the test."""
        self.earmark("record", "--agent", "claude", "--strict", given=json.dumps(payload))

    def blame(self, path: str) -> list[dict[str, Any]]:
        """The ranges of `earmark blame`, of the worktree."""
        ranges: list[dict[str, Any]] = json.loads(self.earmark("blame", "--json", path))["ranges"]
        return ranges

    def wait_kinds(self, path: str, kinds: list[str]) -> None:
        """Wait until the ranges of `earmark blame` are of these kinds: the server records a save after it."""
        until = time.monotonic() + 20
        while (found := [r["kind"] for r in self.blame(path)]) != kinds:
            assert time.monotonic() < until, f"{path} is {found}, not {kinds}"
