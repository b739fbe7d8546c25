"""How the working change of a repository stands: its policy, its risk, and what is still asked of it.

Derived in the pool from what is on disk, after a file was saved, the ledger has grown or a commit was made; what is
typed in between changes diagnostics at once, and this with the next save.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from earmark.git.repository import Repository
from earmark.git.run import GitError
from earmark.lsp.clock import Clock, Timer
from earmark.lsp.scheduler import Scheduler
from earmark.lsp.working_change import TouchedFile, touched
from earmark.origin.ledger import Ledger, LedgerError, folder
from earmark.origin.model import Session
from earmark.policy import load, model
from earmark.policy.obligations import Obligation, State, obligations
from earmark.policy.scope import exempt

if TYPE_CHECKING:
    from earmark.git.changes import FileChange
    from earmark.git.objects import Objects
    from earmark.origin.model import Change
    from earmark.risk.score import Context

log = logging.getLogger(__name__)

# The scan of files that nobody has looked at yet shares its time with the editor.
_SECONDS = 2.0
# The context of more files is that of none in particular; and so many files are learnt for the symbol index at once.
_MOST_FILES, _MOST_LEARNT = 50, 200
_SOON = 0.5


class Standing(NamedTuple):
    """`level` and `score` are the assessment's, empty and 0 without an AI change; `lowered_by` are (points, what would
    lower it), the largest first; `asked` everything the policy asks of the change, met or not; `files` those that an
    assistant touched, and `sessions` the sessions that occur in them."""

    policy: model.Policy = model.DEFAULT
    level: str = ""
    score: float = 0
    lowered_by: tuple[tuple[float, str], ...] = ()
    asked: tuple[Obligation, ...] = ()
    files: tuple[TouchedFile, ...] = ()
    sessions: Mapping[str, Session] = {}

    def open_for(self, path: str) -> tuple[Obligation, ...]:
        """What is asked and not done about one file."""
        return tuple(o for o in self.asked if not o.met and path in o.paths)

    def leaves_out(self, path: str) -> bool:
        """Whether the policy excludes the path: nothing is said about it."""
        return exempt(self.policy, base=False)(path)


def waits_for_review(code: str) -> bool:
    """Whether an obligation of this code is met by somebody's approval."""
    return code.startswith(("approval-", "self-approval"))


def look(repo: Repository) -> Standing:
    """The standing of the worktree's change now; runs in the pool."""
    policy = _policy(repo)
    # The ledger keeps this file exactly while AI evidence is not committed; without it nothing is asked of anybody.
    if not os.path.exists(os.path.join(folder(repo), "active")):
        return Standing(policy)
    from earmark.git.changes import worktree_changes
    from earmark.git.objects import Objects
    from earmark.origin import state
    from earmark.origin.seen import Refused, read_file
    from earmark.policy.assessed import assessed

    with Ledger.open(repo, create=False) as ledger, Objects(repo) as objects:
        change, pairs = state.worktree(repo, ledger), worktree_changes(repo)

        def text_of(path: str) -> bytes:
            try:
                return read_file(os.path.join(repo.top, path))
            except Refused:
                return b""

        def read(pair: FileChange) -> tuple[bytes, bytes]:
            return objects.blob(pair.old), text_of(pair.path)

        known = _known(repo, objects, change, [(pair, *read(pair)) for pair in pairs[:_MOST_FILES]])
        risk = assessed(ledger, change, pairs, read, policy, seconds=_SECONDS, known=known)
    asked = obligations(
        policy,
        [change],
        risk.whole.level if change.is_ai else "",
        State(touched=tuple(pair.path for pair in pairs), now=int(time.time())),
    )
    level = risk.shown.level if change.is_ai else ""
    lowered = tuple((term.value, term.lower) for term in risk.shown.terms if term.lower)
    files = touched(change, risk.files, text_of)
    return Standing(policy, level, risk.shown.score, lowered, asked, files, change.sessions)


def _known(
    repo: Repository, objects: Objects, change: Change, texts: Sequence[tuple[FileChange, bytes, bytes]]
) -> Context:
    """What is known around what AI did in the working change: nothing is built for it that takes long."""
    from earmark.git import config, refs
    from earmark.policy.background import background
    from earmark.risk.changed import ChangedFile

    ai = {file.path for file in change.files if file.ai_lines or file.ai_removed}
    files = [ChangedFile(pair.path, old, new, pair.old_path) for pair, old, new in texts if pair.path in ai]
    author = config.read(repo).get("user.email") or ""
    around = background(repo, objects, refs.head(repo).commit)
    return around.of(files, author, int(time.time()), told=lambda _, total: total <= _MOST_LEARNT)[0]


def _policy(repo: Repository) -> model.Policy:
    from earmark.origin.seen import Refused, read_file

    try:
        policy, problems = load.parse(read_file(os.path.join(repo.top, model.FILE)))
    except Refused as error:
        log.warning("%s is not read: %s", model.FILE, error)
        return model.DEFAULT
    for problem in problems:
        log.warning("%s:%d: %s", model.FILE, problem.line, problem.message)
    return policy


class Standings:
    """The standing of every repository with an open buffer, looked at again when told to. Owned by the loop thread;
    `changed` is called with a worktree's top, its standing before and now, when they differ."""

    def __init__(self, clock: Clock, scheduler: Scheduler, changed: Callable[[str, Standing, Standing], None]) -> None:
        self._clock = clock
        self._scheduler = scheduler
        self._changed = changed
        self._known: dict[str, Standing] = {}
        self._timers: dict[str, Timer] = {}

    def of(self, repo: Repository | None) -> Standing:
        """What is known now; the defaults until something is."""
        return self._known.get(repo.top, Standing()) if repo is not None else Standing()

    def is_known(self, repo: Repository) -> bool:
        """Whether this repository has been looked at."""
        return repo.top in self._known

    def touch(self, repo: Repository) -> None:
        """Something that the standing rests on may have changed: look at it soon, once for everything until then."""
        if repo.top not in self._timers:
            delay = _SOON if repo.top in self._known else 0
            self._timers[repo.top] = self._clock.call_later(delay, lambda: self._due(repo))

    def stop(self) -> None:
        """Look no more."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _due(self, repo: Repository) -> None:
        self._timers.pop(repo.top, None)
        self._scheduler.spawn(self._look(repo), "looking at the working change")

    async def _look(self, repo: Repository) -> None:
        try:
            found = await self._scheduler.slow_io(look, repo)
        except (GitError, LedgerError, OSError) as error:
            log.warning("What is asked of the working change is not known: %s", error)
            return
        before = self.of(repo)
        self._known[repo.top] = found
        if found != before:
            self._changed(repo.top, before, found)
