"""`earmark record` with real repositories: what reaches the ledger, and what happens when something is wrong."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from real_git import RealGit

from earmark.cli import record
from earmark.git import repository
from earmark.origin.agents import log, payload
from earmark.origin.evidence import Event, FileEvent, Replacement
from earmark.origin.ledger import Ledger
from earmark.origin.model import Session

COMMAND = [sys.executable, "-P", "-m", "earmark", "record"]


def claude(cwd: Path, path: Path | str, content: str = "x = 1\n", event: str = "PostToolUse", **more: object) -> bytes:
    fields: dict[str, object] = {
        "session_id": "s1",
        "transcript_path": "/home/ada/.claude/projects/p/s1.jsonl",
        "cwd": str(cwd),
        "hook_event_name": event,
        "tool_name": "Write",
        "tool_input": {"file_path": str(path), "content": content},
    }
    return json.dumps(fields | more).encode()


def run(raw: bytes, *options: str, agent: str = "claude", cwd: Path | None = None, **env: str) -> tuple[int, str, str]:
    """Exit code, standard error and standard output of the command as a hook starts it."""
    done = subprocess.run(
        [*COMMAND, "--agent", agent, *options],
        input=raw,
        capture_output=True,
        cwd=cwd,
        env=os.environ | env,
        timeout=30,
    )
    return done.returncode, done.stderr.decode(), done.stdout.decode()


def owners(top: Path, path: str) -> list[tuple[str, str]]:
    """(text, kind) of every region of the newest snapshot of `path`."""
    repo = repository.find(top)
    assert repo is not None
    with Ledger.open(repo) as ledger:
        stored = ledger.last(path)
    if stored is None:
        return []
    return [(stored.snapshot.text[r.start : r.end].decode(), r.origin.kind) for r in stored.snapshot.regions]


def test_what_an_assistant_writes_is_recorded_as_its_own(git: RealGit, home: Path) -> None:
    git.commit("start", {"a.py": "old = 1\n"})
    assert run(claude(git.top, "a.py", event="PreToolUse")) == (0, "", "")
    git.write("a.py", "old = 1\nnew = 2\n")
    assert run(claude(git.top, git.top / "a.py", "old = 1\nnew = 2\n"), "--strict") == (0, "", "")
    assert owners(git.top, "a.py") == [("new = 2\n", "ai")]


def test_the_session_names_model_and_director(git: RealGit, home: Path) -> None:
    transcript = home / ".claude" / "projects" / "p" / "s1.jsonl"
    transcript.parent.mkdir(parents=True)
    transcript.write_text('{"message": {"model": "claude-opus-4-5"}}\n')
    git.write("a.py", "x = 1\n")
    assert run(claude(git.top, "a.py", transcript_path=str(transcript)), "--strict")[0] == 0
    repo = repository.find(git.top)
    assert repo is not None
    with Ledger.open(repo) as ledger:
        (region,) = ledger.last("a.py").snapshot.regions  # type: ignore[union-attr]
        session = ledger.session(region.origin.author)
    assert session is not None
    assert (session.tool, session.model, session.director) == (
        "claude",
        "claude-opus-4-5",
        "Ada Example <ada@example.com>",
    )
    assert session.transcript_digest.startswith("sha256:")


def test_a_file_in_another_repository_is_recorded_there(git: RealGit, tmp_path: Path) -> None:
    other = RealGit(tmp_path / "other")
    other.write("lib/b.py", "x = 1\n")
    assert run(claude(git.top, other.top / "lib" / "b.py"), "--strict") == (0, "", "")
    assert owners(other.top, "lib/b.py") == [("x = 1\n", "ai")]
    assert not (git.top / ".git" / "earmark").exists()


def test_a_linked_worktree_shares_the_ledger(git: RealGit, tmp_path: Path) -> None:
    git.commit("start")
    git("worktree", "add", "-q", str(tmp_path / "linked"))
    (tmp_path / "linked" / "c.py").write_text("x = 1\n")
    assert run(claude(tmp_path / "linked", "c.py"), "--strict") == (0, "", "")
    assert owners(tmp_path / "linked", "c.py") == [("x = 1\n", "ai")]
    assert (git.top / ".git" / "earmark" / "ledger.db").exists()


def test_a_link_is_followed_to_the_file_it_changes(git: RealGit) -> None:
    git.write("real.py", "x = 1\n")
    (git.top / "link.py").symlink_to("real.py")
    assert run(claude(git.top, "link.py"), "--strict") == (0, "", "")
    assert owners(git.top, "real.py") == [("x = 1\n", "ai")]
    assert owners(git.top, "link.py") == []


def test_one_patch_over_two_repositories_reaches_both(git: RealGit, tmp_path: Path) -> None:
    other = RealGit(tmp_path / "other")
    for top in (git.top, other.top):
        (top / "n.py").write_text("n = 1\n")
    adds = "".join(f"*** Add File: {top}/n.py\n+n = 1\n" for top in (git.top, other.top))
    fields = {"session_id": "s", "cwd": str(git.top), "hook_event_name": "PostToolUse", "model": "gpt-5.5"}
    patch = {"tool_name": "apply_patch", "tool_input": {"command": f"*** Begin Patch\n{adds}*** End Patch"}}
    assert run(json.dumps(fields | patch).encode(), "--strict", agent="codex") == (0, "", "")
    assert owners(git.top, "n.py") == owners(other.top, "n.py") == [("n = 1\n", "ai")]


def test_a_report_by_two_hook_systems_counts_once(git: RealGit) -> None:
    """Cursor runs its own hook and Claude's: the second report must not win text back that a person edited between."""
    more = {"cursor_version": "2.4.21", "conversation_id": "c", "workspace_roots": [str(git.top)], "tool_use_id": "t"}
    raw = claude(git.top, "a.py", "x = 1\ny = 2\n", **more)
    git.write("a.py", "x = 1\ny = 2\n")
    assert run(raw, "--strict", agent="cursor")[0] == 0
    git.write("a.py", "x = 1\ny = 3\n")
    assert run(raw, "--strict", agent="claude")[0] == 0
    assert owners(git.top, "a.py") == [("x = 1\ny = 2\n", "ai")]


