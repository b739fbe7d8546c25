"""A repository driven as a user would drive it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path


class RealGit:
    """A repository driven as a user would drive it: the git on PATH, plain commands, no part of the product.

    Dates advance by one minute with every command, so that two commits never share an id by accident.
    """

    def __init__(self, top: Path, *, init: bool = True) -> None:
        self.top = top
        self.minute = 0
        if init:
            top.mkdir(parents=True, exist_ok=True)
            self("init", "-q", "-b", "main")

    def __call__(self, *args: str, input: bytes | None = None, code: int | None = 0, **env: str) -> str:
        """Standard output of `git args…`, stripped; `code` is the exit expected (None: any)."""
        done = self.run(*args, input=input, **env)
        if code is not None:
            assert done.returncode == code, f"git {args}: {done.returncode}\n{done.stdout!r}\n{done.stderr.decode()}"
        return done.stdout.decode("utf-8", "surrogateescape").strip()

    def run(self, *args: str, input: bytes | None = None, **env: str) -> subprocess.CompletedProcess[bytes]:
        """The finished process of `git args…`."""
        self.minute += 1
        dates = {f"GIT_{who}_DATE": f"{1700000000 + 60 * self.minute} +0000" for who in ("AUTHOR", "COMMITTER")}
        stdin = {"stdin": subprocess.DEVNULL} if input is None else {"input": input}
        return subprocess.run(
            ["git", *args], cwd=self.top, capture_output=True, env=os.environ | dates | env, timeout=60, **stdin
        )

    def write(self, path: str, content: str | bytes) -> Path:
        """Write a file of the worktree."""
        file = self.top / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    def commit(self, message: str, files: dict[str, str | bytes] | None = None, *options: str) -> str:
        """Write `files`, add everything, commit, and return the id."""
        for path, content in (files or {}).items():
            self.write(path, content)
        self("add", "-A")
        self("commit", "-q", "-m", message, "--allow-empty", *options)
        return self("rev-parse", "HEAD")
