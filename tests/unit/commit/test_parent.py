"""What a hook reads off the git command line that started it."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys

import pytest

from earmark.commit.parent import Parent, parse, read


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("git commit", Parent("commit")),
        ("git commit --amend", Parent("commit", amend=True)),
        ("git commit --am", Parent("commit", amend=True)),
        ("git commit -a -m --amend", Parent("commit")),
        ("git commit -am --amend", Parent("commit")),
        ("git commit -m'--amend'", Parent("commit")),
        ("git commit --message --amend", Parent("commit")),
        ("git commit --message=--amend", Parent("commit")),
        ("git commit -F --amend --amend", Parent("commit", amend=True)),
        ("git commit -C HEAD --amend", Parent("commit", amend=True)),
        ("git commit -uno --amend", Parent("commit", amend=True)),
        ("git commit -Skey --amend", Parent("commit", amend=True)),
        ("git commit -- --amend", Parent("commit")),
        ("git commit --cleanup=verbatim", Parent("commit", cleanup="verbatim")),
        ("git commit --cleanup whitespace", Parent("commit", cleanup="whitespace")),
        ("git commit --cle=scissors --amend", Parent("commit", amend=True, cleanup="scissors")),
        ("git commit --amend --reset-author", Parent("commit", amend=True, resets_author=True)),
        ("git commit --date now --amend", Parent("commit", amend=True, resets_author=True)),
        ("git -c user.name=x -C /tmp --git-dir /x commit --amend", Parent("commit", amend=True)),
        ("git --no-pager commit --amend", Parent("commit", amend=True)),
        ("/usr/lib/git-core/git commit -n --amend -F .git/SQUASH_MSG -e", Parent("commit", amend=True)),
        ("/usr/lib/git-core/git-commit --amend", Parent("commit")),
        ("git rebase --continue", Parent("rebase")),
        ("git merge --amend", Parent("merge")),
        ("git", Parent()),
        ("", Parent()),
    ],
)
def test_command_lines(line: str, expected: Parent) -> None:
    argv = shlex.split(line)
    if argv and argv[0].endswith("git-commit"):
        # A dashed command is its own program: its name stands where git's would.
        argv = ["git", *argv]
        expected = expected._replace(amend=True)
    assert parse(argv) == expected


def test_the_process_named_by_the_shell_part_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    argv = [sys.executable, "-c", "print(flush=True); input()", "commit", "--amend", "-m", "two\nlines"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout and process.stdout.readline() == b"\n"
        monkeypatch.setenv("EARMARK_GIT_PID", str(process.pid))
        found = read()
        process.communicate(b"\n")
    # git's own `-c` takes a value, too, so that Python's stands in for it here.
    assert found == Parent("commit", amend=True)


@pytest.mark.parametrize("pid", ["", "x", "-1", "999999999"])
def test_an_unknown_process_says_nothing(monkeypatch: pytest.MonkeyPatch, pid: str) -> None:
    monkeypatch.setenv("EARMARK_GIT_PID", pid)
    assert read() == Parent()


def test_without_proc_ps_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    from earmark.commit import parent

    words = parent._asked(str(os.getpid()))
    assert any("python" in word for word in words)
