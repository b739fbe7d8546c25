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


# What goes round the declaration, and the code under which the gate finds it.


def test_stripped_trailers(repo: Gated) -> None:
    repo.declared("a.py", SAFE)
    repo.amended(b"Add\n")
    answer = repo.check("HEAD~1..HEAD")
    assert (answer.code, answer.codes) == (1, ["undeclared-ai"])
    assert answer.verdict["violations"][0]["lines"] == [1, 5]


def test_a_commit_without_our_hooks(repo: Gated) -> None:
    repo.assistant("a.py", SAFE)
    repo("commit", "-q", "--no-verify", "-m", "Add")
    assert repo.check("HEAD~1..HEAD").codes == ["undeclared-ai"]


def test_a_guard_removed_by_an_assistant(repo: Gated) -> None:
    repo.commit("Write", {"a.py": "def pay(user):\n    if not user.ok:\n        raise Denied\n    charge(user)\n"})
    repo.assistant("a.py", "def pay(user):\n    charge(user)\n")
    repo("commit", "-q", "-m", "Simplify")
    answer = repo.check("HEAD~1..HEAD")
    assert answer.codes == ["undeclared-ai"]
    assert "removed by AI" in answer.verdict["violations"][0]["message"]


def test_an_edited_digest(repo: Gated) -> None:
    repo.declared("a.py", SAFE)
    message = repo.message()
    at = message.index(b"sha256:") + 7
    repo.amended(message[:at] + b"0" * 64 + message[at + 64 :])
    assert repo.check("HEAD~1..HEAD").codes == ["digest-mismatch"]


def test_text_edited_after_tagging_under_the_old_note(repo: Gated) -> None:
    repo.declared("a.py", SAFE)
    repo.write("a.py", SAFE.replace("item.price", "item.cost"))
    repo("add", "-A")
    repo.amended(repo.message())
    assert set(repo.check("HEAD~1..HEAD").codes) == {"digest-mismatch"}


def test_a_forged_note(repo: Gated) -> None:
    repo.declared("a.py", SAFE)
    repo("notes", "--ref=ai", "add", "-f", "-F", "-", "HEAD", input=repo.note().replace("1-5", "1-2").encode())
    assert set(repo.check("HEAD~1..HEAD").codes) == {"digest-mismatch"}


def test_a_note_that_is_none(repo: Gated) -> None:
    repo.declared("a.py", SAFE)
    repo("notes", "--ref=ai", "add", "-f", "-m", "nothing to see", "HEAD")
    assert repo.check("HEAD~1..HEAD").codes == ["notes-invalid"]


def test_a_deleted_note(home: Path, tmp_path: Path) -> None:
    repo = governed(tmp_path, '[declare]\nmode = "always"\n[gate]\nmissing_notes = "fail"\n')
    repo.declared("a.py", SAFE)
    repo("notes", "--ref=ai", "remove", "HEAD")
    assert repo.check("HEAD~1..HEAD").codes == ["notes-missing"]


def test_a_contradiction(repo: Gated) -> None:
    repo.declared("a.py", SAFE)
    repo.amended(b"Add\n\nAI-Assisted: no\n")
    assert repo.check("HEAD~1..HEAD").codes == ["trailer-contradiction"]


def test_lower_risk_than_the_rules_derive(repo: Gated) -> None:
    repo.declared("a.py", RISKY)
    message = repo.message()
    assert b"AI-Risk: low" not in message
    at = message.index(b"AI-Risk: ")
    end = message.index(b"\n", at)
    repo.amended(message[:at] + b"AI-Risk: low" + message[end:])
    assert repo.check("HEAD~1..HEAD").codes == ["trailer-contradiction"]


def test_a_hidden_block(repo: Gated) -> None:
    repo.declared("a.py", SAFE)
    repo.amended(repo.message() + b"one more word\n")
    assert repo.check("HEAD~1..HEAD").codes == ["trailer-hidden"]


def test_a_bot_without_a_declaration(repo: Gated) -> None:
    repo.commit("Write", {"a.py": SAFE}, "--author=Cursor <cursoragent@cursor.com>")
    assert repo.check("HEAD~1..HEAD").codes == ["undeclared-ai"]


def test_a_policy_weakened_in_the_same_change(home: Path, tmp_path: Path) -> None:
    repo = governed(tmp_path, '[declare]\nmode = "forbid"\n[[review]]\nlevel = "senior"\n')
    repo.assistant("a.py", SAFE)
    repo.commit("Write", {".earmark.toml": 'review = []\n[declare]\nmode = "ai-only"\n'})
    answer = repo.check("HEAD~1..HEAD", "--phase", "merge")
    assert set(answer.codes) == {"forbidden-ai", "approval-missing"}
    assert answer.verdict["violations"][0]["policy"] == ".earmark.toml:2"
    assert {found["path"] for found in answer.verdict["violations"]} == {"a.py", ".earmark.toml"}


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
