"""What the commit about to be made declares: its origins, its policy, its risk, as one block."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from earmark.commit import pending
from earmark.commit.situation import Situation
from earmark.gate import gather
from earmark.gate.facts import CannotTell
from earmark.git import history
from earmark.git import notes as git_notes
from earmark.git.changes import FileChange, commit_changes, staged_changes
from earmark.git.history import Commit
from earmark.git.objects import Objects
from earmark.git.repository import Repository
from earmark.origin import notes, settle, state
from earmark.origin.commit_origins import derive
from earmark.origin.digest import digest
from earmark.origin.ledger import Ledger
from earmark.origin.model import Change
from earmark.policy import load, model
from earmark.policy.scope import needs_declaration
from earmark.trailers import declare
from earmark.trailers.message import blocks


class Declared(NamedTuple):
    """`block` is empty when nothing is to be declared. `unexplained` is a commit whose declaration the new one
    continues although its note is not here, or empty. `problems` are sentences for the user."""

    change: Change
    policy: model.Policy
    block: str
    fingerprint: str
    unexplained: str = ""
    problems: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """The evidence in words."""
        change = self.change
        if not change.is_ai:
            return "nobody recorded an assistant's text in this commit"
        parts = []
        if change.ai_lines:
            parts.append(f"{change.ai_lines} of {change.added} added lines were written by an assistant")
        if change.ai_removed:
            parts.append(f"{change.ai_removed} line{'s were' if change.ai_removed != 1 else ' was'} removed by one")
        return ", ".join(parts)


def staged(repo: Repository, ledger: Ledger, situation: Situation, environ: Mapping[str, str]) -> Declared:
    """The declaration of the index as the commit `situation` describes; its regions are kept in the ledger, from which
    the note is derived later."""
    pairs = staged_changes(repo, situation.base or repo.empty_tree)
    with Objects(repo) as objects:
        change, unexplained = _change(repo, ledger, objects, situation)
        policy, problems = policy_of(objects, environ)
        risk, late = _risk(ledger, objects, pairs, change, policy)
        changes = _range(repo, ledger, policy, change)
        touched = [name for pair in pairs for name in (pair.path, pair.old_path) if name]
        block = _block(policy, change, changes, risk, touched)
    print_ = pending.fingerprint(situation.base, pairs)
    return Declared(change, policy, block, print_, unexplained, (*problems, *late))


def policy_of(objects: Objects, environ: Mapping[str, str]) -> tuple[model.Policy, list[str]]:
    """The policy this commit is judged by before it is pushed: HEAD's, tightened by the organisation's. What is wrong
    with either is said, and does not stop a commit."""
    name = f"HEAD:{model.FILE}"
    problems = [f"{model.FILE}:{p.line}: {p.message}" for p in load.parse(objects.blob(name))[1][:3]]
    try:
        trust = gather.Trust(gather.base_policy(None, environ))
        return gather.policy_at(objects, name, trust), problems
    except CannotTell as error:
        return gather.policy_at(objects, name, gather.INSIDE), [*problems, str(error)]


def _risk(
    ledger: Ledger, objects: Objects, pairs: Sequence[FileChange], change: Change, policy: model.Policy
) -> tuple[str, list[str]]:
    """The level the named rule-set derives, and a sentence when it could not look at everything in time."""
    if not change.is_ai:
        return "", []
    from earmark.policy.assessed import assessed

    found = assessed(ledger, change, pairs, lambda pair: (objects.blob(pair.old), objects.blob(pair.new)), policy)
    if not found.late:
        return found.level, []
    return found.level, [
        f"`AI-Risk` leaves out {len(found.late)} files for want of time; `earmark tag HEAD~..` adds them"
    ]


def _block(policy: model.Policy, change: Change, changes: Sequence[Change], risk: str, touched: Sequence[str]) -> str:
    """The block of `change` alone, if it and the commits it is pushed with call for one."""
    if policy.declare.mode == "forbid":
        return ""
    if change.is_ai and changes and not needs_declaration(policy, changes):
        return ""
    if change.is_ai:
        # Whether the limit is passed was decided over the range; the numbers are this commit's own.
        policy = policy._replace(declare=policy.declare._replace(trivial_lines=0))
    return declare.block(policy, [change], risk or "low", touched)


def _range(repo: Repository, ledger: Ledger, policy: model.Policy, change: Change) -> list[Change]:
    """`change` with the commits that are not pushed yet, where the trivial limit asks for their sum."""
    if not policy.declare.trivial_lines or not change.is_ai or not change.parent:
        return [change]
    settle.settle(repo, ledger)
    unpushed = history.commits(repo, change.parent, "--not", "--remotes")
    ids = [commit.id for commit in unpushed[-200:]]
    return [*state.commits(repo, ledger, ids), change]


def _change(repo: Repository, ledger: Ledger, objects: Objects, situation: Situation) -> tuple[Change, str]:
    """The origins of the staged change against the first parent, and the source commit that cannot be explained."""
    plain = state.record_index(repo, ledger)
    if situation.kind == "commit" and not situation.sources:
        return plain, ""
    if situation.sources and not os.path.isdir(os.path.join(repo.git_dir, "rebase-merge")):
        settle.settle(repo, ledger)
    priors, unexplained = _priors(repo, ledger, objects, situation.sources)
    pairs = staged_changes(repo, situation.base or repo.empty_tree)
    commit = Commit("", "", situation.parents, "", "", 0, "", "", 0, b"")
    return derive(repo, ledger, objects, commit, pairs, priors, True), unexplained


def _priors(
    repo: Repository, ledger: Ledger, objects: Objects, sources: Sequence[str]
) -> tuple[list[tuple[str, bytes]], str]:
    """The notes of `sources`, and the first of them whose declaration nothing here accounts for.

    In the middle of a rebase commits have no notes yet: one that the ledger accounts for exactly as it declares is
    as good as noted.
    """
    present = [id_ for id_ in sources if objects.info(id_) is not None]
    stored = git_notes.read(repo, notes.REF, present, objects=objects)
    pairs = commit_changes(repo, [id_ for id_ in present if id_ not in stored])
    unexplained = ""
    for commit in history.read(repo, list(pairs), objects=objects):
        change = derive(repo, ledger, objects, commit, pairs[commit.id], [], True)
        known = digest(change.files)
        if change.is_ai:
            stored[commit.id] = notes.format_note(notes.from_change(change, known))
        declared = blocks(commit.message)
        if declared and known not in [block.digest for block in declared]:
            unexplained = unexplained or commit.id
    return [(id_, stored[id_]) for id_ in present if id_ in stored], unexplained
