"""How the review of what HEAD adds stands, region by region: read by a process of `earmark review status`, kept here.

A look is taken when HEAD, the notes, an approval or the outbox moves. The forge is asked when a request was sent from
this clone, or once the user wanted to know about reviews here; then again every few minutes while the request is open.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from earmark.git import refs
from earmark.git.repository import Repository
from earmark.git.run import GitError
from earmark.lsp.clock import Clock, Timer
from earmark.lsp.program import TookTooLong, earmark
from earmark.lsp.scheduler import Scheduler
from earmark.origin import notes
from earmark.origin.model import LineRange
from earmark.review.approvals import REF as APPROVALS
from earmark.review.outbox import file_of

log = logging.getLogger(__name__)

_SOON = 0.5
AGAIN_SECONDS = 300.0


class RegionReview(NamedTuple):
    """One region under review. `lines` are of the committed text, (0, 0) for a file's removals; `state` is "pending",
    "approved" (`by` whom: name and level), "changes" or "stale" (`because` of what)."""

    lines: LineRange
    state: str
    by: tuple[tuple[str, str], ...] = ()
    because: str = ""


class ReviewState(NamedTuple):
    """How a review stands. `files` are the contents (blob ids by path) that the lines of `regions` are lines of;
    `state` is "open", "closed" or "merged", empty where no request is known; `waiting` are people and teams;
    `obligations` are (code, message, met); `note` says what is not known and why."""

    key: str = ""
    url: str = ""
    state: str = ""
    waiting: tuple[str, ...] = ()
    files: Mapping[str, str] = {}
    regions: Mapping[str, tuple[RegionReview, ...]] = {}
    obligations: tuple[tuple[str, str, bool], ...] = ()
    asked_days_ago: float | None = None
    second: tuple[str, ...] = ()
    note: str = ""


NOTHING = ReviewState()


def read(text: str) -> ReviewState:
    """What `earmark review status --json` printed."""
    data: Any = json.loads(text)
    request = data["request"] or {}
    regions: dict[str, list[RegionReview]] = {}
    for one in data["regions"]:
        by = tuple((str(name), str(level)) for name, level in one["by"])
        found = RegionReview(LineRange(*one["lines"]), one["state"], by, one["because"])
        regions.setdefault(one["path"], []).append(found)
    return ReviewState(
        data["key"],
        request.get("url", ""),
        request.get("state", ""),
        (*request.get("waiting", ()), *request.get("teams", ())),
        data["files"],
        {path: tuple(some) for path, some in regions.items()},
        tuple((o["code"], o["message"], o["met"]) for o in data["obligations"]),
        data["asked_days_ago"],
        tuple(data["second"]),
        data["note"],
    )


class Reviews:
    """The review of every repository with an open buffer. Owned by the loop thread; `changed` is called with a
    worktree's top when its review stands otherwise than before."""

    def __init__(self, clock: Clock, scheduler: Scheduler, changed: Callable[[str], None]) -> None:
        self._clock = clock
        self._scheduler = scheduler
        self._changed = changed
        self._known: dict[str, ReviewState] = {}
        self._timers: dict[str, Timer] = {}
        self._polls: dict[str, Timer] = {}
        self._looking: set[str] = set()
        self._again: set[str] = set()
        self._seen: dict[str, tuple[object, ...]] = {}
        self._asking: set[str] = set()

    def of(self, repo: Repository | None) -> ReviewState:
        """What is known now."""
        return self._known.get(repo.top, NOTHING) if repo is not None else NOTHING

    def touch(self, repo: Repository) -> None:
        """Something that the review rests on may have changed: look at it soon, once for everything until then."""
        if not repo.trusted:
            return
        if repo.top not in self._timers:  # an earlier one is not put off: it would never come while much happens
            self._timers[repo.top] = self._clock.call_later(_SOON, lambda: self._due(repo, anyway=False))

    async def look(self, repo: Repository, *, ask: bool) -> ReviewState:
        """Look now; with `ask` at the forge too, whoever sent the request, and from then on."""
        if ask:
            self._asking.add(repo.top)
        self._seen[repo.top] = await self._scheduler.io(_grounds, repo)
        if not repo.trusted or not any(self._seen[repo.top][1:]):
            self._set(repo, NOTHING)
            return NOTHING
        flags = () if repo.top in self._asking else ("--if-asked",)
        ran = await earmark(repo, "review", "status", "--json", *flags)
        said = ran.said.removeprefix("earmark review status: ").strip()
        found = read(ran.out) if ran.out.strip() else NOTHING._replace(note=said)
        before = self.of(repo)
        if ran.code == 2 and (found.key, found.files) == (before.key, before.files):
            found = before._replace(note=said)  # the forge does not answer: what it said last stands
        self._set(repo, found)
        return found

    def ask_from_now_on(self, repo: Repository) -> None:
        """The user wants to know about reviews here: the forge is asked too, whoever sent the request."""
        if repo.top not in self._asking:
            self._asking.add(repo.top)
            self._seen.pop(repo.top, None)
            self.touch(repo)

    def stop(self) -> None:
        """Look no more."""
        for timers in (self._timers, self._polls):
            for timer in timers.values():
                timer.cancel()
            timers.clear()

    def _due(self, repo: Repository, *, anyway: bool) -> None:
        (self._polls if anyway else self._timers).pop(repo.top, None)
        if repo.top in self._looking:
            self._again.add(repo.top)
        else:
            self._looking.add(repo.top)
            self._scheduler.spawn(self._look(repo, anyway=anyway), "looking at the review")

    async def _look(self, repo: Repository, *, anyway: bool) -> None:
        try:
            if not anyway and await self._scheduler.io(_grounds, repo) == self._seen.get(repo.top):
                found = self.of(repo)
            else:
                found = await self.look(repo, ask=False)
        except (TookTooLong, GitError, OSError, ValueError, KeyError) as error:
            log.warning("How the review stands is not known: %s", error)
            return
        finally:
            self._looking.discard(repo.top)
        if repo.top in self._again:
            self._again.discard(repo.top)
            self.touch(repo)
        elif found.state == "open" and repo.top not in self._polls:
            self._polls[repo.top] = self._clock.call_later(AGAIN_SECONDS, lambda: self._due(repo, anyway=True))

    def _set(self, repo: Repository, found: ReviewState) -> None:
        before = self.of(repo)
        self._known[repo.top] = found
        if found != before:
            self._changed(repo.top)


def _grounds(repo: Repository) -> tuple[object, ...]:
    """What the review rests on: HEAD, then the recorded AI text, the approvals and the outbox; of the last three none
    where nothing can be under review. Runs in the pool."""
    try:
        outbox = os.stat(file_of(repo)).st_mtime_ns
    except OSError:
        outbox = 0
    return refs.read(repo, "HEAD"), refs.read(repo, notes.REF), refs.read(repo, APPROVALS), outbox
