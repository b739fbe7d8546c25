"""What the commit about to be made declares: its origins, its policy, its risk, as one block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from earmark.commit import pending
from earmark.commit.situation import Situation
from earmark.git.ahead import Ahead
from earmark.git.changes import FileChange, staged_changes
from earmark.git.objects import Objects
from earmark.git.repository import Repository
from earmark.origin import state
from earmark.origin.ledger import Ledger
from earmark.origin.model import Change
from earmark.policy import model
from earmark.policy.scope import needs_declaration
from earmark.review.span import target
from earmark.trailers import declare
from earmark.trailers.attribution import addresses, co_authors
from earmark.trailers.message import parse

BASE_POLICY = "EARMARK_BASE_POLICY"


class Declared(NamedTuple):
    """`block` is empty when nothing is to be declared. `unexplained` is a commit whose declaration the new one
    continues although its note is not here, or empty. `problems` are sentences for the user; `pairs` are the staged
    files; `risk` is what the rule-set derives."""

    change: Change
    policy: model.Policy
    block: str
    fingerprint: str
    unexplained: str = ""
    problems: tuple[str, ...] = ()
    pairs: tuple[FileChange, ...] = ()
    risk: str = ""

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


def staged(
    repo: Repository, ledger: Ledger, situation: Situation, environ: Mapping[str, str], message: bytes = b""
) -> Declared:
    """The declaration of the index as the commit `situation` describes; its regions are kept in the ledger, from which
    the note is derived later. An assistant that `message` names as co-author counts as a session."""
    pairs = staged_changes(repo, situation.base or repo.empty_tree)
    with Objects(repo) as source:
        objects = Ahead(source, [blob for pair in pairs for blob in (pair.new, pair.old)])
        change, unexplained = state.record_index(repo, ledger, objects, pairs), ""
        if situation.kind != "commit" or situation.sources:
            from earmark.commit import continued

            change, unexplained = continued.change(repo, ledger, objects, situation, pairs)
        policy, problems = policy_of(repo, objects, environ)
        risk, late = _risk(ledger, objects, pairs, change)
        changes = _range(repo, ledger, policy, change)
        touched = [name for pair in pairs for name in (pair.path, pair.old_path) if name]
        named = _named(message, policy.declare)
        block = _block(policy, change, changes, risk, touched, named)
    print_ = pending.fingerprint(situation.base, pairs)
    return Declared(change, policy, block, print_, unexplained, (*problems, *late), pairs, risk)


def policy_of(repo: Repository, objects: Objects, environ: Mapping[str, str]) -> tuple[model.Policy, list[str]]:
    """The policy this commit will be judged by: that of the branch it goes to (HEAD's where none is known), tightened
    by the organisation's. What is wrong with either is said, and does not stop a commit.

    The gate reads both in the same way (`gate.gather`), but a hook has no time to import the gate.
    """
    name, commit = target(repo)
    here, named = objects.blob(f"HEAD:{model.FILE}"), environ.get(BASE_POLICY)
    text = objects.blob(f"{commit}:{model.FILE}") if commit else here
    if not text and not here and not named:
        return model.DEFAULT, []
    from earmark.policy import load
    from earmark.policy.merge import merge_base

    policy, wrong = load.parse(text)
    problems = [f"{model.FILE}:{p.line}: {p.message}" for p in wrong[:3]]
    if text != here:
        problems.append(f"the gate reads {model.FILE} as {name} has it; this branch's own counts once it is there")
    if not named:
        return policy, problems

    try:
        with open(named, "rb") as file:
            base, wrong = load.parse(file.read(load.MAX_BYTES + 1))
    except OSError as error:
        return policy, [*problems, f"the base policy {named} cannot be read: {error.strerror}"]
    return merge_base(base, policy), [*problems, *(f"{named}:{p.line}: {p.message}" for p in wrong[:3])]


def _risk(ledger: Ledger, objects: Objects, pairs: Sequence[FileChange], change: Change) -> tuple[str, list[str]]:
    """The level the named rule-set derives, and a sentence when it could not look at everything in time."""
    if not change.is_ai:
        return "", []
    from earmark.policy.kept import looked_at

    found = looked_at(ledger, change, pairs, lambda pair: (objects.blob(pair.old), objects.blob(pair.new)))
    if not found.late:
        return found.level, []
    return found.level, [
        f"`AI-Risk` leaves out {len(found.late)} files for want of time; `earmark tag HEAD~..` adds them"
    ]


def suppressed(repo: Repository, found: Declared) -> Iterator[str]:
    """The suppressions of findings that the AI files gain, as "path: rule (reason)"."""
    from earmark.risk.suppress import suppressions

    ai = {file.path for file in found.change.files if file.ai_lines or file.ai_removed}
    pairs = [pair for pair in found.pairs if pair.path in ai]
    with Objects(repo) as objects:
        texts = Ahead(objects, [pair.new for pair in pairs])
        for pair in pairs:
            if quiet := suppressions(texts.blob(pair.new)):
                known = {(was.rules, was.reason) for was in suppressions(objects.blob(pair.old))}
                for new in quiet:
                    if (new.rules, new.reason) not in known:
                        yield f"{pair.path}: {', '.join(new.rules)} ({new.reason})"


def _named(message: bytes, declare_: model.Declare) -> tuple[str, ...]:
    """The assistants that the message names by address, or declares already without a line of theirs."""
    said = parse(message)
    found = co_authors(said, addresses(declare_))
    if not found and declare_.by_address and said.declared.is_about_no_line:
        return tuple(tool.partition(":")[0] for tool in said.declared.tools)
    return found


def _block(
    policy: model.Policy,
    change: Change,
    changes: Sequence[Change],
    risk: str,
    touched: Sequence[str],
    named: Sequence[str],
) -> str:
    """The block of `change` alone, if it and the commits it is pushed with call for one."""
    if policy.declare.mode == "forbid":
        return ""
    if change.is_ai and changes and not named and not needs_declaration(policy, changes):
        return ""
    if change.is_ai:
        # Whether the limit is passed was decided over the range; the numbers are this commit's own.
        policy = policy._replace(declare=policy.declare._replace(trivial_lines=0))
    return declare.block(policy, [change], risk or "low", touched, named)


def _range(repo: Repository, ledger: Ledger, policy: model.Policy, change: Change) -> list[Change]:
    """`change` with the commits that are not pushed yet, where the trivial limit asks for their sum."""
    if not policy.declare.trivial_lines or not change.is_ai or not change.parent:
        return [change]
    from earmark.git import history
    from earmark.origin.settle import settle

    settle(repo, ledger)
    unpushed = history.commits(repo, change.parent, "--not", "--remotes")
    ids = [commit.id for commit in unpushed[-200:]]
    return [*state.commits(repo, ledger, ids), change]
