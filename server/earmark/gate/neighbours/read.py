"""Which gates a repository configures, and what they will say of a change: the IO of this package."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

from earmark.gate import gather
from earmark.gate.facts import CommitFacts, Facts
from earmark.gate.neighbours import code_owners, commit_check, commitlint, gerrit, mergify, policy_bot
from earmark.gate.neighbours.model import MAX_BYTES, File, Finding, Message, Subject, Unreadable
from earmark.git.objects import Objects
from earmark.git.repository import Repository
from earmark.origin.identity import identity
from earmark.origin.ledger import Ledger
from earmark.policy.model import Policy
from earmark.policy.obligations import review_required, rollout_required
from earmark.policy.scope import needs_declaration
from earmark.trailers import declare, message

Reader = Callable[[File, Subject], tuple[Finding, ...]]


class Gate(NamedTuple):
    """A gate that the repository configures: its file, and what reads it. `unread` says why it cannot be read."""

    name: str
    file: File
    reader: Reader
    unread: str = ""


# Each gate's own order of places: the first that is there counts.
_RC = tuple(f".commitlintrc{end}" for end in ("", ".json", ".yaml", ".yml", ".js", ".cjs", ".mjs", ".ts"))
_CONFIG = tuple(f"commitlint.config{end}" for end in (".js", ".cjs", ".mjs", ".ts"))
PLACES: tuple[tuple[str, tuple[str, ...], Reader], ...] = (
    ("policy-bot", (".policy.yml",), policy_bot.findings),
    ("Mergify", (".mergify.yml", ".mergify/config.yml", ".github/mergify.yml"), mergify.findings),
    (
        "commit-check",
        ("cchk.toml", "commit-check.toml", ".github/cchk.toml", ".github/commit-check.toml"),
        commit_check.findings,
    ),
    ("commitlint", (*_RC, *_CONFIG), commitlint.findings),
    ("Gerrit", (".gitreview",), gerrit.findings),
)
_OWNERS = (".github/CODEOWNERS", ".gitlab/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")


def explain(repo: Repository, ledger: Ledger, span: str | None, environ: Mapping[str, str]) -> tuple[Finding, ...]:
    """What the gates committed at HEAD will say of the commits of `span`, or of the staged change (None). Raises
    `CannotTell` and the errors of git and the ledger."""
    trust = gather.Trust(gather.base_policy(None, environ))
    if span is None:
        facts = gather.of_staged(repo, ledger, "draft", trust)
    else:
        asked = gather.span(repo, span) if ".." in span else gather.added(repo, span)
        facts = gather.of_span(repo, ledger, asked, "push", trust)
    about = subject(facts, identity(repo))
    with Objects(repo, limit=MAX_BYTES) as objects:
        return tuple(finding for gate in configured(objects) for finding in said(gate, about))


def configured(objects: Objects) -> tuple[Gate, ...]:
    """The gates that have a file at HEAD; of several places of one gate the first counts."""
    return tuple(gate for named in _readers(objects) if (gate := _gate(objects, *named)) is not None)


def said(gate: Gate, about: Subject) -> tuple[Finding, ...]:
    """What one gate will say of a change."""
    name, path = gate.name, gate.file.path
    if gate.unread:
        return (Finding(name, path, 0, "unread", gate.unread),)
    try:
        found = gate.reader(gate.file, about)
    except Unreadable as error:
        return (Finding(name, path, 0, "unread", f"it cannot be read: {error}", "correct the file"),)
    return found or (Finding(name, path, 0, "passes", "nothing in it is against this change"),)


def subject(facts: Facts, me: str) -> Subject:
    """The change as other gates see it; `me` is "Name <address>" of whoever is about to commit."""
    policy = facts.policy
    changes = [commit.change for commit in facts.commits]
    declared = needs_declaration(policy, changes)
    labels = ["ai-assisted"] if declared else []
    if declared and facts.level:
        labels.append(f"ai-risk:{facts.level}")
    if declared and review_required(policy, changes, facts.level):
        labels.append("ai-review:required")
    if declared and (rollout := rollout_required(policy, changes)):
        labels.append(f"ai-rollout:{rollout}")
    authors = {commit.author or me for commit in facts.commits}
    messages = tuple(_message(facts, commit) for commit in facts.commits)
    return Subject(messages, facts.touched, declared, tuple(labels), _names(policy, authors))


def _message(facts: Facts, commit: CommitFacts) -> Message:
    if commit.message is not None:
        return Message(commit.id, commit.message.decode("utf-8", "replace"))
    block = declare.block(facts.policy, [commit.change], commit.risk or "low", facts.touched)
    return Message("", message.insert(b"Title\n", block).decode())


def _names(policy: Policy, authors: set[str]) -> frozenset[str]:
    """The addresses of the authors and the logins that the roster gives them."""
    addresses = {author.rpartition("<")[2].removesuffix(">").lower() for author in authors}
    people = [person for person in policy.roster.people if addresses & {email.lower() for email in person.emails}]
    return frozenset(addresses | {login.lower() for person in people for _, login in person.handles})


def _readers(objects: Objects) -> tuple[tuple[str, tuple[str, ...], Reader], ...]:
    """PLACES and the code owners, in the dialect of the forge that the repository shows."""
    gitlab = objects.info("HEAD:.gitlab-ci.yml") is not None or objects.info(f"HEAD:{_OWNERS[1]}") is not None
    owners = partial(code_owners.findings, dialect="gitlab" if gitlab else "github")
    return (*PLACES, ("code owners", _OWNERS, owners))


def _gate(objects: Objects, name: str, places: tuple[str, ...], reader: Reader) -> Gate | None:
    for path in places:
        info = objects.info(f"HEAD:{path}")
        if info is None or info.kind != "blob":
            continue
        if info.size > MAX_BYTES:
            return Gate(name, File(path, b""), reader, f"it has {info.size} bytes; at most {MAX_BYTES} are read")
        return Gate(name, File(path, objects.blob(f"HEAD:{path}")), reader)
    return None
