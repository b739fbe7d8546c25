"""What a repository brings to the rules: its own packs and its incident reports, from the files on disk.

Packs and patterns of a repository are off until it is trusted. Packs of installed packages come by entry point (group
`earmark.rules`, each naming a package that holds `*.toml`): what is installed beside Earmark is the user's choice.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NamedTuple

from earmark.git.repository import Repository
from earmark.origin.seen import Refused, read_file
from earmark.risk import incidents, user_packs
from earmark.risk.incidents import Incident
from earmark.risk.rules import RuleSet, load_default
from earmark.risk.user_packs import Pack, with_user_packs

GROUP = "earmark.rules"


class RepositoryRules(NamedTuple):
    """The rule-set to use here, the packs beside ours that it holds, the incident reports, and what of the repository's
    or the packages' own is not used, each as (path or package, why)."""

    rules: RuleSet
    packs: tuple[Pack, ...]
    incidents: tuple[Incident, ...]
    problems: tuple[tuple[str, str], ...]


def repository_rules(repo: Repository | None) -> RepositoryRules:
    """What `repo` and the installed packages bring; without a repository, what the packages bring."""
    packs, refused = _installed()
    reports: tuple[Incident, ...] = ()
    if repo is not None and repo.top:
        found, problems = incidents.read(_files(repo, incidents.is_report, refused), trusted=repo.trusted)
        reports = found
        refused = [*refused, *((problem.path, problem.message) for problem in problems)]
        if repo.trusted:
            packs += tuple(Pack(p, t.decode("utf-8", "replace")) for p, t in _files(repo, user_packs.is_pack, refused))
    rules, malformed = _fit(packs)
    refused += [(problem.source, problem.message) for problem in malformed]
    broken = {problem.source for problem in malformed}
    return RepositoryRules(rules, tuple(p for p in packs if p.source not in broken), reports, tuple(refused))


@lru_cache(maxsize=4)
def _fit(packs: tuple[Pack, ...]) -> tuple[RuleSet, tuple[user_packs.Problem, ...]]:
    """One rule-set as long as the packs are the same, so that it is compiled once."""
    return with_user_packs(load_default(), packs)


def _files(
    repo: Repository, wanted: Callable[[str], bool], refused: list[tuple[str, str]]
) -> Iterator[tuple[str, bytes]]:
    """(path, content) of the files in one of our folders, sorted; links and other oddities are refused."""
    folder = incidents.FOLDER if wanted is incidents.is_report else user_packs.FOLDER
    top = os.path.realpath(os.path.join(repo.top, folder))
    if top != os.path.join(os.path.realpath(repo.top), folder.rstrip("/")) or not os.path.isdir(top):
        return
    for name in sorted(os.listdir(top))[: incidents.MOST_REPORTS]:
        path = folder + name
        if not wanted(path):
            continue
        try:
            yield path, read_file(os.path.join(top, name))
        except Refused as problem:
            refused.append((path, str(problem)))


def _installed() -> tuple[tuple[Pack, ...], list[tuple[str, str]]]:
    """The packs of installed packages; one that cannot be read is said and left out."""
    from importlib import resources
    from importlib.metadata import entry_points

    found: list[Pack] = []
    refused: list[tuple[str, str]] = []
    for entry in entry_points(group=GROUP):
        try:
            files = sorted(resources.files(entry.value).iterdir(), key=lambda file: file.name)
            found += [
                Pack(f"{entry.name}: {file.name}", file.read_text("utf-8"))
                for file in files
                if file.name.endswith(".toml")
            ]
        except Exception as problem:  # noqa: BLE001 - importing somebody's package can fail in any way
            refused.append((entry.name, f"its packs cannot be read: {type(problem).__name__}: {problem}"))
    return tuple(found), refused
