"""How a review stands: what approvals are worth for every region, and what the commands say of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from forge_server import Fault, Reply, serving
from github_service import GitHubService
from real_git import RealGit
from request_story import CHARGE, POLICY, RETRIED, Story
from test_command import VARIABLES

from earmark.cli.check import run as check
from earmark.cli.review import run
from earmark.origin.model import LineRange
from earmark.policy import model
from earmark.policy.approval import Approval, Scope, Subject
from earmark.review.following import RegionState, states
from earmark.review.forges import answers

SCOPE = Scope("r", "refs/heads/main", "v")
ROSTER = model.Roster(people=(model.Person("Ada", handles=(("github", "ada"),), level="senior"),))
SUBJECTS = {"a.py": (Subject("a.py", "1", "c1", "", LineRange(1, 2)), Subject("a.py", "2", "c2", "", LineRange(9, 9)))}


def approval(region: str, context: str, signer: str = "ada") -> Approval:
    return Approval("github", signer, Subject("a.py", region, context, ""), SCOPE)


STATES: list[tuple[list[Approval], list[str], list[tuple[str, Any]]]] = [
    ([], [], [("pending", ""), ("pending", "")]),
    ([approval("1", "c1")], [], [("approved", (("Ada", "senior"),)), ("stale", "Ada: the region has changed since")]),
    (
        [approval("1", "old"), approval("9", "c2")], [],
        [("stale", "Ada: the code around it has changed since"), ("stale", "Ada: the region has changed since")],
    ),
    (
        [approval("1", "c1"), approval("2", "c2", "zed")], [],
        [("approved", (("Ada", "senior"),)), ("approved", (("zed", ""),))],
    ),
    ([approval("1", "c1")], ["eve"], [("changes", (("eve", ""),)), ("changes", (("eve", ""),))]),
]  # fmt: skip


@pytest.mark.parametrize(("approvals", "objections", "expected"), STATES)
def test_the_state_of_every_region(approvals: list[Approval], objections: list[str], expected: list[Any]) -> None:
    found = states(SUBJECTS, approvals, ROSTER, SCOPE, objections)
    assert [(s.state, s.by or s.because) for s in found] == expected
    assert all(isinstance(state, RegionState) for state in found)


@pytest.fixture
def story(git: RealGit, monkeypatch: pytest.MonkeyPatch) -> Iterator[Story]:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(git.top)
    told = Story(git)
    told.retry()
    told.git("update-ref", "refs/remotes/origin/retry", "HEAD")
    yield told
    told.ledger.close()


def status(capsys: pytest.CaptureFixture[str]) -> tuple[int, Any]:
    capsys.readouterr()
    code = run(["status", "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_an_approval_on_the_forge_holds_over_a_rebase_and_opens_with_its_region(
    story: Story, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "t")
    service = GitHubService(people=("grace",), teams=("payments",))
    with serving(service) as server:
        monkeypatch.setenv("EARMARK_FORGE_URL", server.url)
        code, found = status(capsys)
        assert (code, found["request"], found["regions"][0]["state"]) == (1, None, "pending")
        assert "earmark review request" in found["note"]
        assert run(["request"]) == 0
        code, found = status(capsys)
        assert (code, found["request"]["waiting"], found["regions"][0]["state"]) == (1, ["grace"], "pending")
        service.review(1, "grace", "APPROVED", story.git("rev-parse", "HEAD"))
        code, found = status(capsys)
        assert (code, found["regions"][0]["state"], found["regions"][0]["by"]) == (0, "approved", [["Grace", "senior"]])
        story.git("switch", "-q", "main")
        story.git.commit("Elsewhere", {"README": "x\n", "payments/charge.py": "import provider\n\n\n" + CHARGE})
        story.git("update-ref", "refs/remotes/origin/main", "HEAD")
        story.git("switch", "-q", "retry")
        story.git("rebase", "-q", "main")
        code, found = status(capsys)
        assert (code, found["regions"][0]["state"], found["regions"][0]["lines"]) == (0, "approved", [5, 9])
        story.writes("payments/charge.py", "import provider\n\n\n" + RETRIED.replace("pass", "continue"))
        story.commit("Go on")
        code, found = status(capsys)
        assert (code, found["regions"][0]["state"]) == (1, "stale")
        assert found["regions"][0]["because"] == "Grace: the region has changed since"
        service.review(1, "grace", "CHANGES_REQUESTED", story.git("rev-parse", "HEAD"))
        code, found = status(capsys)
        assert (code, found["regions"][0]["state"]) == (1, "changes")


@pytest.mark.parametrize("commit", ["", "f" * 40, "HEAD", "--all", "main"])
def test_a_review_of_a_commit_that_is_not_here_covers_nothing(
    story: Story, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, commit: str
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "t")
    service = GitHubService(people=("grace",), teams=("payments",))
    with serving(service) as server:
        monkeypatch.setenv("EARMARK_FORGE_URL", server.url)
        run(["request"])
        service.review(1, "grace", "APPROVED", commit)
        code, found = status(capsys)
    assert (code, found["regions"][0]["state"]) == (1, "pending")


def test_without_a_token_it_says_what_is_known_here(story: Story, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["status"]) == 1
    out = capsys.readouterr().out
    assert "no token for api.github.com" in out
    assert "payments/charge.py lines 2-6: pending" in out
    assert "open approval-missing" in out
    assert run(["status", "--offline"]) == 1
    assert "the forge was not asked" in capsys.readouterr().out


def test_a_shorter_queue_decides_between_equals(
    story: Story, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "t")
    story.git("switch", "-q", "main")
    policy = POLICY.replace("Grace", "Zoe").replace("grace", "zoe")
    story.git.commit("Two owners", {"CODEOWNERS": "/payments/ @ada @zoe\n", ".earmark.toml": policy})
    story.git("update-ref", "refs/remotes/origin/main", "HEAD")
    story.git("switch", "-q", "retry")
    service = GitHubService(people=("ada", "zoe"), teams=())
    for number in range(3):
        service.open_pull(f"other-{number}", "main", "", waiting=["ada"])
    with serving(service) as server:
        monkeypatch.setenv("EARMARK_FORGE_URL", server.url)
        assert run(["request", "--dry-run", "--json"]) == 0
        assert asked(capsys) == ["ada"]
        assert run(["request", "--dry-run", "--json", "--balance"]) == 0
        assert asked(capsys) == ["zoe"]
        assert run(["request", "--dry-run", "--json", "--second"]) == 0
        assert asked(capsys) == ["ada", "zoe"]
        assert server.writes() == []
        story.git("update-ref", "refs/remotes/origin/retry", "HEAD")
        assert run(["request", "--balance"]) == 0
        assert "zoe: 0 open requests wait" in capsys.readouterr().err
        assert run(["status", "--mine", "--json"]) == 0
        assert json.loads(capsys.readouterr().out) == []


def asked(capsys: pytest.CaptureFixture[str]) -> list[str]:
    steps = json.loads(capsys.readouterr().out)
    return next(s["body"]["reviewers"] for s in steps if s.get("url", "").endswith("requested_reviewers") and s["body"])


def test_a_forge_that_does_not_tell_the_queue_stops_nothing(
    story: Story, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "t")
    service = GitHubService(people=("grace",), teams=("payments",))
    broken = Fault(Reply(500))
    with serving(service, faults=lambda n, call: broken if call.path == "/search/issues" else None) as server:
        monkeypatch.setenv("EARMARK_FORGE_URL", server.url)
        assert run(["request", "--balance"]) == 0
    assert service.told == {"grace": 1, "payments": 1}


def test_who_is_next_is_said_after_two_days(
    story: Story, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    monkeypatch.setenv("GITHUB_TOKEN", "t")
    service = GitHubService(people=("grace",), teams=("payments",))
    with serving(service) as server:
        monkeypatch.setenv("EARMARK_FORGE_URL", server.url)
        assert run(["request"]) == 0
        assert run(["status"]) == 1
        assert "second choice" not in capsys.readouterr().out
        later = time.time() + 3 * 86_400
        monkeypatch.setattr(time, "time", lambda: later)
        assert run(["status"]) == 1
        assert "asked 3 days ago; second choice: Ada Example" in capsys.readouterr().out


def gate(capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, list[str]]:
    capsys.readouterr()
    code = check(["origin/main..HEAD", "--phase", "merge", "--format", "json", *more])
    out = json.loads(capsys.readouterr().out)
    return code, [v["code"] for v in out.get("violations", []) if v["code"].startswith("approval")]


def test_the_gate_counts_the_forges_reviews_and_says_when_it_cannot(
    story: Story, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert gate(capsys)[1] == ["approval-missing"]
    assert check(["origin/main..HEAD", "--phase", "merge", "--reviews"]) == 2
    assert "reviews on the forge are not known" in capsys.readouterr().err
    monkeypatch.setenv("GITHUB_TOKEN", "t")
    service = GitHubService(people=("grace",), teams=("payments",))
    with serving(service) as server:
        monkeypatch.setenv("EARMARK_FORGE_URL", server.url)
        assert gate(capsys, "--reviews")[1] == ["approval-missing"]
        assert run(["request"]) == 0
        service.review(1, "stranger", "APPROVED", story.git("rev-parse", "HEAD"))
        assert gate(capsys, "--reviews")[1] == ["approval-level"]
        service.review(1, "grace", "APPROVED", story.git("rev-parse", "HEAD"))
        assert gate(capsys, "--reviews")[1] == []
        story.writes("payments/charge.py", RETRIED.replace("pass", "continue"))
        story.commit("Go on")
        assert gate(capsys, "--reviews")[1] == ["approval-stale"]
        server.faults = lambda number, call: Fault(Reply(404, {"message": "Not Found"}))
        assert check(["origin/main..HEAD", "--phase", "merge", "--reviews"]) == 2


def test_without_a_forge_signed_approvals_alone_count(story: Story, capsys: pytest.CaptureFixture[str]) -> None:
    story.git("remote", "remove", "origin")
    assert run(["status", "--json", "main..HEAD"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert "no forge" in found["note"]
    assert [region["state"] for region in found["regions"]] == ["pending"]
    assert found["files"] == {"payments/charge.py": story.git("rev-parse", "HEAD:payments/charge.py")}
    assert not (story.git.top / ".git" / "earmark" / "outbox.db").exists()


def test_the_forge_is_asked_again_for_what_changed_only(
    story: Story, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "very-secret")
    service = GitHubService(people=("grace",), teams=("payments",))
    with serving(service) as server:
        monkeypatch.setenv("EARMARK_FORGE_URL", server.url)
        assert run(["status", "--if-asked"]) == 1
        assert server.calls == []
        assert run(["request"]) == 0
        assert run(["status", "--if-asked"]) == 1
        start = len(server.calls)
        capsys.readouterr()
        assert run(["status", "--if-asked"]) == 1
        again = server.calls[start:]
        assert again and all("if-none-match" in call.headers for call in again)
        assert "waits for grace, payments" in capsys.readouterr().out
        service.review(1, "grace", "APPROVED", story.git("rev-parse", "HEAD"))
        assert run(["status", "--if-asked"]) == 0
        assert "approved by Grace (senior)" in capsys.readouterr().out
    kept = story.git.top / ".git" / "earmark" / "forge-answers.json"
    assert b"very-secret" not in kept.read_bytes()
    kept.write_bytes(b'{"https://api.github.com/x": 3}')
    assert answers.read(str(kept)) == {}


FROM_TEAMS = """
[[review]]
level = "senior"
[roster]
levels = ["junior", "senior"]
teams = { "example/seniors" = "senior" }
[[roster.people]]
name = "Grace Example"
handles = { github = "grace" }
emails = ["grace@example.com"]
"""


def test_the_roster_can_be_the_forges_teams(
    story: Story, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    story.git("switch", "-q", "main")
    story.git.commit("Teams", {".earmark.toml": FROM_TEAMS, "CODEOWNERS": ""})
    story.git("update-ref", "refs/remotes/origin/main", "HEAD")
    story.git("switch", "-q", "retry")
    story.git("rebase", "-q", "main")
    story.git("update-ref", "refs/remotes/origin/retry", "HEAD")
    assert run(["request", "--explain"]) == 1
    assert "the forge was not asked" in capsys.readouterr().err
    monkeypatch.setenv("GITHUB_TOKEN", "t")
    service = GitHubService(people=("grace", "zoe"), teams=())
    service.assigned = {"seniors": ["zoe", "grace"]}
    with serving(service) as server:
        monkeypatch.setenv("EARMARK_FORGE_URL", server.url)
        assert run(["request", "--explain"]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert any(line.startswith("Grace Example: asked, senior") for line in lines)
        assert any(line.startswith("zoe: second choice, senior") for line in lines)
        assert run(["request"]) == 0
        assert gate(capsys, "--reviews")[1] == ["approval-missing"]
        service.review(1, "zoe", "APPROVED", story.git("rev-parse", "HEAD"))
        assert gate(capsys, "--reviews")[1] == []
        assert run(["status"]) == 0
        assert "approved by zoe (senior)" in capsys.readouterr().out
        start = len(server.calls)
        run(["status", "--offline"])
        assert server.calls[start:] == []
        service.assigned = {}
        assert check(["origin/main..HEAD", "--phase", "merge", "--reviews"]) == 2
        assert "who is in the roster's teams" in capsys.readouterr().err


def test_a_forge_that_does_not_answer_hides_nothing_that_is_known_here(
    story: Story, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "t")
    service = GitHubService()
    down = Fault(Reply(401, {"message": "Bad credentials"}))
    with serving(service, faults=lambda number, call: down) as server:
        monkeypatch.setenv("EARMARK_FORGE_URL", server.url)
        assert run(["status", "--json"]) == 2
    out, err = capsys.readouterr()
    assert [region["state"] for region in json.loads(out)["regions"]] == ["pending"]
    assert "Bad credentials" in json.loads(out)["note"]
    assert err.startswith("earmark review status: ") and err.count("\n") == 1
