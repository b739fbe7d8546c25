"""Requests made by a push, against a real receiving git: Gerrit, AGit, GitLab's push options, and the failures."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from real_git import RealGit
from smart_http import SmartHttp
from ssh_git import over_ssh

from earmark.git.repository import Repository
from earmark.git.trust import open_repository
from earmark.review.forges.forge import Ask, Exchange, Forge, Project, Push, Receipt
from earmark.review.forges.gerrit import Gerrit
from earmark.review.forges.gitea import Gitea
from earmark.review.forges.gitlab import GitLab
from earmark.review.forges.hosts import Credential
from earmark.review.forges.sender import Clock, PushFailed, Sender, Unreachable
from earmark.review.pushing import credential_helper, pusher

KEY = "0123456789abcdef01234567"
CHANGE_ID = "I" + "a" * 40


class Server:
    """A bare repository that receives, with `proc-receive` where it is Gerrit or AGit."""

    def __init__(self, folder: Path, kind: str, *, options: bool = True) -> None:
        self.path = folder / f"{kind}.git"
        self.git = RealGit(self.path, init=False)
        self.path.mkdir()
        self.git("init", "-q", "--bare", "-b", "main")
        self.git("config", "receive.advertisePushOptions", "true" if options else "false")
        if kind in ("gerrit", "agit"):
            self.git("config", "receive.procReceiveRefs", "refs/for")
            self.hook("proc-receive", f"exec {sys.executable} {Path(__file__).parent / 'proc_receive.py'}")
        if kind == "gerrit":
            (self.path / "gerrit").touch()

    def hook(self, name: str, script: str) -> None:
        file = self.path / "hooks" / name
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)

    @property
    def state(self) -> Any:
        return json.loads((self.path / "requests.json").read_text())


@pytest.fixture
def repo(git: RealGit) -> Repository:
    git.commit("Start", {"a.py": "x = 1\n"})
    git("switch", "-q", "-c", "feature")
    git.commit(f"Change\n\nChange-Id: {CHANGE_ID}\n", {"a.py": "x = 2\n"})
    found = open_repository(git.top)
    assert found is not None
    return found._replace(trusted=True)


def ask(git: RealGit, server: Server, **more: Any) -> Ask:
    head = git("rev-parse", "HEAD")
    said = "Review request: high risk"
    return Ask(KEY, "Title ü", "doc", "feature", head, "main", str(server.path), summary=said, push=True, **more)


def carry(repo: Repository, forge: Forge, wanted: Ask) -> Receipt:
    clock = Clock(lambda: 0.0, lambda seconds: None)

    def exchange() -> Exchange:
        return forge.request(wanted)

    with Sender("https://127.0.0.1:1", Credential(""), pusher(repo), clock) as sender:
        return sender.carry_out(exchange)


def test_gerrit_takes_reviewers_topic_and_hashtags(git: RealGit, repo: Repository, tmp_path: Path) -> None:
    server = Server(tmp_path, "gerrit")
    forge = Gerrit(Project("https://127.0.0.1:1", "p"), with_token=False)
    wanted = ask(git, server, reviewers=("sr@example.com",), labels=("ai-assisted", "ai-risk:high"))
    assert carry(repo, forge, wanted).asked == ("sr@example.com",)
    assert server.state["changes"] == {
        CHANGE_ID: {
            "number": 1, "commit": wanted.head, "branch": "main", "topic": f"earmark-{KEY}",
            "reviewers": {"sr@example.com": 1}, "hashtags": ["ai-assisted", "ai-risk-high"],
        }
    }  # fmt: skip
    carry(repo, forge, wanted)
    assert len(server.state["pushes"]) == 2
    assert server.state["changes"][CHANGE_ID]["reviewers"] == {"sr@example.com": 1}
    git("commit", "-q", "--amend", "-m", f"Changed\n\nChange-Id: {CHANGE_ID}\n")
    carry(repo, forge, ask(git, server))
    (change,) = server.state["changes"].values()
    assert change["commit"] == git("rev-parse", "HEAD")


def test_gerrit_wants_a_change_id(git: RealGit, repo: Repository, tmp_path: Path) -> None:
    git("commit", "-q", "--amend", "-m", "No id")
    server = Server(tmp_path, "gerrit")
    with pytest.raises(PushFailed, match="commit-msg hook"):
        carry(repo, Gerrit(Project("https://127.0.0.1:1", "p"), with_token=False), ask(git, server))


def test_agit_makes_one_request_a_topic(git: RealGit, repo: Repository, tmp_path: Path) -> None:
    server = Server(tmp_path, "agit")
    forge = Gitea(Project("https://127.0.0.1:1/api/v1", "o/r"), with_token=False)
    wanted = ask(git, server, reviewers=("ada",))
    receipt = carry(repo, forge, wanted)
    carry(repo, forge, wanted)
    assert server.state["pulls"] == {
        f"earmark-{KEY}": {
            "number": 1, "commit": wanted.head, "branch": "main",
            "title": "Title ü", "body": "Review request: high risk",
        }
    }  # fmt: skip
    assert "ask them yourself" in receipt.notices[0]


def test_gitlab_opens_by_push_options(git: RealGit, repo: Repository, tmp_path: Path) -> None:
    server = Server(tmp_path, "gitlab")
    server.hook("post-receive", 'env | grep "^GIT_PUSH_OPTION_[0-9]" | sort -t_ -k4 -n >> options; cat >> refs-seen')
    forge = GitLab(Project("https://127.0.0.1:1/api/v4", "g/p"), with_token=False)
    wanted = ask(git, server, reviewers=("ada",), labels=("ai-assisted",))
    carry(repo, forge, wanted)
    carry(repo, forge, wanted)
    options = [line.partition("=")[2] for line in (server.path / "options").read_text().splitlines()]
    assert options == [
        "merge_request.create", "merge_request.target=main", "merge_request.title=Title ü",
        "merge_request.label=ai-assisted",
        f"merge_request.description=<!-- earmark:{KEY} -->\\n\\nReview request: high risk\\n/assign_reviewer @ada",
    ]  # fmt: skip
    assert (server.path / "refs-seen").read_text().split()[1:] == [wanted.head, "refs/heads/feature"]


def test_a_push_that_dies_of_a_closed_pipe_is_made_once_more(
    git: RealGit, repo: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(tmp_path, "plain")
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    real = shutil.which("git")
    program.write_text(
        f'#!/bin/sh\ncase "$*" in *push*) [ -e {tmp_path}/died ] || {{ : > {tmp_path}/died; kill -PIPE $$; }} ;; esac\n'
        f'exec {real} "$@"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    pusher(repo)(Push(("git", "push", str(server.path), "HEAD:refs/heads/feature")))
    assert (tmp_path / "died").exists()
    assert server.git("rev-parse", "feature") == git("rev-parse", "HEAD")


def test_a_server_without_push_options_is_said(git: RealGit, repo: Repository, tmp_path: Path) -> None:
    server = Server(tmp_path, "gitlab", options=False)
    forge = GitLab(Project("https://127.0.0.1:1/api/v4", "g/p"), with_token=False)
    with pytest.raises(PushFailed, match="set a token"):
        carry(repo, forge, ask(git, server))


def test_a_branch_that_went_elsewhere_is_not_overwritten(git: RealGit, repo: Repository, tmp_path: Path) -> None:
    server = Server(tmp_path, "plain")
    first = git("rev-parse", "HEAD")
    git("push", "-q", str(server.path), "HEAD:refs/heads/feature")
    git("commit", "-q", "--amend", "-m", "Elsewhere")
    push = Push(("git", "push", str(server.path), f"{git('rev-parse', 'HEAD')}:refs/heads/feature"))
    with pytest.raises(PushFailed, match="fetch, rebase"):
        pusher(repo)(push)
    assert server.git("rev-parse", "feature") == first


def test_a_server_that_cannot_be_reached(repo: Repository) -> None:
    with pytest.raises(Unreachable):
        pusher(repo)(Push(("git", "push", "http://127.0.0.1:1/o/r.git", "HEAD:refs/heads/x")))


def test_over_ssh(git: RealGit, repo: Repository, tmp_path: Path, monkeypatch: Any) -> None:
    """A Gerrit and an AGit server behind a real SSH server, each asked twice; then the server's key is another one."""
    keys = tmp_path / "keys"
    keys.mkdir()
    gerrit, agit = Server(tmp_path, "gerrit"), Server(tmp_path, "agit")
    with over_ssh(keys) as (address, client):
        monkeypatch.setenv("GIT_SSH_COMMAND", client)
        wanted = ask(git, gerrit, reviewers=("sr@example.com",))._replace(remote=f"{address}{gerrit.path}")
        for _ in range(2):
            carry(repo, Gerrit(Project("https://127.0.0.1:1", "p"), with_token=False), wanted)
        wanted = ask(git, agit)._replace(remote=f"{address}{agit.path}")
        for _ in range(2):
            carry(repo, Gitea(Project("https://127.0.0.1:1/api/v1", "o/r"), with_token=False), wanted)
        (keys / "known").write_text((keys / "known").read_text().replace(" AAAA", " AAAB"))
        with pytest.raises(PushFailed, match="Host key verification failed"):
            carry(repo, Gitea(Project("https://127.0.0.1:1/api/v1", "o/r"), with_token=False), wanted)
    (change,) = gerrit.state["changes"].values()
    assert (change["commit"], change["reviewers"]) == (wanted.head, {"sr@example.com": 1})
    assert list(agit.state["pulls"]) == [f"earmark-{KEY}"]
    with pytest.raises(Unreachable):
        carry(repo, Gitea(Project("https://127.0.0.1:1/api/v1", "o/r"), with_token=False), wanted)


