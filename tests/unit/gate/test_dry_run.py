"""`earmark policy dry-run`: a policy tried on history."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from gated import SAFE, Gated

STRICT = '[declare]\nmode = "forbid"\n'


def dry_run(at: Path, *args: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "earmark", "policy", "dry-run", *args]
    return subprocess.run(command, cwd=at, capture_output=True, text=True, env=os.environ, timeout=60, check=False)


@pytest.fixture
def repo(home: Path, tmp_path: Path) -> Gated:
    """A person's commit, an assistant's, and a merge that brings in another of an assistant."""
    made = Gated(tmp_path / "repo")
    made("tag", "start")
    made.commit("By hand", {"b.py": "x = 1\n"})
    made.declared("a.py", SAFE)
    made("switch", "-q", "-c", "topic")
    made.declared("c.py", SAFE)
    made("switch", "-q", "main")
    made.commit("Meanwhile", {"d.py": "x = 1\n"})
    made("merge", "-q", "--no-ff", "-m", "Merge branch 'topic'", "topic")
    return made


def test_what_would_have_been_refused(repo: Gated) -> None:
    done = dry_run(repo.top, "start..main")
    assert (done.returncode, done.stdout) == (0, "0 of 4 changes would have been refused\n"), done.stderr
    repo.write(".earmark.toml", STRICT)
    done = dry_run(repo.top, "start..main", "--json")
    told = json.loads(done.stdout)
    assert told["checked"] == 4
    assert [one["title"] for one in told["refused"]] == ["Add", "Merge branch 'topic'"]
    assert {v["code"] for one in told["refused"] for v in one["violations"]} == {"forbidden-ai"}
    assert "2 of 4 changes would have been refused" in dry_run(repo.top, "start..main").stdout


def test_sums_are_those_of_each_change(repo: Gated, tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text('[[paths]]\nmatch = ["**"]\nmax_ai_lines = 5\n')
    done = dry_run(repo.top, "start..main", "--policy", str(tmp_path / "p.toml"))
    assert done.stdout == "0 of 4 changes would have been refused\n", done.stdout + done.stderr
    (tmp_path / "p.toml").write_text('[[paths]]\nmatch = ["**"]\nmax_ai_lines = 4\n')
    done = dry_run(repo.top, "start..main", "--policy", str(tmp_path / "p.toml"))
    assert "2 of 4" in done.stdout
    assert "budget-exceeded" in done.stdout


def test_the_organisations_policy_is_part_of_it(repo: Gated, tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text(STRICT)
    assert "2 of 4" in dry_run(repo.top, "start..main", "--base-policy", str(tmp_path / "base.toml")).stdout


@pytest.mark.parametrize(
    ("args", "policy", "said"),
    [
        (("main",), "", "main is no range"),
        (("start..nowhere",), "", "there is no commit nowhere"),
        (("start..main",), "[declare", "the policy is broken at line 1"),
        (("start..main", "--policy", "nowhere.toml"), "", "the policy nowhere.toml cannot be read"),
    ],
)
def test_what_cannot_be_told(args: tuple[str, ...], policy: str, said: str, repo: Gated) -> None:
    if policy:
        repo.write(".earmark.toml", policy)
    done = dry_run(repo.top, *args)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
