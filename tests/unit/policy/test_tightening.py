"""Whatever a repository writes into its policy, nothing that the organisation's base asks goes away."""

from __future__ import annotations

from typing import Any

from changes import change
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.origin.model import Change
from earmark.policy.approval import Approval, Scope, Subject
from earmark.policy.load import parse
from earmark.policy.merge import merge_base
from earmark.policy.model import Policy
from earmark.policy.obligations import Obligation, State, obligations

PATHS = ["deploy/a.py", "src/b.py", "src/gen/c.py", "tests/test_b.py", "docs/d.md"]
globs = st.lists(
    st.sampled_from(["**", "deploy/**", "src/**", "!src/gen/**", "*.py", "tests/**"]),
    min_size=1,
    max_size=3,
    unique=True,
)


def quoted(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ", ".join(map(quoted, value)) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def table(header: str, **keys: st.SearchStrategy[Any]) -> st.SearchStrategy[str]:
    """A table with some of its keys."""
    chosen = st.fixed_dictionaries({}, optional=keys)
    return chosen.map(lambda d: header + "\n" + "".join(f"{key} = {quoted(value)}\n" for key, value in d.items()))


levels = st.sampled_from(["junior", "mid", "senior", "principal"])
declare = table(
    "[declare]", mode=st.sampled_from(["ai-only", "always", "forbid"]), trivial_lines=st.integers(0, 5)
).map(lambda text: text if "mode" in text else text + 'mode = "ai-only"\n')
gate = table("[gate]", tests=globs, enforce_locally=st.booleans())
path = st.builds(
    lambda match, rest: f"[[paths]]\nmatch = {quoted(match)}\n" + rest.removeprefix("\n"),
    globs,
    table(
        "",
        **{"class": st.sampled_from(["production", "generated", "excluded"])},
        max_dependents=st.integers(0, 3), max_ai_lines=st.integers(0, 6), max_ai_files=st.integers(0, 3),
        rollout=st.sampled_from(["direct", "flag", "canary"]), require_tests=st.booleans(),
    ),
)  # fmt: skip
review = table(
    "[[review]]", risk=st.sampled_from(["low", "medium", "high", "critical"]), paths=globs, level=levels,
    count=st.integers(1, 2),
)  # fmt: skip
person = st.builds(
    lambda login, level: (
        f'[[roster.people]]\nname = "{login}"\nhandles = {{ github = "{login}" }}\nlevel = "{level}"\n'
    ),
    st.sampled_from(["ada", "bob", "eve"]), levels,
)  # fmt: skip


freeze = st.builds(
    lambda start, days, match: (
        f"[[freeze]]\nfrom = 2026-01-{start:02}\nuntil = 2026-01-{start + days:02}\npaths = {quoted(match)}\n"
    ),
    st.integers(1, 9), st.integers(1, 9), globs,
)  # fmt: skip
JANUARY_9 = 1767916800


def policies(*people: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    parts = [
        declare,
        gate,
        st.lists(path, max_size=2).map("".join),
        st.lists(review, min_size=1, max_size=2).map("".join),
        st.lists(freeze, max_size=2).map("".join),
    ]
    return st.tuples(*parts, *people).map("".join)


def policy(text: str) -> Policy:
    found, problems = parse(text.encode())
    assert problems == ()
    return found


def key(obligation: Obligation) -> tuple[str, int]:
    return obligation.code, obligation.policy_line


files = st.lists(
    st.fixed_dictionaries({"path": st.sampled_from(PATHS), "ai": st.integers(0, 4), "ai_removed": st.integers(0, 4)}),
    max_size=4, unique_by=lambda file: file["path"],
)  # fmt: skip
changes = st.lists(files.map(change), max_size=3)
everybody = st.lists(person, min_size=2, max_size=3).map("".join)
approvers = st.lists(st.sampled_from(["ada", "bob", "eve", "zoe"]), max_size=3)


@settings(max_examples=400, deadline=None)
@given(
    policies(everybody),
    policies(st.lists(person, max_size=3).map("".join)),
    changes,
    st.sampled_from(["low", "medium", "high", "critical"]),
    st.sampled_from(["", "direct", "flag", "canary"]),
    approvers,
)
def test_a_repository_cannot_loosen_the_base(
    base_text: str, own_text: str, made: list[Change], level: str, rollout: str, approved: list[str]
) -> None:
    base = policy(base_text)
    merged = merge_base(base, policy(own_text))
    subjects = {path: (Subject(path, "r", "c", ""),) for path in PATHS}
    approvals = tuple(Approval("github", who, s, Scope()) for who in approved for (s,) in subjects.values())
    state = State(
        rollout=rollout, approvals=approvals, subjects=subjects, authors=("eve",), now=JANUARY_9,
        dependents={"src/b.py": 2},
    )  # fmt: skip
    asked = {key(o) for o in obligations(base, made, level, state) if not o.met}
    still = {key(o) for o in obligations(merged, made, level, state) if not o.met and "base policy" in o.where}
    # A repository may forbid what the base only wants declared.
    assert {code for code, _ in asked - still} <= ({"undeclared-ai"} if merged.declare.mode == "forbid" else set())
    if merged.declare.mode == "forbid":
        told = {o.code for o in obligations(merged, made, level, state)}
        assert ("forbidden-ai" in told) == any(one.is_ai for one in made)
