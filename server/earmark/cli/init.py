"""`earmark init [--git-hooks] [--agents LIST] [--instructions [LIST]] [--project] [--undo] [--dry-run] [--yes]`: shows
what it will write, then writes.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from earmark.git.repository import Repository
    from earmark.origin.agents.files import FileChange


class Step(NamedTuple):
    """One thing that will be done: a file `before` and `after` (None: absent), or a sentence in `says`."""

    path: str = ""
    before: bytes | None = None
    after: bytes | None = None
    says: str = ""


class Plan:
    """Everything that is to be done, in order; what stands in the way; what is left to the user."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.actions: list[Callable[[], object]] = []
        self.problems: list[str] = []
        self.then: list[str] = []


def run(argv: list[str]) -> int:
    """Exit code 0 when done or nothing is to be done, 1 when the user said no or something stood in the way, 2 when it
    cannot be done here."""
    from earmark.cli.workspace import guarded

    return guarded("init", _init(_parsed(argv)))


def _parsed(argv: list[str]) -> Namespace:
    parser = ArgumentParser(prog="earmark init", description="Install hooks, after showing what will be written.")
    parser.add_argument("--git-hooks", action="store_true", help="this repository's git hooks")
    parser.add_argument("--agents", metavar="LIST", help="hooks of assistants: auto, or names such as claude,cursor")
    parser.add_argument(
        "--project", action="store_true", help="write agent hooks and adoption into the project's files"
    )
    parser.add_argument(
        "--instructions",
        metavar="LIST",
        nargs="?",
        const="auto",
        help="have AGENTS.md or CLAUDE.md tell assistants to read findings and obligations before they finish",
    )
    parser.add_argument("--undo", action="store_true", help="take out what was installed")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--dry-run", action="store_true", help="show what would be written, and write nothing")
    asked = parser.parse_args(argv)
    if not asked.git_hooks and asked.agents is None and asked.instructions is None:
        asked.git_hooks, asked.agents = True, "auto"
    return asked


def _init(asked: Namespace) -> Iterator[int]:
    from earmark.cli.workspace import CannotTell
    from earmark.commit.install import InstallError
    from earmark.git.repository import find
    from earmark.origin.agents.files import InstallError as AgentError

    repo = find(".")
    if repo is None and (asked.agents is None or asked.project or asked.instructions):
        raise CannotTell("this is not inside a git worktree; run `git init` or change folder")
    try:
        plan = _plan(repo, asked)
        _show(plan)
        if asked.dry_run:
            if not plan.steps and not plan.problems:
                print("nothing to do")
            yield 1 if plan.problems else 0
        elif plan.actions and (asked.yes or _agreed()):
            for action in plan.actions:
                action()
            print("undone" if asked.undo else "done")
            for line in plan.then:
                print(line)
        else:
            print("nothing was written" if plan.actions or plan.problems else "nothing to do")
            yield 1 if plan.actions or plan.problems else 0
    except (InstallError, AgentError) as error:
        raise CannotTell(str(error)) from error
    yield 1 if plan.problems else 0


def _plan(repo: Repository | None, asked: Namespace) -> Plan:
    plan = Plan()
    if repo and asked.git_hooks:
        _hooks(plan, repo, asked.undo)
        _adoption(plan, repo, asked)
    if asked.agents is not None:
        _agents(plan, repo, asked)
    if repo and asked.instructions is not None:
        _instructions(plan, repo, asked)
    if repo and asked.git_hooks:
        _trust(plan, repo, asked.undo)
    return plan


def _hooks(plan: Plan, repo: Repository, undo: bool) -> None:
    from earmark.commit import install

    changes = install.plan(repo, undo)
    plan.problems += [change.problem for change in changes if change.problem]
    todo = [change for change in changes if not change.problem]
    for change in todo:
        if change.aside:
            kept = f"{change.path}: the hook kept as {change.aside} comes back"
            moved = f"{change.path}: the hook that is there is kept as {change.aside} and called first"
            plan.steps.append(Step(says=kept if undo else moved))
        plan.steps.append(Step(change.path, None if change.aside and not undo else change.before, change.after))
    if todo:
        plan.actions.append(lambda: install.apply(todo))


