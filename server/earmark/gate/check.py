"""The predicate: facts in, verdict out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from earmark.gate import attestation, commits
from earmark.gate.commits import Judged
from earmark.gate.facts import Attested, Facts, Verdict, Violation
from earmark.policy.model import FILE, ROLLOUTS, rank
from earmark.policy.obligations import Obligation, State, obligations, rollout_required
from earmark.policy.scope import needs_declaration
from earmark.trailers.attribution import names_a_tool

# What the policy asks of a change as a whole is insisted on when it is merged: one must push to ask (DESIGN §9).
_AT_MERGE = frozenset({"approval-missing", "approval-level", "approval-stale", "self-approval", "rollout-missing",
                       "tests-missing"})  # fmt: skip


def check(facts: Facts) -> Verdict:
    """Judge `facts`."""
    policy = facts.policy
    judged = [commits.read(commit, policy.declare) for commit in facts.commits]
    found = list(_policy_problems(facts))
    found += [v for commit in judged for v in commits.note_violations(commit.facts, policy)]
    found += _declarations(facts, judged)
    found += [
        Violation("notes-invalid", commit, "", None, message, "", "restore the note as it was")
        for commit, message in facts.forged
    ]
    later: list[Violation] = []
    warnings: list[Violation] = []
    for obligation in _obligations(facts, judged):
        if obligation.unknown:
            warnings += _as_violations(obligation)
            continue
        for violation in _as_violations(obligation):
            waits = (violation.code in _AT_MERGE or obligation.at_merge) and facts.phase != "merge"
            (later if waits else found).append(violation)
    missing = [absent for commit in judged if (absent := commits.note_missing(commit, policy))]
    if policy.gate.missing_notes != "pass":
        (found if policy.gate.missing_notes == "fail" else warnings).extend(missing)
    counted = _attested(judged)
    return Verdict(not found, facts.phase, len(facts.commits), counted, tuple(found), tuple(warnings), tuple(later))


def _policy_problems(facts: Facts) -> Iterator[Violation]:
    for problem in facts.problems:
        place = f"{FILE}:{problem.line}"
        lines = (problem.line, problem.line)
        yield Violation("policy-invalid", "", FILE, lines, problem.message, place, "correct this line of the policy")


def _declarations(facts: Facts, judged: Iterable[Judged]) -> Iterator[Violation]:
    policy = facts.policy
    declares = needs_declaration(policy, [commit.change for commit in facts.commits])
    for commit in judged:
        if policy.declare.mode == "forbid" and (commit.facts.change.is_ai or commit.bot or commit.declared):
            yield commits.forbidden(commit, policy)
        else:
            yield from commits.violations(commit, policy, declares)


def _attested(judged: Iterable[Judged]) -> Attested:
    states = [
        attestation.attestation(
            commit.facts.note, commit.parsed.declared, bool(commit.bot) or names_a_tool(commit.parsed)
        )
        for commit in judged
    ]
    return Attested(*(states.count(state) for state in ("declared", "clean", "unattested")))


def _obligations(facts: Facts, judged: list[Judged]) -> Iterator[Obligation]:
    """What the policy asks of the change as a whole and is not met, or not known to be."""
    state = State(
        rollout=_promised(facts, judged),
        approvals=facts.approvals,
        subjects=facts.subjects,
        authors=_authors(facts),
        scope=facts.scope,
        touched=facts.touched,
        gone=facts.gone,
        now=facts.now,
        dependents=facts.dependents,
    )
    changes = [commit.change for commit in facts.commits]
    for obligation in obligations(facts.policy, changes, facts.level, state):
        # Declarations are judged commit by commit.
        by_commit = obligation.code in ("undeclared-ai", "forbidden-ai") and not obligation.at_merge
        if not by_commit and (obligation.unknown or not obligation.met):
            yield obligation


def _as_violations(obligation: Obligation) -> Iterator[Violation]:
    for gap in obligation.gaps:
        lines = (gap.lines.start, gap.lines.end) if gap.lines.start else None
        yield Violation(gap.code, "", gap.path, lines, gap.message, obligation.where, obligation.fix)
    if not obligation.gaps:
        path = obligation.paths[0] if obligation.paths else ""
        yield Violation(obligation.code, "", path, None, obligation.message, obligation.where, obligation.fix)


def _promised(facts: Facts, judged: Iterable[Judged]) -> str:
    """The least careful rollout among the commits that must promise one; empty when one of them promises none."""
    asked = [commit for commit in judged if rollout_required(facts.policy, [commit.facts.change])]
    promises = [commit.parsed.declared.rollout for commit in asked]
    return min(promises, key=lambda word: rank(word, ROLLOUTS), default="")


def _authors(facts: Facts) -> tuple[str, ...]:
    """Everybody who made this change: the commits' authors and who directed the sessions."""
    people = [commit.author for commit in facts.commits]
    for commit in facts.commits:
        used = {key for file in commit.change.files for key in file.sessions}
        people += [commit.change.sessions[key].director for key in used if key in commit.change.sessions]
    return tuple(sorted({person for person in people if person}))
