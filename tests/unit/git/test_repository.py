"""Finding repositories without a process, compared with what git itself answers."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from real_git import RealGit

from earmark.git import refs, repository, trust


def _as_git_says(git: RealGit, folder: Path) -> tuple[str, str, str]:
    options = ("--show-toplevel", "--absolute-git-dir", "--git-common-dir")
    top, git_dir, common = RealGit(folder, init=False)("rev-parse", "--path-format=absolute", *options).split("\n")
    return top, git_dir, common


@pytest.fixture
def places(git: RealGit, tmp_path: Path) -> dict[str, Path]:
    """A worktree, a folder in it, a linked worktree, a submodule, and a way in through a symbolic link."""
    git.commit("one", {"src/a.py": "x\n"})
    git("worktree", "add", "-q", "-b", "side", str(tmp_path / "linked"))
    library = RealGit(tmp_path / "library")
    library.commit("lib", {"l.py": "l\n"})
    git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(library.top), "sub")
    (tmp_path / "entrance").symlink_to(git.top / "src")
    return {
        "top": git.top,
        "folder": git.top / "src",
        "linked worktree": tmp_path / "linked",
        "submodule": git.top / "sub",
        "through a link": tmp_path / "entrance",
    }


@pytest.mark.parametrize("place", ["top", "folder", "linked worktree", "submodule", "through a link"])
def test_find_agrees_with_git(git: RealGit, places: dict[str, Path], place: str) -> None:
    found = repository.find(places[place])
    assert found is not None
    assert (found.top, found.git_dir, found.common_dir) == _as_git_says(git, places[place])
    assert found.trusted is False


def test_a_file_that_does_not_exist_yet_belongs_to_the_repository_around_it(git: RealGit) -> None:
    found = repository.find(git.top / "new" / "folder" / "file.py")
    assert found is not None and found.top == str(git.top)


def test_no_repository(tmp_path: Path) -> None:
    assert repository.find(tmp_path) is None


def test_an_embedded_bare_repository_is_a_folder_like_any_other(git: RealGit, tmp_path: Path) -> None:
    bare = git.top / "fixtures" / "bare.git"
    RealGit(git.top)("init", "-q", "--bare", str(bare))
    inside = repository.find(bare / "refs")
    assert inside is not None and inside.top == str(git.top)
    asked = repository.find(bare, bare=True)
    assert asked is not None and (asked.top, asked.git_dir) == ("", str(bare))


def test_a_git_folder_without_a_head_is_passed_over_and_a_dead_pointer_ends_nowhere(git: RealGit) -> None:
    (git.top / "half" / ".git").mkdir(parents=True)
    found = repository.find(git.top / "half")
    assert found is not None and found.top == str(git.top)
    git.write("dead/.git", "gitdir: /nowhere/at/all\n")
    dead = repository.find(git.top / "dead")
    assert dead is None or dead.git_dir != "/nowhere/at/all"


def test_sha256(home: Path, tmp_path: Path) -> None:
    git = RealGit(tmp_path / "wide", init=False)
    git.top.mkdir()
    git("init", "-q", "--object-format=sha256")
    found = repository.find(git.top)
    assert found is not None and found.object_format == "sha256"
    assert found.blob_id(b"hello\n") == git("hash-object", "--stdin", input=b"hello\n")
    assert found.empty_tree == git("hash-object", "-t", "tree", "--stdin", input=b"")


@given(st.binary(max_size=300))
def test_blob_ids_are_those_of_git(data: bytes) -> None:
    import hashlib

    assert repository.blob_id(data) == hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def test_blob_id_against_git(git: RealGit) -> None:
    for data in (b"", b"a", b"\0\xff\r\n" * 1000):
        assert repository.blob_id(data) == git("hash-object", "--stdin", input=data)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("src/a.py", "src/a.py"),
        ("src/../src/b.py", "src/b.py"),
        ("in/a.py", "src/a.py"),
        ("link.py", "link.py"),
        ("../outside.py", None),
        ("escape/x.py", None),
        (".git/config", None),
        ("sub/.GIT/config", None),
        ("", None),
    ],
)
def test_relative(git: RealGit, path: str, expected: str | None) -> None:
    git.write("src/a.py", "x\n")
    (git.top / "in").symlink_to("src")
    (git.top / "link.py").symlink_to("/etc/hostname")
    (git.top / "escape").symlink_to("/etc")
    repo = repository.find(git.top)
    assert repo is not None
    assert repository.relative(repo, git.top / path) == expected


def test_head_through_a_life(git: RealGit, tmp_path: Path) -> None:
    repo = repository.find(git.top)
    assert repo is not None
    assert refs.head(repo) == refs.Head("refs/heads/main", "")
    first = git.commit("one", {"a": "1\n"})
    assert refs.head(repo) == refs.Head("refs/heads/main", first)
    git("pack-refs", "--all")
    assert refs.head(repo) == refs.Head("refs/heads/main", first)
    git("checkout", "-q", "--detach")
    assert refs.head(repo) == refs.Head("", first)
    git("worktree", "add", "-q", "-b", "side", str(tmp_path / "linked"))
    linked = repository.find(tmp_path / "linked")
    assert linked is not None and refs.head(linked) == refs.Head("refs/heads/side", first)
    git("symbolic-ref", "refs/heads/alias", "refs/heads/main")
    assert refs.read(repo, "refs/heads/alias") == first
    assert refs.read(repo, "refs/heads/none") is None
    assert refs.read(repo, "refs/../../../etc/passwd") is None


def test_a_loop_of_symbolic_references_ends(git: RealGit) -> None:
    git.write(".git/refs/heads/one", "ref: refs/heads/two\n")
    git.write(".git/refs/heads/two", "ref: refs/heads/one\n")
    repo = repository.find(git.top)
    assert repo is not None and refs.read(repo, "refs/heads/one") is None


class TestHooks:
    def test_the_index_git_prepared_is_used(self, git: RealGit) -> None:
        told = {"GIT_INDEX_FILE": ".git/next-index-7.lock", "GIT_AUTHOR_NAME": "Ada", "GIT_DIR": ".git"}
        repo = repository.from_hook(told, str(git.top))
        assert repo is not None and repo.top == str(git.top)
        assert dict(repo.hook_environment) == {
            "GIT_DIR": str(git.top / ".git"),
            "GIT_INDEX_FILE": str(git.top / ".git/next-index-7.lock"),
        }

    def test_a_receiving_repository_is_bare(self, home: Path, tmp_path: Path) -> None:
        RealGit(tmp_path, init=False)("init", "-q", "--bare", "server.git")
        repo = repository.from_hook({"GIT_DIR": "."}, str(tmp_path / "server.git"))
        assert repo is not None and (repo.top, repo.git_dir) == ("", str(tmp_path / "server.git"))


class TestTrust:
    def test_a_workspace_is_trusted_only_after_the_user_said_so(self, git: RealGit) -> None:
        git.commit("one", {"a": "1\n"})
        repo = repository.find(git.top)
        assert repo is not None and not trust.is_trusted(repo)
        trust.trust(repo)
        opened = trust.open_repository(git.top)
        assert opened is not None and opened.trusted
        assert trust.distrust(repo) and not trust.is_trusted(repo)
        assert not trust.distrust(repo)

    def test_another_clone_at_the_same_path_is_not_trusted(self, git: RealGit, tmp_path: Path) -> None:
        git.commit("one", {"a": "1\n"})
        repo = repository.find(git.top)
        assert repo is not None
        trust.trust(repo)
        git.top.rename(tmp_path / "away")
        RealGit(git.top).commit("other", {"b": "2\n"})
        assert not trust.is_trusted(repo)

    def test_trust_given_before_the_first_commit_lasts(self, git: RealGit, tmp_path: Path) -> None:
        repo = repository.find(git.top)
        assert repo is not None
        trust.trust(repo)
        git.commit("one", {"a": "1\n"})
        assert trust.is_trusted(repo)

    @pytest.mark.parametrize("content", ["", "[]", '{"workspaces": 3}', '{"workspaces": ["x", {"path": 1}]}', "\xff"])
    def test_a_damaged_list_trusts_nobody_and_can_be_written_again(self, git: RealGit, content: str) -> None:
        repo = repository.find(git.top)
        assert repo is not None
        Path(trust.file()).parent.mkdir(parents=True)
        Path(trust.file()).write_text(content, encoding="latin-1")
        assert not trust.is_trusted(repo)
        trust.trust(repo)
        assert trust.is_trusted(repo)
