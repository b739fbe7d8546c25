"""What the installed git reads from many messages, with one process."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path


def git_environment(home: Path) -> dict[str, str]:
    """An environment in which no configuration of this machine reaches git."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "LC_ALL": "C.UTF-8",
    }


def trailers(messages: Sequence[bytes], folder: Path, comment_char: str = "#") -> list[list[str]]:
    """`key: value` lines of `git interpret-trailers --parse --no-divider` for each message.

    A file with a known trailer stands between any two messages, since git prints the answers without a gap.
    """
    fence = folder / "fence"
    fence.write_bytes(b"fence\n\nX-Fence-Between-Messages: 1\n")
    names = []
    for number, message in enumerate(messages):
        path = folder / f"m{number}"
        path.write_bytes(message)
        names += [path.name, fence.name]
    command = ["git", "-c", f"core.commentChar={comment_char}", "interpret-trailers", "--parse", "--no-divider", *names]
    done = subprocess.run(command, cwd=folder, env=git_environment(folder), capture_output=True, check=True)
    answers = done.stdout.decode("utf-8", "surrogateescape").split("X-Fence-Between-Messages: 1\n")
    assert answers.pop() == ""
    assert len(answers) == len(messages)
    return [answer.split("\n")[:-1] for answer in answers]
