"""Origins through git: every operation rewrites history for real, and the lines keep their owners or are unknown.

`kinds` gives one letter a line: c and k for two assistants, h for a person, a dot for unknown.
"""

from __future__ import annotations

import pytest
from real_git import RealGit
from story import BASE, CLAUDE, CURSOR, Story

ONE = BASE + "one = 1\ntwo = 2\nthree = 3\n"


def test_commit_all_only_and_plain(story: Story) -> None:
    story.writes(CLAUDE, "a.py", "a = 1\n")
    story.writes(CLAUDE, "pay.py", ONE)
    story.git("commit", "-qm", "only one file", "--only", "pay.py")
    assert story.kinds("pay.py", "HEAD") == "....ccc"
    assert story.kinds("a.py") == "c"
    story.git("add", "a.py")
    story.git("commit", "-qm", "the other")
    assert story.kinds("a.py", "HEAD") == "c"


def test_root_commit(git: RealGit) -> None:
    told = Story(git)
    git("checkout", "-q", "--orphan", "fresh")
    git("rm", "-rqf", ".")
    told.commits(CLAUDE, "new.py", "x = 1\ny = 2\n")
    assert told.kinds("new.py", "HEAD") == "cc"
    told.ledger.close()


def test_rename_with_an_edit(story: Story) -> None:
    story.commits(CLAUDE, "pay.py", ONE)
    story.git("mv", "pay.py", "payment file.py")
    story.git.write("payment file.py", ONE.replace("two = 2", "two = 22"))
    story.git("add", "-A")
    story.git("commit", "-qm", "rename")
    assert story.kinds("payment file.py", "HEAD") == "....c.c"


def test_names_that_are_not_ascii(story: Story) -> None:
    for name in ("größe.py", "a b\tc.py", 'quo"te.py', "日本/語.py"):
        story.commits(CLAUDE, name, "x = 1\n")
        assert story.kinds(name, "HEAD") == "c"


def test_cherry_pick(story: Story) -> None:
    story.git("checkout", "-qb", "topic")
    picked = story.commits(CLAUDE, "pay.py", ONE)
    assert story.settled() is not None
    story.git("checkout", "-q", "main")
    story.git.commit("shift", {"pay.py": "import first\n" + BASE})
    story.git("cherry-pick", "-x", picked)
    assert story.kinds("pay.py", "HEAD") == ".....ccc"


def test_cherry_pick_without_a_pointer(story: Story) -> None:
    story.git("checkout", "-qb", "topic")
    picked = story.commits(CLAUDE, "pay.py", ONE)
    assert story.settled() is not None
    story.git("checkout", "-q", "main")
    story.git.commit("shift", {"pay.py": "import first\n" + BASE})
    story.git("cherry-pick", picked)
    assert story.kinds("pay.py", "HEAD") == ".....ccc"


def test_revert_gives_lines_back_to_their_owner(story: Story) -> None:
    story.commits(CLAUDE, "pay.py", ONE)
    story.git.commit("drop them", {"pay.py": BASE})
    story.git("revert", "--no-edit", "HEAD")
    assert story.kinds("pay.py", "HEAD") == "....ccc"


def test_merge_fast_forward_and_true(story: Story) -> None:
    story.git("checkout", "-qb", "topic")
    story.commits(CLAUDE, "pay.py", ONE)
    story.git("checkout", "-q", "main")
    story.git("merge", "-q", "--ff-only", "topic")
    assert story.kinds("pay.py", "HEAD") == "....ccc"
    story.git("checkout", "-qb", "other", "HEAD~1")
    story.commits(CURSOR, "b.py", "b = 1\n")
    story.git("checkout", "-q", "main")
    story.git("merge", "-q", "--no-edit", "other")
    assert story.kinds("b.py", "HEAD") == "k"
    assert story.settled() is None  # the merge itself wrote nothing


