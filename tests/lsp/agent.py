"""An assistant in another process: it writes a file and its hook runs `earmark record`, as Claude Code does."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from typing import Any

from real_git import RealGit

_CALLS = itertools.count(1)


class Agent:
    """One session of an assistant in one repository."""

    def __init__(self, git: RealGit, session: str = "0b7e2a4c-55d1-4f0e-9a35-3f6a1f1e7c11") -> None:
        self.git = git
        self.session = session

    def write(self, path: str, text: str, *, before_hook: bool = True) -> None:
        """Write a whole file, hooks and all."""
        call = f"toolu_{next(_CALLS)}"
        if before_hook:
            self.hook("PreToolUse", path, text, call)
        old = (self.git.top / path).read_text() if (self.git.top / path).exists() else None
        self.git.write(path, text)
        self.hook("PostToolUse", path, text, call, old)

    def write_silently(self, path: str, text: str) -> tuple[str, str | None]:
        """Write the file now; what its hook needs to report that later."""
        call = f"toolu_{next(_CALLS)}"
        self.hook("PreToolUse", path, text, call)
        old = (self.git.top / path).read_text() if (self.git.top / path).exists() else None
        self.git.write(path, text)
        return call, old

    def hook(self, event: str, path: str, text: str, call: str, old: str | None = None) -> None:
        """Run the hook in a process of its own and wait for it."""
        file = str(self.git.top / path)
        payload: dict[str, Any] = {
            "session_id": self.session,
            "transcript_path": "/nowhere/transcript.jsonl",
            "cwd": str(self.git.top),
            "hook_event_name": event,
            "tool_name": "Write",
            "tool_input": {"file_path": file, "content": text},
            "tool_use_id": call,
        }
        if event == "PostToolUse":
            kind = "create" if old is None else "update"
            payload["tool_response"] = {"type": kind, "filePath": file, "content": text, "originalFile": old}
        done = subprocess.run(
            [sys.executable, "-m", "earmark", "record", "--agent", "claude", "--strict"],
            input=json.dumps(payload).encode(), cwd=self.git.top, capture_output=True, timeout=30, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr.decode()


def blame(git: RealGit, path: str) -> list[dict[str, Any]]:
    """What `earmark blame --json` says of a file, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "earmark", "blame", "--json", path],
        cwd=git.top, capture_output=True, timeout=30, check=True,
    )  # fmt: skip
    ranges: list[dict[str, Any]] = json.loads(done.stdout)["ranges"]
    return ranges
