"""What could not be sent: kept, shown, sent in the background, taken back."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from desk import Desk, at_desk
from forge_server import Fault, Reply
from real_git import RealGit

from earmark.review.request import keys_in


@pytest.fixture
async def desk(git: RealGit, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    async with at_desk(git, monkeypatch) as found:
        yield found


LIMITED = Fault(Reply(403, {}, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "99999999999"}))


async def kept(desk: Desk) -> str:
    """The key of a request that the forge took no part of."""
    shown = await desk.ask("earmark/reviewPreview")
    desk.server.faults = lambda number, call: LIMITED if call.method == "POST" else None
    refused = desk.command("earmark.requestReview", digest=shown["digest"])
    desk.editor.reply(await desk.asked_by("window/workDoneProgress/create"))
    assert "it is kept" in (await desk.later(refused))["message"]
    found = await desk.ask("earmark/reviewQueue")
    assert [(one["state"], one["attempts"]) for one in found["outbox"]] == [("waiting", 1)]
    return str(found["outbox"][0]["key"])


async def test_a_kept_request_is_sent_in_the_background(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    key = await kept(desk)
    desk.server.faults = None
    later = time.time() + 100_000
    monkeypatch.setattr(time, "time", lambda: later)
    await desk.editor.pass_time(1)
    desk.said("")
    desk.editor.clock.move(5)
    desk.editor.reply(await desk.asked_by("window/workDoneProgress/create"))
    await desk.editor.until(lambda: len(desk.service.pulls) == 1)
    await desk.editor.until(
        lambda: any(m["method"] == "$/progress" and m["params"]["value"]["kind"] == "end" for m in desk.editor.unread)
    )
    [begun] = [m["params"]["value"] for m in desk.said("$/progress") if m["params"]["value"]["kind"] == "begin"]
    assert begun["cancellable"] is True
    assert "Retry failed charges" in begun["title"]
    assert keys_in(desk.service.pulls[0]["body"]) == (key,)
    assert desk.service.told == {"grace": 1, "payments": 1}


async def test_a_kept_request_can_be_sent_now_or_taken_back(desk: Desk) -> None:
    key = await kept(desk)
    assert await desk.later(desk.command("earmark.outbox", action="cancel", key=key)) == {"done": True}
    assert await desk.later(desk.command("earmark.outbox", action="cancel", key=key)) == {"done": False}
    again = await kept(desk)
    assert again == key
    desk.server.faults = None
    sent = desk.command("earmark.outbox", action="send", key=key)
    desk.editor.reply(await desk.asked_by("window/workDoneProgress/create"))
    assert await desk.later(sent) == {"done": True}
    assert len(desk.service.pulls) == 1


async def test_what_is_being_sent_can_be_cancelled(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    await kept(desk)
    go_on, reached = threading.Event(), threading.Event()

    def hold(number: int, call: Any) -> Fault | None:
        if call.method != "POST":
            return None
        reached.set()
        go_on.wait(20)
        return Fault(cut=True)

    desk.server.faults = hold
    later = time.time() + 100_000
    monkeypatch.setattr(time, "time", lambda: later)
    await desk.editor.pass_time(1)
    desk.said("")
    desk.editor.clock.move(5)
    create = await desk.asked_by("window/workDoneProgress/create")
    desk.editor.reply(create)
    await desk.editor.until(reached.is_set)
    desk.editor.send("window/workDoneProgress/cancel", {"token": create["params"]["token"]})
    await desk.editor.until(
        lambda: any(m["method"] == "$/progress" and m["params"]["value"]["kind"] == "end" for m in desk.editor.unread)
    )
    go_on.set()
    found = await desk.ask("earmark/reviewQueue")
    assert [one["state"] for one in found["outbox"]] == ["cancelled"]
    assert desk.service.pulls == []


async def test_the_queue_is_what_waits_and_what_is_on_its_way(desk: Desk) -> None:
    desk.service.open_pull("theirs", "main", "<!-- earmark:" + "a" * 24 + " -->", waiting=["dev"])
    found = await desk.ask("earmark/reviewQueue")
    assert [(one["number"], one["ours"]) for one in found["waiting"]] == [("1", True)]
    assert (found["outbox"], found["note"]) == ([], "")
