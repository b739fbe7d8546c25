"""Objects, history and file pairs, compared with what git prints for a person."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest
from real_git import RealGit

from earmark.git import changes, history, run
from earmark.git.objects import Entry, Objects, ObjectTooLarge, entries
from earmark.git.repository import Repository, find


@pytest.fixture
def repo(git: RealGit) -> Repository:
    found = find(git.top)
    assert found is not None
    return found


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The git commands started by the product during the test."""
    commands: list[str] = []
    original = run.start

    def counting(repo: Repository, *args: str, **options: object) -> subprocess.Popen[bytes]:
        commands.append(args[0])
        return original(repo, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(run, "start", counting)
    monkeypatch.setattr("earmark.git.objects.start", counting)
    return commands


class TestObjects:
    def test_get_by_any_name(self, git: RealGit, repo: Repository) -> None:
        commit = git.commit("one", {"a b.txt": b"one\n\0two"})
        with Objects(repo) as objects:
            blob = objects.get("HEAD:a b.txt")
            assert blob is not None and blob.data == b"one\n\0two" and blob.kind == "blob"
            assert blob.id == git("rev-parse", "HEAD:a b.txt")
            head = objects.get("HEAD")
            assert head is not None and (head.id, head.kind) == (commit, "commit")
            assert objects.get("no such thing missing") is None
            assert objects.get("f" * 40) is None
            assert objects.get("HEAD") == head

    def test_a_path_with_a_line_feed(self, git: RealGit, repo: Repository) -> None:
        git.commit("one", {"two\nlines": "content\n"})
        with Objects(repo) as objects:
            assert objects.blob("HEAD:two\nlines") == b"content\n"
            assert objects.blob("HEAD:no\nsuch") == b""
            assert objects.blob("") == b""

    def test_many_objects_larger_than_any_pipe(self, git: RealGit, repo: Repository, started: list[str]) -> None:
        contents = {f"{n:03}": random.Random(n).randbytes(40_000) for n in range(300)}
        git.commit("many", dict(contents))
        with Objects(repo) as objects:
            names = [f"HEAD:{n}" for n in contents] + ["HEAD:missing"]
            found = list(objects.get_all(names))
        assert [o.data for o in found if o] == list(contents.values())
        assert found[-1] is None
        assert started == ["cat-file"]

    def test_the_limit_is_checked_before_reading(self, git: RealGit, repo: Repository) -> None:
        git.commit("large", {"large": b"x" * 5000, "small": b"y"})
        with Objects(repo, limit=1000) as objects:
            with pytest.raises(ObjectTooLarge, match="5000 bytes"):
                objects.get("HEAD:large")
            assert objects.blob("HEAD:small") == b"y"

    def test_a_tree(self, git: RealGit, repo: Repository) -> None:
        git.commit("one", {"f": "1\n", "d/g": "2\n"})
        with Objects(repo) as objects:
            assert objects.tree("HEAD") == (
                Entry("40000", "d", git("rev-parse", "HEAD:d")),
                Entry("100644", "f", git("rev-parse", "HEAD:f")),
            )

    @pytest.mark.parametrize("data", [b"100644 x", b"100644 x\0short", b"\0" * 30, b"100644x\0" + b"1" * 20])
    def test_a_malformed_tree(self, data: bytes) -> None:
        with pytest.raises(run.GitError, match="malformed tree"):
            list(entries(data))

    def test_a_dead_process_is_reported(self, git: RealGit, repo: Repository) -> None:
        git.commit("one", {"f": "1\n"})
        with Objects(repo) as objects:
            assert objects.get("HEAD")
            assert objects._process is not None
            objects._process.kill()
            objects._process.wait()
            with pytest.raises(run.GitError, match="ended before it answered"):
                objects.get("HEAD")
            assert objects.get("HEAD")


class TestHistory:
    def test_commits_oldest_first(self, git: RealGit, repo: Repository) -> None:
        ids = [git.commit(f"c{n}\n\nBody é\n", {"f": str(n)}) for n in range(5)]
        found = history.commits(repo, "HEAD")
        assert [c.id for c in found] == ids
        assert [c.parent for c in found] == ["", *ids[:-1]]
        last = found[-1]
        assert (last.author_name, last.author_email) == ("Ada Example", "ada@example.com")
        assert last.author_time == int(git("log", "-1", "--format=%at"))
        assert last.message == "c4\n\nBody é\n".encode()
        assert last.tree == git("rev-parse", "HEAD^{tree}")
        assert [c.id for c in history.commits(repo, "HEAD~2..HEAD")] == ids[3:]

    def test_an_unknown_revision_is_an_error_and_an_option_is_no_revision(self, git: RealGit, repo: Repository) -> None:
        git.commit("one")
        with pytest.raises(run.GitError, match="rev-list failed"):
            history.commits(repo, "nowhere..HEAD")
        assert history.resolve(repo, "--all") is None
        assert history.resolve(repo, "nowhere") is None
        assert history.resolve(repo, "HEAD") == git("rev-parse", "HEAD")

    def test_another_encoding_is_converted(self, git: RealGit, repo: Repository) -> None:
        git("config", "i18n.commitEncoding", "ISO-8859-1")
        git.run("commit", "-q", "--allow-empty", "-F", "-", input="Grüße\n".encode("latin-1"), GIT_AUTHOR_NAME="J")
        assert history.commits(repo, "HEAD")[0].message == "Grüße\n".encode()

    def test_replacements_are_ignored(self, git: RealGit, repo: Repository) -> None:
        one = git.commit("honest", {"f": "1"})
        two = git.commit("forged", {"f": "2"})
        git("replace", one, two)
        assert history.read(repo, [one])[0].message == b"honest\n"

    def test_a_signature_header_is_not_mistaken_for_fields(self) -> None:
        raw = (
            b"tree " + b"1" * 40 + b"\nauthor A <a@x> 5 +0000\ncommitter B <b@x> 6 -0100\n"
            b"gpgsig -----BEGIN\n parent not-a-parent\n -----END\n\nsubject\n"
        )
        commit = history.parse("0" * 40, raw)
        assert commit.parents == () and commit.message == b"subject\n" and commit.committer_time == 6

    @pytest.mark.parametrize(
        ("line", "expected"),
        [
            (b"A B <a@b> 12 +0000", ("A B", "a@b", 12)),
            (b"<a@b> 12 +0000", ("", "a@b", 12)),
            (b"A <a> <b> nonsense", ("A", "a> <b", 0)),
            (b"A", ("A", "", 0)),
            ("Zoë <z@x> -5 +0000".encode(), ("Zoë", "z@x", -5)),
        ],
    )
    def test_damaged_people(self, line: bytes, expected: tuple[str, str, int]) -> None:
        raw = b"tree " + b"1" * 40 + b"\nauthor " + line + b"\ncommitter C <c@x> 6 +0000\n\nx"
        commit = history.parse("0" * 40, raw)
        assert (commit.author_name, commit.author_email, commit.author_time) == expected


class TestChanges:
    def test_every_kind_of_change(self, git: RealGit, repo: Repository) -> None:
        body = "".join(f"line {n}\n" for n in range(20))
        first = git.commit("one", {"keep": "k\n", "gone": "g\n", "old name": body, "mode": "m\n", "é\t\n": "u\n"})
        git("mv", "old name", "new name")
        git.write("new name", body + "more\n")
        (git.top / "gone").unlink()
        (git.top / "mode").chmod(0o755)
        (git.top / "link").symlink_to("keep")
        second = git.commit("two", {"added": "a\n", "é\t\n": "U\n"})
        found = changes.commit_changes(repo, [second, first])
        assert [c.path for c in found[first]] == ["gone", "keep", "mode", "old name", "é\t\n"]
        assert {c.path: (c.status, c.old_path, c.old_mode, c.new_mode) for c in found[second]} == {
            "added": ("A", "", "", "100644"),
            "gone": ("D", "gone", "100644", ""),
            "link": ("A", "", "", "120000"),
            "mode": ("M", "mode", "100644", "100755"),
            "new name": ("R", "old name", "100644", "100644"),
            "é\t\n": ("M", "é\t\n", "100644", "100644"),
        }
        renamed = next(c for c in found[second] if c.status == "R")
        assert (renamed.old, renamed.new) == (git("rev-parse", "HEAD~:old name"), git("rev-parse", "HEAD:new name"))
        assert changes.tree_changes(repo, first, second) == found[second]
        assert changes.tree_changes(repo, "", first) == found[first]

    def test_configuration_decides_nothing(self, git: RealGit, repo: Repository) -> None:
        body = "".join(f"line {n}\n" for n in range(20))
        git.commit("one", {"z old": body, "a": "1\n"})
        git("mv", "z old", "b new")
        second = git.commit("two", {"a": "2\n"})
        before = changes.commit_changes(repo, [second])
        for setting in (
            "diff.renames=false",
            "diff.renameLimit=1",
            "diff.noprefix=true",
            "core.quotePath=true",
            "diff.relative=true",
            "diff.algorithm=patience",
        ):
            git("config", *setting.split("="))
        git.write("order", "b*\na*\n")
        git("config", "diff.orderFile", str(git.top / "order"))
        assert changes.commit_changes(repo, [second]) == before
        assert [c.status for c in before[second]] == ["M", "R"]

    def test_a_merge_is_compared_with_its_first_parent_and_an_empty_commit_has_nothing(
        self, git: RealGit, repo: Repository, started: list[str]
    ) -> None:
        git.commit("base", {"f": "1\n"})
        git("checkout", "-q", "-b", "side")
        git.commit("side", {"s": "1\n"})
        git("checkout", "-q", "main")
        git.commit("main", {"m": "1\n"})
        git("merge", "-q", "--no-edit", "side")
        merge = git("rev-parse", "HEAD")
        empty = git.commit("empty")
        found = changes.commit_changes(repo, [merge, empty])
        assert [c.path for c in found[merge]] == ["s"]
        assert found[empty] == ()
        assert changes.commit_changes(repo, []) == {}
        assert started == ["diff-tree"]

    def test_an_empty_file_is_no_rename(self, git: RealGit, repo: Repository) -> None:
        git.commit("one", {"a": ""})
        git("mv", "a", "b")
        second = git.commit("two")
        assert [c.status for c in changes.commit_changes(repo, [second])[second]] == ["D", "A"]

    def test_staged_before_and_after_the_first_commit(self, git: RealGit, repo: Repository) -> None:
        git.write("a", "1\n")
        git("add", "a")
        assert [(c.status, c.path) for c in changes.staged_changes(repo)] == [("A", "a")]
        first = git.commit("one")
        git.commit("two", {"b": "2\n"})
        git.write("a", "not staged\n")
        assert changes.staged_changes(repo) == ()
        assert [c.path for c in changes.staged_changes(repo, first)] == ["b"]

    def test_staged_in_a_hook_is_what_git_prepared(self, git: RealGit, tmp_path: Path) -> None:
        """`git commit -- path` commits an index of its own while the real one holds more."""
        git.commit("one", {"a": "1\n", "b": "1\n"})
        git.write("a", "2\n")
        git.write("b", "2\n")
        git("add", "a", "b")
        seen = tmp_path / "seen"
        script = f"#!/bin/sh\nenv | grep ^GIT_ >{seen}; cp -r .git {seen}.git\n"
        git.write(".git/hooks/prepare-commit-msg", script).chmod(0o755)
        git("commit", "-q", "-m", "only a", "--", "a")
        told = dict(line.split("=", 1) for line in seen.read_text().splitlines())
        index = Path(told["GIT_INDEX_FILE"])
        assert index.name != "index"
        told["GIT_INDEX_FILE"] = f"{seen}.git/{index.name}"
        from earmark.git.repository import from_hook

        git("reset", "-q", "--soft", "HEAD~")
        repo = from_hook(told, str(git.top))
        assert repo is not None
        assert [c.path for c in changes.staged_changes(repo)] == ["a"]


def test_the_number_of_processes_does_not_grow(git: RealGit, repo: Repository, started: list[str]) -> None:
    def count(commits: int) -> int:
        for n in range(commits):
            git.commit(f"c{n}", {"f": str(random.random())})
        started.clear()
        found = history.commits(repo, "HEAD")
        changes.commit_changes(repo, [c.id for c in found])
        return len(started)

    assert count(2) == count(15) == 3
