"""The exported workflows as a runner carries them out: their own shell text, in a fresh checkout, against a remote and
GitHub's contract."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from forge_server import serving
from github_service import GitHubService
from real_git import RealGit
from request_story import POLICY, RETRIED, Story

from earmark.gate.export import github
from earmark.policy.load import parse


class Runner:
    """A story whose branch is on the remote, and the runner that fetches from there."""

    def __init__(self, git: RealGit, remote: Path) -> None:
        self.remote = remote
        git("init", "-q", "--bare", "-b", "main", str(remote))
        self.story = Story(git, f"file://{remote}")
        self.story.retry()
        git("push", "-q", "origin", "main", "retry", "refs/notes/ai")
        # What a host name leads to is not git's business: here, `ssh` leads into a folder.
        ssh = remote.parents[1] / "ssh"
        ssh.write_text(f'#!/bin/sh\nfor last; do :; done\ncd "{ssh.parent}" && exec sh -c "$last"\n')
        ssh.chmod(0o755)
        self.github = {"GIT_SSH_COMMAND": str(ssh), "GIT_SSH_VARIANT": "simple"}

    def run(self, workflow: str, fresh: Path, **event: str) -> tuple[int, str]:
        """(exit code, what it printed) of the last step of a workflow, in what actions/checkout leaves."""
        files = {file.path: file.text for file in github.export(parse(POLICY.encode())[0])}
        (job,) = yaml.safe_load(files[f".github/workflows/{workflow}.yml"])["jobs"].values()
        checkout = RealGit(fresh)
        checkout("remote", "add", "origin", "git@github.com:example/shop.git")
        checkout("fetch", "-q", "--no-tags", "origin", "+refs/heads/*:refs/remotes/origin/*", **self.github)
        checkout("checkout", "-q", "--detach", "origin/main")
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", job["steps"][-1]["run"]],
            cwd=fresh, env=os.environ | {"PATH": path} | self.github | event,
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    def server(self, *args: str) -> str:
        """git in the remote."""
        return self.story.git("--git-dir", str(self.remote), *args)


@pytest.fixture
def runner(git: RealGit, tmp_path: Path) -> Iterator[Runner]:
    made = Runner(git, tmp_path / "example" / "shop.git")
    yield made
    made.story.ledger.close()


def test_the_gate_asks_for_reviews_and_counts_them(runner: Runner, tmp_path: Path) -> None:
    service = GitHubService(people=("grace",), teams=("payments",))
    head = runner.story.git("rev-parse", "retry")
    with serving(service) as server:
        event = {"TARGET": "main", "HEAD": head, "GITHUB_TOKEN": "t", "EARMARK_FORGE": "github",
                 "EARMARK_FORGE_URL": server.url}  # fmt: skip
        service.open_pull("retry", "main", commits=[head])
        code, said = runner.run("earmark", tmp_path / "first", **event)
        assert code == 1, said
        assert "title=earmark approval-missing::" in said
        service.review(1, "grace", "APPROVED", head)
        code, said = runner.run("earmark", tmp_path / "second", **event)
        assert "approval-" not in said
        code, said = runner.run("earmark", tmp_path / "third", **{**event, "GITHUB_TOKEN": ""})
        assert code == 2
        assert "the reviews on the forge are not known" in said


@pytest.mark.parametrize("how", ["squash", "rebase", "merge"])
def test_notes_follow_a_merge_that_the_forge_makes(runner: Runner, tmp_path: Path, how: str) -> None:
    git = runner.story.git
    runner.story.writes("payments/charge.py", RETRIED + "\n\ndef refund(order):\n    return order\n")
    runner.story.commit("Refund")
    git("push", "-q", "origin", "retry", "refs/notes/ai")
    head = git("rev-parse", "retry")
    block = subprocess.run(
        [sys.executable, "-m", "earmark", "notes", "squash", "main..retry"],
        cwd=git.top, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    git("switch", "-q", "main")
    git.commit("Elsewhere", {"README": "x\n"})
    if how == "squash":
        git("merge", "-q", "--squash", "retry")
        git("commit", "-q", "-F", "-", input=f"Retry (#1)\n\n{block}".encode())
    elif how == "rebase":
        git("-c", "notes.rewriteRef=refs/notes/none", "cherry-pick", "main..retry")
    else:
        git("merge", "-q", "--no-ff", "-m", "Merge", "retry")
    git("push", "-q", "origin", "main")
    before = runner.server("notes", "--ref=ai", "list")
    code, said = runner.run("earmark-notes", tmp_path / "runner", HEAD=head, MERGED=git("rev-parse", "main"))
    assert code == 0, said
    after = runner.server("notes", "--ref=ai", "list")
    new = {line.split()[1] for line in set(after.splitlines()) - set(before.splitlines())}
    made = {"squash": ["main"], "rebase": ["main", "main~1"], "merge": []}[how]
    assert new == {git("rev-parse", rev) for rev in made}
    if how == "squash":
        digest = block.partition("AI-Provenance: ")[2].strip()
        assert digest in runner.server("notes", "--ref=ai", "show", "main"), "the block of the request fits the commit"
