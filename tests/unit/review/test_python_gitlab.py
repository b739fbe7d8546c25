"""The GitLab service of these tests, driven by the client that the GitLab community uses: it is as they know it."""

from __future__ import annotations

import gitlab
from forge_server import serving
from other_services import GitLabService
from test_sending_github import ASK, DOCUMENT
from test_sending_others import gitlab as our_gitlab
from test_sending_others import send


def test_a_request_made_by_another_client_is_found_and_followed() -> None:
    service = GitLabService()
    with serving(service, prefix="/api/v4") as server:
        url = server.url.removesuffix("/api/v4")
        with gitlab.Gitlab(url, private_token="t", user_agent="check") as client:
            project = client.projects.get("g/sub/p", lazy=True)
            (ada,) = client.users.list(username="ada", get_all=True)
            made = project.mergerequests.create(
                {
                    "source_branch": "feature", "target_branch": "main", "title": "By hand", "description": "Hello.",
                    "reviewer_ids": [ada.get_id()], "labels": "ai-assisted",
                }
            )  # fmt: skip
            receipt = send(server, our_gitlab(server), ASK._replace(reviewers=("ada", "bob")))
            assert (receipt.number, receipt.created, receipt.asked) == (str(made.iid), False, ("bob",))
            (again,) = project.mergerequests.list(
                source_branch="feature", target_branch="main", state="all", get_all=True
            )
    assert again.description == "Hello.\n\n" + DOCUMENT
    assert [user["username"] for user in again.reviewers] == ["ada", "bob"]
    assert service.told == {"ada": 1, "bob": 1}


def test_what_we_make_another_client_reads() -> None:
    service = GitLabService()
    with serving(service, prefix="/api/v4") as server:
        send(server, our_gitlab(server))
        with gitlab.Gitlab(server.url.removesuffix("/api/v4"), private_token="t") as client:
            project = client.projects.get("g/sub/p", lazy=True)
            (merge,) = project.mergerequests.list(
                source_branch="feature", target_branch="main", state="all", get_all=True
            )
            merge.reviewer_ids = [12]
            merge.save()
    assert (merge.iid, merge.labels) == (1, ["ai-assisted"])
    assert service.told == {"ada": 1, "bob": 1}
