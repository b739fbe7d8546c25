"""The gate as a pre-receive hook of a real bare repository."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from gated import SAFE, Gated

from earmark.gate.facts import Attested, CannotTell, Verdict
from earmark.gate.receive import Update, combine, updates
from earmark.git import repository
from earmark.origin.ledger import Ledger

ID = "0123456789abcdef0123456789abcdef01234567"
ZERO = "0" * 40


class Pushing(Gated):
    """A clone with a remote `origin` whose pre-receive hook is the gate; main, with its policy, is there already."""

    def __init__(self, top: Path, policy: str = "") -> None:
        super().__init__(top, policy)
        self.server = top.parent / "server.git"
        self("init", "-q", "--bare", "-b", "main", str(self.server))
        self("remote", "add", "origin", f"file://{self.server}")
        self("push", "-q", "origin", "main")
        hook = self.server / "hooks" / "pre-receive"
        hook.write_text(f"#!/bin/sh\nexec '{sys.executable}' -m earmark check --pre-receive\n")
        hook.chmod(0o755)

    def push(self, *refs: str, **env: str) -> tuple[bool, str]:
        """(whether the server took it, what it said)."""
        done = self.run("push", "origin", *refs, **env)
        return done.returncode == 0, done.stderr.decode()

    def decided(self) -> list[tuple[str, str, str]]:
        """(what, why, who) of the server's audit."""
        served = repository.at(str(self.server), "")
        assert served is not None
        with Ledger.open(served, create=False) as ledger:
            assert ledger.dirty() == (), "nothing but the audit is written"
            return [(row.what, row.why, row.who) for row in ledger.audit_rows()]


@pytest.fixture
def pushing(home: Path, tmp_path: Path) -> Pushing:
    return Pushing(tmp_path / "repo", '[[review]]\nrisk = "critical"\n')


def test_what_was_decided_is_kept_with_who_pushed(pushing: Pushing) -> None:
    pushing.declared("a.py", SAFE)
    assert pushing.push("main", "refs/notes/ai", GL_USERNAME="eve")[0]
    pushing.assistant("b.py", SAFE)
    pushing.committed(b"Say nothing\n")
    assert not pushing.push("main", "refs/notes/ai", GL_USERNAME="mallory")[0]
    assert pushing.decided() == [("gate passed", "", "eve"), ("gate refused", "undeclared-ai", "mallory")]


def test_an_audit_that_cannot_be_kept_refuses_nobody(pushing: Pushing) -> None:
    (pushing.server / "earmark").write_text("in the way")
    pushing.declared("a.py", SAFE)
    taken, said = pushing.push("main", "refs/notes/ai")
    assert taken
    assert "not kept for the audit" in said


def test_an_honest_push_is_taken_with_its_notes(pushing: Pushing) -> None:
    pushing.declared("a.py", SAFE)
    taken, said = pushing.push("main", "refs/notes/ai")
    assert taken, said
    assert "ok in phase merge: 1 commit; 1 declared" in said


def test_notes_pushed_before_the_branch_count(pushing: Pushing) -> None:
    pushing.declared("a.py", SAFE)
    pushing.amended(b"Add\n")
    assert pushing.push("refs/notes/ai")[0]
    taken, said = pushing.push("main")
    assert not taken
    assert "undeclared-ai" in said


def test_notes_of_the_same_push_count(pushing: Pushing) -> None:
    pushing.declared("a.py", SAFE)
    pushing.amended(b"Add\n")
    taken, said = pushing.push("main", "refs/notes/ai")
    assert not taken
    assert "undeclared-ai" in said


def test_without_notes_nothing_is_known(pushing: Pushing) -> None:
    pushing.assistant("a.py", SAFE)
    pushing("commit", "-q", "-m", "Add")
    taken, said = pushing.push("main")
    assert taken
    assert "1 unattested" in said


def test_one_must_push_to_ask(home: Path, tmp_path: Path) -> None:
    pushing = Pushing(tmp_path / "repo", "[[review]]\n")
    pushing("checkout", "-q", "-b", "topic")
    pushing.declared("a.py", SAFE)
    taken, said = pushing.push("topic", "refs/notes/ai")
    assert taken, said
    assert "open approval-missing" in said
    pushing("checkout", "-q", "main")
    pushing("merge", "-q", "--ff-only", "topic")
    taken, said = pushing.push("main")
    assert not taken, "that the commits are known from the topic branch is no excuse"
    assert "refused approval-missing" in said


