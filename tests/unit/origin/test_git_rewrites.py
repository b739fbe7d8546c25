"""Origins through rewritten history: rebase in all its forms. `kinds` gives one letter a line (see `story`)."""

from __future__ import annotations

from pathlib import Path

import pytest
from real_git import RealGit
from story import BASE, CLAUDE, CURSOR, Story

ONE = BASE + "one = 1\ntwo = 2\nthree = 3\n"


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


def test_a_conflict_over_a_colleagues_line_gives_the_assistant_no_credit_for_its_words(
    story: Story, tmp_path: Path
) -> None:
    """Only the note says that an assistant wrote the line; what was made of it is nobody's."""
    story.git("checkout", "-qb", "topic")
    story.commits(CLAUDE, "pay.py", BASE.replace("charge(user)", "charge(user, retry=3)") + "log(user)\n")
    assert story.settled() is not None
    story.git("checkout", "-q", "main")
    clone = RealGit(tmp_path / "clone", init=False)
    story.git("clone", "-q", str(story.git.top), str(clone.top))
    clone("fetch", "-q", "origin", "refs/notes/ai:refs/notes/ai")
    told = Story(clone)
    clone.commit("mine", {"pay.py": BASE.replace("charge(user)", "charge(user, limit=5)")})
    clone("checkout", "-q", "topic")
    assert clone.run("rebase", "main").returncode != 0
    clone.write("pay.py", BASE.replace("charge(user)", "charge(user, limit=5, retry=3)") + "log(user)\n")
    clone("add", "-A")
    clone("rebase", "--continue", GIT_EDITOR="true")
    assert told.kinds("pay.py", "HEAD") == "....c"
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


def test_rebase_of_the_whole_history(story: Story) -> None:
    story.commits(CLAUDE, "pay.py", ONE)
    story.git("rebase", "-q", "--root", "--force-rebase", "--exec", "true", GIT_COMMITTER_NAME="Somebody Else")
    assert story.kinds("pay.py", "HEAD") == "....ccc"


def test_rebase_with_autostash(story: Story) -> None:
    story.git("checkout", "-qb", "topic")
    story.commits(CLAUDE, "a.py", "a = 1\nb = 2\n")
    story.git("checkout", "-q", "main")
    story.git.commit("theirs", {"pay.py": "import first\n" + BASE})
    story.git("checkout", "-q", "topic")
    story.kinds("a.py")
    story.writes(CURSOR, "pay.py", BASE + "last = 1\n")
    story.git("rebase", "-q", "--autostash", "main")
    assert story.kinds("a.py", "HEAD") == "cc"
    assert story.kinds("pay.py") == ".....k"


def test_reword_edit_and_skip(story: Story) -> None:
    story.commits(CLAUDE, "a.py", "a = 1\n")
    story.commits(CURSOR, "b.py", "b = 1\n")
    story.commits(CLAUDE, "c.py", "c = 1\n")
    plan = "sed -i -e '1s/pick/reword/' -e '2s/pick/edit/'"
    story.git("rebase", "-q", "-i", "HEAD~3", GIT_SEQUENCE_EDITOR=plan, GIT_EDITOR="sed -i 1s/ai/better/")
    story.writes(CURSOR, "b.py", "b = 1\nbb = 2\n")
    story.git("commit", "-qa", "--amend", "--no-edit")
    story.git("rebase", "--continue", GIT_EDITOR="true")
    assert [story.kinds(name, "HEAD") for name in ("a.py", "b.py", "c.py")] == ["c", "kk", "c"]


def conflict(story: Story) -> None:
    """A rebase of Claude's replacement of the last line that stops on a colleague's."""
    story.git("checkout", "-qb", "topic")
    story.commits(CLAUDE, "pay.py", BASE.replace("charge(user)", "charge(user, retry=3)") + "log(user)\n")
    story.git("checkout", "-q", "main")
    story.git.commit("theirs", {"pay.py": BASE.replace("charge(user)", "charge(user, limit=5)")})
    story.git("checkout", "-q", "topic")
    assert story.git.run("rebase", "main").returncode != 0


def resolved(story: Story) -> None:
    story.git("add", "-A")
    story.git.run("rebase", "--continue", GIT_EDITOR="true")


