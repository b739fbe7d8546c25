"""Processes that record events, for the tests of the ledger: `python writers.py killed|writers TOP …`.

`killed TOP FIRST LAST SEED` forks the writers FIRST to LAST one after the other and ends each with SIGKILL after a
random time; on standard output it prints every event a writer had acknowledged by then. `writers TOP COUNT EVENTS` runs
COUNT writers at once, each with a patience so short that some of their events go to the spool.
"""

from __future__ import annotations

import os
import random
import select
import signal
import sys
import time
import traceback
from pathlib import Path

from earmark.cli.record import _record_in
from earmark.git.repository import find
from earmark.origin import ledger as ledger_module
from earmark.origin.evidence import Event, FileEvent
from earmark.origin.ledger import Ledger
from earmark.origin.model import Session


def record(top: str, writer: int, number: int, path: str) -> None:
    """One event of one session: `path` gets a line that names both."""
    repo = find(top)
    assert repo is not None
    line = f"written by {writer}, event {number}\n"
    file = Path(top) / path
    after = (file.read_text() if file.exists() else "") + line
    file.write_text(after)
    session = Session("claude", f"writer {writer}", "m", "Ada Example <ada@example.com>")
    event = FileEvent(path, before=after.removesuffix(line), after=after)
    problems = _record_in(repo, Event("after", top, session, (event,), f"{writer}-{number}"))
    assert all("held by another process" in problem for problem in problems), problems


def until_killed(top: str, writer: int, told: int) -> None:
    """Record, settle and audit for ever; a byte sequence on `told` acknowledges each finished event."""
    repo = find(top)
    assert repo is not None
    for number in range(1_000_000):
        path = f"w{writer}.py"
        record(top, writer, number, path)
        os.write(told, f"{writer} {number}\n".encode())
        with Ledger.open(repo) as ledger:
            ledger.audit("Ada", "mark", f"{writer}-{number}")
            os.write(told, f"{writer} {number} audited\n".encode())
            if number % 3 == 2:
                ledger.settle([path])
                ledger.mark_dirty(path)


def killed(top: str, first: int, last: int, seed: int) -> None:
    chance = random.Random(seed)
    for writer in range(first, last):
        there, here = os.pipe()
        pid = os.fork()
        if not pid:
            os.setpgid(0, 0)
            os.close(there)
            try:
                until_killed(top, writer, here)
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(1)
        os.close(here)
        # From the first acknowledgement on, at a random moment of what a writer does.
        select.select([there], [], [], 30)
        time.sleep(chance.random() * 0.02)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        with os.fdopen(there, "rb") as told:
            sys.stdout.buffer.write(told.read().rpartition(b"\n")[0] + b"\n")
    sys.stdout.flush()


def writers(top: str, count: int, events: int) -> None:
    ledger_module.BUSY_SECONDS = 0.02
    pids = []
    for writer in range(count):
        pid = os.fork()
        if not pid:
            code = 1
            try:
                for number in range(events):
                    record(top, writer, number, f"w{writer}.py")
                code = 0
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(code)
        pids.append(pid)
    sys.exit(max(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids))


if __name__ == "__main__":
    what, where, *numbers = sys.argv[1:]
    {"killed": killed, "writers": writers}[what](where, *map(int, numbers))
