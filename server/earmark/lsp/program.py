"""Running `earmark` in a process of its own: for what speaks to a forge, and for what would disturb typing.

The process is told that the client vouches for the workspace, where it does; nothing else is handed to it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import suppress
from typing import NamedTuple

from earmark.git.repository import Repository
from earmark.git.trust import VOUCHED

SECONDS = 120.0


class Ran(NamedTuple):
    """How a command ended: its exit code, what it printed, and what it said on standard error."""

    code: int
    out: str
    said: str


class TookTooLong(Exception):
    """The command was ended after its time; the message says after how much."""


async def earmark(repo: Repository, *arguments: str, seconds: float = SECONDS) -> Ran:
    """Run `earmark` with `arguments` at the top of `repo`. Whoever cancels this ends the process and all it started.
    Raises `TookTooLong`."""
    environment = {**os.environ, VOUCHED: repo.top} if repo.trusted else dict(os.environ)
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "earmark", *arguments,
        cwd=repo.top, env=environment, stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=pipe,
        start_new_session=True,
    )  # fmt: skip
    try:
        out, err = await asyncio.wait_for(process.communicate(), seconds)
    except TimeoutError as error:
        raise TookTooLong(f"`earmark {' '.join(arguments[:2])}` took more than {seconds:g} seconds") from error
    finally:
        if process.returncode is None:
            _end(process)
    return Ran(process.returncode or 0, out.decode("utf-8", "replace"), err.decode("utf-8", "replace"))


def _end(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)  # git and its transports too
        else:
            process.kill()
