"""What is under review: the commits, the branch they stand on, and the remote and branch they go to."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from earmark.git import config, refs
from earmark.git.history import Commit, commits, resolve
from earmark.git.repository import Repository
from earmark.git.run import run

_CHANGE_ID: Final = re.compile(rb"^Change-Id: (I[0-9a-f]{40})[ \t]*$", re.MULTILINE)


class Span(NamedTuple):
    """`base` (the merge base, excluded; empty for a history from its root) to `head`, commit ids; `commits` oldest
    first. `target` is a branch name, `target_commit` the commit policy and owners are read from (empty: none).

    `branch` is the name the change is pushed to, on the remote named `remote` (empty: none). `url` is the address of
    the project it goes to, `push_url` that of `remote` (another one where the branch lives in a fork), both after
    git's `insteadOf`. `pushed` says whether `remote` is known to have `head` on that branch.
    """

    base: str
    head: str
    commits: tuple[Commit, ...]
    target: str
    target_commit: str
    branch: str
    remote: str
    url: str
    push_url: str
    pushed: bool

    @property
    def first(self) -> str:
        """The identity of the first commit: its `Change-Id`, else author address and author time. Amending and rebasing
        keep it."""
        commit = self.commits[0]
        found = _CHANGE_ID.findall(commit.message)
        return found[-1].decode() if found else f"{commit.author_email} {commit.author_time}"


class NoSpan(ValueError):
    """It cannot be told what is to be reviewed; the message says what to give."""


def find(repo: Repository, given: str = "", *, target: str = "", remote: str = "") -> Span:
    """The span of `given` ("A..B", "A...B", or one commit, which stands for what it adds to the target), by default of
    HEAD. `target` and `remote` are names; without them the repository's configuration tells. Raises `NoSpan`."""
    settings = config.read(repo)
    name = remote or _remote(repo, settings)
    home = remote or _home(repo, settings) or name
    left, dots, right = given.partition("...") if "..." in given else given.partition("..")
    head = _commit(repo, (right or "HEAD") if dots else (given or "HEAD"))
    branch = _branch(repo, right if dots else given)
    target_name, target_commit = _target(repo, home, target)
    if dots:
        base = _commit(repo, left or "HEAD")
        base = _merge_base(repo, base, head) if dots == "..." else base
    elif target_commit and target_commit != head:
        base = _merge_base(repo, target_commit, head)
    elif not given:
        raise NoSpan(f"HEAD adds nothing to {target_name}; give a range such as HEAD~3..HEAD")
    else:
        base = refs_parent(repo, head)
    listed = tuple(commits(repo, head, *([f"^{base}"] if base else [])))
    if not listed:
        raise NoSpan("there is no commit in this range")
    branch = branch if branch and branch != target_name else f"review/{_slug(listed[0])}"
    pushed = bool(name) and refs.read(repo, f"refs/remotes/{name}/{branch}") == head
    urls = _url(settings, home), _url(settings, name)
    return Span(base, head, listed, target_name, target_commit or base, branch, name, *urls, pushed)


def home_url(repo: Repository, remote: str = "") -> str:
    """The address of the project changes go to (or of `remote`), empty when there is no remote."""
    settings = config.read(repo)
    return _url(settings, remote or _home(repo, settings) or _remote(repo, settings))


def target(repo: Repository) -> tuple[str, str]:
    """The branch that changes go to by default, and the commit it stands at as far as this clone knows (empty when
    there is none)."""
    settings = config.read(repo)
    return _target(repo, _home(repo, settings) or _remote(repo, settings), "")


