"""Gathering what a request says from commits, notes, policy and owners: the IO of the request, and no decision of it.

Policy, roster and owners are read from the target, never from the head: a change cannot choose its own reviewers.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from earmark.git.objects import Objects
from earmark.git.repository import Repository
from earmark.origin.digest import digest
from earmark.origin.ledger import Ledger
from earmark.origin.model import Change
from earmark.policy import load, model
from earmark.policy.approval import Approval, Scope, Subject
from earmark.policy.assessed import Assessed, assessed
from earmark.policy.dependents import Dependents
from earmark.policy.globs import matching
from earmark.policy.merge import merge_base
from earmark.policy.obligations import Need as PolicyNeed
from earmark.policy.obligations import Obligation, State, needs, obligations, rollout_required, where
from earmark.policy.roster import Member, with_members
from earmark.policy.scope import needs_declaration
from earmark.review import familiarity, gitea, owners, reviewed, routing
from earmark.review.around import around
from earmark.review.prow import NAME as PROW
from earmark.review.prow import ProwOwners
from earmark.review.request import (
    Focus,
    Incident,
    Request,
    RequestObligation,
    RequestTerm,
    Reviewer,
    request_key,
)
from earmark.review.reviewed import Reviewed
from earmark.review.span import Span
from earmark.review.subjects import of_files
from earmark.trailers.block import Declaration, compose
from earmark.trailers.message import parse


class Collected(NamedTuple):
    """The request, who is asked, what of it is to be approved, and what was found on the way (problems of policy and
    owners files). `members_unknown`: the roster names teams of the forge, and it was not told who is in them."""

    request: Request
    route: routing.Route
    policy: model.Policy
    problems: tuple[str, ...]
    subjects: dict[str, tuple[Subject, ...]]
    members_unknown: bool


class Sources(NamedTuple):
    """What the caller brings: the forge's kind, the repository's name there ("host/path"), the time, open requests by
    login where known, the author's own words, the organisation's policy (bytes, or None), and the approvals there are
    with the scope they count in. `members` are those of the forge's teams that the roster names, None where the forge
    could not be asked; `near` says whether to look at what depends on the change and what it resembles. With a `focus`
    only those are asked who must review these files."""

    forge: str
    repository: str
    now: datetime
    load: Mapping[str, int] = {}
    title: str = ""
    asked: str = ""
    base_policy: bytes | None = None
    approvals: tuple[Approval, ...] = ()
    scope: Scope = Scope()
    focus: tuple[Focus, ...] = ()
    members: Mapping[str, Sequence[Member]] | None = None
    near: bool = True


def policy_at(objects: Objects, span: Span, base: bytes | None) -> tuple[model.Policy, list[str]]:
    """The policy of the target under the organisation's, and what is wrong with either."""
    found = objects.get(f"{span.target_commit}:{model.FILE}") if span.target_commit else None
    policy, wrong = load.parse(found.data if found and found.kind == "blob" else b"")
    problems = [f"{model.FILE} line {p.line}: {p.message}" for p in wrong]
    if base is not None:
        stricter, broken = load.parse(base)
        problems += [f"base policy line {p.line}: {p.message}" for p in broken]
        policy = merge_base(stricter, policy)
    return policy, problems


def collect(repo: Repository, ledger: Ledger, span: Span, sources: Sources) -> Collected:
    """Everything the request for `span` says. Raises the errors of git and the ledger."""
    with Objects(repo) as objects:
        facts = reviewed.read(repo, ledger, objects, span.base, span.head, [commit.id for commit in span.commits])

        def at_target(path: str) -> bytes | None:
            found = objects.get(f"{span.target_commit}:{path}") if span.target_commit else None
            return found.data if found and found.kind == "blob" else None

        policy, problems = policy_at(objects, span, sources.base_policy)
        if policy.roster.teams and sources.members is None:
            problems.append("who is in the roster's teams is not known: the forge was not asked")
        policy = policy._replace(roster=with_members(policy.roster, sources.forge, sources.members or {}))
        whole = Change(span.head, span.base, facts.files, facts.sessions)
        judged = assessed(
            ledger, whole, facts.pairs, lambda p: (objects.blob(p.old), objects.blob(p.new)), policy, seconds=math.inf
        )
        asked = needs(policy, facts.changes, judged.whole.level, [pair.path for pair in facts.pairs])
        route = _route(repo, span, facts, policy, asked, sources, at_target, problems)
        news = {pair.path: pair.new for pair in facts.pairs if pair.new}
        touched = [file for file in facts.files if file.ai_lines or file.ai_removed]
        subjects = of_files(touched, {file.path: objects.blob(news.get(file.path, "")) for file in touched})
        by_ai = {file.path for file in touched}
        pairs = [pair for pair in facts.pairs if pair.path in by_ai]
        near = around(repo, objects, span.base, pairs) if sources.near else (None, None)
    request = _request(span, facts, policy, judged, route, sources, _Seen(subjects, *near))
    unknown = bool(policy.roster.teams) and sources.members is None
    return Collected(request, route, policy, tuple(problems), subjects, unknown)


