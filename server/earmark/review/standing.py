"""Where a change stands: what of it is to be approved, and the verified approvals there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from earmark.git import notes as git_notes
from earmark.git.objects import Objects
from earmark.git.repository import Repository
from earmark.git.run import run
from earmark.origin.ledger import Ledger
from earmark.policy.approval import Approval, Scope, Subject
from earmark.review import approvals, reviewed, signing
from earmark.review.subjects import of_files


class Standing(NamedTuple):
    """`subjects` by path, the verified `approvals` (of whatever), and the scope in which they count."""

    subjects: dict[str, tuple[Subject, ...]]
    approvals: tuple[Approval, ...]
    scope: Scope


class Range(NamedTuple):
    """`commits` (ids, oldest first) lead from `base` (empty: the empty tree) to `head`; they are meant for `ref`, a
    full name, which stands at `target` (empty: nowhere yet)."""

    base: str
    head: str
    commits: tuple[str, ...]
    ref: str
    target: str


def scope(repo: Repository, asked: Range, now: int) -> Scope:
    """The scope of approvals of this range: the repository is known by its root commits, the same in every clone."""
    from earmark.risk.rules import load_default

    roots = run(repo, "rev-list", "--max-parents=0", asked.head).decode().split()
    return Scope(",".join(sorted(roots)), asked.ref, load_default().version, now)


def subjects(repo: Repository, ledger: Ledger, objects: Objects, asked: Range) -> dict[str, tuple[Subject, ...]]:
    """What of the range is to be approved, by path."""
    found = reviewed.read(repo, ledger, objects, asked.base, asked.head, asked.commits)
    news = {pair.path: pair.new for pair in found.pairs if pair.new}
    touched = [file for file in found.files if file.ai_lines or file.ai_removed]
    return of_files(touched, {file.path: objects.blob(news.get(file.path, "")) for file in touched})


def has_approvals(repo: Repository) -> bool:
    """Whether anybody has signed anything here."""
    return git_notes.tip(repo, approvals.REF) is not None


def signed(repo: Repository, objects: Objects, target: str) -> tuple[Approval, ...]:
    """The signed approvals that the signers of the target's `.earmark/allowed_signers` gave."""
    allowed = objects.get(f"{target}:{signing.ALLOWED}") if target else None
    if allowed is None or allowed.kind != "blob":
        return ()
    return approvals.signed(repo, objects, allowed.data, top=repo.top)


def standing(
    repo: Repository, ledger: Ledger, objects: Objects, asked: Range, now: int, more: Sequence[Approval] = ()
) -> Standing:
    """Everything; `more` are approvals of another source (a forge's reviews)."""
    found = (*signed(repo, objects, asked.target), *more)
    return Standing(subjects(repo, ledger, objects, asked), found, scope(repo, asked, now))
