"""`earmark check` on real repositories: its contract, what goes round it, and where its facts come from."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from gated import RISKY, SAFE, Gated

from earmark.gate import gather
from earmark.gate.check import check
from earmark.git import run as git_run
from earmark.origin.ledger import Ledger


@pytest.fixture
def repo(home: Path, tmp_path: Path) -> Gated:
    return Gated(tmp_path / "repo")


def governed(tmp_path: Path, policy: str) -> Gated:
    return Gated(tmp_path / "governed", policy)


def test_an_honest_commit_passes(repo: Gated) -> None:
    commit = repo.declared("a.py", SAFE)
    answer = repo.check("HEAD~1..HEAD", "--phase", "merge")
    assert (answer.code, answer.err) == (0, "")
    assert answer.verdict["ok"] is True
    assert answer.verdict["attested"] == {"declared": 1, "clean": 0, "unattested": 0}
    assert commit in repo("notes", "--ref=ai", "list")


def test_a_persons_commit_passes_and_is_unattested(repo: Gated) -> None:
    repo.commit("Write", {"a.py": SAFE})
    answer = repo.check("HEAD~1..HEAD")
    assert answer.code == 0
    assert answer.verdict["attested"]["unattested"] == 1


def test_risky_text_waits_for_approval_in_merge_only(home: Path, tmp_path: Path) -> None:
    repo = governed(tmp_path, '[[review]]\nrisk = "medium"\n')
    repo.declared("a.py", RISKY)
    push = repo.check("HEAD~1..HEAD")
    assert push.code == 0
    assert [found["code"] for found in push.verdict["open"]] == ["approval-missing"]
    merge = repo.check("HEAD~1..HEAD", "--phase", "merge")
    assert (merge.code, merge.codes) == (1, ["approval-missing"])
    assert merge.verdict["violations"][0]["path"] == "a.py"


def test_a_violation_says_where_the_evidence_is(repo: Gated) -> None:
    repo.declared("a.py", SAFE)
    repo.amended(b"Add\n")
    answer = repo.check("HEAD~1..HEAD")
    assert (answer.code, answer.codes) == (1, ["undeclared-ai"])
    assert answer.verdict["violations"][0]["lines"] == [1, 5]


def test_a_budget_of_dependents(home: Path, tmp_path: Path) -> None:
    repo = governed(tmp_path, 'review = []\n[[paths]]\nmatch = ["lib/**"]\nmax_dependents = 2\n')
    users = {f"use{n}.py": "from lib.prices import total\n\n\ndef show():\n    return total([1])\n" for n in range(3)}
    repo.commit("Write", {"lib/prices.py": SAFE, "lib/other.py": "def unused():\n    return 1\n", **users})
    repo.declared("lib/other.py", "def unused():\n    return 2\n")
    assert repo.check("HEAD~1..HEAD").code == 0
    repo.declared("lib/prices.py", SAFE.replace("result = 0", "result = 1"))
    answer = repo.check("HEAD~1..HEAD")
    assert answer.codes == ["budget-exceeded"]
    (found,) = answer.verdict["violations"]
    assert (found["path"], found["message"]) == ("lib/prices.py", "3 places depend on lib/prices.py, 2 allowed")
    repo.assistant("lib/prices.py", SAFE.replace("result = 0", "result = 2"))
    assert repo.check("--staged").codes == ["budget-exceeded"]


# Where the facts come from.


def test_what_a_merge_brings_from_the_target_is_not_the_changes_own(home: Path, tmp_path: Path) -> None:
    repo = governed(tmp_path, '[[review]]\nrisk = "critical"\n')
    repo("checkout", "-q", "-b", "topic")
    repo.commit("Work", {"b.py": "x = 1\n"})
    repo("checkout", "-q", "main")
    repo.commit("Rule", {".earmark.toml": '[[review]]\nrisk = "high"\n'})
    repo("checkout", "-q", "topic")
    repo("merge", "-q", "--no-edit", "main")
    answer = repo.check("main..topic", "--phase", "merge")
    assert (answer.code, answer.codes) == (0, [])
    assert answer.verdict["checked"] == 2


def test_a_broken_policy_is_reported_where_the_change_leaves_it(repo: Gated) -> None:
    repo.commit("Rule", {".earmark.toml": "[declare]\nmode = 3\n"})
    broken = repo.check("HEAD~1..HEAD")
    assert broken.codes == ["policy-invalid"]
    assert broken.verdict["violations"][0]["policy"] == ".earmark.toml:2"
    repo.commit("Mend", {".earmark.toml": "[declare]\n"})
    assert repo.check("HEAD~1..HEAD").code == 0


def test_commits_up_to_the_adoption_are_not_judged(repo: Gated) -> None:
    repo.assistant("a.py", SAFE)
    repo("commit", "-q", "-m", "Before")
    adopted = repo("rev-parse", "HEAD")
    repo.commit("Adopt", {".earmark.toml": f'[gate]\nsince = "{adopted}"\n'})
    repo.assistant("b.py", SAFE)
    repo("commit", "-q", "-m", "After")
    answer = repo.check("HEAD~3..HEAD")
    assert len(answer.codes) == 2, "the policy of the target knows of no adoption"
    repo("branch", "trunk", "HEAD~1")
    repo("checkout", "-q", "-b", "old", "HEAD~3")
    answer = repo.check("trunk...main")
    assert [repo("rev-parse", "main")] == [found["commit"] for found in answer.verdict["violations"]]


def test_an_organisations_base_policy(repo: Gated, tmp_path: Path) -> None:
    repo.declared("a.py", SAFE)
    base = tmp_path / "base.toml"
    base.write_text('[[paths]]\nmatch = ["**"]\nmax_ai_lines = 2\n')
    for answer in (
        repo.check("HEAD~1..HEAD", "--base-policy", str(base)),
        repo.check("HEAD~1..HEAD", EARMARK_BASE_POLICY=str(base)),
    ):
        assert (answer.code, answer.codes) == (1, ["budget-exceeded"])
        assert answer.verdict["violations"][0]["policy"] == "base policy:1"


def test_the_staged_change(home: Path, tmp_path: Path) -> None:
    repo = governed(tmp_path, '[declare]\nmode = "forbid"\n')
    assert repo.check("--staged").code == 0
    repo.assistant("a.py", SAFE)
    answer = repo.check("--staged")
    assert (answer.code, answer.codes) == (1, ["forbidden-ai"])
    assert answer.verdict["phase"] == "draft"
    assert answer.verdict["violations"][0]["commit"] == ""


def test_the_staged_change_before_the_first_commit(home: Path, tmp_path: Path) -> None:
    repo = Gated(tmp_path / "repo")
    repo("update-ref", "-d", "HEAD")
    answer = repo.check("--staged")
    assert (answer.code, answer.verdict["checked"]) == (0, 1)


def test_without_a_range_what_the_branch_adds(repo: Gated) -> None:
    repo("checkout", "-q", "-b", "topic")
    repo.assistant("a.py", SAFE)
    repo("commit", "-q", "-m", "Add")
    answer = repo.check()
    assert (answer.code, answer.codes, answer.verdict["checked"]) == (1, ["undeclared-ai"], 1)


# What cannot be told is neither a pass nor a violation.


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("nowhere..HEAD",), "there is no commit nowhere here"),
        (("HEAD..HEAD", "--staged"), "exclude each other"),
        (("HEAD..HEAD", "--base-policy", "/nowhere/base.toml"), "/nowhere/base.toml cannot be read"),
        ((), "HEAD adds nothing to main"),
    ],
)
def test_missing_facts(repo: Gated, args: tuple[str, ...], said: str) -> None:
    answer = repo.check(*args)
    assert answer.code == 2
    assert answer.err.count("\n") == 1
    assert said in answer.err
    assert answer.verdict["ok"] is False
    assert said in answer.verdict["cannot_tell"]
    text = repo.check(*args, "--format", "text")
    assert (text.code, text.out) == (2, "")


def test_no_repository(repo: Gated, tmp_path: Path) -> None:
    answer = repo.check("HEAD~1..HEAD", cwd=tmp_path)
    assert answer.code == 2
    assert "is not inside a git worktree" in answer.err


def test_a_broken_base_policy(repo: Gated, tmp_path: Path) -> None:
    base = tmp_path / "base.toml"
    base.write_text("[declare]\nmode = 3\n")
    answer = repo.check("HEAD..HEAD", "--base-policy", str(base))
    assert answer.code == 2
    assert "the base policy is broken at line 2" in answer.err


def test_a_shallow_history(repo: Gated, tmp_path: Path) -> None:
    for number in range(4):
        repo.commit(f"Commit {number}", {"a.txt": f"{number}\n"})
    shallow = tmp_path / "shallow"
    subprocess.run(["git", "clone", "-q", "--depth=2", f"file://{repo.top}", str(shallow)], check=True)
    for wanted in ("HEAD~3..HEAD", f"{repo('rev-parse', 'HEAD~3')}..HEAD"):
        answer = repo.check(wanted, cwd=shallow)
        assert (answer.code, answer.codes) == (2, ["history-shallow"])
        assert "git fetch --unshallow" in answer.err
    assert repo.check("HEAD~1..HEAD", cwd=shallow).code == 0


@pytest.mark.parametrize("name", ["text", "sarif", "github", "gitlab"])
def test_every_format_says_the_same(repo: Gated, name: str) -> None:
    repo.assistant("a.py", SAFE)
    repo("commit", "-q", "-m", "Add")
    answer = repo.check("HEAD~1..HEAD", "--format", name)
    assert answer.code == 1
    assert "undeclared-ai" in answer.out
    assert answer.err == ""


def test_the_number_of_processes_does_not_grow(repo: Gated, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[str, ...]] = []
    start = git_run.start

    def counted(repository: object, *args: str, **options: object) -> object:
        started.append(args)
        return start(repository, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(git_run, "start", counted)
    monkeypatch.setattr("earmark.git.objects.start", counted)
    base = repo("rev-parse", "HEAD")
    counts = []
    for number in range(12):
        repo.declared(f"a{number}.py", SAFE)
        if number in (1, 11):
            started.clear()
            with Ledger.open(repo.repo) as ledger:
                span = gather.span(repo.repo, f"{base}..HEAD")
                facts = gather.of_span(repo.repo, ledger, span, "push")
            counts.append(len(started))
            assert len(facts.commits) == number + 1
            assert check(facts).ok
    assert counts[0] == counts[1] > 0