def target_ref(repo: Repository, rev: str) -> str:
    """The full name of the branch that `rev` ("main", "origin/main", a full name, a commit) stands for: the branch of
    that name, else the one changes go to by default; empty when there is none."""
    settings = config.read(repo)
    name = rev.removeprefix("refs/remotes/").removeprefix("refs/heads/")
    remote = _home(repo, settings) or _remote(repo, settings)
    if remote and name.startswith(f"{remote}/") and refs.read(repo, f"refs/remotes/{name}"):
        return f"refs/heads/{name[len(remote) + 1 :]}"
    if name and refs.read(repo, f"refs/heads/{name}"):
        return f"refs/heads/{name}"
    found, commit = _target(repo, remote, "")
    return f"refs/heads/{found}" if commit else ""


def _commit(repo: Repository, rev: str) -> str:
    found = resolve(repo, rev)
    if found is None:
        raise NoSpan(f"no commit {rev!r} here")
    return found


def refs_parent(repo: Repository, head: str) -> str:
    """The first parent of `head`, empty for a root commit."""
    return resolve(repo, f"{head}^") or ""


def _merge_base(repo: Repository, one: str, other: str) -> str:
    out = run(repo, "merge-base", one, other, check=False).decode().split()
    if not out:
        raise NoSpan(
            "the range and its target have no common commit; fetch the whole history (`git fetch --unshallow`)"
        )
    return out[0]


def _branch(repo: Repository, rev: str) -> str:
    if rev and rev != "HEAD":
        return rev if refs.read(repo, f"refs/heads/{rev}") else ""
    return refs.head(repo).ref.removeprefix("refs/heads/")


def _target(repo: Repository, remote: str, given: str) -> tuple[str, str]:
    """The target branch and the commit it stands at (empty when unknown): the remote's view before the local one."""
    names = [given] if given else [_default(repo, remote), "main", "master"]
    for name in filter(None, names):
        for ref in ([f"refs/remotes/{remote}/{name}"] if remote else []) + [f"refs/heads/{name}"]:
            commit = refs.read(repo, ref)
            if commit:
                return name, commit
    if given:
        return given, ""
    return next(filter(None, names)), ""


def _default(repo: Repository, remote: str) -> str:
    """The remote's default branch as the clone wrote it down, or empty."""
    if not remote:
        return ""
    out = run(repo, "symbolic-ref", "--quiet", f"refs/remotes/{remote}/HEAD", check=False).decode().strip()
    return out.removeprefix(f"refs/remotes/{remote}/") if out.startswith(f"refs/remotes/{remote}/") else ""


def _home(repo: Repository, settings: config.Config) -> str:
    """The remote whose project changes go to: `upstream` where a fork names it so, else the one the branch follows."""
    branch = refs.head(repo).ref.removeprefix("refs/heads/")
    named = ["upstream", settings.get(f"branch.{branch}.remote"), "origin"]
    return next((name for name in named if name and _is_remote(settings, name)), "")


def _is_remote(settings: config.Config, name: str) -> bool:
    """A name that begins with a hyphen would reach git as an option."""
    return not name.startswith("-") and bool(settings.get(f"remote.{name}.url"))


def _remote(repo: Repository, settings: config.Config) -> str:
    """The remote the branch is pushed to, as git itself decides (git-config(1), `branch.<name>.pushRemote`)."""
    branch = refs.head(repo).ref.removeprefix("refs/heads/")
    keys = (f"branch.{branch}.pushRemote", "remote.pushDefault", f"branch.{branch}.remote")
    named = [settings.get(key) for key in keys] + ["origin"]
    return next((name for name in named if name and _is_remote(settings, name)), "")


def _url(settings: config.Config, remote: str) -> str:
    from earmark.review.forges.remote import rewritten

    url = settings.get(f"remote.{remote}.url") if remote else None
    return rewritten(url, settings.subsections("url", "insteadof")) if url else ""


def _slug(commit: Commit) -> str:
    """A branch name for a change that stands on the target itself: from its subject and its author time."""
    subject = commit.message.split(b"\n", 1)[0].decode("utf-8", "replace").casefold()
    words = re.sub("[^a-z0-9]+", "-", subject).strip("-")[:40].strip("-")
    return f"{words or 'change'}-{commit.author_time % 0x10000:04x}"
