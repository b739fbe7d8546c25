"""Looking at an assistant's change before it is committed, so that the commit need not wait for the rules.

`record` starts this in a process of its own, `python -m earmark.cli.ahead TOP`, and does not wait for it. One runs at a
time a repository; what is recorded meanwhile makes it look again.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from earmark.git.repository import Repository

_MARK = "ahead"
_STALE_SECONDS = 60
_ROUNDS = 20
# An assistant's next edit is often a second away.
_PAUSE_SECONDS = 0.5


def start(repo: Repository) -> None:
    """Look at the working change of `repo` in the background, where a commit hook will ask and nobody looks yet."""
    if not hasattr(os, "posix_spawn") or not os.path.exists(f"{repo.common_dir}/hooks/prepare-commit-msg"):
        return
    mark = _mark(repo.common_dir)
    try:
        os.close(os.open(mark, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    except FileExistsError:
        with suppress(OSError):
            if time.time() - os.stat(mark).st_mtime > _STALE_SECONDS:
                os.unlink(mark)  # whoever made it was killed; the next record looks again
        return
    except OSError:
        return
    quiet = [
        (os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDONLY if number == 0 else os.O_WRONLY, 0) for number in range(3)
    ]
    command = [sys.executable, "-EP", "-m", "earmark.cli.ahead", repo.top]
    with suppress(OSError):
        os.posix_spawn(sys.executable, command, os.environ, file_actions=quiet, setpgroup=0)


def _mark(common_dir: str) -> str:
    return os.path.join(common_dir, "earmark", _MARK)


def main() -> int:
    """Look until nothing new has been recorded."""
    from earmark.cli import status
    from earmark.git.repository import find
    from earmark.origin.ledger import Ledger

    os.nice(10)
    repo = find(sys.argv[1])
    if repo is None:
        return 2
    try:
        os.chdir(repo.top)
        seen = -1
        for _ in range(_ROUNDS):
            time.sleep(_PAUSE_SECONDS)
            with Ledger.open(repo, create=False) as ledger:
                newest, _ = ledger.newer(1 << 62)
            if newest == seen:
                break
            seen = newest
            status.run(["--json"])
    finally:
        with suppress(OSError):
            os.unlink(_mark(repo.common_dir))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
