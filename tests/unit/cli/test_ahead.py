"""The risk of what an assistant wrote is known before it is committed."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from hooked import AI, Hooked

from earmark.cli import ahead


def record(repo: Hooked, text: str) -> None:
    """What Claude's hook runs behind a write of `app.py`."""
    payload = {
        "session_id": "s1", "cwd": str(repo.top), "hook_event_name": "PostToolUse", "tool_name": "Write",
        "tool_input": {"file_path": str(repo.top / "app.py"), "content": text},
        "tool_response": {"type": "update", "originalFile": (repo.top / "app.py").read_text()},
    }  # fmt: skip
    repo.write("app.py", text)
    subprocess.run(
        [sys.executable, "-EP", "-m", "earmark", "record", "--agent", "claude", "--strict"],
        input=json.dumps(payload).encode(), cwd=repo.top, check=True, capture_output=True, timeout=30,
    )  # fmt: skip


def findings_kept(repo: Hooked) -> int:
    with closing(sqlite3.connect(repo.top / ".git" / "earmark" / "ledger.db")) as db:
        return int(db.execute("SELECT count(*) FROM cache WHERE key LIKE 'findings:%'").fetchone()[0])


def until_done(repo: Hooked) -> None:
    """Wait for the process that looks ahead to take its mark away."""
    mark = repo.top / ".git" / "earmark" / "ahead"
    end = time.monotonic() + 30
    while mark.exists():
        assert time.monotonic() < end, "it does not come to an end"
        time.sleep(0.02)


def test_a_recorded_edit_is_looked_at_before_its_commit(home: Path, tmp_path: Path) -> None:
    repo = Hooked(tmp_path / "repo")
    record(repo, AI)
    until_done(repo)
    assert findings_kept(repo) == 1
    repo("add", "-A")
    repo("commit", "-q", "-m", "Two calls")
    assert repo.is_declared()
    assert findings_kept(repo) == 1, "the commit looked at the rules again"


def test_nobody_looks_where_no_commit_will_ask(home: Path, tmp_path: Path) -> None:
    repo = Hooked(tmp_path / "repo", hooks=False)
    record(repo, AI)
    assert not (repo.top / ".git" / "earmark" / "ahead").exists()


def test_a_mark_of_a_process_that_was_killed_is_taken_away(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = Hooked(tmp_path / "repo")
    started: list[object] = []
    monkeypatch.setattr(os, "posix_spawn", lambda *command, **options: started.append(command))
    mark = repo.top / ".git" / "earmark" / "ahead"
    mark.parent.mkdir(exist_ok=True)
    mark.touch()
    ahead.start(repo.repo)
    assert mark.exists()
    os.utime(mark, (1, 1))
    ahead.start(repo.repo)
    assert not mark.exists()
    assert started == []
    ahead.start(repo.repo)
    assert len(started) == 1
