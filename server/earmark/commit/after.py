"""The hooks that run when commits are made: after a rewrite, after a merge, before a push."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from earmark.commit.outcome import Outcome
from earmark.git.repository import Repository


def post_rewrite(repo: Repository, told: bytes) -> Outcome:
    """Say which declarations no longer fit. `told` is git's list of `old new` lines.

    A rebase of hundreds of commits must not wait for their notes: those are derived at the next read. Only a commit
    that declares AI text and was not repeated line for line is looked at here, and then the notes are written too.
    """
    from earmark.commit import stale

    rewritten: dict[str, list[str]] = {}
    for line in told.decode("ascii", "replace").splitlines():
        old, _, new = line.partition(" ")
        if new:
            rewritten.setdefault(new.split(" ")[0], []).append(old)
    changed = stale.suspects(repo, rewritten)
    if not changed:
        return Outcome()
    _settle(repo, rewritten)
    count = len(stale.find(repo, {new: rewritten[new] for new in changed}))
    if not count:
        return Outcome()
    what = "1 commit declares" if count == 1 else f"{count} commits declare"
    return Outcome((f"{what} what no longer fits; `earmark tag` with their range mends that",))


def post_merge(repo: Repository) -> Outcome:
    """Write the notes that are due."""
    _settle(repo)
    return Outcome()


def pre_push(repo: Repository, arguments: Sequence[str], told: bytes, environ: Mapping[str, str]) -> Outcome:
    """Bring the notes to where the branch is going, before it arrives; or refuse, where the policy wants that."""
    from earmark.commit import enforce, share
    from earmark.origin.ledger import Ledger

    _settle(repo)
    with Ledger.open(repo) as ledger:
        refused = enforce.refusal(repo, ledger, told, environ)
    if refused:
        return Outcome(tuple(refused), refused=True)
    problem = share.push(repo, arguments[0] if arguments else "origin")
    return Outcome((problem,) if problem else ())


def _settle(repo: Repository, rewritten: dict[str, list[str]] | None = None) -> None:
    from earmark.origin.ledger import Ledger
    from earmark.origin.settle import settle

    with Ledger.open(repo) as ledger:
        settle(repo, ledger, rewritten)
