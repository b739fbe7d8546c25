"""What a request says of real commits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from real_git import RealGit
from request_story import CHARGE, CLAUDE, POLICY, RETRIED, Story

from earmark.gate.gather import added, of_span
from earmark.origin import state
from earmark.origin.digest import digest
from earmark.origin.model import LineRange
from earmark.review import span
from earmark.review.collect import Collected, Sources, collect
from earmark.review.document import markdown
from earmark.trailers.message import parse


@pytest.fixture
def story(git: RealGit) -> Iterator[Story]:
    told = Story(git)
    yield told
    told.ledger.close()


def collected(story: Story, given: str = "", **more: Any) -> Collected:
    sources = Sources("github", "github.com/example/shop", datetime(2026, 11, 21, tzinfo=UTC), **more)
    return collect(story.repo, story.ledger, span.find(story.repo, given), sources)


def test_the_regions_of_the_head_are_quoted(story: Story) -> None:
    head = story.retry()
    request = collected(story).request
    assert (request.base, request.head, request.target) == (story.base, head, "main")
    assert request.title == "Retry failed charges"
    region, *more = request.regions
    assert not more
    assert (region.path, region.lines, region.session) == ("payments/charge.py", LineRange(2, 6), CLAUDE.id)
    assert region.text == tuple(RETRIED.splitlines()[1:])
    removal, *more = request.removals
    assert not more
    assert removal.text == tuple(CHARGE.splitlines()[1:])
    assert (request.ai_lines, request.added, request.ai_removed) == (5, 6, 3)
    assert request.tests_changed == ("tests/test_charge.py",)
    assert request.rollout == "canary"
    declared = parse(b"x\n\n" + request.trailers.encode()).declared
    assert (declared.ai_lines, declared.lines, declared.removed, declared.risk) == (5, 6, 3, "high")
    assert declared.review and declared.rollout == "canary"


def test_neither_the_author_nor_the_director_is_asked(story: Story) -> None:
    story.retry()
    found = collected(story)
    assert [choice.person.name for choice in found.route.people] == ["Grace"]
    assert found.route.teams == ("example/payments",)
    assert "Dev Eloper: the author, cannot review it" in found.route.lines
    (grace,) = found.request.reviewers
    assert grace.reason.startswith("senior, owns 1 of 1 files, wrote 4 lines")


def test_the_change_cannot_choose_its_own_reviewers(story: Story) -> None:
    story.git.write("CODEOWNERS", "* @dev\n")
    story.git.write(".earmark.toml", "[roster]\npeople = []\n")
    story.retry()
    found = collected(story)
    assert [choice.person.name for choice in found.route.people] == ["Grace"]


def test_two_commits_are_one_request_with_the_lines_of_the_head(story: Story) -> None:
    story.retry()
    story.writes("payments/charge.py", "import time\n\n" + RETRIED.replace("            pass\n", ""))
    head = story.commit("Wait between retries")
    found = collected(story)
    assert [(r.path, r.lines) for r in found.request.regions] == [
        ("payments/charge.py", LineRange(1, 2)),
        ("payments/charge.py", LineRange(4, 7)),
    ]
    assert found.request.head == head
    assert (found.request.ai_lines, found.request.added, found.request.ai_removed) == (6, 7, 3)
    assert found.request.title == "Retry failed charges"
    only = collected(story, "HEAD~1..HEAD").request
    assert (only.ai_lines, only.ai_removed) == (2, 1)


def test_asking_again_after_an_amend_or_a_rebase_is_the_same_request(story: Story) -> None:
    story.retry()
    key = collected(story).request.key
    story.git("commit", "-q", "--amend", "-m", "Retry failed charges for a while")
    assert collected(story).request.key == key
    story.git("switch", "-q", "main")
    story.git.commit("Elsewhere", {"README": "x\n"})
    story.git("update-ref", "refs/remotes/origin/main", "HEAD")
    story.git("switch", "-q", "retry")
    story.git("rebase", "-q", "main")
    assert collected(story).request.key == key
    story.git("branch", "-m", "other")
    assert collected(story).request.key != key


def test_a_change_without_ai_asks_for_nothing(story: Story) -> None:
    story.git.write("payments/charge.py", CHARGE + "# by hand\n")
    story.commit("By hand")
    found = collected(story)
    assert (found.request.ai_lines, found.request.trailers, found.route.lines) == (0, "", ())


def test_the_same_request_twice_is_byte_equal(story: Story) -> None:
    story.retry()
    assert collected(story).request == collected(story).request


def test_a_binary_file_a_renamed_one_and_a_deleted_one(story: Story) -> None:
    story.git.write("logo.png", b"\x89PNG\0\0")
    story.git("mv", "payments/charge.py", "payments/take.py")
    story.git("rm", "-q", "tests/test_charge.py")
    story.writes("payments/take.py", CHARGE + "\n\ndef refund(order):\n    return provider.refund(order)\n")
    story.commit("Move")
    request = collected(story).request
    assert [(r.path, r.lines) for r in request.regions] == [("payments/take.py", LineRange(5, 8))]
    assert request.tests_removed == ("tests/test_charge.py",)


def test_problems_of_owners_and_policy_files_are_said(story: Story) -> None:
    story.git("switch", "-q", "main")
    policy = (story.git.top / ".earmark.toml").read_text() + 'away = "x"\n'
    story.git.commit("Break", {"CODEOWNERS": "/payments/ @grace nobody\n", ".earmark.toml": policy})
    story.git("update-ref", "refs/remotes/origin/main", "HEAD")
    story.git("switch", "-q", "-c", "again")
    story.retry()
    problems = collected(story).problems
    assert [p.partition(" line ")[0] for p in problems] == [".earmark.toml", "CODEOWNERS"]


def test_which_span(story: Story) -> None:
    git = story.git
    with pytest.raises(span.NoSpan, match="HEAD adds nothing to main"):
        span.find(story.repo)
    head = story.retry()
    found = span.find(story.repo)
    assert (found.base, found.head, found.target, found.branch) == (story.base, head, "main", "retry")
    assert (found.remote, found.url, found.pushed) == ("origin", "git@github.com:example/shop.git", False)
    git("update-ref", "refs/remotes/origin/retry", "HEAD")
    assert span.find(story.repo).pushed
    assert span.find(story.repo, f"{story.base}..HEAD")[:2] == (story.base, head)
    assert span.find(story.repo, "main...retry")[:2] == (story.base, head)
    assert span.find(story.repo, "retry")[:2] == (story.base, head)
    assert span.find(story.repo, story.base).base == ""
    git("config", "url.https://git.example.com/.insteadOf", "git@github.com:")
    assert span.find(story.repo).url == "https://git.example.com/example/shop.git"
    git("remote", "add", "fork", "git@github.com:dev/shop.git")
    git("config", "branch.retry.pushRemote", "fork")
    found = span.find(story.repo)
    assert (found.remote, found.push_url) == ("fork", "https://git.example.com/dev/shop.git")
    assert found.url == "https://git.example.com/example/shop.git"
    git("remote", "add", "upstream", "https://github.com/big/shop")
    assert span.find(story.repo).url == "https://github.com/big/shop"
    git("config", "remote.--upload-pack=x.url", "https://evil.example/x")
    git("config", "branch.retry.pushRemote", "--upload-pack=x")
    assert span.find(story.repo).remote == "origin"
    for wrong in ("nowhere", "main..nowhere", "-x..HEAD", "HEAD..HEAD", "--output=x"):
        with pytest.raises(span.NoSpan):
            span.find(story.repo, wrong)


def test_a_change_on_the_target_itself_gets_a_branch_of_its_own(git: RealGit) -> None:
    story = Story(git)
    git("switch", "-q", "main")
    story.retry()
    found = span.find(story.repo)
    assert found.target == "main"
    assert found.branch.startswith("review/retry-failed-charges-")
    git("commit", "-q", "--amend", "-m", "Retry failed charges", "--no-edit")
    assert span.find(story.repo).branch == found.branch
    story.ledger.close()


def test_a_repository_without_a_remote(git: RealGit, tmp_path: Path) -> None:
    story = Story(git)
    git("remote", "remove", "origin")
    story.retry()
    found = span.find(story.repo)
    assert (found.base, found.remote, found.url, found.pushed) == (story.base, "", "", False)
    story.ledger.close()


def test_what_is_judged_is_what_the_assistant_did(story: Story) -> None:
    """The sum counts the assistant's lines alone, and the rules see them: the endless retry, the swallowed error."""
    story.retry()
    request = collected(story).request
    assert any(term.name == "finding" and "payments/charge.py" in term.evidence for term in request.terms)
    assert [term.evidence for term in request.terms if term.name == "size-added"] == ["5 lines added outside tests"]
    assert [term.evidence for term in request.terms if term.name == "production"] == ["payments/charge.py"]
    assert request.level in ("medium", "high", "critical")


