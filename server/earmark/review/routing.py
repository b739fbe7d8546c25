"""Whom to ask: owners of the changed files ∩ the level the policy requires ∩ people who are there.

Pure: the same facts give the same route and the same explanation, line by line. Familiarity comes first (who wrote what
the change touches), open requests second: ranking by load alone asks people who do not know the code. The author and
the directors of the sessions never review their own work.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, tzinfo
from functools import lru_cache
from typing import Final, NamedTuple

from earmark.review.owners import Ownership

MOST_REVIEWERS: Final = 15  # GitHub takes no more people and teams on one request
MOST_NAMED: Final = 10  # of them by name; a change that needs more is to be split


class Person(NamedTuple):
    """Somebody of the roster. `rank` is the place of `level` in the roster's levels, 0 the lowest; `login` the handle
    on the forge in use, empty when unknown; `teams` are slugs, with or without the organisation; `time_zone` a name of
    the IANA database, empty when not told."""

    name: str
    level: str
    rank: int
    login: str = ""
    emails: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    away_until: date | None = None
    time_zone: str = ""


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
    missing name: not known). `authors` are identities: addresses, logins with or without `@`, or names. `now` is aware;
    its zone is that of people who tell none."""

    people: tuple[Person, ...]
    needs: tuple[Need, ...]
    owners: Mapping[str, tuple[Ownership, ...]]
    authors: tuple[str, ...]
    directors: tuple[str, ...]
    now: datetime
    familiarity: Mapping[str, int] = {}
    load: Mapping[str, int] = {}


class Choice(NamedTuple):
    """A person asked by name, and why."""

    person: Person
    reason: str


class Route(NamedTuple):
    """Whom to ask.

    `people` are named, `teams` (as the owners file writes them, without `@`) asked beside them; `second` is who is next
    when nobody answers, never asked by itself. `single` says where one person alone could approve, or that no one
    could be named. `unmet` says what no one can satisfy. `lines` explain every step.
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
    roster = _Roster(facts.people)
    barred = _barred(facts, lines)
    chosen: dict[str, Choice] = {}
    second: dict[str, Choice] = {}
    single: list[str] = []
    missing: list[tuple[Need, int]] = []
    for need in sorted(facts.needs, key=lambda n: (-n.rank, -n.wanted, n.line, n.why, n.paths)):
        lines.append(f"{need.why}: {need.wanted} × {_level(need)}{_at(need.line)}")
        owned = _owned(facts, roster, need, lines)
        able = [p for p in facts.people if p.rank >= need.rank]
        lines += [f"{p.name}: {p.level or 'no level'}, below {need.level}" for p in facts.people if p.rank < need.rank]
        eligible = [p for p in able if p.name not in barred]
        here = [p for p in eligible if not _away(p, facts.now)]
        lines += [f"{p.name}: {barred[p.name]}" for p in able if p.name in barred]
        lines += [f"{p.name}: away until {p.away_until}" for p in eligible if _away(p, facts.now)]
        single += _alone(need, owned, eligible)
        picked = _pick(facts, need, owned, here, chosen, lines)
        if len(picked) < need.wanted:
            missing.append((need, need.wanted - len(picked)))
        chosen.update((choice.person.name, choice) for choice in picked if choice.person.name not in chosen)
        spare = [p for p in here if p.name not in chosen]
        if spare:
            nearest = min(spare, key=lambda p: _order(facts, owned, p))
            second.setdefault(nearest.name, Choice(nearest, _reason(facts, owned, nearest)))
    people = tuple(chosen.values())[:MOST_REVIEWERS]
    teams = _teams(facts, people, MOST_REVIEWERS - len(people), lines)
    unmet = [
        f"{n.why}: {count} more at {_level(n)} needed, nobody is left" for n, count in missing if n.level or not teams
    ]
    if teams and any(not need.level for need, _ in missing):
        single.append(f"nobody of {', '.join(teams)} is on the roster, so no one could be named")
    later = tuple(choice for name, choice in second.items() if name not in chosen)
    lines += single + unmet
    lines += [f"{choice.person.name}: second choice, {choice.reason}" for choice in later]
    return Route(people, teams, later, tuple(dict.fromkeys(single)), tuple(unmet), tuple(dict.fromkeys(lines)))


def _level(need: Need) -> str:
    return f"{need.level} or above" if need.level else "any level"


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


def _away(person: Person, now: datetime) -> bool:
    """`away_until` is the first day the person is back, in their own time zone."""
    return person.away_until is not None and _there(person, now).date() < person.away_until


def _there(person: Person, now: datetime) -> datetime:
    """`now` on the person's clock; unchanged where the zone is not told or not known here."""
    zone = _zone(person.time_zone)
    return now.astimezone(zone) if zone else now


@lru_cache(maxsize=1024)
def _zone(name: str) -> tzinfo | None:
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name) if name else None
    except (KeyError, OSError, ValueError):  # a name the database does not have, or no database
        return None


class _Roster:
    """`owns`, answered for an owner at once: names by address, login, name and team."""

    def __init__(self, people: Iterable[Person]) -> None:
        self._identities: dict[str, set[str]] = {}
        self._teams: dict[str, set[str]] = {}
        self._found: dict[str, frozenset[str]] = {}
        for person in people:
            for key in (*person.emails, person.name, f"@{person.login}" if person.login else "", person.login):
                self._identities.setdefault(key.casefold(), set()).add(person.name)
            for team in person.teams:
                for slug in {team.casefold(), team.casefold().rpartition("/")[2]}:
                    self._teams.setdefault(slug, set()).add(person.name)
                self._teams.setdefault(f"*/{team.casefold()}", set()).add(person.name)
        self._identities.pop("", None)

    def members(self, owner: str) -> frozenset[str]:
        found = self._found.get(owner)
        if found is None:
            found = self._found[owner] = frozenset(self._look_up(owner))
        return found

    def _look_up(self, owner: str) -> set[str]:
        if owner.startswith("@@"):
            return set()
        key = owner.strip().casefold()
        names = set(self._identities.get(key, ()))
        if key.startswith("@") and len(key) > 1:
            slug = key[1:]
            names |= self._teams.get(slug, set()) | self._teams.get(f"*/{slug.rpartition('/')[2]}", set())
        return names


