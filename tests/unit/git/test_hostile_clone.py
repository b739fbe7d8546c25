"""A clone that tries to execute something: nothing of it may run, whatever the package is asked."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from real_git import RealGit

from earmark.git import changes, config, history, notes, refs, repository, run, trust, worktree
from earmark.git.objects import Objects
from earmark.git.repository import Repository


class Trap:
    """Programs that leave a file behind when they run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()

    def program(self, name: str) -> str:
        """A command that records `name` and otherwise copies its input, as a filter would."""
        script = self.folder / f"{name}.sh"
        script.write_text(f"#!/bin/sh\n: >{self.folder}/ran-{name}\ncat\n")
        script.chmod(0o755)
        return str(script)

    @property
    def sprung(self) -> set[str]:
        return {path.name.removeprefix("ran-") for path in self.folder.glob("ran-*")}


@pytest.fixture
def trap(tmp_path: Path) -> Trap:
    return Trap(tmp_path / "trap")


@pytest.fixture
def clone(git: RealGit, trap: Trap) -> RealGit:
    """Every file of a change is dirty by its stat data, so that a git that looks at it must read and filter it."""
    git.commit("one", {"a.txt": "1\n", "b.txt": "2\n", ".gitattributes": "*.txt filter=evil diff=evil merge=evil\n"})
    git.commit("two", {"a.txt": "1\n2\n"})
    notes_ref = git("rev-parse", "HEAD")
    git("notes", "--ref", "ai", "add", "-m", "note", notes_ref)
    settings = {
        "core.fsmonitor": "fsmonitor",
        "core.sshCommand": "ssh",
        "core.editor": "editor",
        "core.pager": "pager",
        "core.askPass": "askpass",
        "core.gitProxy": "proxy",
        "core.alternateRefsCommand": "alternates",
        "credential.helper": "credential",
        "diff.external": "external",
        "diff.evil.command": "driver",
        "diff.evil.textconv": "textconv",
        "filter.evil.clean": "clean",
        "filter.evil.smudge": "smudge",
        "filter.evil.process": "process",
        "merge.evil.driver": "merge",
        "gpg.program": "gpg",
        "uploadpack.packObjectsHook": "pack",
        "sequence.editor": "sequence",
        "trace2.eventTarget": "trace",
    }
    for key, name in settings.items():
        git("config", key, trap.program(name))
    for alias in ("cat-file", "rev-list", "diff-tree", "evil"):
        git("config", f"alias.{alias}", "!" + trap.program("alias"))
    git("config", "core.hooksPath", str(git.top / "hooks"))
    for hook in ("post-index-change", "reference-transaction", "prepare-commit-msg", "post-checkout", "update"):
        git.write(f"hooks/{hook}", f"#!/bin/sh\n{trap.program('hook')} </dev/null\n").chmod(0o755)
    git("config", "log.showSignature", "true")
    git("config", "remote.origin.url", "ext::" + trap.program("ext"))
    git("config", "remote.origin.promisor", "true")
    git("config", "extensions.partialClone", "origin")
    # Tracked files can be shaped like a bare repository, whose configuration git would obey inside it.
    bare = {"HEAD": "ref: refs/heads/main\n", "objects/x": "", "refs/x": ""}
    fsmonitor = trap.program("embedded")
    inside = f'[core]\n\trepositoryformatversion = 0\n\tworktree = "{git.top}"\n\tfsmonitor = {fsmonitor}\n'
    for path, content in (bare | {"config": inside}).items():
        git.write(f"vendor/lib.git/{path}", content)
    git.write("bin/git", f"#!/bin/sh\nexec {trap.program('planted')}\n").chmod(0o755)
    git.write("git", f"#!/bin/sh\nexec {trap.program('planted')}\n").chmod(0o755)
    old = time.time() - 1000
    for name in ("a.txt", "b.txt"):
        os.utime(git.top / name, (old, old))
    trap_before = trap.sprung
    for name in trap_before:
        (trap.folder / f"ran-{name}").unlink()
    return git


def test_the_traps_are_real(clone: RealGit, trap: Trap) -> None:
    clone.run("status")
    clone.run("diff", "HEAD~")
    clone.run("add", "a.txt")
    clone.run("fetch", "origin")
    embedded = RealGit(clone.top / "vendor/lib.git", init=False)
    embedded.run("status")
    assert {"fsmonitor", "process", "driver", "embedded", "hook"} <= trap.sprung


def _open(clone: RealGit) -> Repository:
    repo = repository.find(clone.top)
    assert repo is not None
    return repo


def _read_objects(repo: Repository) -> None:
    with Objects(repo) as objects:
        assert objects.blob("HEAD:a.txt") == b"1\n2\n"
        assert objects.tree("HEAD")
        assert objects.info("HEAD:b.txt")


