"""The git command that runs the hook we are in.

git tells a hook little: not whether the commit amends another, nor which clean-up the message gets. Both stand in the
command line of the process that started the hook.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple

# Options of `git` itself and of `git commit` that take the next word as their value.
_GIT_VALUES = frozenset({"-c", "-C", "--git-dir", "--work-tree", "--namespace", "--exec-path", "--config-env"})
_COMMIT_VALUES = frozenset(
    {"--message", "--file", "--template", "--author", "--date", "--reuse-message", "--reedit-message", "--fixup"}
    | {"--squash", "--trailer", "--pathspec-from-file"}
)
_SHORT_VALUES = frozenset("mFtCc")


class Parent(NamedTuple):
    """What the command line says; all empty or false when it cannot be read. `command` is git's subcommand."""

    command: str = ""
    amend: bool = False
    cleanup: str = ""
    resets_author: bool = False


def read() -> Parent:
    """The command that started this hook; our shell part names its process."""
    pid = os.environ.get("EARMARK_GIT_PID", "")
    return parse(_argv(pid)) if pid.isdigit() else Parent()


def parse(argv: Sequence[str]) -> Parent:
    """The meaning of a git command line, options abbreviated as git allows."""
    words = list(argv[1:])
    while words and words[0].startswith("-"):
        del words[: 2 if words[0] in _GIT_VALUES else 1]
    if not words:
        return Parent()
    found = Parent(os.path.basename(words[0]).removeprefix("git-"))
    if found.command != "commit":
        return found
    rest = iter(words[1:])
    for word in rest:
        if word == "--":
            break
        name, equals, value = word.partition("=")
        if word.startswith("--"):
            if _short_for(name, "--amend", 4):
                found = found._replace(amend=True)
            elif _short_for(name, "--cleanup", 4):
                found = found._replace(cleanup=value if equals else next(rest, ""))
            elif _short_for(name, "--reset-author", 5) or _short_for(name, "--date", 4):
                found = found._replace(resets_author=True)
                if name.startswith("--da") and not equals:
                    next(rest, "")
            elif not equals and name in _COMMIT_VALUES:
                next(rest, "")
        elif word.startswith("-") and _takes_next(word[1:]):
            next(rest, "")
    return found


def _takes_next(letters: str) -> bool:
    """Whether a bundle of short options ends in one whose value is the next word."""
    for at, letter in enumerate(letters):
        if letter in _SHORT_VALUES:
            return at == len(letters) - 1
        if letter in "uS":
            return False
    return False


def _short_for(name: str, option: str, least: int) -> bool:
    return len(name) >= least and option.startswith(name)


def _argv(pid: str) -> list[str]:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return [os.fsdecode(word) for word in file.read().split(b"\0")[:-1]]
    except OSError:
        return _asked(pid)


def _asked(pid: str) -> list[str]:
    """Where there is no /proc: words with blanks fall apart, which is enough to find an option."""
    import subprocess

    try:
        out = subprocess.run(["/bin/ps", "-o", "args=", "-p", pid], capture_output=True, timeout=2, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return []
    return out.decode("utf-8", "replace").split()
