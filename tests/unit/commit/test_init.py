"""`earmark init` and `earmark trust` as a user runs them."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from real_git import RealGit

from earmark.commit import adoption
from earmark.git import repository, trust
from earmark.origin.ledger import Ledger


def earmark(top: Path, *args: str, code: int = 0) -> str:
    """Standard output of `earmark args…`; on another exit code than expected the test fails."""
    done = subprocess.run(
        [sys.executable, "-m", "earmark", *args], cwd=top, capture_output=True, stdin=subprocess.DEVNULL
    )
    assert done.returncode == code, done.stdout.decode() + done.stderr.decode()
    return done.stdout.decode() + done.stderr.decode()


def tree(top: Path) -> dict[str, bytes]:
    """Every file below `top`, except the ledger, which keeps what was recorded."""
    files = (file for file in sorted(top.rglob("*")) if file.is_file())
    return {str(f.relative_to(top)): f.read_bytes() for f in files if ".git/earmark" not in str(f)}


@pytest.fixture
def project(git: RealGit) -> RealGit:
    git.commit("base", {"app.py": "x\n"})
    return git


class TestInit:
    def test_shows_writes_and_is_done(self, project: RealGit) -> None:
        said = earmark(project.top, "init", "--git-hooks")
        assert "+++ " + str(project.top / ".git/hooks/prepare-commit-msg") in said
        assert "trust this workspace" in said
        head = project("rev-parse", "HEAD")
        assert f"only commits after {head[:10]} count" in said
        repo = repository.find(project.top)
        assert repo is not None and trust.is_trusted(repo)
        with Ledger.open(repo) as ledger:
            assert adoption.remembered(ledger) == head
        assert earmark(project.top, "init", "--git-hooks") == "nothing to do\n"
        project.commit("later")
        assert earmark(project.top, "init", "--git-hooks") == "nothing to do\n"

    def test_a_dry_run_shows_it_and_writes_nothing(self, project: RealGit, home: Path) -> None:
        (home / ".claude").mkdir()
        before = tree(project.top) | tree(home)
        said = earmark(project.top, "init", "--dry-run", "--git-hooks", "--agents", "claude", "--instructions")
        assert "+++ " + str(home / ".claude/settings.json") in said
        assert "+++ " + str(project.top / "AGENTS.md") in said
        assert tree(project.top) | tree(home) == before
        earmark(project.top, "init", "--git-hooks", "--agents", "claude", "--instructions")
        again = earmark(project.top, "init", "--dry-run", "--git-hooks", "--agents", "claude", "--instructions")
        assert again == "nothing to do\n"

    def test_instructions_alone_touch_nothing_else(self, project: RealGit, home: Path) -> None:
        before = tree(project.top)
        assert "findings" in earmark(project.top, "init", "--instructions", "CLAUDE.md")
        assert {*tree(project.top)} - {*before} == {"CLAUDE.md"}
        assert earmark(project.top, "init", "--instructions") == "nothing to do\n"
        earmark(project.top, "init", "--instructions", "--undo")
        assert tree(project.top) == before

    def test_undo_leaves_every_file_as_it_was(self, project: RealGit, home: Path) -> None:
        project.write(".git/hooks/commit-msg", "#!/bin/sh\n# old\n").chmod(0o755)
        project.write(".earmark.toml", '[gate]\r\nmissing_notes = "warn"\r\n')
        (home / ".claude").mkdir()
        (home / ".claude/settings.json").write_text('{"model": "opus"}')
        was = tree(project.top), tree(home)
        earmark(project.top, "init", "--git-hooks", "--agents", "claude", "--yes")
        assert b"since" in (project.top / ".earmark.toml").read_bytes()
        assert "earmark" in (home / ".claude/settings.json").read_text()
        earmark(project.top, "init", "--undo", "--git-hooks", "--agents", "claude", "--yes")
        now = tree(project.top), tree(home)
        for kept in ("trust.json", "hooks.json"):
            now[1].pop(f".config/earmark/{kept}", None)
        assert now == was
        repo = repository.find(project.top)
        assert repo is not None and not trust.is_trusted(repo)

    def test_project_writes_the_adoption_commit_for_everybody(self, project: RealGit) -> None:
        earmark(project.top, "init", "--git-hooks", "--project", "--yes")
        head = project("rev-parse", "HEAD")
        assert (project.top / ".earmark.toml").read_text() == f'[gate]\nsince = "{head}"\n'
        earmark(project.top, "init", "--git-hooks", "--undo", "--yes")
        assert not (project.top / ".earmark.toml").exists()

    def test_a_policy_that_was_edited_since_only_loses_our_line(self, project: RealGit) -> None:
        earmark(project.top, "init", "--git-hooks", "--project", "--yes")
        policy = project.top / ".earmark.toml"
        policy.write_text(policy.read_text() + "enforce_locally = true\n")
        earmark(project.top, "init", "--git-hooks", "--undo", "--yes")
        assert policy.read_text() == "[gate]\nenforce_locally = true\n"

    def test_before_the_first_commit_every_commit_counts(self, git: RealGit) -> None:
        said = earmark(git.top, "init", "--git-hooks")
        assert "only commits after" not in said
        repo = repository.find(git.top)
        assert repo is not None and trust.is_trusted(repo)

    def test_on_a_terminal_it_asks(self, project: RealGit) -> None:
        was = tree(project.top)
        leader, follower = pty.openpty()
        process = subprocess.Popen(
            [sys.executable, "-m", "earmark", "init", "--git-hooks"], cwd=project.top, stdin=follower, stdout=follower
        )
        os.close(follower)
        seen = b""
        while b"[y/N]" not in seen:
            seen += os.read(leader, 4096)
        os.write(leader, b"n\n")
        assert process.wait(30) == 1
        os.close(leader)
        assert tree(project.top) == was

    def test_outside_a_repository_and_for_an_unknown_assistant(self, home: Path) -> None:
        assert "not inside a git worktree" in earmark(home, "init", "--git-hooks", code=2)
        assert "nobody" in earmark(home, "init", "--agents", "nobody", code=2)

    def test_what_stands_in_the_way_is_said_and_the_rest_is_done(self, project: RealGit) -> None:
        project.write("hooks/commit-msg", "#!/bin/sh\n").chmod(0o755)
        project.commit("hooks")
        project("config", "core.hooksPath", "hooks")
        said = earmark(project.top, "init", "--git-hooks", code=1)
        assert "! " in said and "is tracked by the repository" in said
        assert (project.top / "hooks/prepare-commit-msg").exists()

    def test_from_a_subfolder(self, project: RealGit) -> None:
        (project.top / "sub").mkdir()
        earmark(project.top / "sub", "init", "--git-hooks")
        assert (project.top / ".git/hooks/prepare-commit-msg").exists()


class TestTrust:
    def test_trust_and_undo(self, project: RealGit) -> None:
        assert "is trusted now" in earmark(project.top, "trust")
        assert "already" in earmark(project.top, "trust")
        repo = repository.find(project.top)
        assert repo is not None and trust.is_trusted(repo)
        assert "no longer" in earmark(project.top, "trust", "--undo")
        assert "was not" in earmark(project.top, "trust", "--undo")

    def test_worktrees_share_trust_but_a_folder_that_only_points_here_does_not(self, project: RealGit) -> None:
        earmark(project.top, "trust")
        project("worktree", "add", "-q", "../linked")
        linked = repository.find(project.top.parent / "linked")
        assert linked is not None and trust.is_trusted(linked)
        project.write("../planted/.git", f"gitdir: {project.top}/.git/worktrees/linked\n")
        planted = repository.find(project.top.parent / "planted")
        assert planted is not None and not trust.is_trusted(planted)

    def test_outside(self, home: Path) -> None:
        assert "not inside a git worktree" in earmark(home, "trust", code=2)


class TestAdoptionInThePolicy:
    COMMIT = "1" * 40

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("", '[gate]\nsince = "{c}"\n'),
            ('[declare]\nmode = "always"\n', '[declare]\nmode = "always"\n\n[gate]\nsince = "{c}"\n'),
            ('[declare]\nmode = "always"', '[declare]\nmode = "always"\n\n[gate]\nsince = "{c}"\n'),
            ("[gate] # ours\nenforce_locally = true\n", '[gate] # ours\nsince = "{c}"\nenforce_locally = true\n'),
            ("[ gate ]", '[ gate ]\nsince = "{c}"\n'),
            ("a = 1\r\n[gate]\r\n", 'a = 1\r\n[gate]\r\nsince = "{c}"\r\n'),
        ],
    )
    def test_written_and_taken_out(self, text: str, expected: str) -> None:
        written = adoption.in_policy(text.encode(), self.COMMIT)
        assert written == expected.replace("{c}", self.COMMIT).encode()
        assert b"since" not in adoption.without(written, self.COMMIT)

    @pytest.mark.parametrize(
        "text", ['[gate]\nsince = ""\n', "not toml [", "gate = 3\n", 'gate.tests = ["x"]\n', "\xff"]
    )
    def test_left_alone(self, text: str) -> None:
        assert adoption.in_policy(text.encode("latin-1"), self.COMMIT) is None

    @given(st.text(alphabet="[]gate =\"'\n#abc", max_size=60))
    def test_the_result_is_toml_that_says_it(self, text: str) -> None:
        import tomllib

        written = adoption.in_policy(text.encode(), self.COMMIT)
        if written is not None:
            before, after = tomllib.loads(text), tomllib.loads(written.decode())
            assert after.pop("gate")["since"] == self.COMMIT
            assert after == {key: value for key, value in before.items() if key != "gate"}