def test_a_command_credits_the_file_it_wrote(git: RealGit) -> None:
    git.commit("start", {"a.py": "x = 1\n"})
    shell = {"tool_name": "Bash", "tool_input": {"command": "printf 'y = 2\\n' >> a.py"}, "tool_use_id": "t"}
    assert run(claude(git.top, "", event="PreToolUse", **shell), "--strict") == (0, "", "")
    git.write("a.py", "x = 1\ny = 2\n")
    assert run(claude(git.top, "", **shell), "--strict") == (0, "", "")
    assert owners(git.top, "a.py") == [("y = 2\n", "ai")]


def problem_cases(git: RealGit, tmp_path: Path) -> dict[str, tuple[bytes, str]]:
    """Payloads that cannot be recorded, and what the one line says."""
    (git.top / "binary.bin").write_bytes(b"\0\1\2" * 100)
    (git.top / "large.txt").write_text("line\n" * 1_000_000)
    (git.top / "out.py").symlink_to(tmp_path / "outside.py")
    (tmp_path / "outside.py").write_text("secret = 1\n")
    os.mkfifo(git.top / "pipe.py")
    (git.top / "folder.py").mkdir()
    return {
        "not JSON": (b'{"cwd": ', "not JSON"),
        "UTF-16 that is cut off": ('{"a": 1}'.encode("utf-16")[:-1], "not valid UTF-16"),
        "empty": (b"", "payload is empty"),
        "binary": (claude(git.top, "binary.bin"), "binary"),
        "5 MB": (claude(git.top, "large.txt"), "5000000 bytes, more than"),
        "outside": (claude(git.top, tmp_path / "outside.py"), "not inside a git repository"),
        "link out of the worktree": (claude(git.top, "out.py"), "not inside a git repository"),
        "a pipe": (claude(git.top, "pipe.py"), "not a regular file"),
        "a folder": (claude(git.top, "folder.py"), "not a regular file"),
        "inside .git": (claude(git.top, ".git/hooks/x"), "outside the worktree"),
        "control characters": (claude(git.top, tmp_path / "a\x1b[31m\nb"), "a\\x1b[31m\\x0ab"),
    }


