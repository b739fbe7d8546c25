"""A review from the editor: asked for after a look at it, and followed region by region."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from agent import Agent
from desk import FULL, Desk, at_desk
from editor import span
from forge_server import Fault, Reply
from real_git import RealGit
from request_story import RETRIED, Story
from test_approvals import Keys

from earmark.cli.review import run as review
from earmark.git.repository import Repository
from earmark.lsp.commands.request_review import ENDS, YOURS
from earmark.lsp.handlers.code_lens import stretches
from earmark.lsp.program import Ran, earmark
from earmark.lsp.reviews import RegionReview
from earmark.origin.ledger import folder
from earmark.origin.model import LineRange


@pytest.fixture
async def desk(git: RealGit, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    async with at_desk(git, monkeypatch) as found:
        yield found


async def test_a_region_says_how_its_review_stands(desk: Desk) -> None:
    assert await desk.states() == ["pending"]
    assert await desk.lenses() == [(1, "Review: not reviewed, and not asked for from here")]
    head = desk.story.git("rev-parse", "HEAD")
    desk.service.open_pull("retry", "main", "", waiting=["grace"])
    state = await desk.ask("earmark/reviewState", refresh=True)
    assert (state["state"], state["waiting"], state["note"]) == ("open", ["grace"], "")
    assert [(r["path"], r["lines"], r["state"]) for r in state["regions"]] == [
        ("payments/charge.py", [2, 6], "pending")
    ]
    assert "Review: waits for grace" in await desk.hover()
    desk.service.review(1, "grace", "APPROVED", head)
    assert (await desk.ask("earmark/reviewState", refresh=True))["regions"][0]["by"] == [
        {"name": "Grace", "level": "senior"}
    ]
    assert await desk.states() == ["approved"]
    assert await desk.lenses() == [(1, "Review: approved by Grace (senior)")]
    assert "Review: approved by Grace (senior)" in await desk.hover()
    assert desk.said("earmark/reviewChanged")
    desk.editor.change(desk.uri, 2, ((0, 0), (0, 0), "# above\n\n"))
    assert await desk.lenses() == [(3, "Review: approved by Grace (senior)")]
    desk.editor.change(desk.uri, 3, ((5, 0), (5, 4), "      "))
    assert await desk.states() == ["stale"]
    [(line, said)] = await desk.lenses()
    assert (line, "edited here" in said) == (3, True)
    desk.service.review(1, "grace", "CHANGES_REQUESTED", head)
    await desk.ask("earmark/reviewState", refresh=True)
    assert "Review: changes requested by Grace" in await desk.hover()


async def test_a_stale_approval_names_its_reason(desk: Desk) -> None:
    desk.service.open_pull("retry", "main", "")
    desk.service.review(1, "grace", "APPROVED", desk.story.git("rev-parse", "HEAD"))
    from earmark.origin.ledger import Ledger

    desk.story.ledger = Ledger.open(desk.story.repo)
    changed = RETRIED.replace("pass", "continue")
    desk.story.writes("payments/charge.py", changed)
    desk.story.commit("Go on")
    desk.story.ledger.close()
    desk.editor.change(desk.uri, 2, changed)
    await desk.editor.pass_time(1)
    await desk.ask("earmark/reviewState", refresh=True)
    assert "stale" in await desk.states()
    assert "Grace: the region has changed since" in await desk.hover()


async def test_the_preview_is_sent_as_it_was_shown(desk: Desk) -> None:
    shown = await desk.ask("earmark/reviewPreview", asked="Make it *retry*.")
    assert desk.server.writes() == []
    assert (shown["blocked"], shown["people"][0]["login"], shown["people"][0]["open"]) == ("", "grace", 0)
    for part in ("# `Retry failed charges`", "Make it *retry*.", "## Who would be asked", "POST http://127.0.0.1"):
        assert part in shown["text"]
    asked = desk.command("earmark.requestReview", digest=shown["digest"])
    desk.editor.reply(await desk.asked_by("window/workDoneProgress/create"))
    done = await desk.later(asked)
    assert (done["sent"], done["result"]["asked"]) == (True, ["grace", "payments"])
    assert desk.service.pulls[0]["body"] == shown["document"]
    desk.story.git.commit("More", {"README": "more\n"})
    refused = desk.command("earmark.requestReview", digest=shown["digest"])
    desk.editor.reply(await desk.asked_by("window/workDoneProgress/create"))
    assert "has moved since" in (await desk.later(refused))["message"]


@pytest.mark.parametrize("answer", ["Send", "Do not send"])
async def test_without_a_preview_the_author_is_shown_one_and_asked(desk: Desk, answer: str) -> None:
    asked = desk.command("earmark.requestReview")
    shown = await desk.asked_by("window/showDocument")
    page = desk.story.git.top / ".git" / "earmark" / "review-request.md"
    assert shown["params"]["uri"] == page.as_uri()
    text = page.read_text()
    assert text.startswith(YOURS)
    assert "### Risk:" in text
    desk.editor.open(page.as_uri(), text.replace(ENDS, f"Survive a flaky provider.\n{ENDS}"), "markdown")
    desk.editor.reply(shown, {"success": True})
    question = await desk.asked_by("window/showMessageRequest")
    assert "to Grace (0 open); team example/payments?" in question["params"]["message"]
    assert desk.server.writes() == []
    desk.editor.reply(question, {"title": answer})
    if answer == "Send":
        desk.editor.reply(await desk.asked_by("window/workDoneProgress/create"))
    done = await desk.later(asked)
    assert done["sent"] is (answer == "Send")
    assert len(desk.service.pulls) == done["sent"]
    for pull in desk.service.pulls:
        assert "Survive a flaky provider." in pull["body"]


async def test_a_region_or_a_file_can_be_pointed_at(desk: Desk) -> None:
    desk.editor.change(desk.uri, 2, ((0, 0), (0, 0), "# above\n"))
    [region] = [r for r in (await desk.about("earmark/regions"))["regions"] if r["kind"] == "ai"]
    shown = await desk.ask("earmark/reviewPreview", scope="region", id=region["id"])
    assert "### Look at this first\n\n- [`payments/charge.py lines 2–6`]" in shown["document"]
    shown = await desk.ask("earmark/reviewPreview", scope="file")
    assert "### Look at this first\n\n- [`payments/charge.py`]" in shown["document"]
    refused = await desk.ask("earmark/reviewPreview", scope="region", range=span((0, 0), (0, 3)))
    assert "not committed yet" in refused["message"]
    found = await desk.about("textDocument/codeAction", range=span((3, 0), (3, 0)), context={"diagnostics": []})
    offered = {a["title"]: a["command"]["arguments"][0] for a in found if "request a review" in a["title"]}
    assert {title: argument.get("scope") for title, argument in offered.items()} == {
        "Earmark: request a review": None,
        "Earmark: request a review of this file": "file",
        "Earmark: request a review of this region": "region",
    }
    region_here = offered["Earmark: request a review of this region"]
    assert region_here["range"] == span((2, 0), (6, 0))


async def test_nothing_is_started_where_nobody_trusts(start: Any, git: RealGit) -> None:
    from earmark.git.trust import distrust

    story = Story(git)
    story.retry()
    story.ledger.close()
    distrust(story.repo)
    editor = await start(FULL, rootUri=git.top.as_uri())
    uri = (git.top / "payments/charge.py").as_uri()
    editor.open(uri, RETRIED)
    await editor.idle()
    await editor.pass_time(1)
    state = await editor.request("earmark/reviewState", {"uri": uri})
    assert (state["regions"], state["key"]) == ([], "")
    lenses = await editor.request("textDocument/codeLens", {"textDocument": {"uri": uri}})
    assert lenses == []
    assert not (story.git.top / ".git" / "earmark" / "outbox.db").exists()
    assert folder(story.repo)
    editor.unread.clear()


async def test_a_signed_approval_appears_by_itself_and_typing_starts_nothing(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = Keys(tmp_path)
    keys.make("grace")
    git = desk.story.git
    git("switch", "-q", "main")
    git.commit("Signers", {".earmark/allowed_signers": f"grace@example.com {keys.public('grace')}\n"})
    git("update-ref", "refs/remotes/origin/main", "HEAD")
    git("switch", "-q", "retry")
    git("rebase", "-q", "main")
    await desk.settled()
    assert await desk.states() == ["pending"]
    git("config", "user.email", "grace@example.com")
    monkeypatch.chdir(git.top)
    assert review(["approve", "--key", str(keys.folder / "grace")]) == 0
    await desk.settled()
    assert await desk.states() == ["approved"]
    assert desk.server.calls == []
    started: list[tuple[str, ...]] = []

    async def count(repo: Repository, *arguments: str, **more: Any) -> Ran:
        started.append(arguments)
        return await earmark(repo, *arguments, **more)

    monkeypatch.setattr("earmark.lsp.reviews.earmark", count)
    Agent(git).write("payments/other.py", "x = 1\n")
    await desk.settled()
    assert started == []
    git.commit("More", {"README": "more\n"})
    await desk.settled()
    assert 1 <= len(started) <= 2, "the commit, and the note that looking at it derives"


def test_lines_of_one_edit_are_one_stretch() -> None:
    near = [RegionReview(LineRange(line, line), "pending") for line in (2, 4, 9)]
    far, other = RegionReview(LineRange(15, 16), "pending"), RegionReview(LineRange(11, 11), "approved", (("A", "x"),))
    assert stretches(near) == [RegionReview(LineRange(2, 9), "pending")]
    assert stretches([*near, other, far]) == [RegionReview(LineRange(2, 9), "pending"), other, far]
    assert stretches([]) == []


async def test_the_clients_word_is_enough(desk: Desk) -> None:
    """A workspace that the editor trusts and the user's list does not know is followed, and its processes know it."""
    from earmark.git.trust import distrust

    distrust(desk.story.repo)
    desk.editor.change(desk.uri, 2, ((0, 0), (0, 0), "# above\n"))
    desk.service.open_pull("retry", "main", "", waiting=["grace"])
    desk.story.git.commit("More", {"README": "more\n"})
    await desk.settled()
    state = await desk.ask("earmark/reviewState", refresh=True)
    assert (state["waiting"], state["note"]) == (["grace"], "")
    desk.service.review(1, "grace", "APPROVED", desk.story.git("rev-parse", "HEAD"))
    desk.story.git.commit("Even more", {"README": "even more\n"})
    await desk.settled()
    assert (await desk.ask("earmark/reviewState"))["regions"] != []


