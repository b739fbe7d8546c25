"""Origins in files of every kind, at every place. `kinds` gives one letter a line (see `story`)."""

from __future__ import annotations

from pathlib import Path

import pytest
from real_git import RealGit
from story import BASE, CLAUDE, CURSOR, Story

from earmark.origin import notes, state
from earmark.origin.evidence import Event, FileEvent
from earmark.origin.recorder import record_event
from earmark.origin.seen import Refused

ONE = BASE + "one = 1\ntwo = 2\nthree = 3\n"


def test_a_copy_is_nobodys(story: Story) -> None:
    story.commits(CLAUDE, "pay.py", ONE)
    story.git.commit("copied", {"copy.py": ONE})
    assert story.kinds("copy.py", "HEAD") == "......."


def test_a_rename_of_the_case_alone(story: Story) -> None:
    story.commits(CLAUDE, "pay.py", ONE)
    story.git("mv", "pay.py", "Pay.py")
    story.git("commit", "-qm", "case")
    assert story.kinds("Pay.py", "HEAD") == "....ccc"


def test_a_rename_by_mv_before_the_commit(story: Story) -> None:
    story.writes(CLAUDE, "pay.py", ONE)
    (story.git.top / "pay.py").rename(story.git.top / "billing.py")
    story.git("add", "-A")
    story.git("commit", "-qm", "moved by hand")
    assert story.kinds("billing.py", "HEAD") == "....ccc"


def test_a_rename_on_disk_that_git_was_not_told_of(story: Story) -> None:
    story.writes(CLAUDE, "pay.py", ONE)
    (story.git.top / "pay.py").rename(story.git.top / "billing.py")
    assert story.kinds("billing.py") == "....ccc"
    story.git.write("pay.py", ONE)
    assert story.kinds("billing.py") == ".......", "the other file stands again, so this one is a copy"


def test_a_copy_that_was_committed_stays_one_when_its_source_goes(story: Story) -> None:
    story.commits(CLAUDE, "pay.py", ONE)
    assert story.settled() is not None
    story.git.commit("copied", {"copy.py": ONE})
    (story.git.top / "pay.py").unlink()
    assert story.kinds("copy.py", "HEAD") == "......."


def test_from_a_subfolder(story: Story) -> None:
    (story.git.top / "sub").mkdir()
    text = "a = 1\nb = 2\n"
    for phase in ("before", "after"):
        if phase == "after":
            story.git.write("sub/new.py", text)
        event = Event(phase, str(story.git.top / "sub"), CLAUDE, (FileEvent("new.py", after=text),))  # type: ignore[arg-type]
        record_event(story.repo, story.ledger, event)
    assert story.kinds("sub/new.py") == "cc"


def test_on_a_detached_head(story: Story) -> None:
    story.git("checkout", "-q", "--detach")
    story.commits(CLAUDE, "pay.py", ONE)
    assert story.kinds("pay.py", "HEAD") == "....ccc"


def test_an_empty_commit_has_no_note(story: Story) -> None:
    story.writes(CLAUDE, "pay.py", ONE)
    story.git("commit", "-q", "--allow-empty", "-m", "empty")
    assert story.settled() is None
    assert story.kinds("pay.py") == "....ccc"


def test_a_note_names_the_sessions_of_its_own_commit_alone(story: Story) -> None:
    story.commits(CLAUDE, "pay.py", ONE)
    story.commits(CURSOR, "other.py", "a = 1\n")
    note = story.settled()
    assert note is not None
    assert set(notes.sessions(note)) == {CURSOR.id}


def test_a_submodule(story: Story, tmp_path: Path) -> None:
    library = RealGit(tmp_path / "library")
    library.commit("base", {"lib.py": "x = 1\n"})
    story.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(library.top), "lib")
    story.git("commit", "-qm", "with a library")
    inner = Story.__new__(Story)
    inner.git = RealGit(story.git.top / "lib", init=False)
    from earmark.git.trust import open_repository
    from earmark.origin.ledger import Ledger

    repo = open_repository(inner.git.top)
    assert repo is not None
    inner.repo, inner.ledger = repo, Ledger.open(repo)
    inner.writes(CLAUDE, "lib.py", "x = 1\ny = 2\n")
    inner.git("commit", "-qam", "inside")
    story.git("add", "lib")
    story.git("commit", "-qm", "moved the library")
    assert inner.kinds("lib.py", "HEAD") == ".c"
    assert story.settled() is None
    assert state.worktree(story.repo, story.ledger).files == ()
    inner.ledger.close()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("picture.png", b"\x89PNG\r\n\x1a\n\0\0\0"),
        ("latin1.py", "# größe\nx = 1\n".encode("latin-1")),
        ("model.bin", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12\n"),
    ],
)
def test_files_that_are_no_utf8_text(story: Story, name: str, content: bytes) -> None:
    story.event("before", CLAUDE, FileEvent(name))
    story.git.write(name, content)
    try:
        story.event("after", CLAUDE, FileEvent(name, after=content.decode("latin-1")))
    except Refused as refused:
        assert "binary" in str(refused)
    commit = story.git.commit("odd")
    note = story.settled()
    if b"\0" in content:
        assert note is None
    assert story.git("rev-parse", "HEAD") == commit


def test_an_ignored_file_is_never_part_of_a_change(story: Story) -> None:
    story.git.commit("ignore", {".gitignore": "*.log\n"})
    story.writes(CLAUDE, "x.log", "a\nb\nc\n")
    assert [file.path for file in state.worktree(story.repo, story.ledger).files] == []


