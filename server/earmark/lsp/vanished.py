"""Tells the user, once a day, that a hook of an assistant is gone: its text would arrive without evidence."""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable, Callable, Mapping

from earmark.git.repository import Repository
from earmark.lsp.clock import Clock, Timer
from earmark.lsp.scheduler import Scheduler
from earmark.lsp.text import plain

# An editor that has just started has better things to do.
FIRST = 20.0
AGAIN = 3600.0
_DAY = 24 * 3600


def look(top: str, environ: Mapping[str, str]) -> str:
    """What to say of the hooks of the user and of the worktree at `top` (empty: none); empty when all is well or when
    it was said within a day. Runs in the pool."""
    if not _due(environ):
        return ""
    from earmark.origin.agents.installed import hooks

    gone = [hook for hook in hooks(top, environ) if hook.state in ("vanished", "dead")]
    if not gone:
        return ""
    agents = ",".join(dict.fromkeys(hook.agent for hook in gone))
    scope = " --project" if all(hook.project for hook in gone) else ""
    details = "; ".join(f"{hook.agent}: {hook.detail}" for hook in gone)
    return f"{plain(details)}. What is written there is not recorded. `earmark init --agents {agents}{scope}` mends it."


def _due(environ: Mapping[str, str]) -> bool:
    """Whether a day is over since this was asked last, by any editor; it counts as asked now."""
    state = environ.get("XDG_STATE_HOME", "")
    if not os.path.isabs(state):
        state = os.path.join(environ.get("HOME") or os.path.expanduser("~"), ".local", "state")
    stamp = os.path.join(state, "earmark", "hooks-looked-at")
    try:
        if 0 <= time.time() - os.path.getmtime(stamp) < _DAY:
            return False
    except OSError:
        pass
    try:
        os.makedirs(os.path.dirname(stamp), mode=0o700, exist_ok=True)
        with open(stamp, "wb"):
            os.utime(stamp)
    except OSError:
        # Without a stamp every start of an editor would say it; a user who cannot be told once is not told.
        return False
    return True


class Vanished:
    """Looks soon after the start, and every hour whether a day is over. Owned by the loop thread; `repository` gives
    the client's first worktree, `say` is called with what is wrong."""

    def __init__(
        self,
        clock: Clock,
        scheduler: Scheduler,
        repository: Callable[[], Awaitable[Repository | None]],
        say: Callable[[str], None],
    ) -> None:
        self._clock = clock
        self._scheduler = scheduler
        self._repository = repository
        self._say = say
        self._timer: Timer | None = None

    def start(self) -> None:
        """Look from now on."""
        self._timer = self._clock.call_later(FIRST, self._look)

    def stop(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()

    def _look(self) -> None:
        self._timer = self._clock.call_later(AGAIN, self._look)
        self._scheduler.spawn(self._ask(), "looking at the hooks of assistants")

    async def _ask(self) -> None:
        repo = await self._repository()
        top = repo.top if repo is not None and repo.trusted else ""
        said = await self._scheduler.slow_io(look, top, os.environ)
        if said:
            self._say(said)
