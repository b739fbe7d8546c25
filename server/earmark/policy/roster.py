"""People that the roster names by a team of the forge: who is in it is the forge's word, their level the policy's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from earmark.policy import model


class Member(NamedTuple):
    """Somebody in a team of the forge: the login there, and the name where the forge tells it."""

    login: str
    name: str = ""


def with_members(roster: model.Roster, forge: str, members: Mapping[str, Sequence[Member]]) -> model.Roster:
    """`roster` with the members of its teams. Whoever stands in the file keeps what it says of them (level, absence),
    and is in the team besides; of several teams the highest level counts."""
    people = list(roster.people)
    known = {login.casefold(): at for at, p in enumerate(people) for kind, login in p.handles if kind == forge}
    by_file = {at for at, person in enumerate(people) if person.level}
    for team, level in sorted(roster.teams, key=lambda pair: -model.rank(pair[1], roster.levels)):
        for member in members.get(team, ()):
            at = known.get(member.login.casefold())
            if at is None:
                known[member.login.casefold()] = len(people)
                name = member.name or member.login
                people.append(model.Person(name, (), ((forge, member.login),), level, (team,)))
                continue
            person = people[at]
            teams = person.teams if team in person.teams else (*person.teams, team)
            own = person.level if at in by_file else person.level or level
            people[at] = person._replace(teams=teams, level=own)
    return roster._replace(people=tuple(people))
