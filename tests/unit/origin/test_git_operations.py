"""Origins through git: every operation rewrites history for real, and the lines keep their owners or are unknown.

`kinds` gives one letter a line: c and k for two assistants, h for a person, a dot for unknown.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from real_git import RealGit
from story import BASE, CLAUDE, CURSOR, Story

from earmark.origin import notes

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


def test_rebase_onto_a_changed_file(story: Story) -> None:
    story.git("checkout", "-qb", "topic")
    story.commits(CLAUDE, "pay.py", ONE)
    story.git("checkout", "-q", "main")
    story.git.commit("theirs", {"pay.py": "import first\nimport second\n" + BASE})
    story.git("checkout", "-q", "topic")
    story.git("rebase", "-q", "main")
    assert story.kinds("pay.py", "HEAD") == "......ccc"


def test_rebase_that_nobody_saw_between_commit_and_rebase(story: Story) -> None:
    story.git("checkout", "-qb", "topic")
    story.commits(CLAUDE, "a.py", "a = 1\nb = 2\n")
    story.commits(CURSOR, "a.py", "a = 1\nb = 2\nc = 3\n")
    story.git("checkout", "-q", "main")
    story.git.commit("theirs", {"a.py": "zero = 0\n"})
    story.git("checkout", "-q", "topic")
    done = story.git.run("rebase", "main")
    assert done.returncode != 0  # both added a.py
    story.git.write("a.py", "zero = 0\na = 1\nb = 2\n")
    story.git("add", "a.py")
    story.git("rebase", "--continue", GIT_EDITOR="true", code=None)
    story.git.write("a.py", "zero = 0\na = 1\nb = 2\nc = 3\n")
    story.git("add", "a.py")
    story.git("rebase", "--continue", GIT_EDITOR="true", code=None)
    assert story.kinds("a.py", "HEAD") == ".cck"


def test_a_look_in_the_middle_of_a_rebase_takes_nothing_away(git: RealGit, tmp_path: Path) -> None:
    """The commits are a colleague's: only their notes say who wrote them, and only the reflog says what they were."""
    author = Story(git)
    git("checkout", "-qb", "topic")
    author.commits(CLAUDE, "pay.py", ONE)
    author.commits(CURSOR, "other.py", "a = 1\nb = 2\nc = 3\n")
    assert author.settled() is not None
    author.ledger.close()
    git("checkout", "-q", "main")
    clone = RealGit(tmp_path / "clone", init=False)
    git("clone", "-q", str(git.top), str(clone.top))
    clone("fetch", "-q", "origin", "refs/notes/ai:refs/notes/ai")
    told = Story(clone)
    clone("checkout", "-q", "topic")
    told.kinds("pay.py", "HEAD")
    clone("checkout", "-q", "main")
    clone.commit("theirs", {"pay.py": BASE + "conflict = 1\n"})
    clone("checkout", "-q", "topic")
    told.kinds("pay.py", "HEAD")
    assert clone.run("rebase", "main").returncode != 0
    told.kinds("pay.py", "HEAD")
    clone.write("pay.py", BASE + "conflict = 1\none = 1\ntwo = 2\nthree = 3\n")
    clone("add", "pay.py")
    clone("rebase", "--continue", GIT_EDITOR="true")
    assert told.kinds("pay.py", "HEAD") == ".....ccc"
    assert told.kinds("other.py", "HEAD") == "kkk"
    told.ledger.close()


@pytest.mark.parametrize("todo", ["squash", "fixup"])
def test_interactive_squash_and_fixup(story: Story, todo: str) -> None:
    story.commits(CLAUDE, "pay.py", ONE)
    story.commits(CURSOR, "pay.py", ONE + "four = 4\n")
    story.git("rebase", "-q", "-i", "HEAD~2", GIT_SEQUENCE_EDITOR=f"sed -i '2s/pick/{todo}/'", GIT_EDITOR="true")
    assert story.git("rev-list", "--count", "HEAD") == "2"
    assert story.kinds("pay.py", "HEAD") == "....ccck"


