"""What the gate decides from, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from earmark.origin.model import Change
from earmark.policy.approval import Approval, Scope, Subject
from earmark.policy.load import Problem
from earmark.policy.model import DEFAULT, Policy

PHASES = ("draft", "push", "merge")


class CannotTell(Exception):
    """A fact could not be had; the message names it and says how to get it. `code` is the contract's word for it where
    there is one ("history-shallow"), else empty."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class NoteFacts(NamedTuple):
    """The note of one commit.

    `state` is "none", "valid", "invalid" (not a note; `problem` says why) or "newer" (a schema we do not read).
    `ai`: it names AI lines or removals. `digest` is the one it records, empty without.
    """

    state: str = "none"
    ai: bool = False
    digest: str = ""
    problem: str = ""


class CommitFacts(NamedTuple):
    """One commit, or the staged change (`id` empty).

    `message` is None while there is none yet. `change` is derived from note, ledger and blobs; `digest` is the digest
    of that change. `risk` is what the pinned rule-set derives for its AI text, empty when it was not derived. `author`
    and `committer` are "Name <address>"; `parents` counts them.
    """

    id: str
    message: bytes | None
    change: Change
    digest: str = ""
    note: NoteFacts = NoteFacts()
    risk: str = ""
    author: str = ""
    committer: str = ""
    parents: int = 1


class Facts(NamedTuple):
    """Everything `check` looks at.

    `commits` are the judged ones, oldest first; `policy` is the target's before the change, `problems` those of the
    policy file the change leaves behind. `level` is the assessed risk of the whole change (empty: not assessed).
    `touched` are all paths it changes, `gone` those it deletes. `forged` are (commit, message) of notes of protected
    commits that the push alters. `now` is when it is judged, in seconds since the epoch (0: freezes are not looked at).
    `dependents` counts the places that use what AI changed, by path (None: not asked for, or not known).
    """

    phase: str
    commits: tuple[CommitFacts, ...]
    policy: Policy = DEFAULT
    problems: tuple[Problem, ...] = ()
    level: str = ""
    touched: tuple[str, ...] = ()
    gone: frozenset[str] = frozenset()
    approvals: tuple[Approval, ...] = ()
    subjects: Mapping[str, tuple[Subject, ...]] = {}
    scope: Scope = Scope()
    forged: tuple[tuple[str, str], ...] = ()
    now: int = 0
    dependents: Mapping[str, int] | None = None


class Violation(NamedTuple):
    """One thing the gate refuses. `code` is one of DESIGN §5; `commit`, `path` and `policy` may be empty; `lines` are
    1-based and inclusive in `path`, or None; `policy` says which line asks (".earmark.toml:12"); `fix` what to do."""

    code: str
    commit: str
    path: str
    lines: tuple[int, int] | None
    message: str
    policy: str
    fix: str


class Attested(NamedTuple):
    """How many commits are in which attestation state (DESIGN §2)."""

    declared: int = 0
    clean: int = 0
    unattested: int = 0


class Verdict(NamedTuple):
    """The gate's answer. `checked` counts commits (1 for the staged change). `warnings` have the form of violations and
    refuse nothing; `open` are obligations that this phase does not insist on yet."""

    ok: bool
    phase: str
    checked: int
    attested: Attested
    violations: tuple[Violation, ...] = ()
    warnings: tuple[Violation, ...] = ()
    open: tuple[Violation, ...] = ()
