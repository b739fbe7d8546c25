"""`record`, `git commit`, `git rebase`, blame, transfer and live regions, each beside a baseline of the same run.

    python tests/bench/git_and_record.py [--runs N] [--only WORD]

Repositories lie on tmpfs (/dev/shm) where there is one. Milliseconds are those of this machine; the ratios are what
counts. Baselines and subjects alternate, so that a busy machine slows both.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from earmark.commit import install
from earmark.git import repository, trust
from earmark.origin.blame import blame
from earmark.origin.evidence import Event, FileEvent
from earmark.origin.ledger import Ledger
from earmark.origin.live import LiveOrigins
from earmark.origin.model import HUMAN, Region, Session, Snapshot, ai
from earmark.origin.recorder import record_event
from earmark.origin.settle import settle
from earmark.origin.transfer import transfer
from earmark.text.edits import Edit

MEMORY = Path("/dev/shm")
EARMARK = "from earmark.cli import main; raise SystemExit(main())"
SESSION = Session("claude", "c1", "claude-opus-4.5", "Ada Example <ada@example.com>")


class Row(NamedTuple):
    """One line of the table: seconds of the baseline and of the subject, and what DESIGN §10 allows."""

    what: str
    baseline: float
    subject: float
    budget: str
    note: str = ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--only", default="", help="rows whose name holds this word")
    asked = parser.parse_args()
    benches = {"record": record, "commit": commits, "rebase": rebases, "blame": blames, "transfer": transfers,
               "live": live}  # fmt: skip
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as name, home(Path(name)):
        chosen = [rows for bench, rows in benches.items() if asked.only in bench]
        show(row for rows in chosen for row in rows(Path(name) / rows.__name__, asked.runs))
    return 0


def show(rows: Iterable[Row]) -> None:
    """Print the table."""
    table = Table("what", "baseline ms", "ms", "ratio", "budget", "", box=None, pad_edge=False)
    for row in rows:
        ratio = f"{row.subject / row.baseline:.2f}" if row.baseline else ""
        base = f"{1000 * row.baseline:.2f}" if row.baseline else ""
        table.add_row(row.what, base, f"{1000 * row.subject:.2f}", ratio, row.budget, row.note)
    Console(width=150).print(table)


@contextmanager
def home(top: Path) -> Iterator[None]:
    """A home of our own below `top`, with nobody's git configuration."""
    folder = top / "home"
    folder.mkdir()
    (folder / ".gitconfig").write_text(
        "[user]\n\tname = Ada\n\temail = ada@example.com\n[advice]\n\tskippedCherryPicks=false\n"
    )
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        del os.environ[name]
    os.environ |= {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder / ".config"), "GIT_CONFIG_NOSYSTEM": "1"}
    os.environ |= {"GIT_EDITOR": "true"}
    yield


def compare(runs: int, *works: Callable[[], None]) -> list[float]:
    """The median seconds of each work, taken in turns."""
    times: list[list[float]] = [[] for _ in works]
    for _ in range(runs):
        for index, work in enumerate(works):
            start = perf_counter()
            work()
            times[index].append(perf_counter() - start)
    return [statistics.median(taken) for taken in times]


def run(*argv: str | Path, cwd: Path, **options: object) -> None:
    subprocess.run(argv, cwd=cwd, check=True, capture_output=True, **options)  # type: ignore[call-overload]