def _adoption(plan: Plan, repo: Repository, asked: Namespace) -> None:
    """Where commits begin to count."""
    from earmark.commit import adoption
    from earmark.origin.ledger import Ledger

    path = adoption.policy_path(repo)
    text = _read(path)
    with Ledger.open(repo, create=False) as ledger:
        known = adoption.remembered(ledger)
    if asked.undo:
        after = adoption.undone(repo, text, known) if text is not None and known else text
        if after != text:
            _file(plan, path, text, after)
            plan.actions.append(lambda: adoption.forget(repo))
        if known:
            plan.steps.append(Step(says=f"forget that commits after {known[:10]} count"))
            plan.actions.append(lambda: _remember(repo, ""))
        return
    commit = known or adoption.current(repo)
    if not commit:
        return
    if text is not None or asked.project:
        after = adoption.in_policy(text, commit)
        if after is not None:
            _file(plan, path, text, after)
            plan.actions.append(lambda: adoption.keep(repo, text, after))
    if not known:
        plan.steps.append(Step(says=f"remember in this clone that only commits after {commit[:10]} count"))
        plan.actions.append(lambda: _remember(repo, commit))


def _remember(repo: Repository, commit: str) -> None:
    from earmark.commit import adoption
    from earmark.origin.ledger import Ledger

    with Ledger.open(repo) as ledger:
        adoption.remember(ledger, commit)


def _agents(plan: Plan, repo: Repository | None, asked: Namespace) -> None:
    from earmark.origin.agents import install

    _settings(plan, install.plan(_names(asked.agents), asked.project, asked.undo, top=repo.top if repo else ""))


def _instructions(plan: Plan, repo: Repository, asked: Namespace) -> None:
    from earmark.origin.agents import instructions

    _settings(plan, instructions.plan(repo.top, _names(asked.instructions), asked.undo))


def _names(listed: str) -> list[str]:
    return [name.strip() for name in listed.split(",") if name.strip()]


def _settings(plan: Plan, changes: list[FileChange]) -> None:
    """Files that assistants read."""
    from earmark.origin.agents import install

    plan.problems += [change.problem for change in changes if change.problem]
    todo = [change for change in changes if not change.problem]
    plan.steps += [Step(change.path, change.before, change.after) for change in todo]
    plan.then += [change.then for change in todo if change.then]
    if todo:
        plan.actions.append(lambda: install.apply(todo))


def _trust(plan: Plan, repo: Repository, undo: bool) -> None:
    from earmark.git import trust

    if trust.is_trusted(repo) != undo:
        return
    said = "do not trust this workspace any longer" if undo else "trust this workspace"
    plan.steps.append(Step(says=f"{said}: {repo.top} in {trust.file()}"))
    plan.actions.append(lambda: trust.distrust(repo) if undo else trust.trust(repo))


def _file(plan: Plan, path: str, before: bytes | None, after: bytes | None) -> None:
    plan.steps.append(Step(path, before, after))
    plan.actions.append(lambda: _write(path, before, after))


def _write(path: str, before: bytes | None, after: bytes | None) -> None:
    import os

    from earmark.commit.install import InstallError

    if _read(path) != before:
        raise InstallError(f"{path} changed meanwhile; start again")
    if after is None:
        os.unlink(path)
        return
    with open(path, "wb") as file:
        file.write(after)


def _read(path: str) -> bytes | None:
    from pathlib import Path

    try:
        return Path(path).read_bytes()
    except OSError:
        return None


def _show(plan: Plan) -> None:
    import difflib

    from earmark.cli.workspace import display

    for step in plan.steps:
        if step.says:
            print(f"* {display(step.says)}")
            continue
        old, new = ((text or b"").decode("utf-8", "replace").splitlines() for text in (step.before, step.after))
        source, target = ("/dev/null" if text is None else step.path for text in (step.before, step.after))
        for line in difflib.unified_diff(old, new, source, target, lineterm=""):
            print(display(line.rstrip("\n")))
    for problem in plan.problems:
        print(f"! {display(problem)}")


def _agreed() -> bool:
    """Ask where somebody can answer."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return True
    print("write this? [y/N] ", end="", flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")