class _Seen(NamedTuple):
    """What of the change is to be approved, who uses what it touches and what it resembles (None: not known)."""

    subjects: dict[str, tuple[Subject, ...]]
    users: Dependents | None
    incidents: tuple[Incident, ...] | None


def _route(
    repo: Repository, span: Span, facts: Reviewed, policy: model.Policy, asked: Sequence[PolicyNeed], sources: Sources,
    at_target: Callable[[str], bytes | None], problems: list[str],
) -> routing.Route:  # fmt: skip
    roster = tuple(_person(person, policy.roster, sources.forge) for person in policy.roster.people)
    paths = [file.path for file in facts.files if file.ai_lines or file.ai_removed]
    wanted = tuple(_need(policy, need) for need in asked)
    if sources.focus:
        paths = [path for path in paths if any(path == focus.path for focus in sources.focus)]
        wanted = tuple(n._replace(paths=tuple(p for p in n.paths if p in paths)) for n in wanted)
        wanted = tuple(need for need in wanted if need.paths)
    if not wanted and paths:
        wanted = (routing.Need("", -1, 1, tuple(paths), "the author asks", 0),)
    files = sorted({path for need in wanted for path in need.paths})
    owned = _owners(files, sources.forge, at_target, problems)
    people = (*roster, *_owners_by_login(roster, owned))
    base = span.base
    known = familiarity.lines_by_author(repo, base, files) if base else Counter[str]()
    return routing.route(
        routing.Facts(
            people,
            wanted,
            owned,
            tuple(dict.fromkeys(who for commit in span.commits for who in _identities(commit.author_email))),
            tuple(dict.fromkeys(s.director for s in facts.sessions.values() if s.director)),
            sources.now,
            familiarity.by_person(known, people),
            {p.name: sources.load[p.login] for p in people if p.login in sources.load},
        )
    )


def _owners_by_login(
    roster: Sequence[routing.Person], owned: Mapping[str, Sequence[owners.Ownership]]
) -> list[routing.Person]:
    """Owners that the roster does not know: they can be asked where no level is needed."""
    named = dict.fromkeys(owner for rules in owned.values() for rule in rules for owner in rule.owners)
    return [
        routing.Person(owner[1:], "", -1, owner[1:])
        for owner in named
        if owner.startswith("@") and not owner.startswith("@@") and "/" not in owner
        if not any(routing.owns(person, owner) for person in roster)
    ]


def _identities(address: str) -> tuple[str, ...]:
    """An author's address and, where it is one that GitHub gives out, the login in it."""
    local, _, host = address.casefold().partition("@")
    return (address, local.rpartition("+")[2]) if host == "users.noreply.github.com" else (address,)


def _person(person: model.Person, roster: model.Roster, forge: str) -> routing.Person:
    handles = dict(person.handles)
    login = handles.get(forge, "")
    if not login and forge in ("gitea", "forgejo"):
        login = handles.get("forgejo" if forge == "gitea" else "gitea", "")
    if not login and forge == "gerrit" and person.emails:
        login = person.emails[0]
    rank = model.rank(person.level, roster.levels)
    return routing.Person(
        person.name, person.level, rank, login, person.emails, person.teams, person.away_until, person.time_zone
    )


def _need(policy: model.Policy, need: PolicyNeed) -> routing.Need:
    rule = need.rule
    levels = policy.roster.levels
    rank = model.rank(rule.level, levels) if rule.level in levels or not rule.level else len(levels)
    why = f"review of a change at risk {rule.risk} or above" if rule.risk else "review of any AI change"
    line, _ = where(policy, "review", rule.place, base=rule.base)
    return routing.Need(rule.level, rank, rule.number, need.paths, why, line)


def _owners(
    paths: Sequence[str], forge: str, at_target: Callable[[str], bytes | None], problems: list[str]
) -> dict[str, tuple[owners.Ownership, ...]]:
    """What the owners files at the target ask for each path: the forge's CODEOWNERS, else Prow's OWNERS."""
    found: owners.Owners | None
    if forge in gitea.LOCATIONS:
        found = gitea.find(at_target, forge)
    else:
        found = owners.find(at_target, "gitlab" if forge == "gitlab" else "github")
    if found is None and forge == "gerrit":
        found = owners.find(at_target, "gitlab")
    if found is None and any(at_target(f"{folder}{PROW}") is not None for folder in _folders(paths)):
        found = ProwOwners(at_target)
    if found is None:
        return {}
    answer = {path: found.of(path) for path in paths}
    problems += [f"{p.source} line {p.line}: {p.message}" for p in found.problems]
    return answer


