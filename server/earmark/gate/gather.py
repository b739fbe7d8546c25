"""Reading the gate's facts from a repository: the only module of this package that does IO.

Root of trust: policy and roster come from the target before the change, so that no change can choose its own rules. All
commits are read in one pass; the number of git processes does not grow with them.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from earmark.gate.facts import CannotTell, CommitFacts, Facts, NoteFacts
from earmark.git import history
from earmark.git import notes as git_notes
from earmark.git.changes import FileChange, commit_changes, staged_changes, tree_changes
from earmark.git.history import Commit
from earmark.git.objects import Objects
from earmark.git.repository import Repository
from earmark.git.run import GitError, run
from earmark.origin import notes, state
from earmark.origin.digest import digest
from earmark.origin.ledger import Ledger
from earmark.origin.model import Change
from earmark.policy import load, merge, model
from earmark.policy.model import Policy
from earmark.policy.scope import ai_files
from earmark.review.span import target_ref
from earmark.review.standing import Range, has_approvals, standing

BASE_POLICY = "EARMARK_BASE_POLICY"


class Span(NamedTuple):
    """What is judged: the commits of `include` that are not in `exclude` (ids). Policy is that of commit `target`,
    empty where there is none; `head` is what the change leaves behind. `ref` is the full name of where it goes, empty
    when unknown: no approval counts for it then."""

    head: str
    exclude: tuple[str, ...]
    target: str
    ref: str = ""


class Trust(NamedTuple):
    """What comes from outside the change: an organisation's policy (bytes, or None) and where notes are read (a ref or
    a commit id). `instead` is tried in the place of the repository's policy, for a rehearsal; no gate sets it."""

    base_policy: bytes | None = None
    notes_at: str = notes.REF
    instead: Policy | None = None


INSIDE = Trust()
_SHALLOW = "history-shallow"


def base_policy(file: str | None, environ: Mapping[str, str]) -> bytes | None:
    """The organisation's policy: the file named, else the one of the environment. Raises `CannotTell`."""
    name = file or environ.get(BASE_POLICY)
    if not name:
        return None
    try:
        with open(name, "rb") as stream:
            return stream.read(load.MAX_BYTES + 1)
    except OSError as error:
        raise CannotTell(f"the base policy {name} cannot be read: {error.strerror}") from error


def span(repo: Repository, text: str) -> Span:
    """The span a user names: "A..B" or "A...B" (what B adds to A, judged by A's policy; an empty side is HEAD)."""
    left, _, right = text.partition("...") if "..." in text else text.partition("..")
    target, head = _commit(repo, left or "HEAD"), _commit(repo, right or "HEAD")
    return Span(head, (target,), target, target_ref(repo, left))


def added(repo: Repository, rev: str) -> Span:
    """The span of what `rev` (empty: HEAD) adds to the branch it is meant for, judged by that branch's policy."""
    from earmark.review.span import NoSpan, find

    try:
        found = find(repo, rev)
    except NoSpan as error:
        raise CannotTell(f"{error}; or say --staged", _SHALLOW if _shallow(repo) else "") from error
    return Span(found.head, (found.base,) if found.base else (), found.target_commit, f"refs/heads/{found.target}")


def _commit(repo: Repository, rev: str) -> str:
    found = history.resolve(repo, rev)
    if found is None and _shallow(repo):
        raise CannotTell(f"{rev} is not in this shallow history; fetch it whole (`git fetch --unshallow`)", _SHALLOW)
    if found is None:
        raise CannotTell(f"there is no commit {rev} here")
    return found


