"""What a forge can do to a request, from a table: one request and one notification, or an error that says why."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from forge_server import Call, Fault, Reply, Service, serving
from github_service import GitHubService
from other_services import GerritService, GiteaService, GitLabService
from test_sending_github import ASK, KEY, FakeClock

from earmark.review.forges.forge import Forge, Project, Push, Receipt
from earmark.review.forges.gerrit import Gerrit
from earmark.review.forges.gitea import Gitea
from earmark.review.forges.github import GitHub
from earmark.review.forges.gitlab import GitLab
from earmark.review.forges.hosts import Credential
from earmark.review.forges.sender import (
    Denied,
    ForgeError,
    RateLimited,
    Sender,
    Uncertain,
    Unreachable,
)

FILE = Path(__file__).parents[3] / "fixtures" / "review" / "faults.toml"
PAGE = Path(__file__).parents[3] / "docs" / "review-faults.md"
FAULTS: list[dict[str, Any]] = tomllib.loads(FILE.read_text())["fault"]
ERRORS: dict[str, type[ForgeError]] = {
    "denied": Denied, "limited": RateLimited, "unreachable": Unreachable, "uncertain": Uncertain, "error": ForgeError,
}  # fmt: skip
PATIENCE = 0.3  # seconds the client waits for an answer


class Kind(NamedTuple):
    """A forge: its service, its module for an address, and which call is which."""

    service: type[Service]
    forge: Any
    calls: dict[str, tuple[str, str]]


_PULLS = {
    "look": ("GET", "/pulls"), "create": ("POST", "/pulls"), "ask": ("POST", "/requested_reviewers"),
    "label": ("POST", "/labels"),
}  # fmt: skip
KINDS = {
    "GitHub": Kind(GitHubService, lambda url: GitHub(Project(url, "o/r")), _PULLS),
    "Gitea": Kind(GiteaService, lambda url: Gitea(Project(url, "o/r")), _PULLS),
    "GitLab": Kind(
        GitLabService, lambda url: GitLab(Project(url, "g/sub/p")),
        {"look": ("GET", "/merge_requests"), "create": ("POST", "/merge_requests")},
    ),
    "Gerrit": Kind(
        GerritService, lambda url: Gerrit(Project(url, "p")),
        {"look": ("GET", "/a/changes/"), "say": ("POST", "/revisions/current/review")},
    ),
}  # fmt: skip
CASES = [
    pytest.param(row, kind, call, id=f"{row['name']}, {kind} {call}")
    for row in FAULTS
    for call in row["calls"]
    for kind in KINDS
    if call in KINDS[kind].calls
]


def fault_of(row: dict[str, Any]) -> Fault:
    raw = row.get("raw")
    return Fault(
        Reply(row["status"], row.get("body"), row.get("headers", {})) if "status" in row else None,
        applied=row.get("applied", False),
        cut=row.get("cut", False),
        raw=b" " * (17 << 20) if raw == "spaces, 17 MB" else raw.encode() if raw else None,
        short=row.get("short", False),
        slow=row.get("slow", False),
    )


def told(service: Any) -> dict[str, int]:
    """How often each was told; Gerrit tells by the push, which is made once or is refused as nothing new."""
    return dict(getattr(service, "told", {"ada": 1}))


def made(service: Any) -> int:
    return len(next(getattr(service, name) for name in ("pulls", "merges", "changes") if hasattr(service, name)))


@pytest.mark.parametrize(("row", "name", "call"), CASES)
def test_a_fault(row: dict[str, Any], name: str, call: str) -> None:
    kind, left = KINDS[name], [row.get("times", 1)]
    method, part = kind.calls[call]

    def faults(number: int, asked: Call) -> Fault | None:
        if asked.method != method or not asked.path.endswith(part) or not left[0]:
            return None
        left[0] -= 1
        return fault_of(row)

    service, clock = kind.service(), FakeClock()

    def push(step: Push) -> str:
        if isinstance(service, GerritService):
            service.pushed(ASK.head, f"earmark-{KEY}")
        return ""

    def send(address: str) -> Receipt:
        forge: Forge = kind.forge(address)
        with Sender(address, Credential("secret-token"), push, clock.clock, timeout=PATIENCE) as sender:
            return sender.carry_out(lambda: forge.request(ASK._replace(teams=())))

    with serving(service, faults=faults) as server:
        if row["outcome"] in ERRORS:
            with pytest.raises(ForgeError) as caught:
                send(server.url)
            assert type(caught.value) is ERRORS[row["outcome"]]
            assert row["says"] in str(caught.value)
            assert isinstance(caught.value, RateLimited | Unreachable | Uncertain) is row["kept"]
            assert "secret-token" not in str(caught.value)
            assert made(service) <= 1
        else:
            receipt = send(server.url)
            assert made(service) == 1
            assert receipt.number == "1"
            assert [row["says"] in notice for notice in receipt.notices] == ([True] if "says" in row else [])
            assert told(service) == ({} if call == "ask" and row["outcome"] == "noticed" else {"ada": 1})
    assert clock.waits == row["waits"]


SAID = {
    "sent": "sent, once", "noticed": "sent, and said what was not taken", "denied": "stopped; says what to do",
    "limited": "kept, sent when the time is over", "unreachable": "kept, sent later",
    "uncertain": "kept, looked up and sent later", "error": "stopped; the token goes nowhere",
}  # fmt: skip


def page() -> str:
    """The table as a page for people."""
    lines = [
        "# What a forge can do to a request", "",
        "Generated from `fixtures/review/faults.toml`. Every row is run against the GitHub, GitLab, Gitea and Gerrit",
        "services of the tests, as far as they have such a call. In every row at most one request exists afterwards,",
        "and nobody is told twice.", "",
        "| the forge | at | Earmark waits | and the request is |", "|---|---|---|---|",
    ]  # fmt: skip
    for row in FAULTS:
        waits = ", ".join(f"{wait} s" for wait in row["waits"]) or "–"
        lines.append(f"| {row['name']} | {', '.join(row['calls'])} | {waits} | {SAID[row['outcome']]} |")
    return "\n".join(lines) + "\n"


def test_the_page_says_what_the_table_says() -> None:
    if os.environ.get("UPDATE_GOLDEN"):
        PAGE.write_text(page())
    assert PAGE.read_text() == page()