def test_over_http(git: RealGit, repo: Repository, tmp_path: Path) -> None:
    server = Server(tmp_path, "gerrit")
    server.git("config", "http.receivepack", "true")
    handler = type("Here", (SmartHttp,), {"root": str(tmp_path)})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as web:
        threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        wanted = ask(git, server, reviewers=("sr@example.com",))
        wanted = wanted._replace(remote=f"http://127.0.0.1:{web.server_address[1]}/gerrit.git")
        forge = Gerrit(Project("https://127.0.0.1:1", "p"), with_token=False)
        carry(repo, forge, wanted)
        carry(repo, forge, wanted)
        web.shutdown()
    (change,) = server.state["changes"].values()
    assert (change["commit"], change["reviewers"]) == (wanted.head, {"sr@example.com": 1})


def test_the_credential_helper_answers_for_its_host_only(git: RealGit, repo: Repository, tmp_path: Path) -> None:
    helper = tmp_path / "helper"
    helper.write_text(
        '#!/bin/sh\n[ "$1" = get ] && grep -q "^host=git.example.com$" && printf "username=ada\\npassword=pw\\n"\n'
    )
    helper.chmod(0o755)
    subprocess.run(["git", "config", "--global", "credential.helper", str(helper)], check=True)
    asks = credential_helper(repo)
    assert asks is not None
    assert asks("https://git.example.com/api/v4") == "ada:pw"
    assert asks("https://evil.example/api/v4") is None
    assert credential_helper(repo._replace(trusted=False)) is None
