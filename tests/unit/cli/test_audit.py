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

from earmark.commit import install
from earmark.git import trust
from earmark.origin.audit import unbroken
from earmark.origin.ledger import Ledger
from earmark.origin.settle import settle


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
    assert audit(repo) == {"audit": [], "head": "", "unbroken": True, "notes": 0, "lost": []}


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


def rows(repo: Gated, *columns: str) -> list[tuple[str, ...]]:
    return [tuple(row[column] for column in columns) for row in audit(repo)["audit"]]


def hooked(repo: Gated) -> None:
    install.apply(install.plan(repo.repo, python=sys.executable))


def test_what_the_hooks_write_is_a_row_with_what_was_suppressed(repo: Gated) -> None:
    hooked(repo)
    repo.assistant("a.py", "import os\nos.system(x)  # earmark: ignore[python-shell] a constant\n")
    repo("commit", "-q", "-m", "Add")
    assert rows(repo, "what", "who") == [("declared", "Ada Example <ada@example.com>")]
    detail = json.loads(audit(repo)["audit"][0]["detail"])
    assert detail["block"] == repo.message().decode().splitlines()[2:]
    assert detail["suppressed"] == ["a.py: python-shell (a constant)"]
    repo("commit", "-q", "--amend", "--no-edit")
    assert rows(repo, "what") == [("declared",)], "nothing was written again"
    repo("rm", "-q", "--cached", "a.py")
    repo("commit", "-q", "--amend", "--allow-empty", "--no-edit")
    assert rows(repo, "what") == [("declared",), ("declaration withdrawn",)]


def test_what_the_hooks_refuse_is_a_row(home: Path, tmp_path: Path) -> None:
    repo = Gated(tmp_path / "governed", '[declare]\nmode = "forbid"\n[gate]\nenforce_locally = true\n')
    hooked(repo)
    trust.trust(repo.repo)
    repo.assistant("a.py", SAFE)
    assert repo.run("commit", "-q", "-m", "Add").returncode != 0
    repo("-c", "core.hooksPath=/dev/null", "commit", "-q", "-m", "Add")
    repo("init", "-q", "--bare", str(tmp_path / "server.git"))
    assert repo.run("push", "-q", str(tmp_path / "server.git"), "HEAD:refs/heads/main").returncode != 0
    assert rows(repo, "what", "why") == [("gate refused", "forbidden-ai"), ("gate refused", "forbidden-ai")]


def decided(repo: Gated, seconds: int, monkeypatch: pytest.MonkeyPatch) -> str:
    """The head of a row that is `seconds` younger (or older) than the newest commit."""
    now = int(repo("log", "-1", "--format=%ct")) + seconds
    with monkeypatch.context() as patched, Ledger.open(repo.repo) as ledger:
        patched.setattr("time.time", lambda: now)
        return ledger.audit("Ada Example <ada@example.com>", "gate passed", f"{seconds}")


def test_a_note_carries_the_head_and_is_derived_again_to_the_byte(repo: Gated, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.declared("a.py", SAFE)
    assert "audit" not in repo.note(), "nothing was decided before this commit"
    first, second = (decided(repo, seconds, monkeypatch) for seconds in (10, 20))
    before = repo.declared("b.py", SAFE)
    decided(repo, 10, monkeypatch)
    note = repo.note()
    assert json.loads(note.partition("\n---\n")[2])["earmark"]["audit"] == {first: second}
    repo("update-ref", "-d", "refs/notes/ai")
    with Ledger.open(repo.repo) as ledger:
        ledger.set_meta(f"settled:{repo.repo.top}", "")
        settle(repo.repo, ledger)
    assert repo.note(before) == note
    told = audit(repo)
    assert (told["unbroken"], told["notes"], told["lost"]) == (True, 1, [])


def test_a_chain_that_was_written_anew_shows(repo: Gated, monkeypatch: pytest.MonkeyPatch) -> None:
    for seconds in (-200, -100):
        decided(repo, seconds, monkeypatch)
    repo.declared("a.py", SAFE)
    told = audit(repo)
    assert (told["unbroken"], told["notes"]) == (True, 1)
    database = sqlite3.connect(repo.top / ".git" / "earmark" / "ledger.db")
    database.execute("DELETE FROM audit WHERE seq > 1")
    database.commit()
    database.close()
    with Ledger.open(repo.repo) as ledger:
        ledger.audit("Ada Example <ada@example.com>", "gate passed")
        assert unbroken(ledger.audit_rows()), "the chain by itself shows nothing"
    told = audit(repo)
    assert (told["unbroken"], told["lost"]) == (False, [repo("rev-parse", "HEAD")])
    assert "BROKEN: rows are gone that the notes of 1 commits rest on" in earmark(repo, "status", "--audit").stdout


def test_without_a_ledger_none_is_made(repo: Gated) -> None:
    repo.commit("By hand", {"b.py": "x = 1\n"})
    assert earmark(repo, "check", "HEAD~1..HEAD").returncode == 0
    assert not (repo.top / ".git" / "earmark").exists()