@pytest.mark.parametrize(
    "name",
    [
        "not JSON",
        "UTF-16 that is cut off",
        "empty",
        "binary",
        "5 MB",
        "outside",
        "link out of the worktree",
        "a pipe",
        "a folder",
        "inside .git",
        "control characters",
    ],
)
def test_bad_input_gives_one_clear_line_and_never_fails_the_assistant(
    git: RealGit, tmp_path: Path, home: Path, name: str
) -> None:
    raw, says = problem_cases(git, tmp_path)[name]
    code, err, out = run(raw, "--strict")
    assert (code, out) == (2, "")
    assert says in err
    assert err.count("\n") == 1
    assert run(raw) == (0, "", "")
    logs = [*home.glob(".state/earmark/record.log"), *git.top.glob(".git/earmark/log/record.log")]
    assert [line for file in logs for line in file.read_text().splitlines() if says in line and "record claude" in line]
    if (git.top / ".git" / "earmark").exists():
        assert owners(git.top, name) == []


@pytest.mark.parametrize("argv", [[], ["--agent"], ["--agent", "claude", "extra"], ["claude"]])
def test_wrong_usage_is_said(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert record.run(argv) == 2
    assert "usage: earmark record --agent NAME" in capsys.readouterr().err


def test_an_unknown_agent_is_said(git: RealGit) -> None:
    code, err, _ = run(b"{}", "--strict", agent="clippy")
    assert code == 2
    assert "no agent 'clippy'; known are claude, cursor" in err


def test_without_git_the_event_waits_for_a_run_that_has_it(git: RealGit, tmp_path: Path) -> None:
    git.commit("start", {"a.py": "old = 1\n"})
    git.write("a.py", "old = 1\nnew = 2\n")
    empty = tmp_path / "no-programs"
    empty.mkdir()
    code, err, _ = run(claude(git.top, "a.py", "old = 1\nnew = 2\n"), "--strict", PATH=str(empty))
    assert code == 2
    assert "git" in err
    assert err.count("\n") == 1
    git.write("b.py", "b = 1\n")
    assert run(claude(git.top, "b.py", "b = 1\n", session_id="s2"), "--strict") == (0, "", "")
    assert owners(git.top, "a.py") == [("new = 2\n", "ai")]


def test_a_ledger_that_is_no_database_is_said_and_the_event_kept(git: RealGit) -> None:
    folder = git.top / ".git" / "earmark"
    folder.mkdir()
    (folder / "ledger.db").write_text("not a database at all, and long enough to be looked at " * 20)
    git.write("a.py", "x = 1\n")
    code, err, _ = run(claude(git.top, "a.py"), "--strict")
    assert code == 2
    assert "ledger" in err
    assert "doctor --repair" in err
    (folder / "ledger.db").unlink()
    assert run(claude(git.top, "a.py", event="PreToolUse"), "--strict") == (0, "", "")
    assert owners(git.top, "a.py") == [("x = 1\n", "ai")]


def test_a_cloned_repository_s_own_modules_are_never_imported(git: RealGit, tmp_path: Path) -> None:
    """Hooks start in the repository: a module there must not shadow ours or Python's."""
    for name in ("json.py", "earmark.py", "sitecustomize.py", "typing.py", "earmark/__init__.py"):
        git.write(name, f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    git.write("a.py", "x = 1\n")
    assert run(claude(git.top, "a.py"), "--strict", cwd=git.top) == (0, "", "")
    assert not (tmp_path / "ran").exists()


def test_kiro_before_1_0_speaks_through_the_environment(git: RealGit) -> None:
    """It leaves standard input open and silent."""
    git.write("a.py", "x = 1\n")
    run(claude(git.top, "a.py", event="PreToolUse"))
    git.write("a.py", "x = 1\ny = 2\n")
    told = {
        "toolName": "fsWrite",
        "toolArgs": {},
        "toolResult": f"Created the {git.top}/a.py file.",
        "toolSuccess": True,
    }
    reader, writer = os.pipe()
    try:
        done = subprocess.run(
            [*COMMAND, "--agent", "kiro", "--strict"],
            stdin=reader,
            capture_output=True,
            cwd=git.top,
            env=os.environ | {"USER_PROMPT": json.dumps(told)},
            timeout=30,
        )
    finally:
        os.close(writer)
        os.close(reader)
    assert (done.returncode, done.stderr) == (0, b"")
    assert owners(git.top, "a.py") == [("y = 2\n", "ai")]


def test_a_whole_payload_on_an_open_pipe_is_read_at_once() -> None:
    reader, writer = os.pipe()
    os.write(writer, b'{"a": {"b": 1}}\n')
    start = time.monotonic()
    assert record.read_input(reader) == b'{"a": {"b": 1}}\n'
    assert time.monotonic() - start < record.IDLE_SECONDS
    os.close(writer)
    os.close(reader)


@pytest.mark.parametrize("sent", [b"", b'{"a": 1', b'{"a": "}'])
def test_a_pipe_that_falls_silent_is_given_up(sent: bytes) -> None:
    reader, writer = os.pipe()
    os.write(writer, sent)
    assert record.read_input(reader, idle=0.1, total=5) == sent
    os.close(writer)
    os.close(reader)


def test_a_pipe_that_drips_is_given_up_when_the_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    seconds = iter(range(100))
    monkeypatch.setattr(time, "monotonic", lambda: next(seconds) / 2)
    monkeypatch.setattr(select, "select", lambda ready, *_: (os.write(writer, b"x") and ready, [], []))
    assert record.read_input(reader) == b"x" * 5
    os.close(writer)
    os.close(reader)


def test_no_more_than_the_limit_is_read() -> None:
    reader, writer = os.pipe()

    def feed() -> None:
        block, left = b"x" * (1 << 16), payload.LIMIT * 2
        try:
            while left > 0:
                left -= os.write(writer, block)
        except BrokenPipeError:
            pass

    feeder = threading.Thread(target=feed)
    feeder.start()
    assert len(record.read_input(reader)) == payload.LIMIT + 1
    os.close(reader)
    feeder.join()
    os.close(writer)


def test_vs_code_s_early_report_waits_for_the_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "b.py"
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            file.write_text("b = 1\r\n")

    monkeypatch.setattr(time, "sleep", sleep)
    session = Session("github-copilot", "s")
    record._settle(Event("after", str(tmp_path), session, (FileEvent("b.py", after="b = 1\n"),)))
    assert len(waits) == 3
    record._settle(
        Event("after", str(tmp_path), session, (FileEvent("b.py", replacements=(Replacement("", "b = 1"),)),))
    )
    assert len(waits) == 3


def test_text_that_never_comes_is_not_waited_for_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter(range(1000))
    monkeypatch.setattr(time, "monotonic", lambda: next(ticks) / 100)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    record._settle(Event("after", str(tmp_path), Session("github-copilot", "s"), (FileEvent("b.py", after="x"),)))
    assert next(ticks) < 20


def test_the_log_is_bounded(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "LIMIT", 2000)
    for number in range(200):
        log.append("", f"problem {number} " + "x" * 50)
    folder = home / ".state" / "earmark"
    assert sum(file.stat().st_size for file in folder.iterdir()) < 5000
    assert log.last("", 1)[0].endswith("problem 199 " + "x" * 50)


def test_a_folder_that_is_gone_is_no_crash(git: RealGit, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    git.write("a.py", "x = 1\n")
    path = str(git.top / "a.py")
    fields = {"hook_event_name": "after_edit", "tool": "t", "model": "m", "completion_id": "1"}
    raw = json.dumps(fields | {"edited_filepaths": [path], "dirty_files": {path: "x = 1\n"}})
    script = f"cd {gone} && rmdir {gone} && exec {' '.join(COMMAND)} --agent ai-tab --strict"
    done = subprocess.run(["sh", "-c", script], input=raw.encode(), capture_output=True, timeout=30)
    assert (done.returncode, done.stderr) == (0, b"")
    assert owners(git.top, "a.py") == [("x = 1\n", "ai")]