def test_merge_resolution_by_an_assistant_is_noted_on_the_merge(story: Story) -> None:
    story.git("checkout", "-qb", "topic")
    story.git.commit("left", {"pay.py": BASE.replace("charge(user)", "left(user)")})
    story.git("checkout", "-q", "main")
    story.git.commit("right", {"pay.py": BASE.replace("charge(user)", "right(user)")})
    assert story.git.run("merge", "topic").returncode != 0
    story.writes(CLAUDE, "pay.py", BASE.replace("charge(user)", "both(user)"))
    story.git("commit", "-qam", "merge")
    assert story.kinds("pay.py", "HEAD") == "...c"


def test_merge_squash(story: Story) -> None:
    story.git("checkout", "-qb", "topic")
    story.commits(CLAUDE, "pay.py", ONE)
    story.commits(CURSOR, "pay.py", ONE + "four = 4\n")
    assert story.settled() is not None
    story.git("checkout", "-q", "main")
    story.git.commit("shift", {"pay.py": "import first\n" + BASE})
    story.git("merge", "-q", "--squash", "topic")
    story.git("commit", "-q", "--no-edit")
    assert story.kinds("pay.py", "HEAD") == ".....ccck"


def test_commit_tree_and_update_ref(story: Story) -> None:
    story.writes(CLAUDE, "pay.py", ONE)
    story.git("add", "-A")
    tree = story.git("write-tree")
    commit = story.git("commit-tree", tree, "-p", "HEAD", "-m", "by plumbing")
    story.git("update-ref", "refs/heads/main", commit)
    assert story.kinds("pay.py", "HEAD") == "....ccc"


@pytest.mark.parametrize(("who", "kinds"), [("ada@example.com", "....cc."), ("bob@example.com", ".......")])
def test_update_ref_to_a_commit_of_ones_own_with_an_edit_nobody_saw(story: Story, who: str, kinds: str) -> None:
    story.writes(CLAUDE, "pay.py", ONE)
    story.git.write("pay.py", ONE.replace("three = 3", "drei = 4"))
    story.git("add", "-A")
    tree = story.git("write-tree")
    commit = story.git("commit-tree", tree, "-p", "HEAD", "-m", "by plumbing", GIT_COMMITTER_EMAIL=who)
    story.git("update-ref", "HEAD", commit)
    assert story.kinds("pay.py", "HEAD") == kinds


def test_autocrlf(story: Story) -> None:
    story.git("config", "core.autocrlf", "true")
    story.writes(CLAUDE, "w.py", "a = 1\r\nb = 2\r\n")
    story.git("add", "-A")
    story.git("commit", "-qm", "crlf on disk, lf in git")
    assert story.git("cat-file", "-p", "HEAD:w.py") == "a = 1\nb = 2"
    assert story.kinds("w.py", "HEAD") == "cc"


def test_linked_worktree_shares_the_ledger(story: Story) -> None:
    from earmark.git.trust import open_repository
    from earmark.origin.blame import blame
    from earmark.origin.ledger import Ledger

    place = story.git.top.parent / "linked"
    story.git("worktree", "add", "-q", str(place), "-b", "linked")
    repo = open_repository(place)
    assert repo is not None and repo.common_dir == story.repo.common_dir
    linked = RealGit(place, init=False)
    told = Story.__new__(Story)
    told.git, told.repo, told.ledger = linked, repo, Ledger.open(repo)
    told.writes(CLAUDE, "pay.py", ONE)
    linked("commit", "-qam", "in the linked one")
    assert told.kinds("pay.py", "HEAD") == "....ccc"
    assert [r.kind for r in blame(story.repo, story.ledger, "pay.py")] == ["unknown"]
    told.ledger.close()


def test_a_commit_on_a_branch_that_was_left_again_is_noted(story: Story) -> None:
    story.git("checkout", "-qb", "topic")
    story.commits(CLAUDE, "pay.py", ONE)
    story.git("checkout", "-q", "main")
    assert story.settled("topic") is not None


def test_a_squash_of_a_branch_that_was_never_looked_at(story: Story) -> None:
    story.git("checkout", "-qb", "topic")
    story.commits(CLAUDE, "pay.py", ONE)
    story.git("checkout", "-q", "main")
    story.git.commit("shift", {"pay.py": "import first\n" + BASE})
    story.git("merge", "-q", "--squash", "topic")
    story.git("commit", "-q", "--no-edit")
    assert story.kinds("pay.py", "HEAD") == ".....ccc"
