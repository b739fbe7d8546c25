"""`earmark review request` as a user runs it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from forge_server import Fault, Reply, serving
from github_service import GitHubService
from real_git import RealGit
from request_story import CHARGE, RETRIED, Story

from earmark.cli.review import run
from earmark.origin.ledger import Ledger
from earmark.review.request import keys_in

VARIABLES = (
    "EARMARK_FORGE", "EARMARK_FORGE_URL", "GITHUB_TOKEN", "GH_TOKEN", "GITLAB_TOKEN", "GITEA_TOKEN",
)  # fmt: skip


@pytest.fixture
def story(git: RealGit, monkeypatch: pytest.MonkeyPatch) -> Iterator[Story]:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(git.top)
    told = Story(git)
    told.retry()
    told.ledger.close()
    yield told


def printed(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_a_dry_run_prints_the_exact_requests(
    story: Story, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "very-secret")
    assert run(["request", "--dry-run", "--json"]) == 0
    out = capsys.readouterr().out
    assert "very-secret" not in out
    steps = json.loads(out)
    head = story.git("rev-parse", "HEAD")
    assert steps.pop(0) == {"push": ["git", "push", "origin", "refs/notes/ai"]}
    assert steps[0] == {"push": ["git", "push", "origin", f"{head}:refs/heads/retry"]}
    assert [(s["method"], s["url"].partition("?")[0]) for s in steps[1:]] == [
        ("GET", "https://api.github.com/repos/example/shop/pulls"),
        ("POST", "https://api.github.com/repos/example/shop/pulls"),
        ("GET", "https://api.github.com/repos/example/shop/pulls/{number}/requested_reviewers"),
        ("GET", "https://api.github.com/repos/example/shop/pulls/{number}/reviews"),
        ("POST", "https://api.github.com/repos/example/shop/pulls/{number}/requested_reviewers"),
        ("POST", "https://api.github.com/repos/example/shop/issues/{number}/labels"),
    ]
    created = steps[2]["body"]
    assert (created["title"], created["head"], created["base"]) == ("Retry failed charges", "retry", "main")
    assert f"https://github.com/example/shop/blob/{head}/payments/charge.py#L2-L6" in created["body"]
    assert steps[5]["body"] == {"reviewers": ["grace"], "team_reviewers": ["payments"]}
    assert steps[5]["headers"]["Authorization"] == "Bearer ***"
    assert "ai-review:required" in steps[6]["body"]["labels"]


def test_what_is_sent_is_what_the_dry_run_said(
    story: Story, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    service = GitHubService(people=("grace",), teams=("payments",))
    bare = tmp_path / "origin.git"
    story.git("clone", "-q", "--bare", ".", str(bare))
    story.git("config", f"url.{bare}.pushInsteadOf", "git@github.com:example/shop.git")
    monkeypatch.setenv("GITHUB_TOKEN", "very-secret")
    with serving(service) as server:
        monkeypatch.setenv("EARMARK_FORGE_URL", server.url)
        assert run(["request", "--dry-run", "--json"]) == 0
        planned = [s for s in printed(capsys) if "method" in s]
        assert server.calls == []
        assert run(["request", "--json"]) == 0
        assert printed(capsys)["asked"] == ["grace", "payments"]
        sent = [(c.method, f"{server.url}{c.path}".replace("/1/", "/{number}/"), c.body) for c in server.calls]
        assert sent == [(s["method"], s["url"].partition("?")[0], s["body"]) for s in planned]
        assert run(["request"]) == 0
        assert "brought the request up to date" in capsys.readouterr().out
    assert story.git("ls-remote", str(bare), "refs/heads/retry").split()[0] == story.git("rev-parse", "HEAD")
    assert story.git("ls-remote", str(bare), "refs/notes/ai").split()[0] == story.git("rev-parse", "refs/notes/ai")
    assert service.told == {"grace": 1, "payments": 1}
    assert len(keys_in(service.pulls[0]["body"])) == 1


def test_a_dry_run_for_people_shows_the_document_and_why(story: Story, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["request", "--dry-run", "--asked", "Make it retry.", "--title", "Retry"]) == 0
    out = capsys.readouterr().out
    for part in (
        "## Review request:", "Make it retry.", "while True:", "Dev Eloper: the author, cannot review it",
        "no token for api.github.com: set GITHUB_TOKEN", "git push origin", "POST https://api.github.com/", "# Retry",
    ):  # fmt: skip
        assert part in out


def test_the_document_as_data(story: Story, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["request", "--document"]) == 0
    found = printed(capsys)
    assert [r["name"] for r in found["reviewers"]] == ["Grace"]
    assert found["regions"][0]["lines"] == {"start": 2, "end": 6}


def test_the_document_needs_no_forge(story: Story, capsys: pytest.CaptureFixture[str]) -> None:
    story.git("remote", "remove", "origin")
    assert run(["request", "--document"]) == 0
    assert printed(capsys)["repository"] == "repo"
    assert run(["request", "--dry-run"]) == 2
    assert "EARMARK_FORGE" in one_line(capsys)


@pytest.mark.parametrize(
    ("forge", "kinds"),
    [
        ("gitlab", {"push"}),
        ("gitea", {"push"}),
        ("gerrit", {"push"}),
        ("forgejo", {"push"}),
        ("github", {"push", "method"}),
    ],
)
def test_the_environment_names_the_forge(
    story: Story, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, forge: str, kinds: set[str]
) -> None:
    monkeypatch.setenv("EARMARK_FORGE", forge)
    monkeypatch.setenv("EARMARK_FORGE_URL", "http://127.0.0.1:9")
    assert run(["request", "--dry-run", "--json"]) == 0
    steps = printed(capsys)
    assert {"push" if "push" in step else "method" for step in steps} == kinds
    assert all(step.get("url", "http://127.0.0.1:9/").startswith("http://127.0.0.1:9/") for step in steps)


def test_a_mirror_on_this_disk_with_a_forge_the_user_names(
    story: Story, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    story.git("remote", "set-url", "origin", "/srv/git/example/shop.git")
    assert run(["request", "--dry-run", "--json"]) == 2
    assert "the remote" in capsys.readouterr().err
    monkeypatch.setenv("EARMARK_FORGE", "github")
    monkeypatch.setenv("EARMARK_FORGE_URL", "http://127.0.0.1:9")
    assert run(["request", "--dry-run", "--json"]) == 0
    assert printed(capsys)[2]["url"].startswith("http://127.0.0.1:9/repos/example/shop/pulls")


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    return err


def test_nothing_is_sent_from_a_workspace_nobody_trusts(story: Story, capsys: pytest.CaptureFixture[str]) -> None:
    from earmark.git.trust import distrust

    distrust(story.repo)
    assert run(["request"]) == 2
    assert "earmark trust" in one_line(capsys)
    assert run(["request", "--dry-run", "--json"]) == 0


def test_github_needs_a_token(story: Story, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["request"]) == 2
    assert "set GITHUB_TOKEN or GH_TOKEN" in one_line(capsys)


def test_a_hostile_remote_gets_no_token(
    story: Story, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "very-secret")
    with serving(GitHubService()) as server:
        monkeypatch.setenv("EARMARK_FORGE", "github")
        host = server.url.removeprefix("http://")
        story.git("remote", "set-url", "origin", f"http://{host}/example/shop.git")
        assert run(["request"]) == 2
        assert "GITHUB_TOKEN is not sent to 127.0.0.1" in one_line(capsys)
        assert server.calls == []


@pytest.mark.parametrize(
    "arguments", [["request", "no-such..HEAD"], ["request", "--remote", "gone", "x"], ["frobnicate"]]
)
def test_what_cannot_be_told_is_one_line(
    story: Story, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert run(arguments) == 2
    one_line(capsys)


def test_a_change_without_ai_needs_no_request(story: Story, capsys: pytest.CaptureFixture[str]) -> None:
    story.git("switch", "-q", "-c", "hand", "main")
    story.git.commit("By hand", {"payments/charge.py": CHARGE + "# by hand\n"})
    assert run(["request", "--dry-run", "--json"]) == 0
    assert printed(capsys) == []
    assert run(["request"]) == 0
    assert "no AI change" in capsys.readouterr().out


def test_outside_a_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    assert run(["request", "--dry-run"]) == 2
    assert "not inside a git worktree" in one_line(capsys)


def test_a_repository_without_commits(git: RealGit, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.chdir(git.top)
    assert run(["request", "--dry-run"]) == 2
    assert "no commit 'HEAD'" in one_line(capsys)


def test_nobody_left_to_ask_is_said_by_the_exit_code(
    story: Story, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    story.git("switch", "-q", "main")
    policy = '[[review]]\nlevel = "senior"\n'
    story.git.commit("Empty roster", {".earmark.toml": policy, "CODEOWNERS": ""})
    story.git("update-ref", "refs/remotes/origin/main", "HEAD")
    story.git("switch", "-q", "retry")
    story.git("rebase", "-q", "main")
    story.git("update-ref", "refs/remotes/origin/retry", "HEAD")
    monkeypatch.setenv("GITHUB_TOKEN", "x")
    with serving(GitHubService()) as server:
        monkeypatch.setenv("EARMARK_FORGE_URL", server.url)
        assert run(["request"]) == 1
    assert "nobody is left" in capsys.readouterr().out


def test_the_quoted_lines_are_those_of_the_commit_not_of_the_disk(story: Story, capsys: Any) -> None:
    story.git.write("payments/charge.py", "something else entirely\n")
    assert run(["request", "--document"]) == 0
    assert printed(capsys)["regions"][0]["text"] == RETRIED.splitlines()[1:]


def test_offline_the_request_is_kept_and_sent_later_once(
    story: Story, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    story.git("update-ref", "refs/remotes/origin/retry", "HEAD")
    monkeypatch.setenv("GITHUB_TOKEN", "x")
    service = GitHubService(people=("grace",), teams=("payments",))
    with serving(service) as server:
        monkeypatch.setenv("EARMARK_FORGE_URL", server.url)
        reply = Fault(Reply(403, {}, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "99999999999"}))
        server.faults = lambda number, call: reply
        assert run(["request"]) == 2
        assert "it is kept: `earmark review outbox send`" in one_line(capsys)
        assert run(["outbox", "--json"]) == 0
        (kept,) = printed(capsys)
        assert (kept["state"], kept["attempts"], kept["project"]) == ("waiting", 1, "example/shop")
        server.faults = None
        assert run(["outbox", "send"]) == 0
        assert "waiting" in capsys.readouterr().out
        assert service.pulls == []
        assert run(["outbox", "send", kept["key"]]) == 0
        assert "sent" in capsys.readouterr().out
        assert run(["outbox", "send", kept["key"]]) == 0
    assert len(service.pulls) == 1
    assert service.told == {"grace": 1, "payments": 1}


def test_a_kept_request_can_be_cancelled(story: Story, capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    story.git("update-ref", "refs/remotes/origin/retry", "HEAD")
    monkeypatch.setenv("GITHUB_TOKEN", "x")
    with serving(GitHubService()) as server:
        monkeypatch.setenv("EARMARK_FORGE_URL", server.url)
        server.faults = lambda number, call: Fault(Reply(429, {}, {"retry-after": "9999"}))
        assert run(["request"]) == 2
        capsys.readouterr()
        assert run(["outbox", "--json"]) == 0
        key = printed(capsys)[0]["key"]
        assert run(["outbox", "cancel", key]) == 0
        assert "cancelled" in capsys.readouterr().out
        server.faults = None
        assert run(["outbox", "send", key]) == 0
        assert len(server.calls) == 1
    capsys.readouterr()
    assert run(["outbox", "cancel", key]) == 2
    assert run(["outbox", "cancel"]) == 2


def test_a_kept_request_takes_no_token_to_a_host_the_user_names_no_more(
    story: Story, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    story.git("update-ref", "refs/remotes/origin/retry", "HEAD")
    monkeypatch.setenv("GITHUB_TOKEN", "very-secret")
    with serving(GitHubService()) as server:
        monkeypatch.setenv("EARMARK_FORGE_URL", server.url)
        server.faults = lambda number, call: Fault(Reply(429, {}, {"retry-after": "9999"}))
        assert run(["request"]) == 2
        capsys.readouterr()
        assert run(["outbox", "--json"]) == 0
        key = printed(capsys)[0]["key"]
        monkeypatch.delenv("EARMARK_FORGE_URL")
        server.faults = lambda number, call: Fault(Reply(401, {"message": "no"}))
        seen = len(server.calls)
        assert run(["outbox", "send", key]) == 1
        assert "is not sent to 127.0.0.1" in capsys.readouterr().err
        assert all("authorization" not in call.headers for call in server.calls[seen:])


def test_a_branch_in_a_fork_asks_the_project_it_came_from(
    story: Story, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    story.git("remote", "add", "fork", "git@github.com:dev/shop.git")
    story.git("config", "branch.retry.pushRemote", "fork")
    assert run(["request", "--dry-run", "--json"]) == 0
    _, push, look, create, *_ = printed(capsys)
    assert push["push"][2] == "fork"
    assert "/repos/example/shop/pulls?state=all&head=dev%3Aretry" in look["url"]
    assert create["body"]["head"] == "dev:retry"


def test_only_who_must_review_what_is_pointed_at_is_asked(story: Story, capsys: pytest.CaptureFixture[str]) -> None:
    story.git("switch", "-q", "main")
    story.git.commit("Two owners", {"CODEOWNERS": "/payments/ @grace\n/web/ @ada\n"})
    story.git("update-ref", "refs/remotes/origin/main", "HEAD")
    story.git("switch", "-q", "retry")
    story.git("rebase", "-q", "main")
    story.ledger = Ledger.open(story.repo)
    story.writes("web/page.py", "import os\n\nos.system(input())\n")
    story.commit("Add a page")
    story.ledger.close()

    def people(*arguments: str) -> list[str]:
        assert run(["request", "--document", *arguments]) == 0
        return [reviewer["name"] for reviewer in printed(capsys)["reviewers"]]

    assert people() == ["Grace", "Ada Example"]
    assert people("--path", "web/page.py:1-2") == ["Ada Example"]
    assert people("--path", "payments/charge.py") == ["Grace"]
    assert run(["request", "--dry-run", "--path", "web/page.py:1-2"]) == 0
    assert "### Look at this first\n\n- [`web/page.py lines 1–2`](https://github.com/" in capsys.readouterr().out
    assert run(["request", "--document", "--path", "tests/test_charge.py"]) == 2
    assert "nothing of an assistant's" in one_line(capsys)
    assert run(["request", "--document", "--path", "web/page.py:9-2"]) == 2
    assert "PATH:START-END" in one_line(capsys)


def test_why_these_people_line_by_line_and_nothing_is_asked_of_the_forge(
    story: Story, capsys: pytest.CaptureFixture[str]
) -> None:
    story.git("remote", "remove", "origin")
    assert run(["request", "--explain"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "Dev Eloper: the author, cannot review it" in lines
    assert any(line.startswith("Grace: asked, senior, owns ") for line in lines)
    assert run(["request", "--explain", "--json"]) == 0
    assert printed(capsys) == lines


def test_exactly_what_a_preview_showed_is_sent(
    story: Story, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    story.git("update-ref", "refs/remotes/origin/retry", "HEAD")
    monkeypatch.setenv("GITHUB_TOKEN", "very-secret")
    service = GitHubService(people=("grace",), teams=("payments",))
    for number in range(2):
        service.open_pull(f"other-{number}", "main", "", waiting=["grace"])
    with serving(service) as server:
        monkeypatch.setenv("EARMARK_FORGE_URL", server.url)
        assert run(["request", "--preview", "--asked", "Make it retry."]) == 0
        shown = printed(capsys)
        assert server.writes() == []
        assert [(one["login"], one["open"]) for one in shown["people"]] == [("grace", 2)]
        assert shown["document"] in shown["text"]
        assert "2 open requests wait for them" in shown["text"]
        assert "very-secret" not in json.dumps(shown)
        assert run(["request", "--as-previewed", shown["digest"], "--json"]) == 0
        assert printed(capsys)["asked"] == ["grace", "payments"]
        assert service.pulls[-1]["body"] == shown["document"]
        story.git.commit("More", {"README": "more\n"})
        assert run(["request", "--as-previewed", shown["digest"]]) == 2
        assert "has moved since" in one_line(capsys)
        assert run(["request", "--as-previewed", "0" * 24]) == 2
        assert "look at a new one" in one_line(capsys)


def test_a_preview_says_why_it_could_not_be_sent(story: Story, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["request", "--preview"]) == 0
    shown = printed(capsys)
    assert "set GITHUB_TOKEN" in shown["blocked"]
    assert shown["people"][0]["open"] is None
    assert "**Not sent: `no token for api.github.com" in shown["text"]
