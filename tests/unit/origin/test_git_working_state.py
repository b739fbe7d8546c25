"""Origins of what is not committed: stash, reset, switch, restore. `kinds` gives one letter a line (see `story`)."""

from __future__ import annotations

import pytest
from story import BASE, CLAUDE, CURSOR, Story

from earmark.origin import notes

ONE = BASE + "one = 1\ntwo = 2\nthree = 3\n"


@pytest.mark.parametrize("mode", ["--soft", "--mixed"])
def test_reset_and_commit_again(story: Story, mode: str) -> None:
    story.commits(CLAUDE, "pay.py", ONE)
    story.git("reset", "-q", mode, "HEAD~1")
    assert story.kinds("pay.py") == "....ccc"
    story.git("commit", "-qam", "again")
    assert story.kinds("pay.py", "HEAD") == "....ccc"


def test_reset_hard_drops_the_working_state(story: Story) -> None:
    story.writes(CLAUDE, "pay.py", ONE)
    story.git("reset", "-q", "--hard")
    assert story.kinds("pay.py") == "...."
    story.git.commit("by hand", {"pay.py": BASE + "mine = 1\n"})
    assert story.kinds("pay.py", "HEAD") == "....."


def test_stash_and_pop_on_another_base(story: Story) -> None:
    story.writes(CLAUDE, "pay.py", ONE)
    story.git("stash", "-q")
    story.git.commit("meanwhile", {"other.py": "x = 1\n"})
    story.git("stash", "pop", "-q")
    assert story.kinds("pay.py") == "....ccc"
    story.git("commit", "-qam", "popped")
    assert story.kinds("pay.py", "HEAD") == "....ccc"


@pytest.mark.parametrize("how", ["pop", "apply"])
def test_a_stash_onto_a_file_that_changed_meanwhile(story: Story, how: str) -> None:
    story.writes(CLAUDE, "pay.py", ONE)
    story.git("stash", "-q")
    assert story.kinds("pay.py") == "...."
    story.git.commit("meanwhile", {"pay.py": "import first\n" + BASE})
    story.git("stash", how, "-q")
    assert story.kinds("pay.py") == ".....ccc"
    story.git("commit", "-qam", "taken back")
    assert story.kinds("pay.py", "HEAD") == ".....ccc"


def test_an_untracked_file_in_a_stash(story: Story) -> None:
    story.writes(CLAUDE, "new.py", "a = 1\nb = 2\n")
    story.git("stash", "-q", "-u")
    assert story.kinds("pay.py") == "...."
    story.git.write("new.py", "")
    story.git("add", "-N", "new.py")
    story.git("rm", "-q", "--cached", "new.py")
    (story.git.top / "new.py").unlink()
    story.git("stash", "pop", "-q")
    assert story.kinds("new.py") == "cc"


def test_a_stash_dropped_and_typed_again_by_nobody_known_gives_no_credit(story: Story) -> None:
    story.writes(CLAUDE, "pay.py", BASE + "one = 1\n")
    story.git("stash", "-q")
    assert story.kinds("pay.py") == "...."
    story.git("stash", "drop", "-q")
    assert story.kinds("pay.py") == "...."
    story.git.write("pay.py", "import first\n" + BASE + "one = 1\n")
    assert story.kinds("pay.py") == "......"


def test_a_stash_that_brings_back_a_deletion(story: Story) -> None:
    story.writes(CLAUDE, "pay.py", BASE.replace("    if not user.ok:\n        raise Denied\n", ""))
    story.git("stash", "-q")
    story.kinds("pay.py")
    story.git.commit("meanwhile", {"pay.py": BASE + "last = 1\n"})
    story.git("stash", "pop", "-q")
    story.kinds("pay.py")
    story.git("commit", "-qam", "taken back")
    note = story.settled()
    assert note is not None
    assert [(r.lines.start, r.lines.end) for r in notes.removals(note, "pay.py")] == [(2, 3)]


def test_switch_with_a_dirty_tree_and_back(story: Story) -> None:
    story.writes(CLAUDE, "pay.py", ONE)
    story.git("switch", "-qc", "topic")
    assert story.kinds("pay.py") == "....ccc"
    story.git("commit", "-qam", "on topic")
    story.git("switch", "-q", "main")
    assert story.kinds("pay.py") == "...."
    story.git("switch", "-q", "topic")
    assert story.kinds("pay.py") == "....ccc"


def test_restore_drops_the_file(story: Story) -> None:
    story.writes(CLAUDE, "pay.py", ONE)
    story.git("restore", "pay.py")
    assert story.kinds("pay.py") == "...."


def test_stash_of_one_path_and_popped_twice(story: Story) -> None:
    story.writes(CLAUDE, "pay.py", ONE)
    story.writes(CURSOR, "other.py", "a = 1\nb = 2\nc = 3\n")
    story.git("add", "-A")
    story.git("stash", "push", "-q", "pay.py")
    assert (story.kinds("pay.py"), story.kinds("other.py")) == ("....", "kkk")
    story.git("stash", "pop", "-q")
    assert story.git.run("stash", "pop").returncode != 0
    assert (story.kinds("pay.py"), story.kinds("other.py")) == ("....ccc", "kkk")


def test_stash_branch(story: Story) -> None:
    story.writes(CLAUDE, "pay.py", ONE)
    story.git("stash", "-q")
    story.git.commit("meanwhile", {"pay.py": "import first\n" + BASE})
    story.git("stash", "branch", "rescued")
    assert story.kinds("pay.py") == "....ccc"
    story.git("commit", "-qam", "rescued")
    assert story.kinds("pay.py", "HEAD") == "....ccc"


