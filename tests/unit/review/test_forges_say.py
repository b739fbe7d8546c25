"""What each forge says of a request, of a queue and of a team."""

from __future__ import annotations

from typing import Any

import pytest
from forge_server import ForgeServer, serving
from github_service import GitHubService
from other_services import GerritService, GiteaService, GitLabService
from test_sending_github import ASK, DOCUMENT, KEY, FakeClock

from earmark.review.forges.forge import Followed, Forge, Project, Refused, Review, latest
from earmark.review.forges.gerrit import Gerrit
from earmark.review.forges.gitea import Gitea
from earmark.review.forges.github import GitHub
from earmark.review.forges.gitlab import GitLab
from earmark.review.forges.hosts import Credential
from earmark.review.forges.sender import Sender


def follow(server: ForgeServer, forge: Forge) -> Followed | None:
    with Sender(server.url, Credential("t"), lambda push: "", FakeClock().clock) as sender:
        found = sender.hold(forge.follow(ASK))
    assert server.writes() == []
    return found


def test_github_says_who_is_waited_for_and_what_was_seen() -> None:
    service = GitHubService()
    with serving(service) as server:
        forge = GitHub(Project(server.url, "o/r"))
        assert follow(server, forge) is None
        service.open_pull("feature", "main", DOCUMENT, waiting=["ada"], waiting_teams=["core"])
        for login, state, commit in (
            ("bob", "APPROVED", "a1"), ("eve", "CHANGES_REQUESTED", "a1"), ("bob", "COMMENTED", "a2"),
            ("cy", "APPROVED", "a1"), ("cy", "DISMISSED", "a1"), ("eve", "APPROVED", "a2"), ("dee", "PENDING", ""),
        ):  # fmt: skip
            service.review(1, login, state, commit)
        found = follow(server, forge)
    reviews = (Review("bob", "approved", "a1"), Review("eve", "approved", "a2"))
    assert found == Followed("1", "https://github.com/o/r/pull/1", "open", ("ada",), ("core",), reviews)


def test_gitea_says_it_too() -> None:
    service = GiteaService()
    pull = service.open_pull("feature", "main", DOCUMENT)
    pull["requested_reviewers"] = [{"login": "ada"}]
    pull["seen"] = [
        {"user": {"login": "bob"}, "state": "APPROVED", "commit_id": "a1", "dismissed": True},
        {"user": {"login": "eve"}, "state": "REQUEST_CHANGES", "commit_id": "a1", "dismissed": False},
        {"user": {"login": "ada"}, "state": "REQUEST_REVIEW", "commit_id": ""},
    ]
    with serving(service, prefix="/api/v1") as server:
        found = follow(server, Gitea(Project(server.url, "o/r")))
    assert found is not None
    assert (found.waiting, found.reviews) == (("ada",), (Review("eve", "changes", "a1"),))


def test_gitlab_approvals_cover_the_version_that_stood() -> None:
    service = GitLabService()
    service.open_merge("feature", "main", DOCUMENT)
    service.reviewers = [
        {"user": {"username": "ada"}, "state": "unreviewed"},
        {"user": {"username": "bob"}, "state": "approved"},
    ]
    service.versions = [
        {"head_commit_sha": "v2", "created_at": "2026-11-21T10:00:00.000Z"},
        {"head_commit_sha": "v1", "created_at": "2026-11-20T10:00:00.000Z"},
    ]
    said = "approved this merge request"
    service.notes = [
        {"system": True, "body": said, "author": {"username": "bob"}, "created_at": "2026-11-20T12:00:00.000Z"},
        {"system": True, "body": said, "author": {"username": "cy"}, "created_at": "2026-11-20T12:00:00.000Z"},
        {"system": False, "body": said, "author": {"username": "mallory"}, "created_at": "2026-11-21T12:00:00.000Z"},
        {"system": True, "body": f"un{said}", "author": {"username": "cy"}, "created_at": "2026-11-21T12:00:00.000Z"},
        {"system": True, "body": said, "author": {"username": "old"}, "created_at": "2026-11-19T12:00:00.000Z"},
    ]
    with serving(service, prefix="/api/v4") as server:
        found = follow(server, GitLab(Project(server.url, "g/sub/p")))
    assert found is not None
    assert found.waiting == ("ada",)
    assert found.reviews == (Review("bob", "approved", "v1"), Review("old", "approved", ""))


def test_gerrits_votes_are_those_of_the_current_patch_set() -> None:
    service = GerritService()
    votes = [
        {"email": "bob@x.org", "value": 2}, {"email": "ada@x.org", "value": 1}, {"username": "eve", "value": -1},
        {"email": "cy@x.org"},
    ]  # fmt: skip
    label = {"values": {"-2": "", "-1": "", " 0": "", "+1": "", "+2": ""}, "all": votes}
    change = {"_number": 7, "current_revision": ASK.head, "topic": f"earmark-{KEY}", "status": "NEW"}
    service.changes = [{**change, "labels": {"Code-Review": label}}]
    with serving(service) as server:
        found = follow(server, Gerrit(Project(server.url, "p")))
        assert found is not None
        assert found.reviews == (Review("bob@x.org", "approved", ASK.head), Review("eve", "changes", ASK.head))
        assert (found.waiting, found.state) == (("ada@x.org", "cy@x.org"), "open")
        service.changes = [{**change, "status": "MERGED"}]
        assert follow(server, Gerrit(Project(server.url, "p"))).state == "merged"  # type: ignore[union-attr]


