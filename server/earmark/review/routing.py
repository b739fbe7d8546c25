"""Whom to ask: owners of the changed files ∩ the level the policy requires ∩ people who are there.

Pure: the same facts give the same route and the same explanation, line by line. Familiarity comes first (who wrote what
the change touches), open requests second: ranking by load alone asks people who do not know the code. The author and
the directors of the sessions never review their own work.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final, NamedTuple

from earmark.review.owners import Ownership

MOST_REVIEWERS: Final = 15  # GitHub takes no more people and teams on one request


class Person(NamedTuple):
    """Somebody of the roster. `rank` is the place of `level` in the roster's levels, 0 the lowest; `login` the handle
    on the forge in use, empty when unknown; `teams` are slugs, with or without the organisation."""

    name: str
    level: str
    rank: int
    login: str = ""
    emails: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    away_until: date | None = None


class Need(NamedTuple):
    """One rule of the policy that applies: `wanted` people at `level` (`rank`) or above, for these files.

    `why` is what the rule says, `line` where (1-based, 0 when not from a file)."""

    level: str
    rank: int
    wanted: int
    paths: tuple[str, ...]
    why: str
    line: int = 0


class Facts(NamedTuple):
    """All that routing knows. `owners` maps a changed path to what its owners files ask; `familiarity` a person's name
    to the number of present lines of the touched files they wrote; `load` a person's name to their open requests (a
    missing name: not known). `authors` are identities: addresses, logins with or without `@`, or names."""

    people: tuple[Person, ...]
    needs: tuple[Need, ...]
    owners: Mapping[str, tuple[Ownership, ...]]
    authors: tuple[str, ...]
    directors: tuple[str, ...]
    today: date
    familiarity: Mapping[str, int] = {}
    load: Mapping[str, int] = {}


class Choice(NamedTuple):
    """A person asked by name, and why."""

    person: Person
    reason: str


class Route(NamedTuple):
    """Whom to ask.

    `people` are named, `teams` (as the owners file writes them, without `@`) asked beside them; `second` is who is next
    when nobody answers, never asked by itself. `single` says where one person alone could approve. `unmet` says
    what no one can satisfy. `lines` explain every step.
    """

    people: tuple[Choice, ...]
    teams: tuple[str, ...]
    second: tuple[Choice, ...]
    single: tuple[str, ...]
    unmet: tuple[str, ...]
    lines: tuple[str, ...]


def route(facts: Facts) -> Route:
    """The team and the named people for this change."""
    lines: list[str] = []
    barred = _barred(facts, lines)
    chosen: dict[str, Choice] = {}
    second: dict[str, Choice] = {}
    single: list[str] = []
    unmet: list[str] = []
    for need in sorted(facts.needs, key=lambda n: (-n.rank, -n.wanted, n.line, n.why, n.paths)):
        lines.append(f"{need.why}: {need.wanted} × {need.level} or above{_at(need.line)}")
        groups = _groups(facts, need, lines)
        able = [p for p in facts.people if p.rank >= need.rank]
        lines += [f"{p.name}: {p.level}, below {need.level}" for p in facts.people if p.rank < need.rank]
        eligible = [p for p in able if p.name not in barred]
        here = [p for p in eligible if not _away(p, facts.today)]
        lines += [f"{p.name}: {barred[p.name]}" for p in able if p.name in barred]
        lines += [f"{p.name}: away until {p.away_until}" for p in eligible if _away(p, facts.today)]
        single += _alone(need, groups, eligible)
        picked = _pick(facts, need, groups, here, chosen, lines)
        if len(picked) < need.wanted:
            unmet.append(
                f"{need.why}: {need.wanted - len(picked)} more at {need.level} or above needed, nobody is left"
            )
            lines.append(unmet[-1])
        for choice in picked:
            chosen.setdefault(choice.person.name, choice)
        spare = [p for p in here if p.name not in chosen]
        if spare:
            nearest = min(spare, key=lambda p: _order(facts, groups, p))
            second.setdefault(nearest.name, Choice(nearest, _reason(facts, groups, nearest)))
    teams = _teams(facts, [choice.person for choice in chosen.values()], lines)
    later = tuple(choice for name, choice in second.items() if name not in chosen)
    lines += single
    lines += [f"{choice.person.name}: second choice, {choice.reason}" for choice in later]
    people = tuple(chosen.values())[: MOST_REVIEWERS - len(teams)]
    return Route(people, teams, later, tuple(dict.fromkeys(single)), tuple(unmet), tuple(dict.fromkeys(lines)))


def _at(line: int) -> str:
    return f" (policy line {line})" if line else ""


def _barred(facts: Facts, lines: list[str]) -> dict[str, str]:
    """Names of people who must not review this, and why."""
    out: dict[str, str] = {}
    for role, identities in (("directed the session", facts.directors), ("the author", facts.authors)):
        for identity in identities:
            matched = [p for p in facts.people if is_person(p, identity)]
            out.update({p.name: f"{role}, cannot review it" for p in matched})
            if not matched:
                lines.append(f"{identity}: {role}, not on the roster")
    return out


def is_person(person: Person, identity: str) -> bool:
    """Whether `identity` (an address, `Name <address>`, a login with or without `@`, or a full name) names `person`.
    Logins and addresses are compared without regard to case."""
    wanted = identity.strip().casefold()
    if wanted.endswith(">") and "<" in wanted:
        wanted = wanted.rpartition("<")[2][:-1].strip()
    if not wanted:
        return False
    login = person.login.casefold()
    return (
        wanted in (mail.casefold() for mail in person.emails)
        or (bool(login) and wanted.removeprefix("@") == login)
        or wanted == person.name.casefold()
    )


def owns(person: Person, owner: str) -> bool:
    """Whether `owner`, as an owners file writes it, means `person`: their login, address, or a team of theirs."""
    if owner.startswith("@@"):
        return False  # a role of the forge, which the roster does not know
    if is_person(person, owner):
        return True
    if not owner.startswith("@"):
        return False
    slug = owner[1:].casefold()
    return any(
        slug in (team.casefold(), team.rpartition("/")[2].casefold()) or slug.rpartition("/")[2] == team.casefold()
        for team in person.teams
    )


def _away(person: Person, today: date) -> bool:
    """`away_until` is the first day the person is back."""
    return person.away_until is not None and today < person.away_until


Groups = Mapping[tuple[str, ...], tuple[str, ...]]


def _groups(facts: Facts, need: Need, lines: list[str]) -> Groups:
    """Owner sets that must approve, each with the files of the need it covers."""
    groups: dict[tuple[str, ...], list[str]] = {}
    where: dict[tuple[str, ...], str] = {}
    nobody: list[str] = []
    for path in need.paths:
        required = [rule for rule in facts.owners.get(path, ()) if not rule.optional]
        if not required:
            nobody.append(path)
        for rule in required:
            groups.setdefault(rule.owners, []).append(path)
            where.setdefault(rule.owners, rule.source + (f" line {rule.line}" if rule.line else ""))
    for owners, paths in groups.items():
        lines.append(f"{_files(paths)}: owned by {', '.join(owners)} ({where[owners]})")
    if nobody:
        lines.append(f"{_files(nobody)}: no owner is named, anyone of the level may review")
    return {owners: tuple(paths) for owners, paths in groups.items()}


def _files(paths: Sequence[str]) -> str:
    return paths[0] if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1} more"


def _alone(need: Need, groups: Groups, eligible: list[Person]) -> list[str]:
    """Where one person alone could approve: the author and the directors are out, being away does not count."""
    if len(eligible) == 1:
        return [f"bus factor of one: {eligible[0].name} alone is {need.level} or above"]
    out = []
    for owners, paths in groups.items():
        able = [person for person in eligible if any(owns(person, owner) for owner in owners)]
        if len(able) == 1:
            out.append(f"bus factor of one: {able[0].name} alone owns {_files(paths)} at {need.level} or above")
    return out


def _covers(groups: Groups, person: Person) -> int:
    """How many files of the need the person owns."""
    return sum(len(paths) for owners, paths in groups.items() if any(owns(person, owner) for owner in owners))


def _order(facts: Facts, groups: Groups, person: Person) -> tuple[bool, int, int, str]:
    return (
        bool(groups) and not _covers(groups, person),
        -facts.familiarity.get(person.name, 0),
        facts.load.get(person.name, 0),
        person.name,
    )


def _reason(facts: Facts, groups: Groups, person: Person) -> str:
    covered = _covers(groups, person)
    total = len({path for paths in groups.values() for path in paths})
    owner = f"owns {min(covered, total)} of {total} files" if groups else "of the level"
    load = facts.load.get(person.name)
    queue = "open requests not known" if load is None else f"{load} open requests"
    return f"{person.level}, {owner}, wrote {facts.familiarity.get(person.name, 0)} lines of the touched files, {queue}"


def _pick(
    facts: Facts, need: Need, groups: Groups, here: list[Person], chosen: Mapping[str, Choice], lines: list[str]
) -> list[Choice]:
    """People for one need: those already asked first, then one for each owner set nobody asked so far belongs to, then
    by rank until the count is reached."""
    picked = [p for p in here if p.name in chosen]
    open_groups = {owners: paths for owners, paths in groups.items() if not _met(owners, picked)}
    pool = [p for p in here if p.name not in chosen]
    while open_groups:
        best = min(pool, key=lambda p: (-_covers(open_groups, p), *_order(facts, open_groups, p)), default=None)
        if best is None or not _covers(open_groups, best):
            break
        pool.remove(best)
        picked.append(best)
        open_groups = {owners: paths for owners, paths in open_groups.items() if not _met(owners, [best])}
    for owners, paths in open_groups.items():
        lines.append(f"{_files(paths)}: no owner of {', '.join(owners)} is {need.level} or above and there")
    for person in sorted(pool, key=lambda p: _order(facts, groups, p)):
        if len(picked) >= need.wanted:
            break
        picked.append(person)
    choices = [chosen.get(p.name) or Choice(p, _reason(facts, groups, p)) for p in picked]
    lines += [f"{choice.person.name}: asked, {choice.reason}" for choice in choices]
    return choices


def _met(owners: Iterable[str], people: Iterable[Person]) -> bool:
    listed = list(people)
    return any(owns(person, owner) for owner in owners for person in listed)


def _teams(facts: Facts, people: Sequence[Person], lines: list[str]) -> tuple[str, ...]:
    """The teams to ask beside the people: those that own files of a need; where none does, the first person's first."""
    needed = dict.fromkeys(path for need in facts.needs for path in need.paths)
    out: dict[str, None] = {}
    for path in needed:
        for rule in facts.owners.get(path, ()):
            if not rule.optional:
                out.update(dict.fromkeys(o[1:] for o in rule.owners if o.startswith("@") and "/" in o))
    if not out and people:
        out.update(dict.fromkeys(people[0].teams[:1]))
    lines += [f"{team}: the team is asked beside a named person" for team in out]
    return tuple(out)[: MOST_REVIEWERS - 1]
