"""The vectors under fixtures/vectors/check: the pure predicate on plain facts."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "policy"))
from changes import change

from earmark.gate.attestation import attestation
from earmark.gate.check import check
from earmark.gate.facts import CommitFacts, Facts, NoteFacts
from earmark.origin.digest import digest
from earmark.origin.model import Change
from earmark.policy.approval import Approval, Scope, Subject
from earmark.policy.load import parse
from earmark.policy.merge import merge_base
from earmark.policy.model import Policy
from earmark.policy.obligations import review_required
from earmark.trailers.block import Declaration, compose
from earmark.trailers.message import parse as parse_message

VECTORS = Path(__file__).parents[3] / "fixtures" / "vectors" / "check"


def cases(name: str) -> list[Any]:
    found = tomllib.loads((VECTORS / f"{name}.toml").read_text(encoding="utf-8"))["case"]
    return [pytest.param(case, id=case["name"]) for case in found]


def policy_of(text: str, base: str | None = None) -> Policy:
    policy = parse(text.encode())[0]
    return policy if base is None else merge_base(parse(base.encode())[0], policy)


def block(made: Change, review: bool = False) -> str:
    """A complete, truthful block for a change of low risk."""
    tools = tuple((session.tool, session.model) for session in made.sessions.values())
    return compose(
        Declaration(True, tools, made.ai_lines, made.added, made.ai_removed, "low", review, "", digest(made.files))
    )


def commit_facts(number: int, commit: dict[str, Any]) -> CommitFacts:
    identity = f"{number:040x}" if "message" in commit else ""
    made = change(commit["files"], identity)
    message = commit.get("message")
    if message is not None:
        message = message.replace("{block}", block(made)).replace("{digest}", digest(made.files)).encode()
    state = commit.get("note", "valid" if made.is_ai else "none")
    note = NoteFacts(state, made.is_ai, commit.get("note_digest", digest(made.files) if state == "valid" else ""))
    return CommitFacts(
        identity, message, made, digest(made.files), note, commit.get("risk", ""),
        commit.get("author", "Eve <eve@example.com>"), parents=commit.get("parents", 1),
    )  # fmt: skip


def paths_of(commits: list[CommitFacts]) -> tuple[str, ...]:
    return tuple(sorted({file.path for commit in commits for file in commit.change.files}))


@pytest.mark.parametrize("case", cases("attestation"))
def test_attestation(case: dict[str, Any]) -> None:
    commit = CommitFacts(
        "1" * 40, case["message"].encode(), change([]), note=NoteFacts(case["note"], case.get("ai", False))
    )
    assert attestation(commit.note, parse_message(commit.message or b"").declared, named(commit)) == case["expect"]
    counted = check(Facts("push", (commit,))).attested
    assert counted._asdict()[case["expect"]] == sum(counted) == 1


def named(commit: CommitFacts) -> bool:
    from earmark.trailers.attribution import co_authors, names_a_tool

    parsed = parse_message(commit.message or b"")
    return bool(co_authors(parsed)) or names_a_tool(parsed)


@pytest.mark.parametrize("case", cases("check"))
def test_check(case: dict[str, Any]) -> None:
    policy, wrong = parse(case.get("policy", "").encode())
    assert wrong == ()
    commits = [commit_facts(number, commit) for number, commit in enumerate(case["commits"], 1)]
    forged = tuple((commit, "this note of a protected commit was changed") for commit in case.get("forged", []))
    verdict = check(
        Facts(
            case.get("phase", "merge"), tuple(commits), policy,
            level=case.get("risk", "low"), touched=paths_of(commits), forged=forged, now=case.get("now", 0),
        )
    )  # fmt: skip
    number = {commit.id: at for at, commit in enumerate(commits, 1)}
    if commits and not commits[0].id:
        number[""] = 1
    assert [[v.code, number.get(v.commit, 0), v.path] for v in verdict.violations] == case.get("expect", [])
    assert [v.code for v in verdict.open] == case.get("open", [])
    assert [v.code for v in verdict.warnings] == case.get("warnings", [])
    assert verdict.ok == (not case.get("expect"))
    assert verdict.checked == sum(verdict.attested) == len(commits)
    if "attested" in case:
        assert list(verdict.attested) == case["attested"]
    assert all(v.message and v.fix for v in (*verdict.violations, *verdict.open, *verdict.warnings))


@pytest.mark.parametrize("case", cases("root_of_trust"))
def test_root_of_trust(case: dict[str, Any]) -> None:
    policy = policy_of(case["target"], case.get("base"))
    files = [{"path": "deploy/a.py", "ai": 3}]
    message = "Fix\n\n" + block(change(files), review_required(policy, [change(files)], "low"))
    commits = [commit_facts(1, {"message": message, "files": files, "risk": "low"})]
    if case["head"] != case["target"]:
        commits.append(commit_facts(2, {"message": "Rule\n", "files": [{"path": ".earmark.toml", "added": 1}]}))
    subjects = {path: (Subject(path, "r", "c", ""),) for path in ("deploy/a.py", ".earmark.toml")}
    scope = Scope("repo", "refs/heads/main", "rules", 1000)
    approvals = [
        Approval(forge, signer, subject, scope)
        for forge, signer in case.get("approvals", [])
        for (subject,) in subjects.values()
    ]
    verdict = check(
        Facts(
            "merge", tuple(commits), policy, parse(case["head"].encode())[1], "low",
            paths_of(commits), approvals=tuple(approvals), subjects=subjects, scope=scope,
        )
    )  # fmt: skip
    assert [[v.code, v.path] for v in verdict.violations] == case["expect"]
