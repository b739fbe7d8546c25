"""The vectors under fixtures/vectors/policy."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from changes import change

from earmark.policy import model
from earmark.policy.approval import Approval, Scope, Subject, gap
from earmark.policy.load import parse
from earmark.policy.merge import merge_base
from earmark.policy.obligations import State, obligations

VECTORS = Path(__file__).parents[3] / "fixtures" / "vectors" / "policy"


def read(name: str) -> dict[str, Any]:
    return tomllib.loads((VECTORS / f"{name}.toml").read_text(encoding="utf-8"))


def cases(name: str) -> list[Any]:
    return [pytest.param(case, id=case["name"]) for case in read(name)["case"]]


def value(policy: Any, dotted: str) -> Any:
    """What stands at "paths.0.match" in a policy, tuples as lists."""
    for part in dotted.split("."):
        policy = policy[int(part)] if part.isdigit() else getattr(policy, part)
    return as_lists(policy)


def as_lists(found: Any) -> Any:
    return [as_lists(item) for item in found] if isinstance(found, tuple) else found


@pytest.mark.parametrize("case", cases("parse"))
def test_parse(case: dict[str, Any]) -> None:
    text = case["text"].removeprefix("\n")
    policy, problems = parse(text.encode())
    for key, expected in case.get("expect", {}).items():
        assert value(policy, key) == expected, key
    wanted = case.get("problems", [])
    assert [[p.line, p.column] for p in problems] == [[line, column] for line, column, _ in wanted]
    for problem, (_, _, piece) in zip(problems, wanted, strict=True):
        assert piece in problem.message


@pytest.mark.parametrize("case", cases("merge"))
def test_merge(case: dict[str, Any]) -> None:
    base, wrong = parse(case["base"].encode())
    assert wrong == ()
    merged = merge_base(base, parse(case["policy"].encode())[0])
    for key, expected in case["expect"].items():
        assert value(merged, key) == expected, key


@pytest.mark.parametrize("case", cases("obligations"))
def test_obligations(case: dict[str, Any]) -> None:
    policy, wrong = parse(case.get("policy", "").encode())
    assert wrong == ()
    if "base" in case:
        policy = merge_base(parse(case["base"].encode())[0], policy)
    changes = [change(files) for files in case["commits"]]
    state = State(
        declared=case.get("declared", False), rollout=case.get("rollout", ""), now=case.get("now", 0),
        dependents=case.get("dependents"),
    )  # fmt: skip
    found = obligations(policy, changes, case.get("risk", "low"), state)
    assert [[o.code, o.met, o.policy_line] for o in found] == case["expect"]
    for obligation in found:
        assert obligation.message
        assert obligation.where.endswith(f":{obligation.policy_line}" if obligation.policy_line else "default")


@pytest.mark.parametrize("case", cases("approvals"))
def test_approvals(case: dict[str, Any]) -> None:
    roster = parse(read("approvals")["roster"].encode())[0].roster
    rule = model.ReviewRule(level=case.get("level", "senior"), number=case.get("count", 1))
    subject = Subject("src/a.py", "r1", "c1", "d1")
    scope = Scope("repo", "refs/heads/main", "rules", 1000)
    approvals = []
    for forge, signer, differs in case["approvals"]:
        covered = subject._replace(**{k: v for k, v in differs.items() if k in Subject._fields})
        given = scope._replace(**{k: v for k, v in differs.items() if k in Scope._fields}, now=0)
        approvals.append(Approval(forge, signer, covered, given, expires=differs.get("expires", 0)))
    found = gap(rule, subject, approvals, roster, ["Eve <EVE@example.com>"], scope)
    assert (found.code if found else "") == case["expect"]
