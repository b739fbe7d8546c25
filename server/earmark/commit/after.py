"""The hooks that run when commits are made: after a rewrite, after a merge, before a push."""

from __future__ import annotations

from collections.abc import Sequence

from earmark.commit.outcome import Outcome
from earmark.git.repository import Repository
from earmark.origin import settle
from earmark.origin.ledger import Ledger


def post_rewrite(repo: Repository, told: bytes) -> Outcome:
    """Write the notes of rewritten commits, and say which declarations no longer fit. `told` is git's list of
    `old new` lines."""
    from earmark.commit import stale

    rewritten: dict[str, list[str]] = {}
    for line in told.decode("ascii", "replace").splitlines():
        old, _, new = line.partition(" ")
        if new:
            rewritten.setdefault(new.split(" ")[0], []).append(old)
    with Ledger.open(repo) as ledger:
        settle.settle(repo, ledger, rewritten)
        count = len(stale.find(repo, rewritten))
    if not count:
        return Outcome()
    what = "1 commit declares" if count == 1 else f"{count} commits declare"
    return Outcome((f"{what} what no longer fits; `earmark tag` with their range mends that",))


def post_merge(repo: Repository) -> Outcome:
    """Write the notes that are due."""
    with Ledger.open(repo) as ledger:
        settle.settle(repo, ledger)
    return Outcome()


def pre_push(repo: Repository, arguments: Sequence[str]) -> Outcome:
    """Bring the notes to where the branch is going, before it arrives."""
    from earmark.commit import share

    with Ledger.open(repo) as ledger:
        settle.settle(repo, ledger)
    problem = share.push(repo, arguments[0] if arguments else "origin")
    return Outcome((problem,) if problem else ())
