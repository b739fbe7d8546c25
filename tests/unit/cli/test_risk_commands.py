"""scan, assess, explain and rules as a user runs them."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from earmark.cli import assess, explain, rules, scan

RISKY = "import requests\n\n\ndef f(u):\n    return requests.get(u)\n"
Git = Callable[..., str]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.delenv("GIT_DIR", raising=False)
    return tmp_path


@pytest.fixture
def git(folder: Path) -> Git:
    identity = {"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.com", "GIT_COMMITTER_NAME": "A",
                "GIT_COMMITTER_EMAIL": "a@example.com"}  # fmt: skip

    def run(*argv: str) -> str:
        done = subprocess.run(["git", *argv], cwd=folder, env=os.environ | identity, check=True, capture_output=True)
        return done.stdout.decode()

    run("init", "-q", "-b", "main")
    return run


def test_scan_all_prints_one_object_a_finding(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "app").mkdir()
    (folder / "app" / "a.py").write_text(RISKY)
    assert scan.run(["--all", "--format", "json", "app"]) == 1
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(f["path"], f["start_line"], f["start_column"], f["end_line"], f["rule"]) for f in found] == [
        ("app/a.py", 5, 12, 5, "py-http-no-timeout")
    ]
    assert {"category", "severity", "message", "origin"} <= set(found[0])
    assert found[0]["origin"] == "unknown"


def test_scan_of_calm_code_says_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.py").write_text("x = 1\n")
    assert scan.run(["--all", "."]) == 0
    assert capsys.readouterr().out == ""


def test_scan_without_all_needs_a_repository(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.py").write_text(RISKY)
    assert scan.run(["a.py"]) == 2
    assert "not inside a git worktree" in capsys.readouterr().err


def test_scan_looks_only_at_ai_text(folder: Path, git: Git, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.py").write_text(RISKY)
    git("add", "a.py")
    git("commit", "-qm", "start")
    assert scan.run(["a.py"]) == 0
    assert scan.run(["--all", "a.py"]) == 1
    capsys.readouterr()


def test_scan_of_a_missing_path_is_a_usage_error(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert scan.run(["--all", "nowhere"]) == 2
    assert capsys.readouterr().err == "earmark scan: nowhere does not exist\n"


def test_many_files_in_workers_give_the_same_as_one_by_one(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    filler = "".join(f"value_{n} = {n}\n" for n in range(1200))
    for number in range(60):
        (folder / f"m{number:02}.py").write_text(RISKY + filler)
    (folder / "b.bin").write_bytes(b"\0\1")
    assert scan.run(["--all", "--format", "json", "."]) == 1
    found = [json.loads(line)["path"] for line in capsys.readouterr().out.splitlines()]
    assert found == [f"m{number:02}.py" for number in range(60)]


def test_sarif_names_every_rule_that_fired(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.py").write_text(RISKY)
    assert scan.run(["--all", "--format", "sarif", "a.py"]) == 1
    run = json.loads(capsys.readouterr().out)["runs"][0]
    assert [r["id"] for r in run["tool"]["driver"]["rules"]] == ["py-http-no-timeout"]
    region = run["results"][0]["locations"][0]["physicalLocation"]["region"]
    assert (region["startLine"], region["startColumn"]) == (5, 12)


def test_assess_shows_every_term(folder: Path, git: Git, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.py").write_text(
        "def f(u, user):\n    if not user.is_admin:\n        raise PermissionError\n    g(u)\n"
    )
    git("add", "a.py")
    git("commit", "-qm", "start")
    (folder / "a.py").write_text("def f(u, user):\n    g(u)\n")
    git("commit", "-qam", "simplify")
    (folder / "a.py").write_text("def f(u, user):\n    h(u)\n")
    git("add", "a.py")
    assert assess.run(["--json", "HEAD"]) == 0
    (commit,) = json.loads(capsys.readouterr().out)["commits"]
    assert commit["commit"] == git("rev-parse", "HEAD").strip()
    assert commit["level"] in ("high", "critical")
    assert abs(sum(t["value"] for t in commit["terms"]) - commit["score"]) <= 0.51
    assert "is_admin" in commit["terms"][0]["evidence"]
    assert assess.run(["--staged"]) == 0
    assert capsys.readouterr().out.startswith("staged")
    assert assess.run(["--json", "HEAD~1..HEAD"]) == 0
    assert json.loads(capsys.readouterr().out)["commits"] == [commit]


def test_assess_of_nothing_is_a_usage_error(folder: Path, git: Git, capsys: pytest.CaptureFixture[str]) -> None:
    assert assess.run(["nonsense"]) == 2
    assert "names no commit" in capsys.readouterr().err


def test_explain(capsys: pytest.CaptureFixture[str]) -> None:
    assert explain.run(["py-http-no-timeout"]) == 0
    assert "Without a timeout" in capsys.readouterr().out
    assert explain.run(["change-removed-auth"]) == 0
    assert "Before" in capsys.readouterr().out
    assert explain.run(["py-http-timeout"]) == 2
    assert "py-http-no-timeout" in capsys.readouterr().err


def test_rules(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert rules.run(["list", "--json"]) == 0
    ids = [json.loads(line)["id"] for line in capsys.readouterr().out.splitlines()]
    assert {"py-http-no-timeout", "change-removed-auth"} <= set(ids)
    assert rules.run(["test"]) == 0
    assert "0 examples that do not hold" in capsys.readouterr().out
    (folder / "python-mine.toml").write_text("format = 1\n[[rule]]\nid = 'x'\n")
    assert rules.run(["test", "python-mine.toml"]) == 2
    assert "category is missing" in capsys.readouterr().err


MINE = """format = 1
languages = ["python"]
[[rule]]
id = "acme-twice"
category = "injection"
severity = "high"
why = "w"
hint = "h"
call = ["acme.twice"]
bad = ["acme.twice(1)\\n", "acme.twice(2)\\n"]
good = ["acme.once(1)\\n", "GOOD"]
"""


def test_the_examples_of_a_pack_are_run_alone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "acme.toml").write_text(MINE)
    assert rules.run(["test", "acme.toml"]) == 0
    assert capsys.readouterr().out.startswith("1 rules of earmark-")
    (folder / "acme.toml").write_text(MINE.replace("GOOD", "acme.twice(3)\\n"))
    assert rules.run(["test", "acme.toml"]) == 1
    assert "acme-twice: good example 2 fires" in capsys.readouterr().out


def test_a_baseline_leaves_what_stood_before_out(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = folder / "app" / "a.py"
    file.parent.mkdir()
    file.write_text(RISKY)
    assert scan.run(["--all", "--write-baseline", "old.json", "app"]) == 0
    assert capsys.readouterr().out == "1 findings are the baseline in old.json\n"
    file.write_text("import requests\n\nx = 1\n" + RISKY)
    assert scan.run(["--all", "--baseline", "old.json", "."]) == 0
    assert capsys.readouterr().out == ""
    file.write_text(RISKY + "\n\ndef g(u):\n    return requests.get(u)\n")
    assert scan.run(["--all", "--baseline", "old.json", "--format", "json", "app"]) == 1
    (found,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert found["start_line"] == 9
    (folder / "old.json").write_text("{")
    assert scan.run(["--all", "--baseline", "old.json", "app"]) == 2
    assert "cannot be used as a baseline" in capsys.readouterr().err


def test_a_scan_tells_of_incidents_without_letting_them_write_to_the_terminal(
    folder: Path, git: Git, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "incidents").mkdir()
    (folder / "incidents" / "one.md").write_text(
        "---\nid: one\nseverity: high\nsymbols: [charge]\n"
        'title: "charged \\u001b[31mtwice"\nlesson: "\\u202ekey"\n---\n'
    )
    (folder / "incidents" / "two.md").write_text("---\npattern: charge\n---\n")
    (folder / "incidents" / "bad.md").write_text("---\nseverity: odd\n---\n")
    (folder / "a.py").write_text("def f():\n    charge(1)\n")
    assert scan.run(["--all", "a.py"]) == 1
    shown = capsys.readouterr()
    assert shown.out == (
        "a.py:2:5: high: This resembles incident one: charged \\x1b[31mtwice. (one: charge is named) \\u202ekey "
        "[incident-resembled]\n"
    )
    assert (
        shown.err == "earmark scan: incidents/bad.md is not used: severity must be one of low, medium, high, critical\n"
    )
    git("add", ".")
    git("commit", "-qm", "start")
    (folder / "a.py").write_text("def f():\n    charge(2)\n")
    git("commit", "-qam", "more")
    assert assess.run(["--json", "HEAD"]) == 0
    (commit,) = json.loads(capsys.readouterr().out)["commits"]
    (term,) = [t for t in commit["terms"] if t["name"] == "incident"]
    assert term["evidence"] == "one: charge is named"


def test_a_made_up_package_counts_in_the_assessment(folder: Path, git: Git, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.py").write_text("import acme_house_tools\n")
    (folder / "pyproject.toml").write_text('[project]\nname = "x"\ndependencies = ["acme-house-tools"]\n')
    git("add", ".")
    git("commit", "-qm", "start")
    (folder / "a.py").write_text("import acme_house_tools\nimport quantum_json_helper_pro\n")
    git("commit", "-qam", "more")
    assert assess.run(["--json", "HEAD~1..HEAD"]) == 0
    (commit,) = json.loads(capsys.readouterr().out)["commits"]
    findings = [t["evidence"] for t in commit["terms"] if t["name"] == "finding"]
    assert [e.partition(" (")[0] for e in findings] == ["a.py: dep-unknown-python"]


def test_the_index_is_built_ahead_of_time(folder: Path, git: Git, capsys: pytest.CaptureFixture[str]) -> None:
    assert assess.run(["--index"]) == 0
    (folder / "a.py").write_text("def total(a):\n    return a\n")
    (folder / "b.py").write_text("from a import total\ntotal(1)\n")
    git("add", ".")
    git("commit", "-qm", "start")
    assert assess.run(["--index"]) == 0
    assert (folder / ".git" / "earmark" / "symbols.db").exists()
    assert capsys.readouterr().out == ""


def test_explain_a_place(folder: Path, git: Git, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "incidents").mkdir()
    (folder / "incidents" / "one.md").write_text("---\nsymbols: [total]\n---\n")
    (folder / "a.py").write_text("def total(a):\n    return a\n")
    (folder / "b.py").write_text("from a import total\ntotal(1)\n")
    git("add", ".")
    git("commit", "-qm", "Start")
    (folder / "a.py").write_text("def total(a):\n    return a / 2\n")
    git("commit", "-qam", "Fix the half")
    assert explain.run(["a.py:2"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "a.py:2, in total",
        "  1 caller in 1 file: b.py",
        "  changes of the file: 2, in the last 90 days: 2, fixes: 1, taken back: 0, people: 1",
        "  incident one: total is touched",
    ]
    assert explain.run(["--json", "b.py:2"]) == 0
    known = json.loads(capsys.readouterr().out)
    assert (known["path"], known["line"], known["callers"], known["history"]["changes"]) == ("b.py", 2, None, 1)
    assert explain.run(["c.py:2"]) == 2
    assert "neither a rule nor PATH:LINE" in capsys.readouterr().err
