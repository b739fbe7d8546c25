"""`earmark doctor [--json] [--repair]`: what is installed, missing, vanished or broken, each with what to do."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from earmark.git.repository import Repository

GIT_VERSION = (2, 36)


class Check(NamedTuple):
    """One thing looked at. "ok" needs nothing, "note" is worth knowing, "todo" needs what `do` says."""

    name: str
    state: Literal["ok", "note", "todo"]
    what: str
    do: str = ""


def run(argv: list[str]) -> int:
    """Exit code 0 when nothing needs doing, 1 when something does."""
    parser = ArgumentParser(prog="earmark doctor", description=__doc__.split(": ", 1)[1])
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--repair", action="store_true", help="replace a ledger that cannot be read")
    asked = parser.parse_args(argv)
    from earmark.git.repository import find

    repo = find(".")
    checks = [*([_repaired(repo)] if asked.repair else []), *examine(repo)]
    fine = all(check.state != "todo" for check in checks)
    if asked.json:
        import json

        print(json.dumps({"ok": fine, "checks": [check._asdict() for check in checks]}))
    else:
        _print(checks)
    return 0 if fine else 1


def examine(repo: Repository | None) -> list[Check]:
    """Every check, in the order they build on each other. A check that itself fails is one to do."""
    from earmark.git.run import GitError

    looks: list[Callable[[], Iterator[Check]]] = [_python, lambda: _git(repo)]
    if repo is None:
        looks.append(lambda: iter([Check("repository", "note", "not inside a git worktree")]))
    else:
        looks += [lambda look=look: look(repo) for look in (_repository, _git_hooks, _ledger, _notes, _policy)]  # type: ignore[misc]
    looks += [lambda: _agents(repo), lambda: _log(repo)]
    checks: list[Check] = []
    for look in looks:
        try:
            checks += look()
        except GitError as error:
            if not any(check.name == "git" and check.state == "todo" for check in checks):
                checks.append(Check("git", "todo", str(error), "mend this, then run `earmark doctor` again"))
        except Exception as error:  # noqa: BLE001  (one broken part must not hide the others)
            checks.append(Check("doctor", "todo", f"{type(error).__name__}: {error}", "report this"))
    return checks


def _python() -> Iterator[Check]:
    from earmark import __version__

    version = ".".join(map(str, sys.version_info[:3]))
    yield Check("earmark", "ok", f"{__version__} on Python {version}, {sys.executable}")


def _git(repo: Repository | None) -> Iterator[Check]:
    from earmark.git.run import GitError, GitMissing, executable, run

    try:
        path = executable(repo.top if repo else "")
        said = run(repo, "version").decode("utf-8", "replace").split() if repo else []
    except GitMissing as error:
        yield Check("git", "todo", "not found on PATH", str(error))
        return
    except GitError as error:
        yield Check("git", "todo", str(error), "mend git, then run this again")
        return
    version = said[2] if len(said) > 2 else ""
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if version and numbers < GIT_VERSION:
        yield Check(
            "git", "todo", f"version {version} is too old", f"install git {'.'.join(map(str, GIT_VERSION))} or newer"
        )
    else:
        yield Check("git", "ok", f"{version} ({path})".strip())


def _repository(repo: Repository) -> Iterator[Check]:
    from earmark.git import refs, trust

    if not refs.head(repo).commit:
        yield Check("repository", "note", f"{repo.top} has no commit yet")
    else:
        yield Check("repository", "ok", repo.top)
    if trust.is_trusted(repo):
        yield Check("trust", "ok", "this workspace's own filters, rules and hooks are used")
    else:
        yield Check(
            "trust",
            "note",
            "this workspace is not trusted: Earmark only annotates",
            "run `earmark trust` if it is yours",
        )


def _git_hooks(repo: Repository) -> Iterator[Check]:
    from earmark.commit import hooks, install

    folder, _ = install.hooks_folder(repo)
    changes = install.plan(repo)
    for change in changes:
        if change.problem:
            yield Check("git hooks", "todo", change.problem, "see above")
    missing = [os.path.basename(c.path) for c in changes if not c.problem and os.path.basename(c.path) in hooks.NAMES]
    if missing:
        yield Check(
            "git hooks",
            "todo",
            f"missing or not as this version writes them: {', '.join(missing)}",
            "run `earmark init --git-hooks`",
        )
    chained = [name for name in hooks.NAMES if os.path.exists(os.path.join(folder, name + hooks.MOVED))]
    if not changes:
        kept = f"; {', '.join(chained)} of yours called first" if chained else ""
        yield Check("git hooks", "ok", f"in {folder}{kept}")


def _ledger(repo: Repository) -> Iterator[Check]:
    from earmark.origin import repair
    from earmark.origin.ledger import Ledger, folder

    damage = repair.damage(repo)
    if damage:
        yield Check("ledger", "todo", damage, "run `earmark doctor --repair`")
        return
    if not os.path.exists(os.path.join(folder(repo), "ledger.db")):
        yield Check("ledger", "note", "nothing has been recorded in this repository yet")
        return
    with Ledger.open(repo, create=False) as ledger:
        dirty = len(ledger.dirty())
    waiting = _names(os.path.join(folder(repo), "spool"), ".json")
    size = os.path.getsize(os.path.join(folder(repo), "ledger.db")) // 1024
    yield Check("ledger", "ok", f"{size} KiB, {dirty} files with AI text that is not committed")
    if waiting:
        yield Check("ledger", "note", f"{len(waiting)} events wait for the next record")
    if unread := _names(os.path.join(folder(repo), "spool"), ".bad"):
        yield Check(
            "ledger",
            "todo",
            f"{len(unread)} kept events cannot be read",
            f"look at {folder(repo)}/spool and delete them",
        )


def _names(path: str, end: str) -> list[str]:
    return [name for name in os.listdir(path) if name.endswith(end)] if os.path.isdir(path) else []


def _notes(repo: Repository) -> Iterator[Check]:
    from earmark.git import notes
    from earmark.origin.notes import REF

    tip = notes.tip(repo, REF)
    yield Check("notes", "ok", f"{REF} at {tip[:10]}") if tip else Check("notes", "note", f"no {REF} yet")


def _policy(repo: Repository) -> Iterator[Check]:
    from earmark.git.worktree import read_file
    from earmark.policy import load
    from earmark.policy.model import FILE

    if not os.path.lexists(os.path.join(repo.top, FILE)):
        yield Check("policy", "note", f"no {FILE}; the defaults hold")
        return
    text = read_file(repo, FILE, load.MAX_BYTES)
    if text is None:
        yield Check("policy", "todo", f"{FILE} cannot be read", f"make it a file of at most {load.MAX_BYTES} bytes")
        return
    problems = load.parse(text)[1]
    for problem in problems:
        yield Check("policy", "todo", f"{FILE}:{problem.line}:{problem.column}: {problem.message}", "mend that line")
    if not problems:
        yield Check("policy", "ok", FILE)


def _agents(repo: Repository | None) -> Iterator[Check]:
    from earmark.origin.agents import installed

    found = installed.hooks(repo.top if repo else "", os.environ)
    for hook in found:
        scope = " --project" if hook.project else ""
        again = f"run `earmark init --agents {hook.agent}{scope}`"
        name = f"{hook.agent}{' (project)' if hook.project else ''}"
        match hook.state:
            case "installed":
                yield Check(name, "ok", f"hook in {hook.path}")
            case "missing":
                yield Check(name, "todo", f"is on this machine, and no hook is in {hook.path}", again)
            case "unreadable":
                yield Check(name, "todo", hook.detail, "mend it, then " + again)
            case _:
                yield Check(name, "todo", f"{hook.state}: {hook.detail}", again)
    if not found:
        yield Check(
            "assistants",
            "note",
            "none found on this machine",
            "run `earmark init --agents NAME` for one that is elsewhere",
        )


def _log(repo: Repository | None) -> Iterator[Check]:
    from earmark.origin.agents import log

    for common in ("", repo.common_dir) if repo else ("",):
        for line in log.last(common):
            yield Check("log", "note", f"last problem of a hook: {line}", f"see {log.path(common)}")


def _repaired(repo: Repository | None) -> Check:
    from earmark.origin import repair

    if repo is None:
        return Check("repair", "note", "not inside a git worktree")
    done = repair.repair(repo)
    return Check("repair", "note" if done else "ok", done or "the ledger is sound")


def _print(checks: list[Check]) -> None:
    from earmark.cli.workspace import display

    marks = {"ok": "ok   ", "note": "note ", "todo": "TODO "}
    width = max(len(check.name) for check in checks)
    for check in checks:
        print(f"{marks[check.state]} {display(check.name):{width}}  {display(check.what)}")
        if check.do:
            print(f"{'':{width + 7}} -> {display(check.do)}")