class _Owned(NamedTuple):
    """The owner sets that must approve a need: the files each covers, the people in it, and files owned by name."""

    files: Mapping[tuple[str, ...], tuple[str, ...]]
    people: Mapping[tuple[str, ...], frozenset[str]]
    amount: Mapping[str, int]


def _owned(facts: Facts, roster: _Roster, need: Need, lines: list[str]) -> _Owned:
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
    people = {owners: frozenset().union(*map(roster.members, owners)) for owners in groups}
    covered: dict[str, set[str]] = {}
    for owners, paths in groups.items():
        for name in people[owners]:
            covered.setdefault(name, set()).update(paths)
    files = {owners: tuple(paths) for owners, paths in groups.items()}
    return _Owned(files, people, {name: len(paths) for name, paths in covered.items()})


def _files(paths: Sequence[str]) -> str:
    return paths[0] if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1} more"


def _alone(need: Need, owned: _Owned, eligible: list[Person]) -> list[str]:
    """Where one person alone could approve: the author and the directors are out, being away does not count."""
    if len(eligible) == 1:
        return [f"bus factor of one: {eligible[0].name} alone is {_level(need)}"]
    names = {person.name for person in eligible}
    out = []
    for owners, paths in owned.files.items():
        able = owned.people[owners] & names
        if len(able) == 1:
            out.append(f"bus factor of one: {min(able)} alone owns {_files(paths)} at {_level(need)}")
    return out


def _order(facts: Facts, owned: _Owned, person: Person) -> tuple[bool, int, int, str]:
    return (
        bool(owned.files) and not owned.amount.get(person.name, 0),
        -facts.familiarity.get(person.name, 0),
        facts.load.get(person.name, 0),
        person.name,
    )


def _reason(facts: Facts, owned: _Owned, person: Person) -> str:
    total = len({path for paths in owned.files.values() for path in paths})
    owner = f"owns {owned.amount.get(person.name, 0)} of {total} files" if owned.files else "of the level"
    load = facts.load.get(person.name)
    queue = "open requests not known" if load is None else f"{load} open requests"
    wrote = f"wrote {facts.familiarity.get(person.name, 0)} lines of the touched files"
    return f"{person.level or 'no level'}, {owner}, {wrote}, {queue}"


def _pick(
    facts: Facts, need: Need, owned: _Owned, here: list[Person], chosen: Mapping[str, Choice], lines: list[str]
) -> list[Choice]:
    """People for one need: those already asked first, then one for each owner set nobody asked so far belongs to, then
    by rank until the count is reached."""
    picked = [p for p in here if p.name in chosen]
    open_sets = [owners for owners in owned.files if not owned.people[owners] & {p.name for p in picked}]
    rest = {p.name: p for p in here if p.name not in chosen}
    while open_sets and len(picked) < max(MOST_NAMED, need.wanted):
        covers: dict[str, int] = {}
        for owners in open_sets:
            for name in owned.people[owners]:
                if name in rest:
                    covers[name] = covers.get(name, 0) + len(owned.files[owners])
        if not covers:
            break
        best = min(covers, key=lambda name: (-covers[name], *_order(facts, owned, rest[name])))
        picked.append(rest.pop(best))
        open_sets = [owners for owners in open_sets if best not in owned.people[owners]]
    for owners in open_sets:
        there = owned.people[owners] & rest.keys()
        why = f"at most {MOST_NAMED} people are named" if there else f"no owner is {_level(need)} and there"
        lines.append(f"{_files(owned.files[owners])}: {why} ({', '.join(owners)})")
    for person in sorted(rest.values(), key=lambda p: _order(facts, owned, p)):
        if len(picked) >= need.wanted:
            break
        picked.append(person)
    choices = [chosen.get(p.name) or Choice(p, _reason(facts, owned, p)) for p in picked]
    lines += [f"{choice.person.name}: asked, {choice.reason}" for choice in choices]
    lines += [
        f"{person.name}: it is {_there(person, facts.now):%H:%M} there ({person.time_zone})"
        for person in picked
        if _zone(person.time_zone)
    ]
    return choices


def _teams(facts: Facts, people: Sequence[Choice], most: int, lines: list[str]) -> tuple[str, ...]:
    """The teams to ask beside the people: those that own files of a need; where none does, the first person's first."""
    needed = dict.fromkeys(path for need in facts.needs for path in need.paths)
    out: dict[str, None] = {}
    for path in needed:
        for rule in facts.owners.get(path, ()):
            if not rule.optional:
                out.update(dict.fromkeys(o[1:] for o in rule.owners if o.startswith("@") and "/" in o))
    if not out and people:
        out.update(dict.fromkeys(people[0].person.teams[:1]))
    teams = tuple(out)[:most]
    lines += [f"{team}: the team is asked beside a named person" for team in teams]
    lines += [
        f"{team}: a request takes {MOST_REVIEWERS} people and teams, it is not asked" for team in list(out)[most:]
    ]
    return teams
