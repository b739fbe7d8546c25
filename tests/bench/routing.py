"""Owners and routing for a large repository, beside the plain way in the same run.

    python tests/bench/routing.py [--runs N]

A CODEOWNERS of 50,000 lines with 10,000 rules, a change of 1,000 files, a roster of 300 people: read, looked up and
routed. The plain way tries the same patterns, compiled by pathspec, one after the other, for 20 of the files; its time
is that for all of them.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable
from datetime import UTC, datetime
from time import process_time

from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern
from rich.console import Console
from rich.table import Table

from earmark.review.gitea import GiteaOwners
from earmark.review.owners import Owners, parse_github, parse_gitlab
from earmark.review.routing import Facts, Need, Person, route

RULES, FILES, PEOPLE = 10_000, 1_000, 300
TRIED = 20
BUDGET = 0.3  # seconds
PATHS = tuple(f"svc{i * 7}/a/f{i}.py" for i in range(FILES))
ROSTER = tuple(Person(f"P{i}", "x", i % 3, f"u{i}", (f"u{i}@x.org",), (f"t{i % 50}",)) for i in range(PEOPLE))
NEEDS = (Need("senior", 2, 1, PATHS, "high"), Need("mid", 1, 2, PATHS, "any"))


def file(line: Callable[[int], str]) -> str:
    """10,000 rules with four lines of comment before each."""
    return "\n".join(part for i in range(RULES) for part in (*["# why"] * 4, line(i)))


def globs(i: int) -> str:
    return f"/svc{i}/ @u{i % PEOPLE} @org/t{i % 50}"


DIALECTS: tuple[tuple[str, Callable[[str], Owners], str], ...] = (
    ("GitHub", parse_github, file(globs)),
    ("GitLab", parse_gitlab, file(lambda i: f"[S{i}]\n{globs(i)}" if i % 100 == 0 else globs(i))),
    ("Gitea", GiteaOwners, file(lambda i: f"svc{i}/.*\\\\.(py|go) @u{i % PEOPLE} @org/t{i % 50}")),
)


def ours(parse: Callable[[str], Owners], text: str) -> float:
    begun = process_time()
    owners = parse(text)
    asked = {path: owners.of(path) for path in PATHS}
    found = route(Facts(ROSTER, NEEDS, asked, ("u1@x.org",), (), datetime(2026, 11, 21, tzinfo=UTC)))
    assert found.people
    return process_time() - begun


def plain() -> float:
    patterns = [GitIgnoreSpecPattern(f"/svc{i}/") for i in range(RULES)]
    begun = process_time()
    for path in PATHS[:TRIED]:
        assert len([pattern for pattern in patterns if pattern.match_file(path)]) <= 1
    return (process_time() - begun) * FILES / TRIED


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    table = Table("dialect", "lines", "seconds (CPU)", "budget", "× plain")
    missed = 0
    for name, parse, text in DIALECTS:
        pairs = [(ours(parse, text), plain()) for _ in range(runs)]
        spent, base = (statistics.median(side) for side in zip(*pairs, strict=True))
        missed += spent > BUDGET
        table.add_row(name, f"{text.count(chr(10)) + 1:,}", f"{spent:.3f}", f"{BUDGET}", f"{spent / base:.3f}")
    Console().print(table)
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
