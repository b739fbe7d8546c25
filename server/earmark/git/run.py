"""The one place that starts git.

A cloned repository is hostile until its user trusts it: its configuration can name programs for file monitoring, hooks,
external diffs, text conversion, transports and filters. All but filters are switched off by the options below; filters
run only where git reads or writes the worktree, so outside trusted workspaces only the commands of `_OBJECT_COMMANDS`
are let through.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from subprocess import Popen

    from earmark.git.repository import Repository

TIMEOUT = 60.0

OPTIONS = (
    "safe.bareRepository=explicit",
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.untrackedCache=false",
    "core.quotePath=false",
    "core.pager=cat",
    "color.ui=false",
    "diff.renames=true",
    "diff.algorithm=myers",
    "diff.noprefix=false",
    "diff.mnemonicPrefix=false",
    "diff.ignoreSubmodules=all",
    "diff.submodule=short",
    "diff.orderFile=/dev/null",
    "diff.relative=false",
    "log.showSignature=false",
    "i18n.logOutputEncoding=UTF-8",
    "submodule.recurse=false",
    "protocol.ext.allow=never",
    "gc.auto=0",
    "maintenance.auto=false",
)

_DIFF_COMMANDS = frozenset({"diff", "diff-tree", "diff-index", "diff-files", "log", "show", "blame"})

# What git tells its hooks and a command started from a hook must hear too, else it would look at another index or,
# in a receiving repository, miss the quarantined objects. (Its GIT_CONFIG_* variables go with them: they hold what the
# user wrote after `git -c`, and our own options still come later and win.)
HOOK_VARIABLES = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_QUARANTINE_PATH",
)


class GitError(Exception):
    """git refused or failed; the message holds its own words, made printable."""

    def __init__(self, message: str, code: int = 0) -> None:
        super().__init__(message)
        self.code = code


class GitMissing(GitError):
    """There is no git to run."""


class GitTimeout(GitError):
    """git did not answer in time and was stopped."""


class Untrusted(GitError):
    """The command could execute what the repository's configuration names, and nobody trusts this repository yet."""


def _always(args: Sequence[str]) -> bool:
    return True


def _has(*options: str) -> Callable[[Sequence[str]], bool]:
    return lambda args: any(option in args for option in options)


def _lists_index_only(args: Sequence[str]) -> bool:
    return not any(a in args for a in ("-o", "--others", "-m", "--modified", "-d", "--deleted", "-k", "--killed"))


def _hashes_stdin(args: Sequence[str]) -> bool:
    return "--stdin" in args and "--path" not in args and not any(a.startswith("--path=") for a in args)


def _names_a_commit(args: Sequence[str]) -> bool:
    return any(len(a) in (40, 64) and not a.strip("0123456789abcdef") for a in args)


_OBJECT_COMMANDS: Mapping[str, Callable[[Sequence[str]], bool]] = {
    "blame": _names_a_commit,
    "cat-file": lambda args: not any(a.startswith(("--textconv", "--filters")) for a in args),
    "check-ref-format": _always,
    "config": _has("--list", "--get", "--get-all", "--get-regexp"),
    "diff-index": _has("--cached"),
    "diff-tree": _always,
    "fast-import": _always,
    "for-each-ref": _always,
    "hash-object": _hashes_stdin,
    "ls-files": _lists_index_only,
    "ls-tree": _always,
    "merge-base": _always,
    "mktree": _always,
    "patch-id": _always,
    "rev-list": _always,
    "rev-parse": _always,
    "symbolic-ref": _always,
    "update-ref": _always,
    "var": _always,
    "version": _always,
    "write-tree": _always,
}


def run(
    repo: Repository,
    *args: str,
    input: bytes | None = None,
    check: bool = True,
    timeout: float = TIMEOUT,
    network: bool = False,
    terminal: bool = False,
    environment: Mapping[str, str] | None = None,
) -> bytes:
    """The standard output of `git args…`, run at the worktree's top (the git directory of a bare repository).

    With `check` a failing git raises `GitError`; without, its output so far is returned. `network` lets git use a
    transport and is refused in an untrusted repository; `terminal` leaves it the user's terminal, where a signing key's
    passphrase may be asked. `environment` adds variables (author, dates, an index file).
    Raises `GitMissing`, `GitTimeout`, `Untrusted`.
    """
    import subprocess

    process = start(
        repo, *args, network=network, terminal=terminal, environment=environment, stderr=subprocess.PIPE, stdin=input
    )
    try:
        out, err = process.communicate(input, timeout=timeout)
    except subprocess.TimeoutExpired:
        _stop(process)
        raise GitTimeout(f"git {args[0]} did not answer within {timeout:g} s and was stopped") from None
    except BaseException:
        _stop(process)
        raise
    if check and process.returncode:
        raise GitError(f"git {args[0]} failed: {_printable(err) or f'exit {process.returncode}'}", process.returncode)
    return out


