"""`earmark hook NAME ARGUMENTS…`: what the installed git hooks start."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from earmark.commit.outcome import Outcome
    from earmark.git.repository import Repository


def run(argv: list[str]) -> int:
    """0, or `hooks.REFUSED` when a policy forbids this change. Whatever else happens is one line and 0: git goes on."""
    from earmark.commit.hooks import NAMES, REFUSED

    if not argv or argv[0] not in NAMES:
        print(f"usage: earmark hook {{{','.join(NAMES)}}} ARGUMENTS…   (git starts it)", file=sys.stderr)
        return 2
    try:
        outcome = _run(argv[0], argv[1:])
    except Exception as error:  # noqa: BLE001  (whatever it is, the commit must go on and the user must hear of it)
        _say(f"{argv[0]}: {type(error).__name__}: {error}; git goes on without it, `earmark doctor` tells more")
        return 0
    for line in outcome.lines:
        _say(line)
    return REFUSED if outcome.refused else 0


def _run(name: str, arguments: Sequence[str]) -> Outcome:
    from earmark.commit.outcome import Outcome
    from earmark.git.repository import from_hook

    repo = from_hook(os.environ, os.getcwd())
    if repo is None:
        return Outcome()
    if name in ("prepare-commit-msg", "commit-msg"):
        from earmark.commit import flow

        if name == "commit-msg":
            return flow.commit_msg(repo, arguments)
        return flow.prepare_commit_msg(repo, arguments, os.environ)
    from earmark.commit import after

    if name == "post-rewrite":
        return after.post_rewrite(repo, sys.stdin.buffer.read())
    if name == "post-merge":
        return after.post_merge(repo)
    return after.pre_push(_trusted(repo), arguments, sys.stdin.buffer.read(), os.environ)


def _trusted(repo: Repository) -> Repository:
    from earmark.git.trust import is_trusted

    return repo._replace(trusted=is_trusted(repo))


def _say(line: str) -> None:
    text = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in line)
    print(f"earmark: {text}", file=sys.stderr)
