"""A repository with our hooks installed, driven as a user and an assistant would."""

from __future__ import annotations

import sys
from pathlib import Path

from real_git import RealGit

from earmark.commit import install
from earmark.git import notes, repository, trust
from earmark.origin.evidence import Event, FileEvent
from earmark.origin.ledger import AuditRow, Ledger
from earmark.origin.model import Session
from earmark.origin.notes import REF
from earmark.origin.recorder import record_event
from earmark.origin.settle import settle
from earmark.trailers.message import Declared, parse

BASE = "import os\n\n\ndef main():\n    return 1\n"
AI = "import os\n\n\ndef main():\n    one()\n    two()\n    return 1\n"


class Hooked(RealGit):
    """`app.py` holds BASE in the first commit."""

    def __init__(self, top: Path, *, hooks: bool = True) -> None:
        super().__init__(top, init=not (top / ".git").exists())
        if not self.run("rev-parse", "--verify", "HEAD").stdout:
            self.commit("base\n", {"app.py": BASE})
        found = repository.find(top)
        assert found is not None
        self.repo = found._replace(trusted=True)
        if hooks:
            install.apply(install.plan(self.repo, python=sys.executable))
            trust.trust(self.repo)

    def assistant(self, text: str, path: str = "app.py", *, session: str = "c1", tool: str = "claude") -> None:
        """An assistant turns `path` into `text`; its hook reports that."""
        file = self.top / path
        before = file.read_text() if file.exists() else ""
        self.write(path, text)
        event = FileEvent(path, before=before, after=text)
        who = Session(tool, session, "opus-4", "Ada Example <ada@example.com>")
        with Ledger.open(self.repo) as ledger:
            record_event(self.repo, ledger, Event("after", str(self.top), who, (event,)))

    def stage_ai(self, text: str = AI, path: str = "app.py") -> None:
        """An assistant's edit, staged."""
        self.assistant(text, path)
        self("add", path)

    def message(self, rev: str = "HEAD") -> str:
        """The commit message as stored."""
        return self("cat-file", "commit", rev).partition("\n\n")[2] + "\n"

    def body(self, rev: str = "HEAD") -> bytes:
        """The message's exact bytes."""
        return self.run("cat-file", "commit", rev).stdout.partition(b"\n\n")[2]

    def declared(self, rev: str = "HEAD") -> Declared:
        """What the message declares, after checking that git itself reads the same trailers."""
        parsed = parse(self.body(rev))
        read_by_git = self("log", "-1", "--format=%(trailers:only,unfold)", rev).splitlines()
        ours = [f"{t.key}: {t.value}" for t in parsed.trailers]
        assert [line for line in read_by_git if line] == ours
        assert not parsed.problems, parsed.problems
        return parsed.declared

    def is_declared(self, rev: str = "HEAD") -> bool:
        """Whether the message declares AI text, and does so once and in full."""
        return self.declared(rev).assisted is True

    def settle(self) -> None:
        """Write the notes that are due, as the next reader would."""
        with Ledger.open(self.repo) as ledger:
            settle(self.repo, ledger)

    def note(self, rev: str = "HEAD") -> bytes | None:
        """The note of a commit once it is due."""
        self.settle()
        id_ = self("rev-parse", rev)
        return notes.read(self.repo, REF, [id_]).get(id_)

    def audit(self) -> tuple[AuditRow, ...]:
        with Ledger.open(self.repo) as ledger:
            return ledger.audit_rows()

    def editor(self, script: str) -> dict[str, str]:
        """The environment in which git's editor is a shell script; `$1` is the message file. It leaves what it saw in
        `seen`."""
        file = self.top.parent / "editor.sh"
        file.write_text(f'#!/bin/sh\ncp "$1" "{self.top.parent}/seen"\n{script}\n')
        file.chmod(0o755)
        return {"GIT_EDITOR": str(file)}

    @property
    def seen(self) -> str:
        """The message file as the editor opened it."""
        return (self.top.parent / "seen").read_text()