EVERYTHING: dict[str, Callable[[Repository], object]] = {
    "head": refs.head,
    "config": config.read,
    "commits": lambda repo: history.commits(repo, "--all"),
    "resolve": lambda repo: history.resolve(repo, "HEAD"),
    "commit changes": lambda repo: changes.commit_changes(repo, [c.id for c in history.commits(repo, "HEAD")]),
    "tree changes": lambda repo: changes.tree_changes(repo, "HEAD~", "HEAD"),
    "staged": changes.staged_changes,
    "worktree": changes.worktree_changes,
    "read file": lambda repo: worktree.read_file(repo, "a.txt", 100),
    "objects": lambda repo: _read_objects(repo),
    "missing object": lambda repo: run.run(repo, "cat-file", "-e", "f" * 40, check=False),
    "note tip": lambda repo: notes.tip(repo, "refs/notes/ai"),
    "notes": lambda repo: notes.read(repo, "refs/notes/ai", [c.id for c in history.commits(repo, "HEAD")]),
    "all notes": lambda repo: notes.listed(repo, "refs/notes/ai"),
    "write notes": lambda repo: notes.write(repo, "refs/notes/ai", {"1" * 40: b"x"}, notes.tip(repo, "refs/notes/ai")),
    "is trusted": trust.is_trusted,
    "trust": lambda repo: (trust.trust(repo), trust.is_trusted(repo), trust.distrust(repo)),
    "embedded": lambda repo: repository.find(repo.top + "/vendor/lib.git/objects"),
    "blame": lambda repo: run.run(repo, "blame", "--porcelain", refs.head(repo).commit, "--", "a.txt"),
}


@pytest.mark.parametrize("what", EVERYTHING)
def test_nothing_runs_in_an_untrusted_clone(
    clone: RealGit, trap: Trap, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", os.pathsep.join([".", "", str(clone.top / "bin"), os.environ["PATH"]]))
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", trap.program("inherited"))
    monkeypatch.setenv("GIT_SSH_COMMAND", trap.program("inherited"))
    monkeypatch.setenv("GIT_CONFIG_PARAMETERS", f"'core.fsmonitor={trap.program('inherited')}'")
    monkeypatch.chdir(clone.top)
    EVERYTHING[what](_open(clone))
    objects = Objects(_open(clone))
    assert objects.get("HEAD") is not None
    objects.close()
    assert trap.sprung == set()


@pytest.mark.parametrize("what", EVERYTHING)
def test_in_a_trusted_one_only_the_filters_run(clone: RealGit, trap: Trap, what: str) -> None:
    EVERYTHING[what](_open(clone)._replace(trusted=True))
    assert trap.sprung <= {"clean", "process", "smudge"}


@pytest.mark.parametrize(
    "command",
    [
        ("status",),
        ("diff",),
        ("diff", "HEAD"),
        ("diff-files",),
        ("diff-index", "HEAD"),
        ("add", "a.txt"),
        ("hash-object", "a.txt"),
        ("hash-object", "--stdin", "--path=a.txt"),
        ("hash-object", "--stdin-paths"),
        ("ls-files", "--others"),
        ("ls-files", "-m"),
        ("cat-file", "--filters", "HEAD:a.txt"),
        ("cat-file", "--textconv", "HEAD:a.txt"),
        ("blame", "a.txt"),
        ("log", "--format=%G?"),
        ("checkout", "HEAD~"),
        ("stash",),
        ("commit", "-m", "x"),
        ("fetch", "origin"),
        ("config", "core.editor", "x"),
        ("evil",),
    ],
    ids=" ".join,
)
def test_a_command_that_could_touch_the_worktree_is_refused(
    clone: RealGit, trap: Trap, command: tuple[str, ...]
) -> None:
    with pytest.raises(run.Untrusted, match="earmark trust"):
        run.run(_open(clone), *command)
    assert trap.sprung == set()


def test_the_network_is_refused_until_trusted_and_ext_even_then(clone: RealGit, trap: Trap) -> None:
    with pytest.raises(run.Untrusted):
        run.run(_open(clone), "rev-parse", "HEAD", network=True)
    trusted = _open(clone)._replace(trusted=True)
    for network in (False, True):
        with pytest.raises(run.GitError, match="not allowed"):
            run.run(trusted, "fetch", "origin", network=network)
    assert "ext" not in trap.sprung


def test_a_worktree_that_git_refuses_is_not_answered_from_a_folder_above(git: RealGit) -> None:
    """A `.git` we accept but git does not must fail, not fall through to another repository."""
    git.commit("outer", {"f": "1\n"})
    inner = git.top / "inner"
    RealGit(inner).commit("inner", {"g": "1\n"})
    (inner / ".git/HEAD").write_text("nonsense\n")
    repo = repository.find(inner)
    assert repo is not None
    if repo.top == str(inner):
        with pytest.raises(run.GitError):
            run.run(repo, "rev-parse", "HEAD")
