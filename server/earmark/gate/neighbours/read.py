"""Which gates a repository configures, and what they will say of a change: the IO of this package."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

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
    found: list[Finding] = []
    with Objects(repo, limit=MAX_BYTES) as objects:
        for gate, places, reader in _readers(objects):
            found += _of(objects, gate, places, reader, about)
    return tuple(found)


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


def _of(objects: Objects, gate: str, places: tuple[str, ...], reader: Reader, about: Subject) -> tuple[Finding, ...]:
    there = [place for place in places if (info := objects.info(f"HEAD:{place}")) and info.kind == "blob"]
    if not there:
        return ()
    path = there[0]
    info = objects.info(f"HEAD:{path}")
    if info is not None and info.size > MAX_BYTES:
        return (Finding(gate, path, 0, "unread", f"it has {info.size} bytes; at most {MAX_BYTES} are read"),)
    try:
        found = reader(File(path, objects.blob(f"HEAD:{path}")), about)
    except Unreadable as error:
        return (Finding(gate, path, 0, "unread", f"it cannot be read: {error}", "correct the file"),)
    return found or (Finding(gate, path, 0, "passes", "nothing in it is against this change"),)
