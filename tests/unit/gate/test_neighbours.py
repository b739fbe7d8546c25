"""What other gates will say, from their own files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from gated import SAFE, Gated
from hypothesis import given
from hypothesis import strategies as st

from earmark.gate.neighbours import commit_check, commitlint, gerrit, mergify, policy_bot
from earmark.gate.neighbours.code_owners import findings as owners
from earmark.gate.neighbours.model import File, Finding, Message, Subject, Unreadable
from earmark.gate.neighbours.read import PLACES

BLOCK = (
    "AI-Assisted: yes\nAssisted-by: Claude:claude-opus-4.5\nAI-Lines: 5/5\nAI-Risk: low\n"
    f"AI-Review: not-required\nAI-Provenance: v1:sha256:{'0' * 64}\n"
)
AI = Subject((Message("", f"Title\n\n{BLOCK}"),), ("deploy/a.py", "README.md"), True, ("ai-assisted", "ai-risk:low"))
PLAIN = Subject((Message("0" * 40, "Title\n"),), ("README.md",), authors=frozenset({"ada"}))

# gate, file, text, subject, expected (verdict, line)
TABLE = [
    (commit_check, "cchk.toml", '[commit]\nai_attribution = "forbid"\n', AI, [("refuses", 2)]),
    (commit_check, "cchk.toml", '[commit]\nai_attribution = "forbid"\n', PLAIN, []),
    (commit_check, "cchk.toml", '[commit]\nai_attribution = "disclose"\n', AI, []),
    (
        commit_check,
        "cchk.toml",
        '[commit]\nai_attribution = "disclose"\nai_disclosure_trailers = ["Generated-by"]\n',
        AI,
        [("refuses", 3)],
    ),
    (
        commit_check,
        "cchk.toml",
        '[commit]\nai_attribution = "disclose"\nai_disclosure_pattern = "^LLM"\n',
        AI,
        [("refuses", 3)],
    ),
    (
        commit_check,
        "cchk.toml",
        '[commit]\nai_attribution = "disclose"\nai_disclosure_pattern = "(?=x)"\n',
        AI,
        [("unread", 3)],
    ),
    (commit_check, "cchk.toml", "[commit]\nsubject_max_length = 4\n", PLAIN, [("refuses", 2)]),
    (
        commitlint,
        ".commitlintrc.yml",
        "rules:\n  footer-max-line-length: [2, always, 72]\n",
        AI,
        [("refuses", 2)],
    ),
    (commitlint, ".commitlintrc.yml", "rules:\n  footer-max-line-length: [1, always, 72]\n", AI, []),
    (commitlint, ".commitlintrc.json", '{"extends": ["@commitlint/config-conventional"]}', AI, []),
    (commitlint, ".commitlintrc", '{"extends": "@our/config"}', AI, [("unread", 1)]),
    (commitlint, "commitlint.config.js", "process.exit(1)", AI, [("unread", 0)]),
    (
        commitlint,
        ".commitlintrc.yml",
        "rules:\n  trailer-exists: [2, always, 'Signed-off-by:']\n",
        AI,
        [("refuses", 2)],
    ),
    (commitlint, ".commitlintrc.yml", "rules:\n  trailer-exists: [2, never, 'AI-Assisted:']\n", AI, [("refuses", 2)]),
    (gerrit, ".gitreview", "[gerrit]\nhost=review.example.com\n", PLAIN, [("refuses", 1)]),
    (gerrit, ".gitreview", "[gerrit]\nhost=review.example.com\n", AI, []),
    (
        policy_bot,
        ".policy.yml",
        "approval_rules:\n  - name: seniors\n    if: {has_labels: [ai-assisted]}\n"
        "    requires: {count: 2, teams: [org/senior]}\n",
        AI,
        [("asks", 2)],
    ),
    (
        policy_bot,
        ".policy.yml",
        "approval_rules:\n  - name: seniors\n    if: {has_labels: [ai-assisted]}\n    requires: {count: 2}\n",
        PLAIN,
        [],
    ),
    (
        policy_bot,
        ".policy.yml",
        "approval_rules:\n  - name: ops\n    if: {changed_files: {paths: ['^deploy/']}}\n    requires: {count: 1}\n",
        AI,
        [("asks", 2)],
    ),
    (
        policy_bot,
        ".policy.yml",
        "approval_rules:\n  - name: ops\n    if: {author_is_only_contributor: true}\n",
        AI,
        [("unread", 2)],
    ),
    (
        mergify,
        ".mergify.yml",
        "queue_rules:\n  - name: q\n    queue_conditions:\n      - -label=ai-assisted\n      - check-success=ci\n",
        AI,
        [("refuses", 4), ("asks", 5)],
    ),
    (
        mergify,
        ".mergify.yml",
        "queue_rules:\n  - merge_conditions:\n      - commits[*].commit_message ~= (?m)^AI-Assisted\n",
        AI,
        [],
    ),
    (
        mergify,
        ".mergify.yml",
        "merge_protections:\n  - if: ['files ~= ^infra/']\n    success_conditions: ['label = ops']\n",
        AI,
        [],
    ),
    (
        mergify,
        ".mergify.yml",
        "merge_protections:\n  - if: ['files ~= ^deploy/']\n    success_conditions: ['label = ops']\n",
        AI,
        [("refuses", 3)],
    ),
]


@pytest.mark.parametrize(("gate", "path", "text", "subject", "expected"), TABLE)
def test_verdicts(gate: object, path: str, text: str, subject: Subject, expected: list[tuple[str, int]]) -> None:
    found: tuple[Finding, ...] = gate.findings(File(path, text.encode()), subject)  # type: ignore[attr-defined]
    assert [(finding.verdict, finding.line) for finding in found] == expected
    assert all(finding.message and finding.path == path for finding in found)


def test_code_owners() -> None:
    file = File("CODEOWNERS", b"* @ada\n/deploy/ @org/ops @ada\n")
    assert [(f.verdict, f.line) for f in owners(file, AI, "github")] == [("asks", 2), ("asks", 1)]
    (alone,) = owners(file, PLAIN, "github")
    assert (alone.verdict, alone.line) == ("refuses", 1)
    assert "the only owner is @ada" in alone.message


@pytest.mark.parametrize(
    "text",
    [
        b"a: [",
        b"[1, 2]",
        b"\xff\xfe",
        b"!!python/object/apply:os.system ['touch ran']",
        b"a: " + b"[" * 5000,
        b"a: &a [x]\nb: [" + b"*a, " * 200 + b"]",
    ],
)
def test_a_broken_file_is_said_to_be(text: bytes) -> None:
    try:
        found = mergify.findings(File(".mergify.yml", text), AI)
    except Unreadable:
        return
    assert found == ()


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["commit", "rules", "approval_rules", "requires", "if", "queue_rules", "queue_conditions", "extends", "name"]
    ) | st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
))  # fmt: skip
def test_no_file_makes_a_reader_fail(data: object) -> None:
    for _, places, reader in PLACES:
        path = next(place for place in places if not place.endswith((".js", ".toml"))) if places[0][0] == "." else ""
        if not path:
            continue
        try:
            reader(File(path, json.dumps(data).encode()), AI)
        except Unreadable:
            continue


def gates(at: Path, *args: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "earmark", "gates", "explain", *args]
    return subprocess.run(command, cwd=at, capture_output=True, text=True, env=os.environ, timeout=60, check=False)


def test_the_command(home: Path, tmp_path: Path) -> None:
    repo = Gated(tmp_path / "repo")
    none = gates(repo.top)
    assert (none.returncode, none.stdout) == (0, "no other gate is configured in this repository\n")
    repo.commit("Gates", {
        "cchk.toml": '[commit]\nai_attribution = "forbid"\n',
        "commitlint.config.js": "require('fs').writeFileSync('ran', '')\n",
        ".mergify.yml": "queue_rules: [\n",
        "CODEOWNERS": "* @org/ops\n",
    })  # fmt: skip
    repo.assistant("a.py", SAFE)
    staged = gates(repo.top)
    assert staged.returncode == 1, staged.stderr
    assert "refuses  commit-check (cchk.toml:2): the message to come: an assistant is named" in staged.stdout
    assert "unread   commitlint (commitlint.config.js): it is a program" in staged.stdout
    assert "unread   Mergify (.mergify.yml): it cannot be read" in staged.stdout
    assert "asks     code owners (CODEOWNERS:1): a.py: 1 approval of @org/ops" in staged.stdout
    assert not (repo.top / "ran").exists()
    repo.committed(b"Add\n")
    told = json.loads(gates(repo.top, "HEAD~1..HEAD", "--json").stdout)
    assert {gate["gate"]: gate["verdict"] for gate in told["gates"]}["commit-check"] == "passes"


def test_a_huge_file_is_not_read(home: Path, tmp_path: Path) -> None:
    repo = Gated(tmp_path / "repo")
    repo.commit("Big", {".policy.yml": "#" * (600 * 1024)})
    done = gates(repo.top)
    assert done.returncode == 0, done.stderr
    assert "at most 524288 are read" in done.stdout