def test_octopus_merge(story: Story) -> None:
    for name, session in (("a", CLAUDE), ("b", CURSOR)):
        story.git("checkout", "-q", "-b", name, "main")
        story.commits(session, f"{name}.py", f"{name} = 1\n")
    story.git("checkout", "-q", "main")
    story.git.commit("mine", {"c.py": "c = 1\n"})
    story.git("merge", "-q", "--no-edit", "a", "b")
    assert story.git("rev-list", "--parents", "-1", "HEAD").count(" ") == 3
    assert [story.kinds(f"{name}.py", "HEAD") for name in "abc"] == ["c", "k", "."]
    assert story.settled() is None


def test_cherry_pick_of_several_and_without_a_commit(story: Story) -> None:
    story.git("checkout", "-qb", "topic")
    story.commits(CLAUDE, "a.py", "a = 1\nb = 2\n")
    story.commits(CURSOR, "b.py", "c = 1\nd = 2\n")
    third = story.commits(CLAUDE, "pay.py", ONE)
    story.git("checkout", "-q", "main")
    story.git.commit("shift", {"pay.py": "import first\n" + BASE})
    story.git("cherry-pick", "topic~2", "topic~1")
    story.git("cherry-pick", "--no-commit", third)
    story.git("commit", "-qm", "picked")
    assert [story.kinds(name, "HEAD") for name in ("a.py", "b.py", "pay.py")] == ["cc", "kk", ".....ccc"]


def test_cherry_pick_in_conflict_skipped_and_aborted(story: Story) -> None:
    story.git("checkout", "-qb", "topic")
    picked = story.commits(CLAUDE, "pay.py", BASE.replace("charge(user)", "charge(user, retry=3)"))
    story.git("checkout", "-q", "main")
    story.git.commit("theirs", {"pay.py": BASE.replace("charge(user)", "charge(user, limit=5)")})
    for end in ("--abort", "--skip"):
        assert story.git.run("cherry-pick", picked).returncode != 0
        story.git("cherry-pick", end)
        assert story.kinds("pay.py", "HEAD") == "...."
    assert story.git.run("cherry-pick", picked).returncode != 0
    story.git.write("pay.py", BASE.replace("charge(user)", "charge(user, limit=5, retry=3)"))
    story.git("add", "-A")
    story.git("cherry-pick", "--continue", GIT_EDITOR="true")
    assert story.kinds("pay.py", "HEAD") == "...."


def test_a_revert_of_a_revert(story: Story) -> None:
    story.commits(CLAUDE, "pay.py", ONE)
    story.git("revert", "--no-edit", "HEAD")
    assert story.kinds("pay.py", "HEAD") == "...."
    story.git("revert", "--no-edit", "HEAD")
    assert story.kinds("pay.py", "HEAD") == "....ccc"


def test_amended_again_and_again(story: Story) -> None:
    story.commits(CLAUDE, "pay.py", ONE)
    first = story.settled()
    story.writes(CURSOR, "other.py", "a = 1\n")
    for message in ("one", "two", "three"):
        story.git("commit", "-q", "--amend", "-m", message)
        note = story.settled()
        assert note is not None
        assert first is not None
        assert note.files == first.files
    assert story.kinds("other.py") == "k"
    story.git("add", "-A")
    story.git("commit", "-q", "--amend", "--no-edit")
    assert (story.kinds("pay.py", "HEAD"), story.kinds("other.py", "HEAD")) == ("....ccc", "k")


def test_a_squash_on_the_server_seen_after_a_fetch(story: Story, tmp_path: Path) -> None:
    """The server made the commit; the content is one that this clone has seen."""
    story.git("checkout", "-qb", "topic")
    story.commits(CLAUDE, "pay.py", ONE)
    story.commits(CURSOR, "pay.py", ONE + "four = 4\n")
    assert story.settled() is not None
    hub = tmp_path / "hub.git"
    story.git("clone", "-q", "--bare", str(story.git.top), str(hub))
    server = RealGit(tmp_path / "server", init=False)
    story.git("clone", "-q", "-b", "main", str(hub), str(server.top))
    server("merge", "-q", "--squash", "origin/topic")
    server("commit", "-q", "-m", "Squashed (#1)")
    server("push", "-q", "origin", "main")
    story.git("checkout", "-q", "main")
    story.git("pull", "-q", "--ff-only", str(hub), "main")
    assert story.kinds("pay.py", "HEAD") == "....ccck"


def test_a_shallow_clone_blames_what_it_has(story: Story, tmp_path: Path) -> None:
    story.commits(CLAUDE, "pay.py", ONE)
    story.commits(CURSOR, "pay.py", ONE + "four = 4\n")
    assert story.settled() is not None
    clone = RealGit(tmp_path / "shallow", init=False)
    story.git("clone", "-q", "--depth", "1", f"file://{story.git.top}", str(clone.top))
    clone("fetch", "-q", "origin", "refs/notes/ai:refs/notes/ai")
    told = Story.__new__(Story)
    from earmark.git.trust import open_repository
    from earmark.origin.ledger import Ledger

    repo = open_repository(clone.top)
    assert repo is not None
    told.git, told.repo, told.ledger = clone, repo, Ledger.open(repo)
    assert told.kinds("pay.py", "HEAD") == ".......k"
    told.ledger.close()