def test_a_stash_in_conflict_solved_by_hand(story: Story) -> None:
    story.writes(CLAUDE, "pay.py", BASE.replace("charge(user)", "charge(user, retry=3)") + "log(user)\n")
    story.git("stash", "-q")
    story.kinds("pay.py")
    story.git.commit("meanwhile", {"pay.py": BASE.replace("charge(user)", "charge(user, limit=5)")})
    assert story.git.run("stash", "pop").returncode != 0
    story.git.write("pay.py", BASE.replace("charge(user)", "charge(user, limit=5)") + "log(user)\n")
    story.git("add", "-A")
    story.git("stash", "drop", "-q")
    assert "c" not in story.kinds("pay.py")[:4]


def test_a_stash_that_nobody_saw_says_nothing(story: Story) -> None:
    """Made and popped between two looks, onto another base: the text is unknown rather than guessed."""
    story.writes(CLAUDE, "pay.py", ONE)
    story.git("stash", "-q")
    story.git.commit("meanwhile", {"other.py": "x = 1\n"})
    story.git("stash", "pop", "-q")
    assert story.kinds("pay.py") == "....ccc"


@pytest.mark.parametrize("mode", ["--keep", "--merge"])
def test_reset_that_keeps_other_files(story: Story, mode: str) -> None:
    story.git.commit("more", {"x.py": "x = 1\n"})
    story.writes(CLAUDE, "pay.py", ONE)
    story.git("reset", "-q", mode, "HEAD~1")
    assert story.kinds("pay.py") == "....ccc"


def test_reset_of_one_path_and_forward_again(story: Story) -> None:
    story.writes(CLAUDE, "pay.py", ONE)
    story.writes(CURSOR, "other.py", "a = 1\nb = 2\nc = 3\n")
    story.git("add", "-A")
    story.git("reset", "-q", "other.py")
    story.git("commit", "-qm", "one of them")
    assert (story.kinds("pay.py", "HEAD"), story.kinds("other.py")) == ("....ccc", "kkk")
    story.git("reset", "-q", "--hard", "HEAD~1")
    assert story.kinds("pay.py") == "...."
    story.git("reset", "-q", "--hard", "HEAD@{1}")
    assert story.kinds("pay.py") == "....ccc"


def test_reset_soft_over_a_commit_of_another_assistant(story: Story) -> None:
    story.commits(CLAUDE, "pay.py", ONE)
    story.commits(CURSOR, "pay.py", ONE + "four = 4\n")
    story.git("reset", "-q", "--soft", "HEAD~2")
    story.git("commit", "-qm", "both")
    assert story.kinds("pay.py", "HEAD") == "....ccck"


@pytest.mark.parametrize("how", [("checkout", "-f"), ("switch", "--discard-changes")])
def test_switch_that_throws_the_working_state_away(story: Story, how: tuple[str, str]) -> None:
    story.git("branch", "other")
    story.writes(CLAUDE, "pay.py", ONE)
    story.git(how[0], "-q", how[1], "other")
    assert story.kinds("pay.py") == "...."
    story.git.commit("by hand", {"pay.py": BASE + "mine = 1\n"})
    assert story.kinds("pay.py", "HEAD") == "....."


@pytest.mark.parametrize("how", ["checkout", "switch"])
def test_switch_that_merges_the_working_state(story: Story, how: str) -> None:
    story.git("checkout", "-qb", "other")
    story.git.commit("theirs", {"pay.py": "import first\n" + BASE})
    story.git("checkout", "-q", "main")
    story.writes(CLAUDE, "pay.py", ONE)
    story.git(how, "-q", "-m", "other")
    assert story.kinds("pay.py") == ".....ccc"
    story.git("commit", "-qam", "carried over")
    assert story.kinds("pay.py", "HEAD") == ".....ccc"


def test_restore_from_another_commit_and_checkout_of_a_path(story: Story) -> None:
    commit = story.commits(CLAUDE, "pay.py", ONE)
    story.git.commit("taken out", {"pay.py": BASE})
    story.git("restore", "--source", commit, "pay.py")
    assert story.kinds("pay.py") == "....ccc"
    story.git("checkout", "-q", "HEAD", "--", "pay.py")
    assert story.kinds("pay.py") == "...."


def test_a_file_deleted_and_made_again(story: Story) -> None:
    story.writes(CLAUDE, "new.py", "a = 1\nb = 2\nc = 3\n")
    (story.git.top / "new.py").unlink()
    story.writes(CURSOR, "new.py", "a = 1\nz = 9\n")
    assert story.kinds("new.py") == "kk"


def test_a_branch_deleted_and_made_again(story: Story) -> None:
    story.git("checkout", "-qb", "topic")
    commit = story.commits(CLAUDE, "pay.py", ONE)
    assert story.settled() is not None
    story.git("checkout", "-q", "main")
    story.git("branch", "-D", "topic")
    story.git("reflog", "expire", "--expire=now", "--all")
    story.git("branch", "topic", commit)
    story.git("checkout", "-q", "topic")
    assert story.kinds("pay.py", "HEAD") == "....ccc"


def test_after_gc_and_an_expired_reflog(story: Story) -> None:
    story.commits(CLAUDE, "pay.py", ONE)
    story.writes(CURSOR, "pay.py", ONE + "four = 4\n")
    story.git("reflog", "expire", "--expire=now", "--all")
    story.git("gc", "-q", "--prune=now")
    assert story.kinds("pay.py") == "....ccck"
    story.git("commit", "-qam", "later")
    assert story.kinds("pay.py", "HEAD") == "....ccck"