async def test_a_request_sent_from_a_terminal_shows(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(desk.story.git.top)
    assert review(["request"]) == 0
    await desk.settled()
    assert await desk.lenses() == [(1, "Review: waits for grace, payments")]
    desk.editor.close_document(desk.uri)
    desk.service.review(1, "grace", "APPROVED", desk.story.git("rev-parse", "HEAD"))
    assert review(["request", "--title", "Another title"]) == 0
    desk.editor.open(desk.uri, RETRIED)
    await desk.settled()
    assert await desk.lenses() == [(1, "Review: approved by Grace (senior)")]


async def test_a_reviewer_sees_what_the_author_sees(desk: Desk) -> None:
    """The request was sent from another clone; looking at what waits is what lets this one ask the forge."""
    desk.service.open_pull("retry", "main", "", waiting=["grace"])
    await desk.settled()
    assert desk.server.calls == []
    await desk.ask("earmark/reviewQueue")
    await desk.settled()
    assert await desk.lenses() == [(1, "Review: waits for grace")]
    hover = await desk.hover()
    for part in ("Review: waits for grace", "Asked of the change: approval by 1 × senior or above", "pull/1"):
        assert part in hover
    desk.service.review(1, "grace", "APPROVED", desk.story.git("rev-parse", "HEAD"))
    await desk.editor.pass_time(301)
    await desk.settled()
    assert await desk.lenses() == [(1, "Review: approved by Grace (senior)")]


async def test_a_forge_that_does_not_answer_takes_nothing_back(desk: Desk) -> None:
    desk.service.open_pull("retry", "main", "")
    desk.service.review(1, "grace", "APPROVED", desk.story.git("rev-parse", "HEAD"))
    await desk.ask("earmark/reviewState", refresh=True)
    assert await desk.states() == ["approved"]
    down = Fault(Reply(401, {"message": "Bad credentials"}))
    desk.server.faults = lambda number, call: down
    state = await desk.ask("earmark/reviewState", refresh=True)
    assert "Bad credentials" in state["note"]
    assert await desk.states() == ["approved"]
    desk.server.faults = None
    desk.service.review(1, "grace", "CHANGES_REQUESTED", desk.story.git("rev-parse", "HEAD"))
    await desk.ask("earmark/reviewState", refresh=True)
    assert "Review: changes requested by Grace" in await desk.hover()
