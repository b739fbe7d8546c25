"""`earmark status --audit`: what was decided here, by whom, and that nobody changed it since."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from gated import SAFE, Gated


@pytest.fixture
def repo(home: Path, tmp_path: Path) -> Gated:
    return Gated(tmp_path / "repo")


def earmark(repo: Gated, *args: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "earmark", *args]
    return subprocess.run(
        command, cwd=repo.top, capture_output=True, text=True, env=os.environ, timeout=60, check=False
    )


def audit(repo: Gated) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(earmark(repo, "status", "--audit", "--json").stdout)
    return told


def test_decisions_are_rows(repo: Gated) -> None:
    assert earmark(repo, "trust").returncode == 0
    repo.assistant("a.py", SAFE)
    assert earmark(repo, "tag").returncode == 0
    repo.committed(b"Add\n")
    assert earmark(repo, "check", "HEAD~1..HEAD").returncode == 1
    assert earmark(repo, "check", "HEAD~1..HEAD").returncode == 1
    assert earmark(repo, "tag", "HEAD~1..HEAD").returncode == 0
    assert earmark(repo, "check", "HEAD~1..HEAD").returncode == 0
    told = audit(repo)
    assert [(row["what"], row["why"]) for row in told["audit"]] == [
        ("tagged", ""), ("gate refused", "undeclared-ai"), ("tagged", ""), ("gate passed", ""),
    ]  # fmt: skip
    assert {row["who"] for row in told["audit"]} == {"Ada Example <ada@example.com>"}
    assert told["head"] == told["audit"][-1]["head"]
    assert told["unbroken"]


def test_a_dry_run_decides_nothing(repo: Gated) -> None:
    repo.assistant("a.py", SAFE)
    assert earmark(repo, "tag", "--dry-run").returncode == 0
    assert audit(repo) == {"audit": [], "head": "", "unbroken": True}


def test_a_changed_row_shows(repo: Gated) -> None:
    repo.declared("a.py", SAFE)
    earmark(repo, "check", "HEAD~1..HEAD")
    earmark(repo, "check", "HEAD~1..HEAD", "--phase", "merge")
    assert "unbroken" in earmark(repo, "status", "--audit").stdout
    ledger = sqlite3.connect(repo.top / ".git" / "earmark" / "ledger.db")
    ledger.execute("UPDATE audit SET what = 'gate passed twice' WHERE seq = 1")
    ledger.commit()
    ledger.close()
    assert not audit(repo)["unbroken"]
    assert "BROKEN: a row was changed" in earmark(repo, "status", "--audit").stdout


def test_without_a_ledger_none_is_made(repo: Gated) -> None:
    repo.commit("By hand", {"b.py": "x = 1\n"})
    assert earmark(repo, "check", "HEAD~1..HEAD").returncode == 0
    assert not (repo.top / ".git" / "earmark").exists()
