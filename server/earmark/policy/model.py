"""A policy as plain data (DESIGN §5)."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

FILE = ".earmark.toml"
RISKS = ("low", "medium", "high", "critical")
MODES = ("ai-only", "always", "forbid")
MISSING_NOTES = ("pass", "warn", "fail")
ROLLOUTS = ("direct", "flag", "canary")
PRESETS = ("earmark", "kernel-7.3", "kernel-7.2", "fedora", "apache")
EXEMPT = frozenset({"generated", "vendored", "excluded"})


class Declare(NamedTuple):
    """When a change is declared. An AI change of at most `trivial_lines` lines over the checked range is not.

    `by_address`: the address of an assistant as author or co-author is evidence of a session; `assistants` are
    (address, tool) pairs beside those that are known.
    """

    mode: str = "ai-only"
    trivial_lines: int = 0
    preset: str = "earmark"
    by_address: bool = True
    assistants: tuple[tuple[str, str], ...] = ()


class Gate(NamedTuple):
    """How the gate judges. `since` is the adoption commit (empty: all are judged); `tests` are globs of test files."""

    missing_notes: str = "warn"
    since: str = ""
    protected: tuple[str, ...] = ("refs/heads/main", "refs/heads/master")
    enforce_locally: bool = False
    tests: tuple[str, ...] = (
        "tests/**", "test/**", "**/test_*.py", "**/*_test.py", "**/*_test.go", "**/*.test.*", "**/*.spec.*",
        "**/src/test/**", "**/__tests__/**",
    )  # fmt: skip


class PathRule(NamedTuple):
    """What holds for the paths that `match`. `kind` is the file's `class`: "production", one of EXEMPT, or empty.

    `max_ai_lines` and `max_ai_files` are sums over the checked range, `max_dependents` counts the places that use what
    AI changed there; None without a budget. `base` marks a rule of the
    organisation's policy; `place` is its index among the rules of its own file.
    """

    match: tuple[str, ...]
    kind: str = ""
    max_ai_lines: int | None = None
    max_ai_files: int | None = None
    max_dependents: int | None = None
    rollout: str = ""
    require_tests: bool = False
    place: int = 0
    base: bool = False


class ReviewRule(NamedTuple):
    """Who must agree to an AI change of `paths` at risk `risk` or above (empty: any): `number` people of at least
    `level` (empty: anybody but the author). `place` -1 marks the default rule of a policy that names none."""

    risk: str = ""
    paths: tuple[str, ...] = ("**",)
    level: str = ""
    number: int = 1
    place: int = 0
    base: bool = False


class Freeze(NamedTuple):
    """A time in which no AI change of `paths` is merged: from `start` until just before `end`, seconds since the epoch.
    `reason` is for people."""

    start: int
    end: int
    paths: tuple[str, ...] = ("**",)
    reason: str = ""
    place: int = 0
    base: bool = False


class Person(NamedTuple):
    """One person. `handles` are (forge, login) pairs; `away_until` is the first day back, or None, as days are counted
    in `time_zone`, a name of the IANA database (empty: not told)."""

    name: str
    emails: tuple[str, ...] = ()
    handles: tuple[tuple[str, str], ...] = ()
    level: str = ""
    teams: tuple[str, ...] = ()
    away_until: date | None = None
    time_zone: str = ""


class Roster(NamedTuple):
    """People and the levels they can have, lowest first. `teams` are (team of the forge, level) pairs: whoever is in
    the team there has the level."""

    levels: tuple[str, ...] = ("junior", "mid", "senior", "principal")
    people: tuple[Person, ...] = ()
    teams: tuple[tuple[str, str], ...] = ()


class Policy(NamedTuple):
    """A whole policy; its defaults are the policy of a repository without a file.

    `given` are the dotted keys that the file sets, `text` is the file (empty: none), `base` the organisation's policy
    that was merged in.
    """

    declare: Declare = Declare()
    gate: Gate = Gate()
    paths: tuple[PathRule, ...] = ()
    review: tuple[ReviewRule, ...] = (ReviewRule(risk="high", place=-1),)
    roster: Roster = Roster()
    freeze: tuple[Freeze, ...] = ()
    given: frozenset[str] = frozenset()
    text: bytes = b""
    base: Policy | None = None


DEFAULT = Policy()


def rank(level: str, levels: tuple[str, ...]) -> int:
    """The place of `level` in `levels`; -1 for one that is not there, the empty one included."""
    return levels.index(level) if level in levels else -1
