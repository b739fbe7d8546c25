"""Rebase, squash, fixup, cherry-pick, revert and merge through the installed hooks."""

from __future__ import annotations

from pathlib import Path

import pytest
from hooked import AI, BASE, Hooked

from earmark.trailers.message import blocks

AI2 = AI.replace("    return 1\n", "    three()\n    return 1\n")


@pytest.fixture
def two(repo: Hooked) -> Hooked:
    """Two AI commits on app.py above the base: one adds two lines, the next a third."""
    repo.stage_ai()
    repo("commit", "-q", "-m", "First")
    repo.stage_ai(AI2)
    repo("commit", "-q", "-m", "Second")
    return repo


def _counting(repo: Hooked, folder: Path) -> str:
    """A wrapper in place of the interpreter that counts how often a hook starts it."""
    counter = folder / "starts"
    wrapper = folder / "python"
    import sys

    wrapper.write_text(f'#!/bin/sh\necho "$5" >>{counter}\nexec {sys.executable} "$@"\n')
    wrapper.chmod(0o755)
    return str(wrapper)


class TestRebase:
    def test_unchanged_picks_keep_the_message_and_start_nothing(self, two: Hooked, tmp_path: Path) -> None:
        from earmark.commit import install

        install.apply(install.plan(two.repo, python=_counting(two, tmp_path)))
        messages = [two.message("HEAD~"), two.message()]
        two("checkout", "-q", "-b", "onto", "HEAD~2")
        two.write("human", "1\n")
        two("add", "human")
        two("commit", "-q", "-m", "Human")
        two("checkout", "-q", "main")
        (tmp_path / "starts").unlink(missing_ok=True)
        done = two.run("rebase", "-q", "onto", GIT_AUTHOR_DATE="")
        assert done.returncode == 0
        assert [two.message("HEAD~"), two.message()] == messages
        assert (tmp_path / "starts").read_text().split() == ["post-rewrite"]
        assert b"no longer fits" not in done.stderr

    def test_notes_follow_a_rebase(self, two: Hooked) -> None:
        two.settle()
        two("checkout", "-q", "-b", "onto", "HEAD~2")
        two.commit("Human", {"human": "1\n", "app.py": "# a line above\n" + BASE})
        two("checkout", "-q", "main")
        two("rebase", "-q", "onto")
        for rev in ("HEAD~", "HEAD"):
            note = two.note(rev)
            assert note is not None and two.declared(rev).digest.encode() in note

    def test_reword_keeps_or_restores_the_declaration(self, two: Hooked) -> None:
        editor = two.editor("echo 'Other words' >$1")
        two("rebase", "-q", "-i", "HEAD~1", GIT_SEQUENCE_EDITOR="sed -i s/^pick/reword/", **editor)
        assert "AI-Lines: 1/1" in two.seen

    @pytest.mark.parametrize("settled", [True, False])
    def test_squash_leaves_one_declaration_for_the_sum(self, two: Hooked, settled: bool) -> None:
        if settled:
            two.settle()
        editor = two.editor("true")
        two("rebase", "-q", "-i", "HEAD~2", GIT_SEQUENCE_EDITOR="sed -i '2s/^pick/squash/'", **editor)
        assert len(blocks(two.body())) == 1
        assert two.declared().ai_lines == 3
        assert "First" in two.message() and "Second" in two.message()
        note = two.note()
        assert note is not None and two.declared().digest.encode() in note

    @pytest.mark.parametrize("kind", ["fixup", "squash"])
    def test_autosquash(self, two: Hooked, kind: str) -> None:
        two.stage_ai(AI2.replace("    one()\n", "    zero()\n    one()\n"))
        two("commit", "-q", f"--{kind}=HEAD", **two.editor("true"))
        assert two.declared().ai_lines == 1
        two.write("human", "x\n")
        two("add", "human")
        two("commit", "-q", f"--{kind}=HEAD~1", **two.editor("true"))
        two("rebase", "-q", "-i", "--autosquash", "HEAD~4", GIT_SEQUENCE_EDITOR="true", **two.editor("true"))
        assert two("rev-list", "--count", "HEAD") == "3"
        assert len(blocks(two.body())) == 1
        assert (two.declared().ai_lines, two.declared().lines) == (2, 3)

    def test_a_conflict_solved_by_hand(self, two: Hooked) -> None:
        two.settle()
        two("checkout", "-q", "-b", "onto", "HEAD~2")
        two.commit("Human", {"app.py": BASE.replace("    return 1\n", "    mine()\n    return 1\n")})
        two("checkout", "-q", "main")
        assert two.run("rebase", "-q", "onto").returncode != 0
        two.write("app.py", AI.replace("    two()\n", "    mine()\n    two()\n"))
        two("add", "app.py")
        two("rebase", "--continue", **two.editor("true"))
        assert "mine" in two("show", "HEAD:app.py")
        for rev, lines in (("HEAD~", 2), ("HEAD", 1)):
            assert two.declared(rev).ai_lines == lines
            note = two.note(rev)
            assert note is not None and two.declared(rev).digest.encode() in note

    def test_a_conflict_that_drops_the_ai_text_drops_the_declaration(self, two: Hooked) -> None:
        two("reset", "-q", "--hard", "HEAD~")
        two.settle()
        two("checkout", "-q", "-b", "onto", "HEAD~")
        two.commit("Human", {"app.py": BASE.replace("    return 1\n", "    mine()\n    return 1\n")})
        two("checkout", "-q", "main")
        assert two.run("rebase", "-q", "onto").returncode != 0
        two.write("app.py", BASE.replace("    return 1\n", "    mine()\n    yours()\n    return 1\n"))
        two("add", "app.py")
        two("rebase", "--continue", **two.editor("true"))
        assert two.message() == "First\n"

    def test_edit_stop_and_amend(self, two: Hooked) -> None:
        two.run("rebase", "-q", "-i", "HEAD~1", GIT_SEQUENCE_EDITOR="sed -i s/^pick/edit/")
        two.stage_ai(AI2.replace("    three()\n", "    three()\n    four()\n"))
        two("commit", "-q", "--amend", "--no-edit")
        two("rebase", "--continue", **two.editor("true"))
        assert two.declared().ai_lines == 2
        assert two.message().startswith("Second\n")

    def test_a_declaration_that_went_stale_is_said_in_one_line(self, two: Hooked) -> None:
        """A rewrite that no hook of ours saw: the message still speaks of text that is gone."""
        two.settle()
        message = two.body()
        two("reset", "-q", "--hard", "HEAD~2")
        two.write("app.py", AI)
        two("add", "app.py")
        two("commit", "-q", "--no-verify", "-F", "-", input=b"plain\n")
        tree = two("rev-parse", "HEAD^{tree}")
        new = two("commit-tree", tree, "-p", "HEAD~", input=message)
        old = two("rev-parse", "ORIG_HEAD")
        hook = two.top / ".git/hooks/post-rewrite"
        import subprocess

        done = subprocess.run([hook, "rebase"], cwd=two.top, input=f"{old} {new}\n".encode(), capture_output=True)
        assert done.returncode == 0
        assert b"1 commit declares what no longer fits" in done.stderr


