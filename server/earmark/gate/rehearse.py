"""A policy tried on history: what it would have refused, had it been in force."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from earmark.gate import gather
from earmark.gate.check import check
from earmark.gate.facts import Verdict
from earmark.gate.gather import Trust
from earmark.git import history
from earmark.git.repository import Repository
from earmark.git.run import run
from earmark.origin.ledger import Ledger


class Rehearsed(NamedTuple):
    """One change of the mainline: the `commit` that brought it in (a merge stands for all it merged), its title, and
    the verdict of phase merge."""

    commit: str
    title: str
    verdict: Verdict


def rehearse(repo: Repository, ledger: Ledger, text: str, trust: Trust) -> Iterator[Rehearsed]:
    """Judge each change along the first parents of the range `text` ("A..B") by `trust.instead`, oldest first. Raises
    `CannotTell` and the errors of git and the ledger.

    Approvals that were given on a forge are not known afterwards, so every review the policy asks for shows as lacking;
    freezes are looked at as of now.
    """
    whole = gather.span(repo, text)
    out = [f"^{id_}" for id_ in whole.exclude]
    mainline = run(repo, "rev-list", "--first-parent", "--reverse", whole.head, *out, "--").decode().split()
    commits = {commit.id: commit for commit in history.commits(repo, whole.head, *out)}
    for commit in (commits[id_] for id_ in mainline):
        title = commit.message.split(b"\n", 1)[0].decode("utf-8", "replace")
        asked = whole._replace(head=commit.id, exclude=commit.parents[:1], target=commit.parent)
        yield Rehearsed(commit.id, title, check(gather.of_span(repo, ledger, asked, "merge", trust)))
