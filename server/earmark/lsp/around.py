"""What the repository around a buffer adds: findings about packages, of its own packs, of incidents the change
resembles; and who uses what it changes.

Runs in the pool, after a pause; nothing of it is on the way of a keystroke.
"""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from earmark.git import refs, trees
from earmark.git.objects import Objects
from earmark.git.run import GitError
from earmark.origin.ledger import folder
from earmark.policy.dependents import dependents, said
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
from earmark.risk.symbols.tags import tags
from earmark.risk.unfit import unfit
from earmark.risk.user_packs import FOLDER as PACKS
from earmark.risk.user_packs import Pack

if TYPE_CHECKING:
    from tree_sitter import Tree

    from earmark.git.repository import Repository


# So many files are learnt at once, in the pool; more in a process of their own.
_SMALL = 200


class Subject(NamedTuple):
    """A text to look at: `path` is relative to the top of `repo`, or whatever the editor calls the file outside of one;
    `base` is the committed text, None where there is none."""

    text: bytes
    language: str
    path: str
    base: bytes | None
    repo: Repository | None


class Callers(NamedTuple):
    """A definition that the change touches, at lines `start` to `end` (1-based, inclusive), and who uses it."""

    start: int
    end: int
    said: str


class Heard(NamedTuple):
    """`callers` is None where the symbol index is not there and would take long to build."""

    findings: list[Finding]
    errors: list[str]
    callers: tuple[Callers, ...] | None


def look(subject: Subject, tree: Tree | None) -> Heard:
    """What is added; `tree` is the tree of exactly this text, for this thread alone."""
    text, language, path, base, repo = subject
    full = os.path.join(repo.top, path) if repo is not None else path
    brought = _brought(repo, _signature(repo))
    found, errors = check(text, language, path, around(full), rules=brought.rules, tree=tree)
    findings = [*found, *unfit(text, path, brought.rules)]
    problems = [*errors, *(f"{where} is not used: {why}" for where, why in brought.problems)]
    if brought.packs:
        own, failed = scan(text, language, path, tree=tree, rules=_own(brought.packs))
        findings += own
        problems += failed
    if brought.incidents and repo is not None and base is not None:
        ranges = changed_ranges(ChangedFile(path, base, text))
        findings += resembling(text, language, path, brought.incidents, ranges=ranges) if ranges else ()
    return Heard(findings, problems, _callers(subject))


def _callers(subject: Subject) -> tuple[Callers, ...] | None:
    """Who uses the definitions of the committed text that the present one changes. Nothing is learnt for a repository
    in which nobody has used Earmark."""
    text, language, path, base, repo = subject
    if repo is None or not base or base == text or not os.path.exists(os.path.join(folder(repo), "ledger.db")):
        return ()
    file = ChangedFile(path, base, text)
    try:
        with Objects(repo) as objects:
            head = refs.head(repo).commit
            users = dependents(repo, objects, [file], lambda: _tree(repo, head), told=lambda _, total: total <= _SMALL)
    except GitError:
        # The repository may be gone, or be written at this moment; the next pause asks again.
        return ()
    if users is None:
        return None
    used = {user.name: f"{user.name}: {said(user)}" for _, user in users.found if user.places}
    known = tags(text, language).definitions if used else ()
    return tuple(Callers(d.start, d.end, used[d.name]) for d in known if d.name in used)


@lru_cache(maxsize=2)
def _tree(repo: Repository, commit: str) -> dict[str, str]:
    return trees.files(repo, commit) if commit else {}


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
    for place in (INCIDENTS, PACKS) if repo is not None else ():
        try:
            with os.scandir(os.path.join(repo.top, place)) as entries:  # type: ignore[union-attr]
                found += [(place + entry.name, entry.stat(follow_symlinks=False).st_mtime_ns) for entry in entries]
        except OSError:
            continue
    return tuple(sorted(found))
