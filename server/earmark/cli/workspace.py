"""What commands that work in a repository start with, and how they say that they cannot."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from earmark.git.repository import Repository
from earmark.git.trust import open_repository
from earmark.origin.ledger import Ledger


class Workspace(NamedTuple):
    """An open repository and its ledger."""

    repo: Repository
    ledger: Ledger


class CannotTell(Exception):
    """The command cannot do its work here; the message says why and what to do. Exit code 2."""


@contextmanager
def workspace(*, create: bool = False, settle: bool = True) -> Iterator[Workspace]:
    """The repository of the current folder with its ledger; commits made since the last look get their notes first.

    Without `create` a repository that has no ledger is left without one.
    """
    try:
        here = os.getcwd()
    except OSError as error:
        raise CannotTell("the current folder does not exist any more") from error
    repo = open_repository(here)
    if repo is None or not repo.top:
        raise CannotTell(f"{display(here)} is not inside a git worktree; run `git init` or change folder")
    with Ledger.open(repo, create=create) as ledger:
        if settle and not ledger.in_memory:
            from earmark.origin.settle import settle as write_notes

            write_notes(repo, ledger)
        yield Workspace(repo, ledger)


def audited(here: Workspace, what: str, why: str, detail: dict[str, object], who: str = "") -> None:
    """Append what was decided to the audit table, by `who` or whoever git says works here (see `audit.keep`)."""
    from earmark.origin import audit

    problem = audit.keep(here.repo, here.ledger, what, why, detail, who)
    if problem:
        print(f"earmark: {display(problem)}", file=sys.stderr)


def guarded(command: str, work: Iterator[int]) -> int:
    """Run `work` to its first value, the exit code; a refusal becomes one line on standard error and exit code 2."""
    from earmark.git.run import GitError
    from earmark.origin.ledger import LedgerError

    try:
        return next(work)
    except (CannotTell, GitError, LedgerError) as error:
        print(f"earmark {command}: {display(str(error))}", file=sys.stderr)
        return 2


def display(text: str) -> str:
    """Foreign text for a terminal: control and bidirectional characters are escaped, undecodable bytes shown."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" if ord(c) < 256 else f"\\u{ord(c):04x}" for c in text)