def of_span(repo: Repository, ledger: Ledger, asked: Span, phase: str, trust: Trust = INSIDE) -> Facts:
    """The facts of a span. Raises `CannotTell` for a missing one, and the errors of git and the ledger."""
    with Objects(repo) as objects:
        policy = policy_at(objects, f"{asked.target}:{model.FILE}" if asked.target else "", trust)
        listed = _listed(repo, objects, asked, policy)
        raw = git_notes.read(repo, trust.notes_at, [commit.id for commit in listed], objects=objects)
        ids = [commit.id for commit in listed]
        pairs = commit_changes(repo, ids)
        changes = state.commits(repo, ledger, ids, notes_at=trust.notes_at)
        commits, level = [], ""
        for commit, change in zip(listed, changes, strict=True):
            risk, whole = _risk(ledger, objects, change, pairs[commit.id], policy)
            commits.append(_facts(commit, change, raw.get(commit.id), risk))
            level = max(level, whole, key=lambda name: model.rank(name, model.RISKS))
        fork = _fork(repo, asked, listed) if listed else ""
        whole_pairs = tree_changes(repo, fork, asked.head) if listed else ()
        touched, gone = _touched(whole_pairs)
        problems = load.parse(objects.blob(f"{asked.head}:{model.FILE}"))[1]
        users = _dependents(repo, objects, policy, fork, whole_pairs, changes)
        facts = Facts(
            phase, tuple(commits), policy, problems, level, touched, gone, now=int(time.time()), dependents=users
        )  # fmt: skip
        return _approved(repo, ledger, objects, asked, listed, facts)


def _approved(
    repo: Repository, ledger: Ledger, objects: Objects, asked: Span, listed: list[Commit], facts: Facts
) -> Facts:
    """The facts with the signed approvals there are, and what they may cover."""
    if not listed or not has_approvals(repo):
        return facts
    whole = Range(_fork(repo, asked, listed), asked.head, tuple(c.id for c in listed), asked.ref, asked.target)
    found = standing(repo, ledger, objects, whole, int(time.time()))
    return facts._replace(approvals=found.approvals, subjects=found.subjects, scope=found.scope)


def of_staged(repo: Repository, ledger: Ledger, phase: str, trust: Trust = INSIDE) -> Facts:
    """The facts of what the next commit would do, judged by HEAD's policy."""
    with Objects(repo) as objects:
        policy = policy_at(objects, f"HEAD:{model.FILE}", trust)
        change = state.staged(repo, ledger)
        pairs = staged_changes(repo)
        risk, whole = _risk(ledger, objects, change, pairs, policy)
        touched, gone = _touched(pairs)
        problems = load.parse(objects.blob(f":{model.FILE}"))[1]
        users = _dependents(repo, objects, policy, change.parent, pairs, [change])
    commit = CommitFacts("", None, change, digest(change.files), risk=risk)
    return Facts(phase, (commit,), policy, problems, whole, touched, gone, now=int(time.time()), dependents=users)


def policy_at(objects: Objects, name: str, trust: Trust) -> Policy:
    """The policy that blob `name` ("<commit>:.earmark.toml", empty for none) holds, tightened by the base.

    What of it is broken does not count: the policy the change leaves behind is reported by itself. A broken base is a
    missing fact: it is the word of those who run the gate.
    """
    policy = trust.instead or load.parse(objects.blob(name) if name else b"")[0]
    if trust.base_policy is None:
        return policy
    base, wrong = load.parse(trust.base_policy)
    if wrong:
        raise CannotTell(f"the base policy is broken at line {wrong[0].line}: {wrong[0].message}")
    return merge.merge_base(base, policy)


def _listed(repo: Repository, objects: Objects, asked: Span, policy: Policy) -> list[Commit]:
    """The commits of the span after the adoption commit, oldest first."""
    shallow = _shallow(repo)
    out = list(asked.exclude)
    if policy.gate.since:
        since = objects.info(f"{policy.gate.since}^{{commit}}")
        if since:
            out.append(since.id)
        elif shallow:
            message = f"the adoption commit {policy.gate.since} is not in this shallow history"
            raise CannotTell(f"{message}; fetch it whole (`git fetch --unshallow`)", _SHALLOW)
    try:
        listed = history.commits(repo, asked.head, *(f"^{id_}" for id_ in out), objects=objects)
    except GitError as error:
        raise CannotTell(f"the commits cannot be read: {error}") from error
    if shallow & {commit.id for commit in listed}:
        message = "the history ends inside the range, which is a shallow clone's doing"
        raise CannotTell(f"{message}; fetch it whole (`git fetch --unshallow`)", _SHALLOW)
    return listed


