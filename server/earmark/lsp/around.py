"""What the repository around a buffer adds to its findings: packages, packs of its own, incidents it resembles.

Runs in the pool, after a pause; nothing of it is on the way of a keystroke.
"""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from earmark.policy.repository_rules import RepositoryRules, repository_rules
from earmark.risk.assess import changed_ranges
from earmark.risk.changed import ChangedFile
from earmark.risk.dependencies.check import check
from earmark.risk.dependencies.surroundings import around
from earmark.risk.engine import scan
from earmark.risk.finding import Finding
from earmark.risk.incidents import FOLDER as INCIDENTS
from earmark.risk.incidents import resembling
from earmark.risk.rules import RuleSet
from earmark.risk.user_packs import FOLDER as PACKS
from earmark.risk.user_packs import Pack

if TYPE_CHECKING:
    from tree_sitter import Tree

    from earmark.git.repository import Repository


class Subject(NamedTuple):
    """A text to look at: `path` is relative to the top of `repo`, or whatever the editor calls the file outside of one;
    `base` is the committed text, None where there is none."""

    text: bytes
    language: str
    path: str
    base: bytes | None
    repo: Repository | None


def look(subject: Subject, tree: Tree | None) -> tuple[list[Finding], list[str]]:
    """`(findings, errors)`; `tree` is the tree of exactly this text, for this thread alone."""
    text, language, path, base, repo = subject
    full = os.path.join(repo.top, path) if repo is not None else path
    brought = _brought(repo, _signature(repo))
    found, errors = check(text, language, path, around(full), rules=brought.rules, tree=tree)
    findings, problems = list(found), [*errors, *(f"{where} is not used: {why}" for where, why in brought.problems)]
    if brought.packs:
        own, failed = scan(text, language, path, tree=tree, rules=_own(brought.packs))
        findings += own
        problems += failed
    if brought.incidents and repo is not None and base is not None:
        ranges = changed_ranges(ChangedFile(path, base, text))
        findings += resembling(text, language, path, brought.incidents, ranges=ranges) if ranges else ()
    return findings, problems


@lru_cache(maxsize=16)
def _brought(repo: Repository | None, signature: tuple[tuple[str, int], ...]) -> RepositoryRules:
    """What the repository brings, read again when a file of it has changed."""
    return repository_rules(repo)


@lru_cache(maxsize=16)
def _own(packs: tuple[Pack, ...]) -> RuleSet:
    """The packs that are not ours, compiled once; ours have run already."""
    return RuleSet("", {}).with_packs(packs)


def _signature(repo: Repository | None) -> tuple[tuple[str, int], ...]:
    """The files that a repository may bring, and when each was written (nanoseconds)."""
    found = []
    for folder in (INCIDENTS, PACKS) if repo is not None else ():
        try:
            with os.scandir(os.path.join(repo.top, folder)) as entries:  # type: ignore[union-attr]
                found += [(folder + entry.name, entry.stat(follow_symlinks=False).st_mtime_ns) for entry in entries]
        except OSError:
            continue
    return tuple(sorted(found))