def test_one_commit_is_declared_as_the_commit_itself_is(story: Story) -> None:
    """Equal removed lines whose places matter: the block of a squash of one commit is the commit's own."""
    story.git.write("payments/charge.py", CHARGE + "\n\ndef refund(order):\n    if order.paid:\n        return None\n")
    story.git.commit("By hand")
    story.git("update-ref", "refs/remotes/origin/main", "HEAD")
    story.writes("payments/charge.py", CHARGE + "\n\ndef refund(order):\n    return provider.refund(order)\n")
    head = story.commit("Refund")
    (change,) = state.commits(story.repo, story.ledger, [head])
    found = collected(story).request
    assert parse(b"x\n\n" + found.trailers.encode()).declared.digest == digest(change.files)
    assert (found.ai_lines, found.ai_removed) == (change.ai_lines, change.ai_removed) == (1, 2)


def test_the_gate_says_the_same_risk(story: Story) -> None:
    story.retry()
    found = collected(story).request
    facts = of_span(story.repo, story.ledger, added(story.repo, ""), "draft")
    assert facts.level == found.level
    assert facts.commits[0].risk == parse(b"x\n\n" + found.trailers.encode()).declared.risk


def test_the_organisations_policy_tightens(story: Story) -> None:
    story.retry()
    stricter = b'[[review]]\nlevel = "principal"\n'
    assert any("principal" in line for line in collected(story, base_policy=stricter).route.unmet)