class TestPicksAndMerges:
    def test_cherry_pick_keeps_the_message(self, two: Hooked) -> None:
        two("checkout", "-q", "-b", "other", "HEAD~2")
        two("cherry-pick", "main~1", GIT_AUTHOR_DATE="")
        assert two.message() == two.message("main~1")
        two("reset", "-q", "--hard", "HEAD~")
        two("cherry-pick", "-x", "main~1")
        assert two.is_declared()
        assert two.message().count("AI-Assisted") == 1

    def test_cherry_pick_without_commit(self, two: Hooked) -> None:
        two("checkout", "-q", "-b", "other", "HEAD~2")
        two("cherry-pick", "-n", "main~1")
        two("commit", "-q", "-m", "Taken over")
        assert two.declared().ai_lines == 2

    def test_revert_and_revert_of_the_revert(self, two: Hooked) -> None:
        two("revert", "--no-edit", "HEAD")
        assert not two.is_declared()
        two("revert", "--no-edit", "HEAD")
        assert two.declared().ai_lines == 1

    def test_a_clean_merge_declares_nothing_of_its_own(self, two: Hooked) -> None:
        two("checkout", "-q", "-b", "other", "HEAD~2")
        two.commit("Human", {"human": "x\n"})
        two("merge", "-q", "--no-edit", "main")
        assert two.message() == "Merge branch 'main' into other\n"

    def test_a_merge_declares_an_assistants_resolution(self, two: Hooked) -> None:
        two("checkout", "-q", "-b", "other", "HEAD~2")
        two.commit("Human", {"app.py": BASE.replace("    return 1\n", "    mine()\n    return 1\n")})
        assert two.run("merge", "-q", "main").returncode != 0
        two.assistant(AI2.replace("    two()\n", "    two()\n    mine()\n    both()\n"), session="c9")
        two("add", "app.py")
        two("commit", "-q", "--no-edit")
        assert two.declared().ai_lines == 1
        assert two.message().startswith("Merge branch 'main' into other\n")

    def test_merge_squash_declares_the_sum_once(self, two: Hooked) -> None:
        two("checkout", "-q", "-b", "other", "HEAD~2")
        two("merge", "-q", "--squash", "main")
        two("commit", "-q", "--no-edit")
        assert two.declared().ai_lines == 3

    def test_stash_and_pop(self, repo: Hooked) -> None:
        repo.assistant(AI)
        repo("stash")
        repo.commit("Human", {"human": "x\n"})
        repo("stash", "pop")
        repo("commit", "-q", "-a", "-m", "Mine again")
        assert repo.declared().ai_lines == 2
