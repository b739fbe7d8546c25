"""`earmark doctor` says what is wrong on a machine where something is, and nothing where all is well."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from real_git import RealGit

from earmark.git import repository
from earmark.origin import repair
from earmark.origin.ledger import Ledger


def earmark(*args: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """The finished command, as the user would start it."""
    return subprocess.run(
        [sys.executable, "-P", "-m", "earmark", *args],
        cwd=cwd,
        env=os.environ | env,
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
    )


def checks(cwd: Path, *options: str, code: int | None = None, **env: str) -> dict[str, list[tuple[str, str, str]]]:
    """(state, what, do) of every check, by name."""
    done = earmark("doctor", "--json", *options, cwd=cwd, **env)
    assert done.stderr == ""
    told = json.loads(done.stdout)
    assert told["ok"] == (done.returncode == 0)
    assert code in (None, done.returncode), told
    found: dict[str, list[tuple[str, str, str]]] = {}
    for check in told["checks"]:
        assert bool(check["do"]) or check["state"] != "todo", check
        found.setdefault(check["name"], []).append((check["state"], check["what"], check["do"]))
    return found


@pytest.fixture
def alone(git: RealGit, home: Path, monkeypatch: pytest.MonkeyPatch) -> RealGit:
    """A machine without assistants: only git is on PATH."""
    programs = home / "bin"
    programs.mkdir()
    for name in ("git", "sh"):
        found = next(Path(folder) / name for folder in os.environ["PATH"].split(":") if (Path(folder) / name).exists())
        (programs / name).symlink_to(found)
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("XDG_DATA_HOME", str(home / ".data"))
    git.commit("start", {"a.py": "x = 1\n"})
    return git


def test_after_init_there_is_nothing_to_do(alone: RealGit, home: Path) -> None:
    (home / ".claude").mkdir()
    before = checks(alone.top, code=1)
    assert before["git hooks"][0][0] == "todo"
    assert before["claude"][0] == (
        "todo",
        f"is on this machine, and no hook is in {home}/.claude/settings.json",
        "run `earmark init --agents claude`",
    )
    assert before["trust"][0][0] == "note"
    assert earmark("init", "--yes", cwd=alone.top).returncode == 0
    after = checks(alone.top, code=0)
    assert {state for rows in after.values() for state, _, _ in rows} <= {"ok", "note"}
    assert after["claude"] == [("ok", f"hook in {home}/.claude/settings.json", "")]
    assert after["trust"][0][0] == after["git hooks"][0][0] == "ok"


def test_a_vanished_hook_is_noticed(alone: RealGit, home: Path) -> None:
    (home / ".claude").mkdir()
    assert earmark("init", "--yes", cwd=alone.top).returncode == 0
    (home / ".claude" / "settings.json").write_text('{"model": "opus"}')
    (alone.top / ".git" / "hooks" / "commit-msg").unlink()
    found = checks(alone.top, code=1)
    assert found["claude"][0][1].startswith("vanished: no hook of ours")
    assert "commit-msg" in found["git hooks"][0][1]


def test_a_hook_that_was_there_is_called_first(alone: RealGit) -> None:
    hook = alone.top / ".git" / "hooks" / "pre-push"
    hook.write_text("#!/bin/sh\nexit 0\n")
    hook.chmod(hook.stat().st_mode | stat.S_IXUSR)
    assert earmark("init", "--git-hooks", "--yes", cwd=alone.top).returncode == 0
    assert checks(alone.top, code=0)["git hooks"][0][1].endswith("pre-push of yours called first")


def test_problems_of_the_policy_have_their_place(alone: RealGit) -> None:
    assert earmark("init", "--git-hooks", "--yes", cwd=alone.top).returncode == 0
    alone.write(".earmark.toml", '[declare]\nmode = "sometimes"\n')
    (row,) = checks(alone.top, code=1)["policy"]
    assert row[0] == "todo"
    assert row[1].startswith(".earmark.toml:2:")
    alone.write(".earmark.toml", "[declare]\nmode = \n")
    assert checks(alone.top, code=1)["policy"][0][0] == "todo"
    alone.write(".earmark.toml", '[declare]\nmode = "always"\n')
    assert checks(alone.top)["policy"] == [("ok", ".earmark.toml", "")]


def test_outside_a_repository_the_user_s_part_is_told(alone: RealGit, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    found = checks(tmp_path / "empty", code=0)
    assert found["repository"] == [("note", "not inside a git worktree", "")]
    assert "ledger" not in found


def test_a_missing_git_and_an_empty_repository_are_told(alone: RealGit, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    found = checks(alone.top, code=1, PATH=str(tmp_path / "nothing"))
    assert [row[:2] for row in found["git"]] == [("todo", "not found on PATH")]
    assert "doctor" not in found
    fresh = RealGit(tmp_path / "fresh")
    assert "has no commit yet" in checks(fresh.top)["repository"][0][1]


def test_a_problem_of_a_hook_is_shown_with_its_log(alone: RealGit) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "earmark", "record", "--agent", "claude"], input=b"{\x1b[31m", cwd=alone.top
    )
    assert done.returncode == 0
    (row,) = checks(alone.top)["log"]
    assert "record claude: the payload is not JSON" in row[1]
    shown = earmark("doctor", cwd=alone.top).stdout
    assert "\x1b" not in shown
    assert "record claude" in shown


def test_a_damaged_ledger_is_replaced_and_keeps_what_can_be_read(alone: RealGit) -> None:
    repo = repository.find(alone.top)
    assert repo is not None
    with Ledger.open(repo) as ledger:
        for number in range(300):
            ledger.audit("ada", "marked", "why not", f"{number}" * 50)
    path = alone.top / ".git" / "earmark" / "ledger.db"
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    raw = bytearray(path.read_bytes())
    raw[-8192:] = b"\xff" * 8192
    path.write_bytes(raw)
    assert repair.damage(repo)
    (row,) = checks(alone.top, code=1)["ledger"]
    assert row[2] == "run `earmark doctor --repair`"
    found = checks(alone.top, "--repair")
    assert "a new ledger was started" in found["repair"][0][1]
    assert found["ledger"][0][0] == "ok"
    assert list(path.parent.glob("ledger.db.damaged-*"))
    with Ledger.open(repo) as ledger:
        assert 0 < len(ledger.audit_rows()) < 300
    assert checks(alone.top, "--repair")["repair"] == [("ok", "the ledger is sound", "")]


def test_a_ledger_that_is_no_database_is_replaced(alone: RealGit) -> None:
    folder = alone.top / ".git" / "earmark"
    folder.mkdir(exist_ok=True)
    (folder / "ledger.db").write_text("not a database, and longer than a header of one hundred bytes would be " * 9)
    assert checks(alone.top)["ledger"][0][0] == "todo"
    assert checks(alone.top, "--repair")["ledger"][0][0] == "ok"


def test_kept_events_are_counted(alone: RealGit) -> None:
    repo = repository.find(alone.top)
    assert repo is not None
    Ledger.open(repo).close()
    spool = alone.top / ".git" / "earmark" / "spool"
    spool.mkdir()
    (spool / "1.json").write_text("{}")
    (spool / "2.json.bad").write_text("{}")
    rows = checks(alone.top, code=1)["ledger"]
    assert [state for state, _, _ in rows] == ["ok", "note", "todo"]