def test_without_a_roster_the_owners_are_asked(git: RealGit) -> None:
    story = Story(git)
    git("switch", "-q", "main")
    git.commit("No roster", {".earmark.toml": "", "CODEOWNERS": "/payments/ @dev @Zoe @org/payments\n"})
    git("update-ref", "refs/remotes/origin/main", "HEAD")
    git("switch", "-q", "retry")
    git("config", "user.email", "123+dev@users.noreply.github.com")
    story.retry()
    found = collected(story)
    assert [choice.person.login for choice in found.route.people] == ["Zoe"]
    assert (found.route.teams, found.route.unmet) == (("org/payments",), ())
    git("switch", "-q", "main")
    git.commit("Teams only", {"CODEOWNERS": "/payments/ @org/payments\n"})
    git("update-ref", "refs/remotes/origin/main", "HEAD")
    git("switch", "-q", "retry")
    found = collected(story)
    assert (found.route.people, found.route.teams, found.route.unmet) == ((), ("org/payments",), ())
    assert "nobody of org/payments is on the roster" in found.request.notices[0]
    story.ledger.close()


def test_what_depends_on_the_change_is_named(story: Story) -> None:
    story.git("switch", "-q", "main")
    caller = "from payments.charge import charge\n\n\ndef close(order):\n    return charge(order)\n"
    story.git.commit("Callers", {"checkout/api.py": caller, "jobs/nightly.py": caller})
    story.git("update-ref", "refs/remotes/origin/main", "HEAD")
    story.git("switch", "-q", "retry")
    story.git("rebase", "-q", "main")
    story.retry()
    (said,) = collected(story).request.dependents or ()
    where = "checkout/api.py, jobs/nightly.py, tests/test_charge.py"
    assert said.startswith("charge of payments/charge.py: ")
    assert said.endswith(f" callers in 3 files: {where}")
    assert collected(story).request == collected(story).request


def test_a_freeze_is_among_what_the_policy_asks(story: Story) -> None:
    story.retry()
    story.git("switch", "-q", "main")
    frozen = POLICY + '[[freeze]]\nfrom = 2026-11-20\nuntil = 2026-11-30\nreason = "sale"\n'
    story.git.commit("Freeze", {".earmark.toml": frozen})
    story.git("update-ref", "refs/remotes/origin/main", "HEAD")
    story.git("switch", "-q", "retry")
    assert "forbidden-ai" in [item.code for item in collected(story).request.obligations]


REPORT = """---
id: 2026-03-double-charge
date: 2026-03-14
severity: high
title: customers were charged twice
symbols: [charge]
lesson: Send an idempotency key.
---
A retry without a key charged every order again.
"""


def test_the_incident_it_resembles_is_named_as_the_target_has_it(story: Story) -> None:
    story.git("switch", "-q", "main")
    other = REPORT.replace("[charge]", "[refund]").replace("2026-03-double", "2026-04-other")
    story.git.commit("Reports", {"incidents/double.md": REPORT, "incidents/other.md": other})
    story.git("update-ref", "refs/remotes/origin/main", "HEAD")
    story.git("switch", "-q", "retry")
    story.git("rebase", "-q", "main")
    story.retry()
    (incident,) = collected(story).request.incidents or ()
    assert incident.title == "2026-03-double-charge of 2026-03-14: customers were charged twice"
    assert incident.why.startswith("payments/charge.py: ")
    assert incident.why.endswith("; Send an idempotency key.")
    assert "### Incidents it resembles\n\n- `2026-03-double-charge" in markdown(collected(story).request)