class Repo:
    """A repository with one commit; `hooks` is "none", "sh" (a prepare-commit-msg that leaves at once) or "ours"."""

    def __init__(self, top: Path, hooks: str = "none") -> None:
        top.mkdir(parents=True)
        self.top = top
        self.git("init", "-q", "-b", "main")
        self.number = 0
        self.write("a.py", "x = 1\n")
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "base")
        found = repository.find(top)
        assert found is not None
        self.repo = found._replace(trusted=True)
        trust.trust(self.repo)
        if hooks == "sh":
            hook = top / ".git" / "hooks" / "prepare-commit-msg"
            hook.parent.mkdir(exist_ok=True)
            hook.write_text("#!/bin/sh\nexit 0\n")
            hook.chmod(0o755)
        elif hooks == "ours":
            Ledger.open(self.repo).close()
            install.apply(install.plan(self.repo, python=sys.executable))

    def git(self, *args: str) -> None:
        run("git", *args, cwd=self.top)

    def write(self, path: str, text: str) -> None:
        (self.top / path).write_text(text)

    def assistant(self, path: str, text: str) -> None:
        """An assistant turns `path` into `text`, as its hook reports."""
        file = self.top / path
        before = file.read_text() if file.exists() else ""
        file.write_text(text)
        with Ledger.open(self.repo) as ledger:
            event = FileEvent(path, before=before, after=text)
            record_event(self.repo, ledger, Event("after", str(self.top), SESSION, (event,)))

    def change(self, assistant: bool) -> None:
        """One more line in one file, staged."""
        self.number += 1
        text = (self.top / "a.py").read_text() + f"value_{self.number} = {self.number}\n"
        (self.assistant if assistant else self.write)("a.py", text)
        self.git("add", "a.py")


def record(top: Path, runs: int) -> Iterator[Row]:
    """One payload of one file of 200 lines, with and without the ledger being there already."""
    repo = Repo(top)
    text = "".join(f"value_{n} = {n}\n" for n in range(200))
    number = iter(range(10**6))

    def once() -> None:
        n = next(number)
        new = text.replace("value_100 = 100", f"value_100 = {n}")
        repo.write("a.py", new)
        payload = {
            "hook_event_name": "PostToolUse",
            "session_id": "c1",
            "cwd": str(repo.top),
            "tool_name": "Write",
            "tool_use_id": f"toolu_{n}",
            "tool_input": {"file_path": str(repo.top / "a.py"), "content": new},
            "tool_response": {"type": "update"},
        }
        run(sys.executable, "-EP", "-c", EARMARK, "record", "--agent", "claude", "--strict", cwd=repo.top,
            input=json.dumps(payload).encode())  # fmt: skip

    once()
    python, ours = compare(2 * runs, lambda: run(sys.executable, "-c", "pass", cwd=repo.top), once)
    yield Row("record, one payload, one file (python -c pass)", python, ours, "≤ 4.00")


def commits(top: Path, runs: int) -> Iterator[Row]:
    repos = [Repo(top / name, name) for name in ("none", "sh", "ours")]
    with_text, looked_at = Repo(top / "text", "ours"), Repo(top / "looked", "ours")

    def commit(repo: Repo, assistant: bool) -> float:
        repo.change(assistant)
        if repo is looked_at:  # as the server does, or the process that `record` starts
            run(sys.executable, "-EP", "-c", EARMARK, "status", "--json", cwd=repo.top)
        start = perf_counter()
        repo.git("commit", "-q", "-m", "one more")
        return perf_counter() - start

    times: list[list[float]] = [[], [], [], [], []]
    for _ in range(2 * runs):
        for index, repo in enumerate((*repos, looked_at, with_text)):
            times[index].append(commit(repo, assistant=repo in (looked_at, with_text)))
    bare, sh, ours, declared, unseen = (statistics.median(taken) for taken in times)
    [python] = compare(runs, lambda: run(sys.executable, "-c", "pass", cwd=top))
    yield Row("git commit, one sh hook (bare commit)", bare, sh, "")
    yield Row("git commit, our hooks, no AI text (bare commit)", bare, ours, "≤ 1.60")
    for what, taken, budget in (("looked at before", declared, " (≤ 60)"), ("nothing kept", unseen, "")):
        extra = f"bare + Python start + {1000 * (taken - bare - python):.0f} ms{budget}"
        yield Row(f"git commit, our hooks, AI text, {what} (bare commit)", bare, taken, "", extra)


