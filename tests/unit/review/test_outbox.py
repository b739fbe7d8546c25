"""A request is kept until the forge has it, and made effectively once however the process ends."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
from forge_server import Fault, Reply, serving
from github_service import GitHubService
from real_git import RealGit
from test_sending_github import ASK, KEY, FakeClock, writes

from earmark.git.repository import Repository
from earmark.git.trust import open_repository
from earmark.review.forges.forge import Project, Receipt, Refused
from earmark.review.forges.github import GitHub
from earmark.review.forges.hosts import Credential
from earmark.review.forges.sender import Denied, ForgeError, RateLimited, Sender, Uncertain, Unreachable
from earmark.review.outbox import (
    CLAIM_SECONDS,
    MOST_ATTEMPTS,
    MOST_PREVIEWS,
    Entry,
    Outbox,
    OutboxError,
    Previewed,
    deliver,
)

PROJECT = Project("https://api.github.com", "o/r")
RECEIPT = Receipt("7", "https://h/7", True, "open", ("ada",), ("said",))
RUNS = int(os.environ.get("EARMARK_RUNS", "60"))


class Time:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time_() -> Time:
    return Time()


@pytest.fixture
def repo(git: RealGit) -> Repository:
    found = open_repository(git.top)
    assert found is not None
    return found


@pytest.fixture
def outbox(repo: Repository, time_: Time) -> Iterator[Outbox]:
    with Outbox.open(repo, time_) as opened:
        opened.put("github", PROJECT, ASK)
        yield opened


def answering(outcome: Receipt | Exception) -> Callable[[Entry], Receipt]:
    def send(entry: Entry) -> Receipt:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return send


def test_a_request_is_kept_as_it_was_given(outbox: Outbox, repo: Repository, time_: Time) -> None:
    with Outbox.open(repo, time_) as again:
        (entry,) = again.entries()
    assert (entry.ask, entry.project, entry.kind, entry.state) == (ASK, PROJECT, "github", "waiting")
    sent = deliver(outbox, answering(RECEIPT))
    assert sent is not None
    assert (sent.state, sent.receipt, sent.attempts) == ("sent", RECEIPT, 1)
    assert deliver(outbox, answering(RECEIPT)) is None


OUTCOMES: list[tuple[Exception, str, float]] = [
    (RateLimited("limit", 3000.0), "waiting", 3000.0),
    (Unreachable("down"), "waiting", 60.0),
    (Uncertain("lost"), "waiting", 60.0),
    (Denied("no token"), "failed", 0.0),
    (Refused("no branch"), "failed", 0.0),
    (ForgeError("another host"), "failed", 0.0),
]


@pytest.mark.parametrize(("error", "state", "wait"), OUTCOMES)
def test_what_may_work_later_is_kept(outbox: Outbox, time_: Time, error: Exception, state: str, wait: float) -> None:
    entry = deliver(outbox, answering(error))
    assert entry is not None
    assert (entry.state, entry.said) == (state, str(error))
    if state == "waiting":
        assert entry.next_at == time_.now + wait
        assert deliver(outbox, answering(RECEIPT)) is None
        time_.now += wait
    else:
        outbox.put("github", PROJECT, ASK)
    assert deliver(outbox, answering(RECEIPT)).state == "sent"  # type: ignore[union-attr]


def test_pauses_grow_and_the_user_need_not_wait(outbox: Outbox, time_: Time) -> None:
    pauses = []
    for _ in range(6):
        entry = deliver(outbox, answering(Unreachable("down")), KEY)
        assert entry is not None
        pauses.append(entry.next_at - time_.now)
    assert pauses == [60.0, 300.0, 900.0, 3600.0, 3600.0, 3600.0]
    assert deliver(outbox, answering(RECEIPT), KEY).state == "sent"  # type: ignore[union-attr]


def test_it_is_given_up_after_about_a_day(outbox: Outbox) -> None:
    for _ in range(MOST_ATTEMPTS - 1):
        assert deliver(outbox, answering(Unreachable("down")), KEY).state == "waiting"  # type: ignore[union-attr]
    last = deliver(outbox, answering(RateLimited("limit", 3.0)), KEY)
    assert last is not None
    assert (last.state, last.said) == ("failed", f"given up after {MOST_ATTEMPTS} attempts: limit")


def test_what_is_due_next(outbox: Outbox, time_: Time) -> None:
    assert outbox.next_due() == (outbox.get(KEY), time_.now)
    claimed = outbox.claim()
    assert claimed is not None
    entry, due = outbox.next_due() or pytest.fail("nothing")
    assert (entry.state, due) == ("sending", time_.now + CLAIM_SECONDS)
    outbox.later(KEY, claimed[1], "down", 60.0)
    assert outbox.next_due() == (outbox.get(KEY), time_.now + 60.0)
    outbox.cancel(KEY)
    assert outbox.next_due() is None


def test_the_latest_previews_are_kept(outbox: Outbox, time_: Time) -> None:
    for number in range(MOST_PREVIEWS + 3):
        time_.now += 1
        outbox.keep_preview(f"d{number}", "github", PROJECT, ASK, (f"u{number}",))
    assert outbox.preview("d2") is None
    assert outbox.preview("d3") == Previewed("github", PROJECT, ASK, ("u3",))


def test_a_cancelled_request_is_not_sent(outbox: Outbox) -> None:
    assert outbox.cancel(KEY)
    assert deliver(outbox, answering(RECEIPT), KEY) is None
    assert not outbox.cancel(KEY)
    assert not outbox.cancel("unknown")


def test_cancelled_while_it_is_sent(outbox: Outbox) -> None:
    def send(entry: Entry) -> Receipt:
        assert outbox.cancel(KEY)
        return RECEIPT

    assert deliver(outbox, send).state == "cancelled"  # type: ignore[union-attr]


def test_two_processes_do_not_send_one_request(outbox: Outbox, repo: Repository, time_: Time) -> None:
    first = outbox.claim()
    assert first is not None
    with Outbox.open(repo, time_) as other:
        assert other.claim() is None
        assert other.claim(KEY) is None
        time_.now += CLAIM_SECONDS + 1
        taken = other.claim()
        assert taken is not None
        outbox.sent(KEY, first[1], RECEIPT)
        assert other.get(KEY).state == "sending"  # type: ignore[union-attr]
        other.sent(KEY, taken[1], RECEIPT)
        assert other.get(KEY).state == "sent"  # type: ignore[union-attr]


def test_many_at_once_claim_it_once(outbox: Outbox, repo: Repository, time_: Time) -> None:
    claims: list[Any] = []

    def take() -> None:
        with Outbox.open(repo, time_) as own:
            claims.append(own.claim())

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(claim is not None for claim in claims) == 1


def test_an_outbox_that_cannot_be_used_is_said(repo: Repository, time_: Time) -> None:
    folder = Path(repo.common_dir) / "earmark"
    folder.mkdir()
    (folder / "outbox.db").write_bytes(b"not a database, for sure" * 100)
    with pytest.raises(OutboxError, match=r"outbox\.db cannot be used"):
        Outbox.open(repo, time_)


LOST = [
    Fault(applied=True, cut=True), Fault(cut=True), Fault(Reply(500)), Fault(Reply(502), applied=True),
    Fault(Reply(429, {}, {"retry-after": "5"})), Fault(Reply(403, {"message": "secondary rate limit"})),
]  # fmt: skip


class Mortal:
    """Runs processes that live for a random time, up to that which the last one that lived long enough needed. `killed`
    counts those that did not come to their end."""

    def __init__(self, process: subprocess.Popen[str], chance: random.Random) -> None:
        self._process, self._chance, self.killed = process, chance, 0
        self._needed = 0.0  # milliseconds

    def live(self, now: float) -> None:
        assert self._process.stdin and self._process.stdout
        life = self._chance.uniform(0.2, self._needed) if self._needed and self._chance.random() < 0.7 else 0
        begun = perf_counter()
        self._process.stdin.write(f"{now} {life}\n")
        self._process.stdin.flush()
        self.killed += self._process.stdout.readline() == "killed\n"
        if not life:
            self._needed = (perf_counter() - begun) * 1000

    def until_sent(self, outbox: Outbox, clock: FakeClock) -> None:
        for _ in range(200):
            self.live(clock.time)
            entry = outbox.get(KEY)
            assert entry is not None
            if entry.state == "sent":
                return
            assert entry.state in ("waiting", "sending")
            clock.time += max(CLAIM_SECONDS + 1, entry.next_at - clock.time)
        pytest.fail("it was never sent")


def test_effectively_once_however_it_ends(repo: Repository) -> None:
    """Each process is killed by the system after a random time, at whatever instruction it is then, and the forge fails
    at random, before and after it did what was asked; at the end there is one request, and nobody was told twice."""
    chance = random.Random(6)
    command = [sys.executable, str(Path(__file__).with_name("mortal.py")), repo.top]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        mortal = Mortal(process, chance)
        for _ in range(RUNS):
            service, clock = GitHubService(), FakeClock()
            faults = lambda n, c: chance.choice(LOST) if chance.random() < 0.15 else None  # noqa: E731
            with serving(service, faults=faults) as server, Outbox.open(repo, partial(getattr, clock, "time")) as box:
                box.put("github", Project(server.url, "o/r"), ASK)
                mortal.until_sent(box, clock)
            assert len(service.pulls) == 1
            assert service.told == {"ada": 1, "core": 1}
            assert [label["name"] for label in service.pulls[0]["labels"]] == ["ai-assisted"]
    assert mortal.killed >= RUNS // 4, "the test did not do what it is for"


KILLED = """
import sys, time
from earmark.git.trust import open_repository
from earmark.review.forges.github import GitHub
from earmark.review.forges.hosts import Credential
from earmark.review.forges.sender import Clock, Sender
from earmark.review.outbox import Outbox, deliver
repo = open_repository(sys.argv[1])
def send(entry):
    with Sender(entry.project.api, Credential("t"), lambda p: "", Clock(time.time, time.sleep)) as sender:
        return sender.carry_out(lambda: GitHub(entry.project).request(entry.ask))
