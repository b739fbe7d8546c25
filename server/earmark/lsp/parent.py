"""Noticing that the client's process is gone: an editor that was killed closes nothing by itself when another process
inherited its pipes, and an orphaned server is what users of language servers complain of most."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable

from earmark.lsp.clock import Clock

_SECONDS = 2.0


def watch(pid: int, clock: Clock, gone: Callable[[], None]) -> None:
    """Call `gone` in the loop thread once the process `pid` has ended.

    A process that cannot be seen at the start (another container, another machine) is not watched: its number says
    nothing here.
    """
    if sys.platform == "win32" or pid <= 0 or not _alive(pid):
        return
    try:
        descriptor = os.pidfd_open(pid)
    except (OSError, AttributeError):
        _poll(pid, clock, gone)
        return
    loop = asyncio.get_running_loop()

    def ended() -> None:
        loop.remove_reader(descriptor)
        os.close(descriptor)
        gone()

    loop.add_reader(descriptor, ended)


def _poll(pid: int, clock: Clock, gone: Callable[[], None]) -> None:
    """Where the system cannot tell by itself (macOS, old kernels)."""

    def look() -> None:
        if _alive(pid):
            clock.call_later(_SECONDS, look)
        else:
            gone()

    clock.call_later(_SECONDS, look)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