def test_a_comment_after_an_approval_takes_nothing_back() -> None:
    said = [Review("a", "approved", "1"), Review("a", "commented", "2"), Review("b", "commented", "1")]
    assert latest(said) == (said[0], said[2])
    assert latest([*said, Review("a", "changes", "3")])[1] == Review("a", "changes", "3")


def hold(server: ForgeServer, conversation: Any) -> Any:
    with Sender(server.url, Credential("t"), lambda push: "", FakeClock().clock) as sender:
        return sender.hold(conversation)


def test_the_length_of_a_queue_and_what_waits_for_me() -> None:
    github = GitHubService()
    github.open_pull("a", "main", DOCUMENT, waiting=["dev", "ada"])
    github.open_pull("b", "main", "plain", waiting=["dev"])
    with serving(github) as server:
        forge: Forge = GitHub(Project(server.url, "o/r"))
        assert hold(server, forge.queue(["ada", "stranger", "dev", "eve"])) == {"ada": 1, "dev": 2, "eve": 0}
        assert [(one.number, one.ours) for one in hold(server, forge.mine())] == [("1", True), ("2", False)]
    gitlab = GitLabService()
    gitlab.open_merge("a", "main", DOCUMENT)["reviewers"] = [{"id": 11, "username": "ada"}]
    with serving(gitlab, prefix="/api/v4") as server:
        forge = GitLab(Project(server.url, "g/sub/p"))
        assert hold(server, forge.queue(["ada", "bob"])) == {"ada": 1, "bob": 0}
        assert [(one.number, one.ours) for one in hold(server, forge.mine())] == [("1", True)]
    gitea = GiteaService()
    gitea.open_pull("a", "main", "plain")["requested_reviewers"] = [{"login": "Ada"}]
    with serving(gitea, prefix="/api/v1") as server:
        forge = Gitea(Project(server.url, "o/r"))
        assert hold(server, forge.queue(["ada", "bob"])) == {"ada": 1, "bob": 0}
        assert [(one.number, one.ours) for one in hold(server, forge.mine())] == [("1", False)]
    gerrit = GerritService()
    gerrit.pushed("c" * 40, f"earmark-{KEY}")
    with serving(gerrit) as server:
        forge = Gerrit(Project(server.url, "p"))
        assert hold(server, forge.queue(["ada@x.org"])) == {"ada@x.org": 1}
        assert [(one.number, one.title, one.ours) for one in hold(server, forge.mine())] == [("1", "T", True)]


def test_a_runner_that_has_the_commit_alone_finds_the_request() -> None:
    """A runner checks out a commit without a branch, so it can find the request by that only."""
    only = ASK._replace(branch="")
    github, gitlab, gitea, gerrit = GitHubService(), GitLabService(), GiteaService(), GerritService()
    for base in ("other", "main"):
        github.open_pull("theirs", base, commits=[ASK.head], state="open")
        gitlab.open_merge("theirs", base, "")["sha"] = ASK.head
        gitea.open_pull("theirs", base)["head"]["sha"] = ASK.head
    gerrit.pushed(ASK.head, "whatever")
    for service, forge, prefix, number in (
        (github, lambda url: GitHub(Project(url, "o/r")), "", "2"),
        (gitlab, lambda url: GitLab(Project(url, "g/sub/p")), "/api/v4", "2"),
        (gitea, lambda url: Gitea(Project(url, "o/r")), "/api/v1", "2"),
        (gerrit, lambda url: Gerrit(Project(url, "p")), "", "1"),
    ):
        with (
            serving(service, prefix=prefix) as server,
            Sender(server.url, Credential("t"), lambda push: "", FakeClock().clock) as sender,
        ):
            found = sender.hold(forge(server.url).follow(only))
            assert found is not None
            assert found.number == number
            assert sender.hold(forge(server.url).follow(only._replace(head="9" * 40))) is None


def test_who_is_in_a_team_each_forge_tells() -> None:
    github = GitHubService()
    github.assigned = {"seniors": [f"u{number}" for number in range(120)]}
    for service, forge, prefix, team, expected in (
        (github, lambda url: GitHub(Project(url, "o/r")), "", "o/seniors", [(f"u{n}", "") for n in range(120)]),
        (
            GitLabService(), lambda url: GitLab(Project(url, "g/sub/p")), "/api/v4", "g/seniors",
            [("ada", "Ada"), ("bob", "Bob")],
        ),
        (GiteaService(), lambda url: Gitea(Project(url, "o/r")), "/api/v1", "o/Seniors", [("ada", "")]),
        (GerritService(), lambda url: Gerrit(Project(url, "p")), "", "seniors", [("ada@example.com", "Ada")]),
    ):  # fmt: skip
        with (
            serving(service, prefix=prefix) as server,
            Sender(server.url, Credential("t"), lambda push: "", FakeClock().clock) as sender,
        ):
            service.url = server.url  # type: ignore[attr-defined]
            assert list(sender.hold(forge(server.url).members(team))) == expected
    with serving(GiteaService(), prefix="/api/v1") as server, pytest.raises(Refused, match="no team o/juniors"):
        forge = Gitea(Project(server.url, "o/r"))
        with Sender(server.url, Credential("t"), lambda push: "", FakeClock().clock) as sender:
            sender.hold(forge.members("o/juniors"))
