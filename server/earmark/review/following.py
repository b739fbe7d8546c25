"""How a review stands: a forge's reviews as approvals of what their authors saw, and the state of every region."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from earmark.git.history import commits, resolve
from earmark.git.objects import Objects
from earmark.git.repository import Repository
from earmark.git.run import GitError, run
from earmark.origin.ledger import Ledger
from earmark.origin.model import LineRange
from earmark.policy import model
from earmark.policy.approval import Approval, Scope, Subject, person_of, stale
from earmark.review import standing
from earmark.review.forges.forge import Review
from earmark.review.standing import Range

MOST_COMMITS: Final = 10  # earlier heads that reviews name and that are looked at


class RegionState(NamedTuple):
    """One subject under review. `state` is "approved" (`by` whom: name and level), "changes" (somebody asks for
    changes), "stale" (`because` of what) or "pending". `lines` are where it stands, (0, 0) for removals."""

    path: str
    lines: LineRange
    state: str
    by: tuple[tuple[str, str], ...] = ()
    because: str = ""


def forge_approvals(
    repo: Repository,
    ledger: Ledger,
    objects: Objects,
    asked: Range,
    forge: str,
    reviews: Iterable[Review],
    scope: Scope,
) -> tuple[Approval, ...]:
    """The approvals that a forge's reviews give: each covers what stood at the commit its author saw. A review of a
    commit that is not here, or of none, covers nothing: nobody can say what was seen."""
    approved = [review for review in reviews if review.state == "approved"]
    seen: dict[str, dict[str, tuple[Subject, ...]]] = {}
    for commit in list(dict.fromkeys(review.commit for review in approved if review.commit))[:MOST_COMMITS]:
        seen[commit] = _subjects_at(repo, ledger, objects, asked, commit)
    return tuple(
        Approval(forge, review.login, subject, scope._replace(now=0))
        for review in approved
        for some in seen.get(review.commit, {}).values()
        for subject in some
    )


def _subjects_at(
    repo: Repository, ledger: Ledger, objects: Objects, asked: Range, commit: str
) -> dict[str, tuple[Subject, ...]]:
    if commit.strip("0123456789abcdef") or resolve(repo, commit) != commit:
        return {}
    try:
        base = run(repo, "merge-base", asked.target, commit, check=False).decode().strip() if asked.target else ""
        ids = tuple(c.id for c in commits(repo, commit, *([f"^{base}"] if base else [])))
    except GitError:
        return {}
    return standing.subjects(repo, ledger, objects, asked._replace(base=base, head=commit, commits=ids))


def states(
    subjects: Mapping[str, Sequence[Subject]],
    approvals: Sequence[Approval],
    roster: model.Roster,
    scope: Scope,
    objections: Sequence[str] = (),
) -> tuple[RegionState, ...]:
    """The state of every subject, by path and line. `objections` are names or logins of people who ask for changes."""
    found = []
    for path in sorted(subjects):
        for subject in subjects[path]:
            found.append(_state(subject, [a for a in approvals if a.subject.path == path], roster, scope, objections))
    return tuple(found)


def _state(
    subject: Subject, approvals: Sequence[Approval], roster: model.Roster, scope: Scope, objections: Sequence[str]
) -> RegionState:
    by: dict[str, str] = {}
    reasons: list[tuple[bool, str]] = []
    for approval in approvals:
        person = person_of(roster, approval)
        name = person.name if person else approval.signer
        reason = stale(approval, subject, scope)
        if reason:
            reasons.append((approval.subject.region == subject.region, f"{name}: {reason}"))
        else:
            by[name] = person.level if person else ""
    if objections:
        return RegionState(subject.path, subject.lines, "changes", tuple((who, "") for who in objections))
    if by:
        return RegionState(subject.path, subject.lines, "approved", tuple(sorted(by.items())))
    if reasons:
        return RegionState(subject.path, subject.lines, "stale", because=max(reasons)[1])
    return RegionState(subject.path, subject.lines, "pending")
