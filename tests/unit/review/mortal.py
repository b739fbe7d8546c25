"""Processes that end at any instruction while they send what is in an outbox.

Run as a program. Each line of standard input is `NOW MILLISECONDS`: a child is forked that sends what is due at NOW
(seconds since the epoch) and is killed by a timer after so many milliseconds (0: never). Prints one line per child:
"ended" or "killed". The children are forked from a process that has imported everything, so a run takes milliseconds.
"""

from __future__ import annotations

import os
import signal
import sys

from earmark.git.trust import open_repository
from earmark.review.forges import sender
from earmark.review.forges.forge import Receipt
from earmark.review.forges.github import GitHub
from earmark.review.forges.hosts import Credential
from earmark.review.outbox import Entry, Outbox, deliver


def send_due(top: str, now: float) -> None:
    repo = open_repository(top)
    assert repo is not None

    def send(entry: Entry) -> Receipt:
        clock = sender.Clock(lambda: now, lambda seconds: None)
        with sender.Sender(entry.project.api, Credential("t"), lambda push: "", clock) as connection:
            return connection.carry_out(lambda: GitHub(entry.project).request(entry.ask))

    with Outbox.open(repo, lambda: now) as outbox:
        deliver(outbox, send)


def main(top: str) -> None:
    import httpx

    sender._tls()
    httpx.Client().close()
    for line in sys.stdin:
        now, milliseconds = map(float, line.split())
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.setitimer(signal.ITIMER_REAL, milliseconds / 1000)
            send_due(top, now)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
        print("killed" if os.WIFSIGNALED(status) else "ended", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