def _folders(paths: Sequence[str]) -> list[str]:
    folders = {""}
    for path in paths:
        parts = path.split("/")[:-1]
        folders |= {"/".join(parts[: depth + 1]) + "/" for depth in range(len(parts))}
    return sorted(folders)


def _request(
    span: Span, facts: Reviewed, policy: model.Policy, judged: Assessed, route: routing.Route, sources: Sources,
    seen: _Seen,
) -> Request:  # fmt: skip
    assessment = judged.whole
    used = tuple(session for _, session in sorted(facts.sessions.items()))
    now = _state(span, facts, sources, seen)
    asked = obligations(policy, facts.changes, assessment.level, now)
    touched, shorter = _tests(policy, facts)
    rollout = rollout_required(policy, facts.changes)
    return Request(
        key=request_key(sources.repository, span.target, span.branch, span.first),
        repository=sources.repository,
        target=span.target,
        base=span.base,
        head=span.head,
        title=sources.title or _subject(span),
        added=sum(file.added for file in facts.files),
        ai_lines=sum(file.ai_lines for file in facts.files),
        ai_removed=sum(file.ai_removed for file in facts.files),
        regions=facts.regions,
        removals=facts.removals,
        sessions=used,
        score=assessment.score,
        level=assessment.level,
        terms=tuple(RequestTerm(t.name, t.value, t.evidence) for t in assessment.terms),
        obligations=tuple(map(_asked_for, asked)),
        reviewers=tuple(Reviewer(c.person.name, c.person.level or "any level", c.reason) for c in route.people),
        teams=route.teams,
        notices=route.single + route.unmet,
        dependents=seen.users.described() if seen.users is not None else None,
        incidents=seen.incidents,
        tests_changed=touched,
        tests_removed=shorter,
        rollout=rollout,
        promised=now.rollout,
        asked=sources.asked,
        focus=sources.focus,
        trailers=_block(policy, facts, judged, rollout),
    )


def _state(span: Span, facts: Reviewed, sources: Sources, seen: _Seen) -> State:
    """What is already done about the change, and who is behind it."""
    declared = [parse(commit.message).declared for commit in span.commits]
    promised = [d.rollout for d in declared if d.rollout] or [""]
    directors = {session.director for session in facts.sessions.values() if session.director}
    return State(
        declared=all(d.assisted for d, change in zip(declared, facts.changes, strict=True) if change.is_ai),
        rollout=min(promised, key=lambda name: model.rank(name, model.ROLLOUTS)),
        authors=tuple({commit.author_email for commit in span.commits} | directors),
        touched=tuple(pair.path for pair in facts.pairs),
        approvals=sources.approvals,
        subjects=seen.subjects,
        scope=sources.scope,
        gone=frozenset(pair.path for pair in facts.pairs if not pair.new),
        now=int(sources.now.timestamp()),
        dependents=seen.users.by_path() if seen.users is not None else None,
    )


def _tests(policy: model.Policy, facts: Reviewed) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Tests that were touched, and those that were deleted or lost more lines than they got."""
    tests = [p for p in facts.pairs if _is_test(policy, p.path) or (p.old_path and _is_test(policy, p.old_path))]
    shorter = {file.path for file in facts.files if file.removed > file.added}
    gone = tuple(p.path for p in tests if p.status == "D" or p.path in shorter)
    return tuple(p.path for p in tests if p.path not in gone), gone


def _block(policy: model.Policy, facts: Reviewed, judged: Assessed, rollout: str) -> str:
    """The trailers of the whole change, in the words of the policy's preset; empty when it need not be declared."""
    if not needs_declaration(policy, facts.changes):
        return ""
    touched = [pair.path for pair in facts.pairs]
    declaration = Declaration(
        assisted=True,
        tools=tuple((session.tool, session.model) for session in facts.sessions.values()),
        ai_lines=sum(file.ai_lines for file in facts.files),
        lines=sum(file.added for file in facts.files),
        removed=sum(file.ai_removed for file in facts.files),
        risk=judged.level or "low",
        review=bool(needs(policy, facts.changes, judged.whole.level, touched)),
        rollout=rollout,
        digest=digest(facts.files),
    )
    return compose(declaration, policy.declare.preset)


def _is_test(policy: model.Policy, path: str) -> bool:
    """Whether the policy calls `path` a test."""
    return bool(matching(policy.gate.tests, [path]))


def _asked_for(item: Obligation) -> RequestObligation:
    return RequestObligation(item.code, item.message, item.met, item.policy_line)


def _subject(span: Span) -> str:
    """The subject of the first commit: what the change set out to do."""
    return span.commits[0].message.split(b"\n", 1)[0].decode("utf-8", "replace").strip()
