"""The worktree as git's status sees it, and the same without git looking at a file."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from real_git import RealGit

from earmark.git import changes, worktree
from earmark.git.changes import FileChange
from earmark.git.repository import Repository, find


@pytest.fixture
def repo(git: RealGit) -> Repository:
    found = find(git.top)
    assert found is not None
    return found


def both(repo: Repository) -> tuple[FileChange, ...]:
    """The answer of both readers, which must be one."""
    ours = changes.worktree_changes(repo)
    assert ours == changes.worktree_changes(repo._replace(trusted=True))
    return ours


def test_every_state_of_a_file(git: RealGit, repo: Repository) -> None:
    body = "".join(f"{n}\n" for n in range(30))
    git.commit(
        "one",
        {"same": "s\n", "edited": "1\n", "staged": "1\n", "both": "1\n", "gone": "g\n", "removed": "r\n", "moved": body}
        | {"staged-moved": body + "x\n", "mode": "m\n", "typed": "t\n", "touched": "t\n", "back": "b\n"},
    )
    git.write("edited", "2\n")
    git.write("staged", "2\n")
    git.write("both", "2\n")
    git("add", "staged", "both")
    git.write("both", "3\n")
    (git.top / "gone").unlink()
    git("rm", "-q", "removed")
    (git.top / "moved").rename(git.top / "moved to")
    git("mv", "staged-moved", "staged-new")
    git.write("staged-new", body + "x\ny\n")
    (git.top / "mode").chmod(0o755)
    (git.top / "typed").unlink()
    (git.top / "typed").symlink_to("same")
    os.utime(git.top / "touched", (1, 1))
    git.write("back", "2\n")
    git("add", "back")
    git.write("back", "b\n")
    git.write("untracked/é file", "u\n")
    git.write("added", "a\n")
    git("add", "added")
    git.write("added then gone", "a\n")
    git("add", "added then gone")
    (git.top / "added then gone").unlink()
    found = {c.path: (c.status, c.old_path, c.new) for c in both(repo)}
    assert found == {
        "edited": ("M", "edited", repo.blob_id(b"2\n")),
        "staged": ("M", "staged", repo.blob_id(b"2\n")),
        "both": ("M", "both", repo.blob_id(b"3\n")),
        "gone": ("D", "gone", ""),
        "removed": ("D", "removed", ""),
        "moved to": ("R", "moved", repo.blob_id(body.encode())),
        "staged-new": ("R", "staged-moved", repo.blob_id((body + "x\ny\n").encode())),
        "mode": ("M", "mode", repo.blob_id(b"m\n")),
        "typed": ("T", "typed", repo.blob_id(b"same")),
        "untracked/é file": ("A", "", repo.blob_id(b"u\n")),
        "added": ("A", "", repo.blob_id(b"a\n")),
    }


def test_before_the_first_commit(git: RealGit, repo: Repository) -> None:
    assert both(repo) == ()
    git.write("a", "1\n")
    git.write("b", "1\n")
    git("add", "a")
    assert [(c.status, c.path) for c in both(repo)] == [("A", "a"), ("A", "b")]


def test_ignored_files_and_nested_repositories_are_nobodys(git: RealGit, repo: Repository) -> None:
    (Path(os.environ["XDG_CONFIG_HOME"]) / "git").mkdir(parents=True)
    (Path(os.environ["XDG_CONFIG_HOME"]) / "git/ignore").write_text("*.user\n")
    git.commit("one", {".gitignore": "build/\n*.log\n!keep.log\n/top\n", "a/.gitignore": "local\n!x.log\n#c\n"})
    git.write(".git/info/exclude", "*.excluded\n")
    for path in ("build/x", "a.log", "keep.log", "top", "a/top", "a/local", "local", "a/x.log", "b/x.log", "f.user"):
        git.write(path, "x\n")
    git.write("g.excluded", "x\n")
    git.write("build/.gitignore", "!x\n")
    RealGit(git.top / "nested").commit("n", {"inside": "x\n"})
    assert [c.path for c in both(repo)] == ["a/top", "a/x.log", "keep.log", "local"]


@pytest.mark.parametrize("autocrlf", ["true", "input", "false"])
def test_line_ends_are_compared_after_gits_conversion(git: RealGit, repo: Repository, autocrlf: str) -> None:
    git.commit("one", {"unix": "a\nb\n"})
    git("config", "core.autocrlf", autocrlf)
    git.write("unix", "a\r\nb\r\n")
    git.write("new", "a\r\nb\r\n")
    git.write("binary", b"a\r\n\0")
    found = {c.path: c.new for c in changes.worktree_changes(repo)}
    assert "unix" not in found
    assert found["binary"] == repo.blob_id(b"a\r\n\0")
    assert found["new"] == repo.blob_id(b"a\r\nb\r\n" if autocrlf == "false" else b"a\nb\n")
    if autocrlf != "false":
        both(repo)


def test_a_link_in_place_of_a_folder_is_not_followed(git: RealGit, repo: Repository, tmp_path: Path) -> None:
    git.commit("one", {"folder/secret": "harmless\n"})
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("password\n")
    (git.top / "folder/secret").unlink()
    (git.top / "folder").rmdir()
    (git.top / "folder").symlink_to(outside)
    assert {(c.status, c.path) for c in both(repo)} == {("D", "folder/secret"), ("A", "folder")}
    assert worktree.read_file(repo, "folder/secret", 100) is None
    assert worktree.read_file(repo, "folder", 10_000) == os.fsencode(outside)


def test_a_pipe_is_not_read(git: RealGit, repo: Repository) -> None:
    git.commit("one", {"f": "1\n"})
    (git.top / "f").unlink()
    os.mkfifo(git.top / "f")
    os.mkfifo(git.top / "pipe")
    assert [(c.status, c.path) for c in changes.worktree_changes(repo)] == [("D", "f")]
    assert worktree.read_file(repo, "pipe", 100) is None


def test_read_file_has_a_limit(git: RealGit, repo: Repository) -> None:
    git.write("f", "12345")
    assert worktree.read_file(repo, "f", 5) == b"12345"
    assert worktree.read_file(repo, "f", 4) is None
    assert worktree.read_file(repo, "missing", 4) is None


def test_a_conflict_and_a_sparse_file(git: RealGit, repo: Repository) -> None:
    git.commit("base", {"f": "1\n", "sparse": "s\n", "d": "1\n"})
    git("checkout", "-q", "-b", "side")
    git.commit("side", {"f": "2\n"})
    git("checkout", "-q", "main")
    git.commit("main", {"f": "3\n"})
    git("update-index", "--skip-worktree", "sparse")
    (git.top / "sparse").unlink()
    git("merge", "-q", "side", code=1)
    assert [(c.status, c.path) for c in both(repo)] == [("M", "f")]


def test_a_change_within_the_tick_of_the_index_is_seen(git: RealGit, repo: Repository) -> None:
    git.commit("one", {"f": "1\n"})
    before = (git.top / "f").stat()
    with (git.top / "f").open("r+b") as file:
        file.write(b"2")
    os.utime(git.top / "f", ns=(before.st_atime_ns, before.st_mtime_ns))
    os.utime(git.top / ".git/index", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert [c.path for c in changes.worktree_changes(repo)] == ["f"]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32))
def test_both_readers_agree_after_any_life(git: RealGit, repo: Repository, seed: int) -> None:
    dice = random.Random(seed)
    names = ["a", "b", "dir/c", "dir/d", "w x"]
    for _ in range(12):
        path = git.top / dice.choice(names)
        action = dice.randrange(6)
        if action <= 2:
            path.parent.mkdir(exist_ok=True)
            path.write_text(f"{dice.randrange(5)}\n" * dice.randrange(1, 4))
        elif action == 3 and path.exists():
            path.unlink()
        elif action == 4:
            git("add", "-A")
        elif action == 5:
            git("commit", "-q", "-m", "x", "--allow-empty")
    ours = {(c.path, c.new) for c in changes.worktree_changes(repo) if c.status != "D"}
    gits = {(c.path, c.new) for c in changes.worktree_changes(repo._replace(trusted=True)) if c.status != "D"}
    assert ours == gits
