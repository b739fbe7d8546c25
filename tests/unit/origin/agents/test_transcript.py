"""The model and digest come from a transcript, and only from a file that can be one."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from earmark.origin.agents import transcript
from earmark.origin.model import Session

CLAUDE = [
    {"type": "user", "message": {"role": "user", "content": "secret plan"}},
    {"type": "assistant", "message": {"role": "assistant", "model": "claude-sonnet-4-5", "content": []}},
    {"type": "assistant", "message": {"role": "assistant", "model": "claude-opus-4-5-20251101", "content": []}},
    {"type": "assistant", "message": {"role": "assistant", "model": "<synthetic>", "content": []}},
    {"type": "user", "message": {"role": "user", "content": [{"type": "tool_result"}]}},
]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def written(home: Path, place: str, records: list[dict], indent: int | None = None) -> Path:
    path = home / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record, indent=indent) + "\n" for record in records))
    return path


def completed(home: Path, tool: str, path: object, **environ: str) -> Session:
    return transcript.completed(Session(tool, "c1", transcript=str(path)), {"HOME": str(home), **environ})


@pytest.mark.parametrize(
    ("tool", "place", "records", "model"),
    [
        ("claude", ".claude/projects/p/c1.jsonl", CLAUDE, "claude-opus-4-5-20251101"),
        ("codex", ".codex/sessions/r.jsonl", [{"type": "turn_context", "payload": {"model": "gpt-5.5"}}], "gpt-5.5"),
        ("gemini", ".gemini/tmp/h/s.jsonl", [{"type": "gemini", "model": "gemini-3-pro"}], "gemini-3-pro"),
        (
            "github-copilot-cli",
            ".copilot/session-state/c1/events.jsonl",
            [{"type": "session.model_change", "data": {"newModel": "gpt-5 mini"}}, {"type": "x"}],
            "gpt-5-mini",
        ),
        (
            "github-copilot",
            ".config/Code/User/workspaceStorage/1/GitHub.copilot-chat/transcripts/s.jsonl",
            [{"type": "x", "data": {}}],
            "unknown",
        ),
    ],
)
def test_the_last_model_named_is_the_session_s(
    home: Path, tool: str, place: str, records: list[dict], model: str
) -> None:
    path = written(home, place, records)
    got = completed(home, tool, path)
    assert (got.model, got.transcript) == (model, str(path))
    assert got.transcript_digest == "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()


def test_one_indented_document_is_read_line_by_line(home: Path) -> None:
    path = written(
        home, ".gemini/tmp/h/s.json", [{"messages": [{"type": "gemini", "model": "gemini-3-pro"}]}], indent=2
    )
    assert completed(home, "gemini", path).model == "gemini-3-pro"


def test_a_model_the_payload_named_stays(home: Path) -> None:
    path = written(home, ".claude/projects/p/c1.jsonl", CLAUDE)
    session = Session("claude", "c1", "opus", transcript=str(path))
    assert transcript.completed(session, {"HOME": str(home)}).model == "opus"


def test_a_model_far_before_the_end_is_found_at_the_beginning(home: Path) -> None:
    padding = [{"type": "progress", "text": "x" * 1000}] * 3000
    path = written(home, ".claude/projects/p/c1.jsonl", CLAUDE + padding)
    got = completed(home, "claude", path)
    assert got.model == "claude-opus-4-5-20251101"
    prefix = path.read_bytes()[: transcript.DIGESTED]
    assert got.transcript_digest == "sha256:" + hashlib.sha256(prefix[: prefix.rfind(b"\n") + 1]).hexdigest()


def test_the_folder_can_be_moved_by_the_agents_own_variable(home: Path, tmp_path: Path) -> None:
    path = written(tmp_path, "elsewhere/projects/p/c1.jsonl", CLAUDE)
    assert completed(home, "claude", path).transcript_digest == ""
    assert completed(home, "claude", path, CLAUDE_CONFIG_DIR=str(tmp_path / "elsewhere")).transcript_digest


def test_copilot_cli_s_transcript_is_found_by_the_session_id(home: Path) -> None:
    path = written(home, ".copilot/session-state/c1/events.jsonl", [{"type": "x", "model": "gpt-5"}])
    got = transcript.completed(Session("github-copilot-cli", "c1"), {"HOME": str(home)})
    assert (got.model, got.transcript) == ("gpt-5", str(path))
    outside = transcript.completed(Session("github-copilot-cli", "../../x"), {"HOME": str(home)})
    assert outside.transcript == ""


def test_nothing_else_is_opened(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every attempt below names a readable file whose model would betray that it was read."""
    projects = home / ".claude" / "projects"
    projects.mkdir(parents=True)
    secret = written(home, ".ssh/id.jsonl", CLAUDE)
    (projects / "link.jsonl").symlink_to(secret)
    (projects / "folder").symlink_to(secret.parent)
    os.mkfifo(projects / "pipe.jsonl")
    opened: list[str] = []
    real_open = os.open
    monkeypatch.setattr(os, "open", lambda path, *rest: opened.append(str(path)) or real_open(path, *rest))
    attempts = [
        secret,
        projects / "link.jsonl",
        projects / "folder" / "id.jsonl",
        projects / ".." / ".." / ".ssh" / "id.jsonl",
        projects / "missing.jsonl",
        projects,
        "relative.jsonl",
        "/dev/zero",
        "~/.ssh/id.jsonl",
    ]
    for attempt in attempts:
        assert completed(home, "claude", attempt).model == "unknown", attempt
    assert completed(home, "cursor", written(home, ".claude/projects/p/c1.jsonl", CLAUDE)).model == "unknown"
    assert [path for path in opened if "id.jsonl" in path or path == "/dev/zero"] == []
    assert completed(home, "claude", projects / "pipe.jsonl").model == "unknown"


@pytest.mark.parametrize(
    "content", [b"", b"\0" * 5000, b"{" * 70_000, b'{"model": 7}\n', b'"model"\n', b"\xff\xfe{model"]
)
def test_a_file_that_is_no_transcript_names_no_model(home: Path, content: bytes) -> None:
    path = home / ".claude" / "projects" / "p.jsonl"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    assert completed(home, "claude", path).model == "unknown"
