"""The one function that runs git: what it passes, and how it fails."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from real_git import RealGit

from earmark.git import config, run
from earmark.git.repository import Repository, find


@pytest.fixture
def repo(git: RealGit) -> Repository:
    found = find(git.top)
    assert found is not None
    return found


def _fake_git(folder: Path, script: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "git").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "git").chmod(0o755)


def test_no_git_at_all_is_one_clear_message(repo: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(run.GitMissing, match="install git"):
        run.run(repo, "rev-parse", "HEAD")


@pytest.mark.parametrize("entry", ["", ".", "bin", "{top}/bin", "{top}", "{link}"])
def test_a_git_of_the_worktree_is_never_used(
    repo: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, entry: str
) -> None:
    top = Path(repo.top)
    _fake_git(top, "echo planted")
    _fake_git(top / "bin", "echo planted")
    (tmp_path / "link").symlink_to(top / "bin")
    folder = entry.format(top=top, link=tmp_path / "link")
    monkeypatch.chdir(top)
    real = os.environ["PATH"]
    monkeypatch.setenv("PATH", os.pathsep.join([folder, real]))
    assert run.run(repo, "rev-parse", "--is-inside-work-tree") == b"true\n"


def test_what_git_is_told(repo: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _fake_git(tmp_path / "bin", 'env; echo; pwd; for a; do printf "%s\\n" "$a"; done')
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path / "bin"), os.environ["PATH"]]))
    for name in ("GIT_DIR", "GIT_EXTERNAL_DIFF", "GIT_SSH_COMMAND", "GIT_TRACE", "GIT_CONFIG_PARAMETERS"):
        monkeypatch.setenv(name, "inherited")
    env, arguments = run.run(repo, "diff-tree", "HEAD").decode().split("\n\n")
    told = dict(line.split("=", 1) for line in env.splitlines() if line.startswith(("GIT_", "LC_")))
    assert "inherited" not in told.values()
    assert (
        told
        | {
            "LC_ALL": "C",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_CEILING_DIRECTORIES": str(Path(repo.top).parent),
        }
        == told
    )
    cwd, *argv = arguments.splitlines()
    assert cwd == repo.top
    for option in (
        "safe.bareRepository=explicit",
        "core.fsmonitor=false",
        "core.hooksPath=/dev/null",
        "protocol.ext.allow=never",
    ):
        assert argv[argv.index(option) - 1] == "-c"
    assert argv[-4:] == ["diff-tree", "--no-ext-diff", "--no-textconv", "HEAD"]


def test_a_git_that_does_not_answer_is_stopped_with_its_children(
    repo: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _fake_git(tmp_path / "bin", f"sleep 600 & echo $! >{tmp_path}/child; wait")
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path / "bin"), os.environ["PATH"]]))
    began = time.monotonic()
    with pytest.raises(run.GitTimeout, match=r"did not answer within 0\.5 s"):
        run.run(repo, "rev-parse", "HEAD", timeout=0.5)
    assert time.monotonic() - began < 30
    child = int((tmp_path / "child").read_text())
    status = Path(f"/proc/{child}/status")
    assert not status.exists() or "\nState:\tZ" in status.read_text()


def test_gits_own_words_are_in_the_error_and_cannot_drive_a_terminal(repo: Repository) -> None:
    with pytest.raises(run.GitError, match="rev-parse failed") as caught:
        run.run(repo, "rev-parse", "--verify", "no\x1b[31m\u202esuch")
    assert caught.value.code == 128
    assert str(caught.value).isprintable()
    assert run.run(repo, "rev-parse", "--verify", "nothing", check=False) == b""


def test_a_worktree_that_went_away(repo: Repository, git: RealGit) -> None:
    git.top.rename(git.top.with_name("elsewhere"))
    with pytest.raises(run.GitError, match="could not be started"):
        run.run(repo, "rev-parse", "HEAD")


class TestConfig:
    def test_values_scopes_and_case(self, git: RealGit, repo: Repository) -> None:
        git("config", "--global", "core.hooksPath", "/home/hooks")
        git("config", "core.HooksPath", ".husky")
        git("config", "remote.My.Origin.url", "https://x")
        git("config", "multi.line", "one\ntwo = three")
        git.write(".git/config", (git.top / ".git/config").read_text() + "[bare]\n\tflag\n")
        found = config.read(repo)
        assert found.all("core.hookspath") == [
            config.Setting("global", "/home/hooks"),
            config.Setting("local", ".husky"),
        ]
        assert found.get("REMOTE.My.Origin.URL") == "https://x"
        assert found.get("remote.my.origin.url") is None
        assert found.get("multi.line") == "one\ntwo = three"
        assert found.flag("bare.flag") and not found.flag("bare.none") and found.flag("bare.none", default=True)

    def test_what_this_project_passes_is_not_the_users_configuration(self, repo: Repository) -> None:
        found = config.read(repo)
        assert found.get("core.hooksPath") is None and found.get("diff.orderFile") is None

    def test_a_hook_sees_what_the_user_wrote_after_git_c(self, git: RealGit, repo: Repository) -> None:
        hook = repo._replace(hook_environment=(("GIT_CONFIG_PARAMETERS", "'core.commentChar'=';'"),))
        assert config.read(hook).get("core.commentchar") == ";"
        assert config.read(repo).get("core.commentchar") is None