@pytest.mark.parametrize(
    ("line", "kinds"),
    [
        ("charge(user, retry=3)", "...cc"),  # the topic's side: what Claude wrote stands
        ("charge(user, limit=5)", "....c"),  # the other side
        ("charge(user, retry=3, limit=5)", "....c"),  # both, by nobody known: that line is nobody's
    ],
)
def test_a_conflict_in_a_rebase_solved_by_hand(story: Story, line: str, kinds: str) -> None:
    conflict(story)
    story.git.write("pay.py", BASE.replace("charge(user)", line) + "log(user)\n")
    resolved(story)
    assert story.kinds("pay.py", "HEAD") == kinds


def test_a_conflict_in_a_rebase_solved_by_an_assistant(story: Story) -> None:
    conflict(story)
    story.writes(CURSOR, "pay.py", BASE.replace("charge(user)", "charge(user, retry=3, limit=5)") + "log(user)\n")
    resolved(story)
    assert story.kinds("pay.py", "HEAD") == "...kc"


def test_a_conflict_in_a_rebase_solved_again_by_rerere(story: Story) -> None:
    story.git("config", "rerere.enabled", "true")
    conflict(story)
    story.git.write("pay.py", BASE.replace("charge(user)", "charge(user, retry=3, limit=5)") + "log(user)\n")
    story.git("add", "-A")
    story.git.run("rebase", "--continue", GIT_EDITOR="true")
    story.git("reset", "-q", "--hard", "ORIG_HEAD")
    assert story.git.run("rebase", "main").returncode != 0
    story.git("add", "-A")
    story.git.run("rebase", "--continue", GIT_EDITOR="true")
    assert story.kinds("pay.py", "HEAD") == "....c"


def test_a_commit_that_is_skipped_takes_its_lines_along(story: Story) -> None:
    conflict(story)
    story.git("rebase", "--skip")
    assert story.kinds("pay.py", "HEAD") == "...."


def test_rebased_twice_before_anybody_looked(story: Story) -> None:
    story.git("checkout", "-qb", "topic")
    story.commits(CLAUDE, "pay.py", ONE)
    for name in ("first", "second"):
        story.git("checkout", "-q", "main")
        story.git.commit(name, {"pay.py": f"import {name}\n" + story.text("pay.py")})
        story.git("checkout", "-q", "topic")
        story.git("rebase", "-q", "main")
    assert story.kinds("pay.py", "HEAD") == "......ccc"


def test_pull_with_rebase(story: Story, tmp_path: Path) -> None:
    hub = tmp_path / "hub.git"
    story.git("clone", "-q", "--bare", str(story.git.top), str(hub))
    colleague = RealGit(tmp_path / "colleague", init=False)
    story.git("clone", "-q", str(hub), str(colleague.top))
    colleague.commit("theirs", {"pay.py": "import first\n" + BASE})
    colleague("push", "-q", "origin", "main")
    story.git("remote", "add", "origin", str(hub))
    story.commits(CLAUDE, "pay.py", ONE)
    story.git("pull", "-q", "--rebase", "origin", "main")
    assert story.kinds("pay.py", "HEAD") == ".....ccc"


def test_the_base_of_a_rebase_is_not_ours(story: Story, tmp_path: Path) -> None:
    """What a colleague wrote alike, where ours stands, is not credited to our assistant."""
    clone = RealGit(tmp_path / "clone", init=False)
    story.git("clone", "-q", str(story.git.top), str(clone.top))
    block = "def other():\n    a = 1\n    return a\n"
    theirs = clone.commit("theirs", {"pay.py": BASE + block.replace("other", "another")})
    story.commits(CLAUDE, "pay.py", BASE + block)
    story.git("fetch", "-q", str(clone.top), "main")
    assert story.git.run("rebase", "FETCH_HEAD").returncode != 0
    story.git.write("pay.py", BASE + block.replace("other", "another") + block)
    story.git("add", "-A")
    story.git("rebase", "--continue", GIT_EDITOR="true")
    assert story.settled(theirs) is None
    assert story.kinds("pay.py", "HEAD") == ".......ccc"


def test_am_brings_a_patch_and_its_text_is_who_wrote_it_here(story: Story) -> None:
    story.git("checkout", "-qb", "topic")
    story.commits(CLAUDE, "pay.py", ONE)
    patch = story.git.run("format-patch", "--stdout", "-1").stdout
    story.git("checkout", "-q", "main")
    story.git.commit("shift", {"pay.py": "import first\n" + BASE})
    story.git("am", "-q", "-3", input=patch)
    assert story.kinds("pay.py", "HEAD") == ".....ccc"
