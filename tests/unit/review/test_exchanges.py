"""What goes over the wire, forge by forge, as it was recorded between Earmark and the servers of these tests.

The recordings in `fixtures/review/exchanges` are what a reader looks at; with UPDATE_GOLDEN they are made again.
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from forge_server import Call, ForgeServer, Reply, Service, serving
from github_service import GitHubService
from other_services import GerritService, GiteaService, GitLabService
from real_git import RealGit
from test_pushing import CHANGE_ID, Server, ask, carry
from test_sending_github import ASK, KEY, FakeClock

from earmark.git.trust import open_repository
from earmark.review.forges.forge import Forge, Project, Push
from earmark.review.forges.gerrit import Gerrit
from earmark.review.forges.gitea import Gitea
from earmark.review.forges.github import GitHub
from earmark.review.forges.gitlab import GitLab
from earmark.review.forges.hosts import Credential
from earmark.review.forges.sender import Sender

FOLDER = Path(__file__).parents[3] / "fixtures" / "review" / "exchanges"
SHOWN = ("accept", "authorization", "content-type", "private-token", "x-github-api-version")
HTTP: dict[str, tuple[type[Service], Callable[[str], Forge], str]] = {
    "github": (GitHubService, lambda url: GitHub(Project(url, "o/r")), "https://api.github.com"),
    "gitlab": (GitLabService, lambda url: GitLab(Project(url, "g/sub/p")), "https://gitlab.com/api/v4"),
    "gitea": (GiteaService, lambda url: Gitea(Project(url, "o/r")), "https://gitea.com/api/v1"),
    "gerrit": (GerritService, lambda url: Gerrit(Project(url, "p")), "https://gerrit.example.com"),
}


def recorded(call: Call, reply: Reply, base: str) -> str:
    query = "&".join(f"{name}={value}" for name, values in call.query.items() for value in values)
    lines = [f">>> {call.method} {base}{call.path}{'?' + query if query else ''}"]
    lines += [f"{name}: {call.headers[name]}" for name in SHOWN if name in call.headers]
    lines += ["", json.dumps(call.body, indent=2)] if call.body is not None else []
    lines += ["", f"<<< {reply.status}", json.dumps(reply.body, indent=2)]
    return "\n".join(lines)


def compare(name: str, text: str) -> None:
    golden = FOLDER / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        FOLDER.mkdir(exist_ok=True)
        golden.write_text(text)
    assert golden.read_text() == text


@pytest.mark.parametrize("name", HTTP)
def test_a_request_asked_twice_and_followed(name: str) -> None:
    make, forge_at, base = HTTP[name]
    service = make()
    parts: list[str] = []

    def push(step: Push) -> str:
        parts.append("$ " + shlex.join(step.argv))
        if isinstance(service, GerritService):
            service.pushed(ASK.head, f"earmark-{KEY}")
        return ""

    def note(title: str, server: ForgeServer, start: int) -> None:
        both = zip(server.calls[start:], server.replies[start:], strict=True)
        exchanged = [recorded(call, reply, base).replace(server.url, base) for call, reply in both]
        pushes, parts[:] = parts[:], []
        text.append("\n\n".join([f"=== {title}", *pushes, *exchanged]))

    text: list[str] = []
    with serving(service) as server, Sender(server.url, Credential("***"), push, FakeClock().clock) as sender:
        forge = forge_at(server.url)
        for title in ("asked for the first time", "asked again: looked up, and nobody is told twice"):
            start = len(server.calls)
            sender.carry_out(lambda: forge.request(ASK._replace(push=name != "gerrit")))
            note(title, server, start)
        start = len(server.calls)
        sender.hold(forge.follow(ASK))
        note("followed", server, start)
    compare(name, "\n\n\n".join(text) + "\n")


PUSHES: dict[str, tuple[str, Forge]] = {
    "gerrit-push": ("gerrit", Gerrit(Project("https://127.0.0.1:1", "p"), with_token=False)),
    "gitea-agit-push": ("agit", Gitea(Project("https://127.0.0.1:1/api/v1", "o/r"), with_token=False)),
}


@pytest.mark.parametrize("name", PUSHES)
def test_a_request_made_by_a_push(name: str, git: RealGit, tmp_path: Path) -> None:
    """The push, and what the receiving git's proc-receive hook saw and keeps."""
    kind, forge = PUSHES[name]
    git.commit("Start", {"a.py": "x = 1\n"})
    git("switch", "-q", "-c", "feature")
    git.commit(f"Change\n\nChange-Id: {CHANGE_ID}\n", {"a.py": "x = 2\n"})
    found = open_repository(git.top)
    assert found is not None
    server = Server(tmp_path, kind)
    wanted = ask(git, server, reviewers=("sr@example.com",), labels=("ai-assisted", "ai-risk:high"))
    (step,) = [step for step in forge.request(wanted) if isinstance(step, Push)]
    for _ in range(2):
        carry(found._replace(trusted=True), forge, wanted)
    state: dict[str, Any] = server.state
    seen = "\n".join(f"{ref} {json.dumps(options)}" for ref, options in state.pop("pushes"))
    lines = [
        "=== the push, made twice", "$ " + shlex.join(step.argv), "",
        "=== what the server's proc-receive hook was given, each time", seen, "",
        "=== what the server has afterwards", json.dumps(state, indent=2),
    ]  # fmt: skip
    text = "\n".join(lines).replace(wanted.head, ASK.head).replace(str(server.path), f"ssh://{kind}.example.com/p")
    compare(name, text + "\n")
