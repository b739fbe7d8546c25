"""A repository in which an assistant writes, a person commits, and `earmark check` is asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from real_git import RealGit

from earmark.gate import gather
from earmark.git import repository
from earmark.origin.evidence import Event, FileEvent
from earmark.origin.ledger import Ledger
from earmark.origin.model import Session
from earmark.origin.recorder import record_event
from earmark.origin.settle import settle
from earmark.trailers.declare import block
from earmark.trailers.message import insert

CLAUDE = Session("claude", "c1", "claude-opus-4.5", "Eve Example <eve@example.com>")
SAFE = "def total(items):\n    result = 0\n    for item in items:\n        result += item.price\n    return result\n"
RISKY = "import subprocess\n\n\ndef run(name):\n    subprocess.run('rm -rf /srv/' + name, shell=True)\n"


class Answer(NamedTuple):
    """What a command said; `verdict` is standard output as JSON, None when it is none."""

    code: int
    verdict: Any
    out: str
    err: str

    @property
    def codes(self) -> list[str]:
        return [violation["code"] for violation in self.verdict["violations"]]


class Gated(RealGit):
    """One commit by a person, on branch main."""

    def __init__(self, top: Path, policy: str = "") -> None:
        super().__init__(top)
        files: dict[str, str | bytes] = {"README.md": "hello\n"}
        if policy:
            files[".earmark.toml"] = policy
        self.commit("Start", files)
        found = repository.find(top)
        assert found is not None
        self.repo = found

    def assistant(self, path: str, text: str) -> None:
        """An assistant writes `path` and its hook says so."""
        file = self.top / path
        before = file.read_text() if file.exists() else ""
        self.write(path, text)
        with Ledger.open(self.repo) as ledger:
            record_event(self.repo, ledger, Event("after", str(self.top), CLAUDE, (FileEvent(path, before, text),)))
        self("add", "-A")

    def block(self) -> str:
        """What the staged change declares, told truthfully."""
        with Ledger.open(self.repo) as ledger:
            facts = gather.of_staged(self.repo, ledger, "draft")
        (commit,) = facts.commits
        return block(facts.policy, [commit.change], commit.risk or "low", facts.touched)

    def declared(self, path: str, text: str, subject: str = "Add") -> str:
        """An assistant's text, committed with its declaration; the note is written."""
        self.assistant(path, text)
        return self.committed(insert(f"{subject}\n".encode(), self.block()))

    def committed(self, message: bytes) -> str:
        """Commit the index with exactly this message; the note that is due is written."""
        self("commit", "-q", "--allow-empty", "--cleanup=verbatim", "-F", "-", input=message)
        with Ledger.open(self.repo) as ledger:
            settle(self.repo, ledger)
        return self("rev-parse", "HEAD")

    def amended(self, message: bytes) -> str:
        """The last commit under another message, its note carried along as git's own configuration would."""
        self(
            "-c", "notes.rewriteRef=refs/notes/ai",
            "commit", "-q", "--amend", "--allow-empty", "--cleanup=verbatim", "-F", "-", input=message,
        )  # fmt: skip
        return self("rev-parse", "HEAD")

    def message(self, rev: str = "HEAD") -> bytes:
        return self.run("cat-file", "commit", rev).stdout.partition(b"\n\n")[2]

    def note(self, rev: str = "HEAD") -> str:
        return self("notes", "--ref=ai", "show", rev)

    def check(self, *args: str, input: str = "", cwd: Path | None = None, **env: str) -> Answer:
        """`earmark check args… --format json`, unless another format is asked."""
        given = args if "--format" in args else (*args, "--format", "json")
        done = subprocess.run(
            [sys.executable, "-m", "earmark", "check", *given],
            cwd=cwd or self.top, env=os.environ | env, input=input, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        try:
            verdict = json.loads(done.stdout)
        except ValueError:
            verdict = None
        return Answer(done.returncode, verdict, done.stdout, done.stderr)