def test_interactive_reorder_and_drop(story: Story) -> None:
    story.commits(CLAUDE, "a.py", "a = 1\n")
    story.commits(CURSOR, "b.py", "b = 1\n")
    story.commits(CLAUDE, "c.py", "c = 1\n")
    story.git("rebase", "-q", "-i", "HEAD~3", GIT_SEQUENCE_EDITOR="sed -i -e '1{h;d}' -e '2{G}' -e '3d'")
    assert story.kinds("a.py", "HEAD") == "c"
    assert story.kinds("b.py", "HEAD") == "k"
    assert not (story.git.top / "c.py").exists()


def test_split_of_a_commit(story: Story) -> None:
    story.commits(CLAUDE, "pay.py", ONE)
    story.git("reset", "-q", "HEAD~1")
    story.git.write("pay.py", BASE + "one = 1\n")
    story.git("commit", "-qam", "first half")
    story.git.write("pay.py", ONE)
    story.git("commit", "-qam", "second half")
    assert story.kinds("pay.py", "HEAD") == "....ccc"


def test_rebase_abort_leaves_no_note(story: Story) -> None:
    story.git("checkout", "-qb", "topic")
    story.commits(CLAUDE, "pay.py", ONE)
    before = story.settled()
    story.git("checkout", "-q", "main")
    story.git.commit("theirs", {"pay.py": "conflict\n"})
    story.git("checkout", "-q", "topic")
    assert story.git.run("rebase", "main").returncode != 0
    story.git("rebase", "--abort")
    assert story.kinds("pay.py", "HEAD") == "....ccc"
    assert story.settled() == before


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


def test_commit_tree_and_update_ref(story: Story) -> None:
    story.writes(CLAUDE, "pay.py", ONE)
    story.git("add", "-A")
    tree = story.git("write-tree")
    commit = story.git("commit-tree", tree, "-p", "HEAD", "-m", "by plumbing")
    story.git("update-ref", "refs/heads/main", commit)
    assert story.kinds("pay.py", "HEAD") == "....ccc"


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


def test_autosquash_of_a_fixup(story: Story) -> None:
    first = story.commits(CLAUDE, "pay.py", ONE)
    story.git.commit("unrelated", {"other.py": "x = 1\n"})
    story.writes(CURSOR, "pay.py", ONE + "four = 4\n")
    story.git("commit", "-qa", "--fixup", first)
    story.git("rebase", "-q", "-i", "--autosquash", f"{first}~1", GIT_SEQUENCE_EDITOR="true")
    assert story.git("rev-list", "--count", "HEAD") == "3"
    assert story.kinds("pay.py", "HEAD") == "....ccck"


def test_rebase_merges_keeps_both_sides(story: Story) -> None:
    story.git("checkout", "-qb", "topic")
    story.commits(CLAUDE, "a.py", "a = 1\n")
    story.git("checkout", "-qb", "side", "HEAD~1")
    story.commits(CURSOR, "b.py", "b = 1\n")
    story.git("checkout", "-q", "topic")
    story.git("merge", "-q", "--no-edit", "side")
    story.git("checkout", "-q", "main")
    story.git.commit("theirs", {"c.py": "c = 1\n"})
    story.git("checkout", "-q", "topic")
    story.git("rebase", "-q", "--rebase-merges", "main")
    assert (story.kinds("a.py", "HEAD"), story.kinds("b.py", "HEAD")) == ("c", "k")


def test_a_long_rebase_uses_a_constant_number_of_git_processes(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    import subprocess

    story.git("checkout", "-qb", "topic")
    for number in range(20):
        story.commits(CLAUDE, f"f{number}.py", f"x = {number}\n")
    story.git("checkout", "-q", "main")
    story.git.commit("theirs", {"pay.py": "import first\n" + BASE})
    story.git("checkout", "-q", "topic")
    story.git("rebase", "-q", "main")
    started: list[object] = []
    real = subprocess.Popen.__init__

    def counted(self: object, *args: object, **options: object) -> None:
        started.append(args)
        real(self, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(subprocess.Popen, "__init__", counted)
    assert story.settled() is not None
    assert len(started) <= 12
    assert story.kinds("f7.py", "HEAD") == "c"


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
