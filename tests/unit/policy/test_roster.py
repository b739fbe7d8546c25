"""The roster with the members of the forge's teams."""

from __future__ import annotations

from earmark.policy.load import parse
from earmark.policy.model import Person
from earmark.policy.roster import Member, with_members

POLICY = b"""
[roster]
levels = ["junior", "senior", "principal"]
teams = { "o/all" = "junior", "o/seniors" = "senior", "o/empty" = "principal" }
[[roster.people]]
name = "Ada"
handles = { github = "ADA", gitlab = "bob" }
level = "principal"
away_until = 2026-12-01
time_zone = "Europe/Berlin"
[[roster.people]]
name = "Grace"
handles = { github = "grace" }
teams = ["payments"]
"""
MEMBERS = {
    "o/all": [Member("ada"), Member("grace"), Member("bob", "Bob Example")],
    "o/seniors": [Member("grace"), Member("zoe")],
}


def test_the_file_says_more_than_a_team_and_a_higher_team_more_than_a_lower() -> None:
    policy, problems = parse(POLICY)
    assert problems == ()
    found = {person.name: person for person in with_members(policy.roster, "github", MEMBERS).people}
    assert list(found) == ["Ada", "Grace", "zoe", "Bob Example"]
    assert found["Ada"] == policy.roster.people[0]._replace(teams=("o/all",))
    assert (found["Grace"].level, found["Grace"].teams) == ("senior", ("payments", "o/seniors", "o/all"))
    assert found["zoe"] == Person("zoe", (), (("github", "zoe"),), "senior", ("o/seniors",))
    assert found["Bob Example"].level == "junior"


def test_a_login_is_one_of_its_forge_alone() -> None:
    policy, _ = parse(POLICY)
    found = with_members(policy.roster, "gitlab", {"o/all": [Member("bob")], "o/seniors": [Member("ada")]})
    assert [(person.name, person.level) for person in found.people] == [
        ("Ada", "principal"), ("Grace", ""), ("ada", "senior"),
    ]  # fmt: skip


def test_a_team_of_a_level_nobody_knows_is_left_out_and_said() -> None:
    policy, (problem,) = parse(b'[roster.teams]\n"o/x" = "grand"\n"o/y" = "senior"\n')
    assert policy.roster.teams == (("o/y", "senior"),)
    assert (problem.line, "no level `grand`" in problem.message) == (2, True)


def test_a_time_zone_is_a_name() -> None:
    for value, fine in (
        ("Europe/Berlin", True),
        ("UTC", True),
        ("../etc/passwd", False),
        ("+02:00", False),
        ("", False),
    ):
        person = f'[[roster.people]]\nname = "x"\ntime_zone = "{value}"\n'
        policy, problems = parse(person.encode())
        assert (policy.roster.people[0].time_zone == value and not problems) is fine
