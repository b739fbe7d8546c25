"""The whole story, on our own small service and on the real source of a well-known package."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from earmark.cli.demo.story import Chapter, Story

SOURCES = Path(sys.prefix) / "sources"  # put there by `tests/run.py`, pinned by hash in tests/sources.txt
POLICY = '[[review]]\nrisk = "medium"\nlevel = "senior"\n'


def test_the_demo_tells_its_story(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "earmark", "demo", "--json", "--keep", str(tmp_path / "kept")],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    tools = {step["path"]: {r["tool"] for r in step["regions"] if r["kind"] == "ai"} for step in told["editor"]}
    assert tools["orders/payments.py"] == {"claude"}
    assert tools["orders/reports.py"] == {"cursor"}
    assert tools["deploy/main.tf"] == {"opencode"}
    assert all(step["seconds"] < 0.5 for step in told["editor"])
    hints = {found["code"] for step in told["editor"] for found in step["diagnostics"]}
    assert len(hints) >= 4, hints
    message = told["commit"]["message"]
    assert "\nAI-Assisted: yes\nAssisted-by: Claude:claude-opus-4-5-20251101\n" in message
    assert "AI-Provenance: v1:sha256:" in message
    assert '"earmark":{"digest":"v1:sha256:' in told["commit"]["note"]
    assert told["refused"]["exit"] == 1
    assert "approval-missing" in {v["code"] for v in told["refused"]["violations"]}
    assert told["accepted"] == {**told["accepted"], "exit": 0, "ok": True, "violations": []}
    assert any("/pulls" in item.get("url", "") for item in told["review"]["requests"])
    assert (tmp_path / "kept" / "repo" / ".git").is_dir()


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    done = subprocess.run(
        [sys.executable, "-m", "earmark", "demo", "--keep", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "not empty" in done.stderr


def edits(path: str, text: str, first: str, last: str, new: str) -> dict[str, str]:
    """The edit that replaces the lines from the one holding `first` to the one holding `last`."""
    lines = text.splitlines(keepends=True)
    start = next(n for n, line in enumerate(lines) if first in line)
    end = next(n for n in range(start, len(lines)) if last in lines[n])
    old = "".join(lines[start : end + 1])
    assert text.count(old) == 1, f"the edit of {path} is ambiguous"
    return {"old": old, "new": new}


def claude(path: str, edit: dict[str, str], number: int) -> dict[str, Any]:
    tool = {"file_path": "${REPO}/" + path, "old_string": edit["old"], "new_string": edit["new"], "replace_all": False}
    common = {"session_id": "flask-1", "transcript_path": "", "cwd": "${REPO}", "tool_name": "Edit", "tool_input": tool}
    common |= {"tool_use_id": f"toolu_{number}", "permission_mode": "default"}
    answer = {"filePath": "${REPO}/" + path, "oldString": edit["old"], "newString": edit["new"]}
    answer |= {"originalFile": "${ORIGINAL}", "structuredPatch": [], "userModified": False, "replaceAll": False}
    after = common | {"hook_event_name": "PostToolUse", "tool_response": answer}
    return {
        "agent": "claude", "path": path, "edit": edit,
        "before": common | {"hook_event_name": "PreToolUse"}, "after": after,
    }  # fmt: skip


@pytest.fixture
def flask(tmp_path: Path) -> Path:
    archives = list(SOURCES.glob("flask-*.tar.gz"))
    assert archives, f"no pinned source in {SOURCES}; `python3 tests/run.py` fetches it"
    with tarfile.open(archives[0]) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    source = next((tmp_path / "unpacked").iterdir())
    (source / ".earmark.toml").write_text(POLICY)
    return source


def test_the_same_story_on_the_source_of_a_well_known_package(flask: Path, tmp_path: Path) -> None:
    app = (flask / "src/flask/app.py").read_text()
    guard = edits("src/flask/app.py", app, 'if mode not in {"r", "rt", "rb"}', "can only be opened for reading", "")
    client = "import urllib.request\n\n\ndef mirror(url):\n    return urllib.request.urlopen(url).read()\n"
    new_file = {"old": "", "new": client}
    cli = (flask / "src/flask/cli.py").read_text()
    header = edits("src/flask/cli.py", cli, "from __future__ import annotations", "from __future__", "")
    header["new"] = header["old"] + "\n# The command line of the framework.\n"
    session = {
        "commits": [
            {
                "message": "Open any resource, mirror a page",
                "steps": [claude("src/flask/app.py", guard, 1), claude("src/flask/mirror.py", new_file, 2)],
            },
            {"message": "Say what the module is", "steps": [claude("src/flask/cli.py", header, 3)]},
        ]
    }
    story = Story(flask, session, tmp_path / "told")
    told = {chapter.name: chapter for chapter in story.chapters()}
    assert story.as_told
    shown: Chapter = told["editor"]
    by_path = {step["path"]: step for step in shown.told}
    assert by_path["src/flask/mirror.py"]["regions"][0]["tool"] == "claude"
    codes = {found["code"] for step in shown.told for found in step["diagnostics"]}
    assert any("timeout" in code for code in codes), codes
    assert any("guard" in code or "validation" in code for code in codes), codes
    removed = next(file for file in told["status"].told["files"] if file["path"] == "src/flask/app.py")
    assert removed["ai_removed"] == 2 and removed["ai_lines"] == 0