def test_the_policy_before_the_push_decides(home: Path, tmp_path: Path) -> None:
    pushing = Pushing(tmp_path / "repo", '[declare]\nmode = "forbid"\n[[review]]\nrisk = "critical"\n')
    pushing("checkout", "-q", "-b", "topic")
    pushing.commit("Loosen", {".earmark.toml": "review = []\n"})
    pushing.assistant("a.py", SAFE)
    pushing.committed(b"Add\n")
    for branch in ("topic", "topic:main"):
        taken, said = pushing.push(branch, "refs/notes/ai")
        assert not taken
        assert "forbidden-ai" in said


def test_only_what_is_new_is_judged_on_a_topic_branch(pushing: Pushing) -> None:
    pushing.assistant("a.py", SAFE)
    pushing.committed(b"Known, and undeclared\n")
    (pushing.server / "hooks" / "pre-receive").rename(pushing.server / "hooks" / "off")
    assert pushing.push("main:refs/heads/old", "refs/notes/ai")[0]
    (pushing.server / "hooks" / "off").rename(pushing.server / "hooks" / "pre-receive")
    pushing("checkout", "-q", "-b", "topic")
    pushing.commit("More", {"b.txt": "b\n"})
    taken, said = pushing.push("topic")
    assert taken, said
    assert "1 commit;" in said


def test_a_new_protected_branch_is_judged_from_the_protected_ones(home: Path, tmp_path: Path) -> None:
    policy = '[gate]\nprotected = ["refs/heads/main", "refs/heads/release/*"]\n[[review]]\nrisk = "critical"\n'
    pushing = Pushing(tmp_path / "repo", policy)
    pushing("checkout", "-q", "-b", "release/1")
    pushing.assistant("a.py", SAFE)
    pushing.committed(b"Add\n")
    taken, said = pushing.push("release/1", "refs/notes/ai")
    assert not taken
    assert "not ok in phase merge: 1 commit;" in said


def test_deleting_a_branch_and_pushing_a_tag_judge_nothing(pushing: Pushing) -> None:
    assert pushing.push("main:refs/heads/gone")[0]
    taken, said = pushing.push(":refs/heads/gone", "main:refs/tags/v1")
    assert taken, said
    assert "0 commits" in said


def test_merged_notes_may_only_be_added_to(pushing: Pushing) -> None:
    commit = pushing.declared("a.py", SAFE)
    assert pushing.push("main", "refs/notes/ai")[0]
    note = pushing.note()
    pushing("notes", "--ref=ai", "add", "-f", "-F", "-", commit, input=note.replace("1-5", "1-4").encode())
    taken, said = pushing.push("refs/notes/ai")
    assert not taken
    assert "notes-invalid" in said
    assert commit[:10] in said
    pushing("notes", "--ref=ai", "remove", commit)
    taken, said = pushing.push("refs/notes/ai")
    assert not taken
    assert "the note of a protected commit is removed" in said
    assert not pushing.push(":refs/notes/ai")[0]
    pushing("notes", "--ref=ai", "add", "-f", "-F", "-", commit, input=f"{note}\n\n{note}".encode())
    taken, said = pushing.push("refs/notes/ai")
    assert taken, said


def test_the_first_push_into_an_empty_repository(home: Path, tmp_path: Path) -> None:
    pushing = Pushing(tmp_path / "repo")
    pushing("update-ref", "-d", "refs/heads/main", input=None)
    pushing("--git-dir", str(pushing.server), "update-ref", "-d", "refs/heads/main")
    pushing.declared("a.py", SAFE)
    taken, said = pushing.push("main", "refs/notes/ai")
    assert taken, said
    assert "1 commit; 1 declared" in said


@pytest.mark.parametrize("text", ["x y z", f"{ID} {ID}", f"{ID}  main", f"{ID[:-1]} {ID} refs/heads/main"])
def test_other_input_is_not_judged(text: str, pushing: Pushing) -> None:
    answer = pushing.check("--pre-receive", input=text + "\n")
    assert answer.code == 2
    assert "is this a pre-receive hook?" in answer.err


def test_reading_updates() -> None:
    text = f"{ZERO} {ID} refs/heads/a\n{ID} {ZERO} refs/heads/b c\n"
    assert updates(text) == (Update("", ID, "refs/heads/a"), Update(ID, "", "refs/heads/b c"))
    with pytest.raises(CannotTell):
        updates("garbage")


def test_several_verdicts_are_one() -> None:
    one = Verdict(True, "push", 2, Attested(1, 0, 1))
    other = Verdict(False, "merge", 1, Attested(0, 1, 0))
    assert combine([one, other], "push") == Verdict(False, "merge", 3, Attested(1, 1, 1))
    assert combine([], "push") == Verdict(True, "push", 0, Attested())