def rebases(top: Path, runs: int) -> Iterator[Row]:
    """200 commits onto another base; processes of ours are counted by a wrapper around the interpreter."""
    count = 200
    times: dict[str, list[float]] = {}
    started: dict[str, int] = {}
    repos = {"bare": Repo(top / "bare"), "sh": Repo(top / "sh", "sh"), "ours": Repo(top / "ours", "ours"),
             "AI": Repo(top / "ai", "ours")}  # fmt: skip
    for name, repo in repos.items():
        repo.git("branch", "topic")
        repo.write("base.py", "y = 1\n")
        repo.git("add", "-A")
        repo.git("commit", "-q", "-m", "other base")
        repo.git("checkout", "-q", "topic")
        for n in range(count):
            repo.change(assistant=False) if name != "AI" else _quick(repo, n)
            repo.git("commit", "-q", "--no-verify", "-m", f"commit {n}")
        with Ledger.open(repo.repo) as ledger:
            settle(repo.repo, ledger)
        repo.git("branch", "kept")
        started[name] = 0
    for _ in range(max(2, runs // 5)):
        for name, repo in repos.items():
            repo.git("reset", "-q", "--hard", "kept")
            log = top / f"{name}.log"
            log.unlink(missing_ok=True)
            with _counted(repo, log):
                start = perf_counter()
                repo.git("rebase", "-q", "main")
                times.setdefault(name, []).append(perf_counter() - start)
            started[name] = len(log.read_text().splitlines()) if log.exists() else 0
    bare, sh, ours, text = (statistics.median(times[name]) for name in repos)
    yield Row(f"rebase of {count}, one sh hook (bare rebase)", bare, sh, "")
    yield Row(f"rebase of {count}, our hooks, no AI text (bare rebase)", bare, ours, "≤ 2.20",
              f"{started['ours']} processes of ours")  # fmt: skip
    yield Row(f"rebase of {count}, our hooks, AI text (bare rebase)", bare, text, "≤ 2.20",
              f"{started['AI']} processes of ours")  # fmt: skip


def _quick(repo: Repo, n: int) -> None:
    """Every fourth commit holds AI text: enough for a note, quick enough to build."""
    repo.change(assistant=n % 4 == 0)


@contextmanager
def _counted(repo: Repo, log: Path) -> Iterator[None]:
    """Count the interpreters our hooks start, by a shell script that stands for the interpreter in them."""
    folder = repo.top / ".git" / "hooks"
    wrapper = repo.top.parent / f"{repo.top.name}-python"
    wrapper.write_text(f'#!/bin/sh\necho "$@" >>"{log}"\nexec "{sys.executable}" "$@"\n')
    wrapper.chmod(0o755)
    before = {file: file.read_text() for file in folder.iterdir() if "earmark" in file.read_text()}
    for file, text in before.items():
        file.write_text(text.replace(f"python='{sys.executable}'", f"python='{wrapper}'"))
    yield
    for file, text in before.items():
        file.write_text(text)


def blames(top: Path, runs: int) -> Iterator[Row]:
    """A file of 5,000 lines made by 300 commits, a third of them with AI text."""
    repo = Repo(top)
    chance = random.Random(7)
    lines = [f"value_{n} = {n}\n" for n in range(5_000)]
    for n in range(300):
        for _ in range(16):
            lines[chance.randrange(len(lines))] = f"value_{n}_{chance.randrange(10**6)} = {n}\n"
        text = "".join(lines)
        (repo.assistant if n % 3 == 0 else repo.write)("a.py", text)
        repo.git("add", "a.py")
        repo.git("commit", "-q", "-m", f"commit {n}")
        if n % 20 == 19:
            with Ledger.open(repo.repo) as ledger:
                settle(repo.repo, ledger)
    with Ledger.open(repo.repo) as ledger:
        settle(repo.repo, ledger)
        found = blame(repo.repo, ledger, "a.py", "HEAD")
        share = sum(r.end - r.start + 1 for r in found if r.kind == "ai")
        git, ours, disk, command = compare(
            runs,
            lambda: run("git", "blame", "--porcelain", "HEAD", "--", "a.py", cwd=repo.top),
            lambda: (blame(repo.repo, ledger, "a.py", "HEAD"), None)[1],
            lambda: (blame(repo.repo, ledger, "a.py"), None)[1],
            lambda: run(sys.executable, "-EP", "-c", EARMARK, "blame", "--json", "a.py", "HEAD", cwd=repo.top),
        )
    yield Row("blame at a revision, in process (git blame)", git, ours, "≤ 1.50", f"{share} of 5,000 lines are AI's")
    yield Row("blame of the worktree, in process (git blame)", git, disk, "≤ 1.50")
    yield Row("earmark blame --json, the whole command (git blame)", git, command, "≤ 1.50")


def transfers(top: Path, runs: int) -> Iterator[Row]:
    """50,000 lines: the middle tenth rewritten, by an assistant and by nobody known."""
    from difflib import SequenceMatcher

    lines = [f"def handler_{n}(request): return {n}\n" for n in range(50_000)]
    old = "".join(lines).encode()
    lines[22_500:27_500] = [f"def other_{n}(store, key): return store[{n}]\n" for n in range(5_000)]
    new = "".join(lines).encode()
    known = Snapshot(old, tuple(Region(i * 4000, i * 4000 + 2000, ai(SESSION.id), 1) for i in range(400)))

    def baseline() -> None:
        SequenceMatcher(None, old.split(b"\n"), new.split(b"\n"), autojunk=False).get_opcodes()

    base, assistant, other = compare(
        max(3, runs // 5),
        baseline,
        lambda: (transfer(known, new, ai(SESSION.id), 2), None)[1],
        lambda: (transfer(known, new, HUMAN, 2), None)[1],
    )
    yield Row("transfer, 50,000 lines, by an assistant (difflib's line diff)", base, assistant, "≪ 1 s")
    yield Row("transfer, 50,000 lines, by a person (difflib's line diff)", base, other, "≪ 1 s")


def live(top: Path, runs: int) -> Iterator[Row]:
    """Letters typed here and there into 20,000 lines with 500 regions; the baseline is applying the edit to bytes."""
    text = "".join(f"    total = total + item.amount  # {n}\n" for n in range(20_000)).encode()
    step = len(text) // 500
    regions = tuple(Region(i * step, i * step + step // 2, ai(f"s_{i % 9}"), i + 1) for i in range(500))
    chance = random.Random(7)
    for name, new in (("letter", b"x"), ("line of a formatter", b"    more = 1\n")):
        buffer = LiveOrigins(Snapshot(text, regions))
        bytes_only, ours = [], []
        for n in range(400):
            at = chance.randrange(len(buffer.snapshot.text))
            if name != "letter":
                at = buffer.snapshot.text.rfind(b"\n", 0, at) + 1
            start = perf_counter()
            after = buffer.snapshot.text[:at] + new + buffer.snapshot.text[at:]
            middle = perf_counter()
            buffer.apply([Edit(at, at, new)], after, "keystroke" if name == "letter" else "bulk", 10_000 + n)
            bytes_only.append(middle - start)
            ours.append(perf_counter() - middle)
        ordered = sorted(ours)
        note = f"p95 {1000 * ordered[int(len(ordered) * 0.95)]:.2f} ms, {len(buffer.snapshot.regions)} regions"
        yield Row(f"live regions, one {name} (the edit of the bytes alone)", statistics.median(bytes_only),
                  statistics.median(ours), "≤ 0.50 ms", note)  # fmt: skip


if __name__ == "__main__":
    if not shutil.which("git"):
        sys.exit("git is not on PATH")
    sys.exit(main())
