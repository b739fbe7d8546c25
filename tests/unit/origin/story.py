"""A repository in which assistants and a person take turns."""

from __future__ import annotations

from pathlib import Path

from real_git import RealGit

from earmark.git.repository import Repository
from earmark.git.trust import open_repository
from earmark.origin import notes, settle
from earmark.origin.blame import blame
from earmark.origin.evidence import Event, FileEvent
from earmark.origin.ledger import Ledger
from earmark.origin.model import Session
from earmark.origin.recorder import record_event

CLAUDE = Session("claude", "c1", "claude-opus-4.5")
CURSOR = Session("kursor", "k1", "gpt-5")
BASE = "def pay(user):\n    if not user.ok:\n        raise Denied\n    charge(user)\n"


class Story:
    """One repository with one commit, its ledger, and the verbs of the people in it."""

    def __init__(self, git: RealGit) -> None:
        self.git = git
        git.commit("base", {"pay.py": BASE})
        repo = open_repository(git.top)
        assert repo is not None
        self.repo: Repository = repo
        self.ledger = Ledger.open(repo)

    def event(self, phase: str, session: Session | None, *files: FileEvent, key: str = "", command: str = "") -> None:
        event = Event(phase, str(self.git.top), session, files, key, command)  # type: ignore[arg-type]
        record_event(self.repo, self.ledger, event)

    def writes(self, session: Session, path: str, text: str, *, key: str = "") -> None:
        """An assistant's whole-file write with its events before and after."""
        self.event("before", session, FileEvent(path), key=key)
        self.git.write(path, text)
        self.event("after", session, FileEvent(path, after=text), key=key)

    def commits(self, session: Session, path: str, text: str, message: str = "ai") -> str:
        """An assistant's write, committed."""
        self.writes(session, path, text)
        return self.git.commit(message)

    def text(self, path: str) -> str:
        return (Path(self.git.top) / path).read_text()

    def kinds(self, path: str, rev: str | None = None) -> str:
        """One letter a line: the tool's first letter for AI, h for human, `.` for unknown; notes are derived first."""
        settle.settle(self.repo, self.ledger)
        letters = ""
        for r in blame(self.repo, self.ledger, path, rev):
            letters += (r.tool[0] if r.kind == "ai" else {"human": "h", "unknown": "."}[r.kind]) * (r.end - r.start + 1)
        return letters

    def settled(self, commit: str = "HEAD") -> notes.Note | None:
        settle.settle(self.repo, self.ledger)
        raw = self.git.run("notes", "--ref", "ai", "show", commit)
        return notes.parse(raw.stdout) if raw.returncode == 0 else None
