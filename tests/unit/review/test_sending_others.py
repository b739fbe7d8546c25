"""Requests to GitLab, Gitea and Gerrit over real HTTP."""

from __future__ import annotations

import random
from typing import Any

import pytest
from forge_server import Call, Fault, ForgeServer, Reply, serving
from other_services import GerritService, GiteaService, GitLabService, guarded
from test_sending_github import ASK, DOCUMENT, KEY, FakeClock, writes

from earmark.review.forges.forge import Ask, Forge, Project, Push, Receipt, Refused
from earmark.review.forges.gerrit import Gerrit
from earmark.review.forges.gitea import Gitea
from earmark.review.forges.gitlab import GitLab
from earmark.review.forges.hosts import Credential
from earmark.review.forges.sender import ForgeError, Sender
from earmark.review.request import keys_in, marker

KINDS = [
    Fault(applied=True, cut=True), Fault(cut=True), Fault(Reply(500)), Fault(Reply(502), applied=True),
    Fault(Reply(429, {}, {"retry-after": "5"})),
]  # fmt: skip


def send(server: ForgeServer, forge: Forge, ask: Ask = ASK, push: Any = lambda step: "") -> Receipt:
    with Sender(server.url, Credential("secret-token"), push, FakeClock().clock) as sender:
        return sender.carry_out(lambda: forge.request(ask))


def gitlab(server: ForgeServer) -> Forge:
    return GitLab(Project(server.url, "g/sub/p"))


def gitea(server: ForgeServer) -> Forge:
    return Gitea(Project(server.url, "o/r"))


def test_gitlab_opens_with_reviewers_and_labels() -> None:
    service = GitLabService()
    with serving(service, prefix="/api/v4") as server:
        receipt = send(server, gitlab(server), ASK._replace(reviewers=("Ada", "nobody")))
        again = send(server, gitlab(server), ASK._replace(reviewers=("Ada",)))
    (merge,) = service.merges
    assert (receipt.number, receipt.created, receipt.asked) == ("1", True, ("Ada",))
    assert receipt.notices == ("GitLab knows no user nobody", "GitLab asks people, not groups: org/core is not asked")
    assert (again.created, again.asked) == (False, ())
    assert (keys_in(merge["description"]), merge["labels"], service.told) == ((KEY,), ["ai-assisted"], {"ada": 1})
    assert {call.headers["private-token"] for call in server.calls} == {"secret-token"}
    assert len(server.writes()) == 1


def test_gitlab_keeps_reviewers_and_text_that_are_there() -> None:
    service = GitLabService()
    merge = service.open_merge("feature", "main", "By hand.")
    merge["reviewers"] = [{"id": 12, "username": "bob"}]
    with serving(service, prefix="/api/v4") as server:
        receipt = send(server, gitlab(server))
    assert receipt.asked == ("ada",)
    assert [user["username"] for user in merge["reviewers"]] == ["ada", "bob"]
    assert merge["description"].startswith("By hand.\n\n" + marker(KEY))
    assert service.told == {"ada": 1}


def test_gitlab_says_what_it_refuses() -> None:
    with serving(GitLabService(), prefix="/api/v4") as server, pytest.raises(Refused, match="source_branch"):
        send(server, gitlab(server), ASK._replace(branch="gone"))


def test_gitlab_leaves_a_merged_request_alone() -> None:
    service = GitLabService()
    service.open_merge("feature", "main", DOCUMENT, "merged")
    with serving(service, prefix="/api/v4") as server:
        assert send(server, gitlab(server)).state == "merged"
        assert server.writes() == []


def test_gitea_opens_asks_and_says_what_it_does_not_take() -> None:
    service = GiteaService(labels=())
    with serving(service, prefix="/api/v1") as server:
        receipt = send(server, gitea(server))
        assert send(server, gitea(server)).asked == ()
    assert (receipt.created, receipt.asked) == (True, ("ada",))
    assert [notice.partition(":")[0] for notice in receipt.notices] == [
        "the forge does not ask core",
        "the forge does not set the labels",
    ]
    assert service.told == {"ada": 1}
    assert {call.headers["authorization"] for call in server.calls} == {"token secret-token"}


def test_gitea_finds_its_request_among_many() -> None:
    service = GiteaService()
    for number in range(60):
        service.open_pull(f"other-{number}", "main")
    service.open_pull("feature", "main", DOCUMENT)
    for number in range(60):
        service.open_pull(f"more-{number}", "main")
    with serving(service, prefix="/api/v1") as server:
        service.url = server.url
        assert send(server, gitea(server)).number == "61"


def test_gitea_adopts_the_open_request_of_the_branch() -> None:
    service = GiteaService()
    service.open_pull("feature", "main", "By hand.")
    with serving(service, prefix="/api/v1") as server:
        assert send(server, gitea(server)).number == "1"
    assert service.pulls[0]["body"].startswith("By hand.\n\n" + marker(KEY))


@pytest.mark.parametrize("kind", ["gitlab", "gitea"])
def test_effectively_once_under_random_faults(kind: str) -> None:
    random_ = random.Random(6)
    for _ in range(40):
        service: Any = GitLabService() if kind == "gitlab" else GiteaService()
        prefix = "/api/v4" if kind == "gitlab" else "/api/v1"
        faults = lambda n, c: random_.choice(KINDS) if random_.random() < 0.4 else None  # noqa: E731
        with serving(service, prefix=prefix, faults=faults) as server:
            for _ in range(60):
                try:
                    send(server, gitlab(server) if kind == "gitlab" else gitea(server))
                except ForgeError:
                    continue
                break
            else:
                pytest.fail("it never succeeded")
        assert len(service.merges if kind == "gitlab" else service.pulls) == 1
        assert service.told == {"ada": 1}


def gerrit_send(server: ForgeServer, service: GerritService, ask: Ask = ASK) -> Receipt:
    def push(step: Push) -> str:
        assert f"topic=earmark-{KEY}" in step.argv[-1]
        service.pushed(ask.head, f"earmark-{KEY}")
        return ""

    return send(server, Gerrit(Project(server.url, "p")), ask._replace(teams=()), push)


def test_gerrit_gets_the_document_as_a_message_once() -> None:
    service = GerritService()
    with serving(service) as server:
        first = gerrit_send(server, service)
        second = gerrit_send(server, service)
        changed = ASK._replace(document=DOCUMENT.replace("## Request", "## Changed"), head="3" * 40)
        third = gerrit_send(server, service, changed)
    assert [first.created, second.created, third.created] == [True, False, False]
    assert first.url == f"{server.url}/c/p/+/1"
    (change,) = service.changes
    assert len(change["messages"]) == 2
    assert {call.headers["authorization"] for call in server.calls} == {"Basic secret-token"}


def test_gerrits_guard_before_the_json_is_taken_off() -> None:
    service = GerritService()
    change = {"_number": 7, "current_revision": ASK.head, "messages": []}
    service.changes = [{**change, "topic": "x"}] * 7

    def faults(number: int, call: Call) -> Fault | None:
        return Fault(raw=guarded([change])) if call.method == "GET" else None

    with serving(service, faults=faults) as server:
        assert gerrit_send(server, service).number == "7"


def test_gerrit_says_when_the_message_is_not_taken() -> None:
    service = GerritService()
    with serving(service, faults=writes("POST", "/review", Fault(Reply(403, "not permitted")))) as server:
        assert "does not take the message: not permitted" in gerrit_send(server, service).notices[0]