with Outbox.open(repo, lambda: time.time() + float(sys.argv[2])) as outbox:
    deliver(outbox, send)
"""


def test_a_killed_process_leaves_a_request_that_the_next_one_finishes(repo: Repository) -> None:
    """Real processes, killed by the system while the forge holds the answer back, at each call in turn."""
    for number in range(7):
        service = GitHubService()
        reached, go_on = threading.Event(), threading.Event()

        def hold(n: int, call: Any, at: int = number, reached: Any = reached, go_on: Any = go_on) -> Fault | None:
            if n == at:
                reached.set()
                go_on.wait(10)
            return None

        with serving(service, faults=hold) as server, Outbox.open(repo, lambda: 0.0) as outbox:
            outbox.put("github", Project(server.url, "o/r"), ASK)
            command = [sys.executable, "-c", KILLED, repo.top, "0"]
            child = subprocess.Popen(command)
            while not reached.wait(0.02) and child.poll() is None:
                pass
            child.send_signal(signal.SIGKILL)
            child.wait(10)
            go_on.set()
            again = [sys.executable, "-c", KILLED, repo.top, str(CLAIM_SECONDS + 1)]
            subprocess.run(again, check=True, timeout=30)
            assert outbox.get(KEY).state == "sent"  # type: ignore[union-attr]
        assert len(service.pulls) == 1
        assert service.told == {"ada": 1, "core": 1}


def test_nothing_secret_is_stored(repo: Repository, outbox: Outbox) -> None:
    with serving(GitHubService(), faults=writes("POST", "/pulls", Fault(Reply(401, {"message": "Bad"})))) as server:

        def send(entry: Entry) -> Receipt:
            with Sender(server.url, Credential("very-secret"), lambda p: "", FakeClock().clock) as sender:
                return sender.carry_out(lambda: GitHub(Project(server.url, "o/r")).request(entry.ask))

        assert deliver(outbox, send).state == "failed"  # type: ignore[union-attr]
    for file in (Path(repo.common_dir) / "earmark").iterdir():
        assert b"very-secret" not in file.read_bytes()
