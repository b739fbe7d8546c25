"""The shape of an approval, and what one is worth for a piece of code (DESIGN §9).

Identity is a login at a forge or the principal of a verified signature; whoever makes an `Approval` has verified it.
An address alone ranks a person, it never approves.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from earmark.origin.model import LineRange
from earmark.policy import model


class Subject(NamedTuple):
    """What is to be approved: one AI region of a file, or all its removals.

    The digests are hex SHA-256 (see `subjects`), empty where there is nothing of the kind; `lines` are where the region
    stands now and are no part of what an approval covers.
    """

    path: str
    region: str
    context: str
    removals: str
    lines: LineRange = LineRange(0, 0)


class Scope(NamedTuple):
    """Where an approval holds: a repository (its root commit or forge name), a target ref, a rule-set, and the time now
    (seconds since the epoch; 0 leaves expiry out)."""

    repository: str = ""
    ref: str = ""
    rule_set: str = ""
    now: int = 0


class Approval(NamedTuple):
    """One verified approval of one subject. `forge` is "github", "gitlab", … or "signature"; `signer` the login there
    or the signature's principal. `time` and `expires` are seconds since the epoch, `expires` 0 for never."""

    forge: str
    signer: str
    subject: Subject
    scope: Scope
    time: int = 0
    expires: int = 0


class Gap(NamedTuple):
    """A subject that lacks `missing` approvals. `code` is approval-missing, approval-level, approval-stale or
    self-approval; `message` says whose it needs, and why those that exist do not count."""

    code: str
    path: str
    lines: LineRange
    missing: int
    message: str


def person_of(roster: model.Roster, approval: Approval) -> model.Person | None:
    """Whom the roster knows by this login, or by this principal (an address that a signature proves)."""
    wanted = approval.signer.casefold()
    for person in roster.people:
        if approval.forge == "signature":
            known = [mail.casefold() for mail in person.emails]
        else:
            known = [login.casefold() for forge, login in person.handles if forge == approval.forge]
        if wanted in known:
            return person
    return None


def stale(approval: Approval, subject: Subject, scope: Scope) -> str:
    """Why `approval` of this subject's file no longer holds for `subject`, or empty."""
    given, there = approval.subject, approval.scope
    reasons = (
        (there.repository != scope.repository, "it is of another repository"),
        (there.ref != scope.ref, "it is for another target"),
        (there.rule_set != scope.rule_set, "the rule-set has changed since"),
        (bool(approval.expires and scope.now and approval.expires <= scope.now), "it has expired"),
        (given.region != subject.region, "the region has changed since"),
        (given.context != subject.context, "the code around it has changed since"),
        (given.removals != subject.removals, "what AI removes in this file has changed since"),
    )
    return next((reason for wrong, reason in reasons if wrong), "")


def gap(
    rule: model.ReviewRule,
    subject: Subject,
    approvals: Sequence[Approval],
    roster: model.Roster,
    authors: Iterable[str],
    scope: Scope,
) -> Gap | None:
    """What `rule` still lacks for `subject`, None when enough people of its level agree.

    `authors` are identities of the change's authors and of the sessions' directors: addresses, `Name <address>`, or
    logins. One person counts once, however many approvals they gave.
    """
    own = {_plain(author) for author in authors}
    wanted = _wanted(rule.level, roster)
    counted: set[str] = set()
    below: dict[str, str] = {}
    old: dict[str, str] = {}
    selves: dict[str, str] = {}
    for approval in approvals:
        if approval.subject.path != subject.path:
            continue
        person = person_of(roster, approval)
        name = person.name if person else approval.signer
        reason = stale(approval, subject, scope)
        if reason:
            old[name] = f"the approval of {name} does not hold: {reason}"
        elif _is_own(approval, person, own):
            selves[name] = f"{name} wrote this change or directed its session"
        elif model.rank(person.level if person else "", roster.levels) < wanted:
            below[name] = f"{name} approved, below {rule.level}"
        else:
            counted.add(name)
    missing = rule.number - len(counted)
    if missing <= 0:
        return None
    for code, why in (("approval-stale", old), ("approval-level", below), ("self-approval", selves)):
        told = [text for name, text in sorted(why.items()) if name not in counted]
        if told:
            return Gap(code, subject.path, subject.lines, missing, f"{_asked(rule, missing)}: {'; '.join(told)}")
    return Gap("approval-missing", subject.path, subject.lines, missing, _asked(rule, missing))


def _asked(rule: model.ReviewRule, missing: int) -> str:
    by = f"{rule.level} or above" if rule.level else "somebody other than the author"
    return f"needs {'an approval' if missing == 1 else f'{missing} approvals'} by {by}"


def _wanted(level: str, roster: model.Roster) -> int:
    """The rank to reach; a level the roster does not know is above all of them."""
    if not level:
        return -1
    return model.rank(level, roster.levels) if level in roster.levels else len(roster.levels)


def _is_own(approval: Approval, person: model.Person | None, own: set[str]) -> bool:
    identities = {approval.signer}
    if person:
        identities |= {person.name, *person.emails, *(login for _, login in person.handles)}
    return bool(own & {_plain(identity) for identity in identities})


def _plain(identity: str) -> str:
    """An identity to compare: the address of `Name <address>`, a login without `@`, in lower case."""
    text = identity.strip()
    if text.endswith(">") and "<" in text:
        text = text.rpartition("<")[2][:-1]
    return text.strip().removeprefix("@").casefold()