def _shallow(repo: Repository) -> frozenset[str]:
    """Commits whose parents a shallow clone left out."""
    try:
        with open(os.path.join(repo.common_dir, "shallow"), encoding="ascii") as file:
            return frozenset(file.read().split())
    except (OSError, ValueError):
        return frozenset()


def _risk(
    ledger: Ledger, objects: Objects, change: Change, pairs: Iterable[FileChange], policy: Policy
) -> tuple[str, str]:
    """(what the rule-set alone derives, the level with size and context); both empty without AI. However long it takes:
    a gate that gives up half-way would pass what it did not look at."""
    if not change.is_ai:
        return "", ""
    from earmark.policy.assessed import assessed

    def read(pair: FileChange) -> tuple[bytes, bytes]:
        return objects.blob(pair.old), objects.blob(pair.new)

    found = assessed(ledger, change, pairs, read, policy, seconds=math.inf)
    return found.level, found.whole.level


def _dependents(
    repo: Repository,
    objects: Objects,
    policy: Policy,
    fork: str,
    pairs: Sequence[FileChange],
    changes: Iterable[Change],
) -> dict[str, int] | None:
    """How many places of commit `fork` use what AI changed of each file (`pairs`, against it); only where the policy
    has a budget for them, because every file is read for it. None too where it cannot be counted."""
    if all(rule.max_dependents is None for rule in policy.paths):
        return None
    from earmark.git import trees
    from earmark.policy.background import changed_files
    from earmark.policy.dependents import dependents

    ai = {file.path for file in ai_files(changes)}
    mine = [pair for pair in pairs if pair.path in ai]
    files = changed_files(objects, mine)
    before = dict[str, str]() if not fork else trees.files(repo, fork)
    found = dependents(repo, objects, files, lambda: before, told=lambda done, total: True)
    if found is None:
        return None
    now = {pair.old_path: pair.path for pair in mine}
    return {now.get(path, path): count for path, count in found.by_path().items()}


def _fork(repo: Repository, asked: Span, listed: list[Commit]) -> str:
    """Where the change left its target (empty for the empty tree), so that what it merged from there is not its own."""
    if not asked.target:
        return listed[0].parent
    return run(repo, "merge-base", asked.target, asked.head, check=False).decode().partition("\n")[0]


def _facts(commit: Commit, change: Change, raw: bytes | None, risk: str) -> CommitFacts:
    return CommitFacts(
        commit.id, commit.message, change, digest(change.files), note_facts(raw), risk,
        f"{commit.author_name} <{commit.author_email}>", f"{commit.committer_name} <{commit.committer_email}>",
        len(commit.parents),
    )  # fmt: skip


def note_facts(raw: bytes | None) -> NoteFacts:
    """What a stored note is."""
    if raw is None:
        return NoteFacts()
    try:
        note = notes.parse(raw)
    except notes.NoteError as error:
        return NoteFacts("invalid", problem=str(error))
    if note.opaque:
        return NoteFacts("newer")
    added = any(owner.origin.kind == "ai" for path in note.files for owner in notes.owners(note, path))
    ai = added or any(notes.removals(note, path) for path in notes.removed_paths(note))
    return NoteFacts("valid", ai, notes.recorded_digest(note))


def _touched(pairs: Iterable[FileChange]) -> tuple[tuple[str, ...], frozenset[str]]:
    """All paths of a change, old names included, and those that are gone after it."""
    last: dict[str, bool] = {}
    for pair in pairs:
        if pair.old_path and pair.old_path != pair.path:
            last.setdefault(pair.old_path, True)
        last[pair.path] = pair.status == "D"
    return tuple(last), frozenset(path for path, gone in last.items() if gone)