def start(
    repo: Repository,
    *args: str,
    network: bool = False,
    terminal: bool = False,
    environment: Mapping[str, str] | None = None,
    stderr: int | None = None,
    stdin: bytes | None = b"",
) -> Popen[bytes]:
    """Start `git args…` with pipes; the caller ends it. Standard input is a pipe unless `stdin` is None."""
    import subprocess

    if not repo.trusted and (network or not _OBJECT_COMMANDS.get(args[0], _has())(args[1:])):
        raise Untrusted(
            f"git {args[0]} is not run in {repo.top or repo.git_dir}: the workspace is not trusted; "
            "run `earmark trust` there if it is yours"
        )
    try:
        return subprocess.Popen(
            command(repo, *args),
            cwd=repo.top or repo.git_dir,
            env=_environment(repo, network, environment or {}),
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if stderr is None else stderr,
            start_new_session=not terminal,
        )
    except OSError as error:
        raise GitError(f"git could not be started in {repo.top or repo.git_dir}: {error.strerror}") from None


def command(repo: Repository, *args: str) -> list[str]:
    """The argument vector of `git args…` as `run` starts it."""
    argv = [executable(repo.top)]
    for option in OPTIONS:
        argv += "-c", option
    argv += "--no-pager", "--literal-pathspecs"
    if not repo.top:
        argv.append(f"--git-dir={repo.git_dir}")
    argv.append(args[0])
    if args[0] in _DIFF_COMMANDS:
        argv += "--no-ext-diff", "--no-textconv"
    return argv + list(args[1:])


_executables: dict[tuple[str, str], str] = {}


def executable(top: str = "") -> str:
    """The absolute path of git: the first on PATH that is outside the worktree `top`, relative entries ignored.

    Script runners put folders of the repository on PATH; a `git` lying there is not ours to run.
    """
    path = os.environ.get("PATH", os.defpath)
    found = _executables.get((path, top))
    if found is None:
        found = _executables[path, top] = _search(path, top)
    return found


def _search(path: str, top: str) -> str:
    name = "git.exe" if sys.platform == "win32" else "git"
    for folder in path.split(os.pathsep):
        candidate = os.path.join(folder, name)
        if os.path.isabs(folder) and os.access(candidate, os.X_OK) and os.path.isfile(candidate):
            real = os.path.realpath(folder)
            if not top or (real + os.sep).startswith(top + os.sep) is False:
                return candidate
    raise GitMissing("no git found on PATH; install git 2.36 or newer")


def _environment(repo: Repository, network: bool, extra: Mapping[str, str]) -> dict[str, str]:
    env = {k: v for k, v in os.environ.items() if not k.startswith("GIT_") or (network and k in _NETWORK_VARIABLES)}
    env |= dict(repo.hook_environment)
    env |= {
        "LC_ALL": "C",
        "LANGUAGE": "",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_GRAFT_FILE": os.devnull,
        "GIT_PAGER": "cat",
        "GIT_EDITOR": ":",
    }
    if repo.top:
        env["GIT_CEILING_DIRECTORIES"] = os.path.dirname(repo.top)
    if not network:
        # This list outranks every protocol.* setting and no transport has this name.
        env["GIT_ALLOW_PROTOCOL"] = "none"
    return env | dict(extra)


_NETWORK_VARIABLES = frozenset({"GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSH_VARIANT", "GIT_ASKPASS", "GIT_SSL_CAINFO"})


def _stop(process: Popen[bytes]) -> None:
    """End git and what it started: its own session holds them."""
    import signal

    try:
        if sys.platform == "win32" or os.getpgid(process.pid) != process.pid:
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
    process.communicate()


def _printable(raw: bytes) -> str:
    """git's complaint as one line without control characters: file names and references in it are foreign text."""
    text = " ".join(raw.decode("utf-8", "replace").split())
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)[:2000]
