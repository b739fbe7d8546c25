"""`earmark tag` on a large staged change and `earmark check` on a long range, each beside git in the same run.

    python tests/bench/tag_and_check.py [--files N] [--commits N] [--runs N]

Repositories lie on tmpfs where there is one, as in `git_and_record.py`, whose measuring this is.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from git_and_record import EARMARK, MEMORY, SESSION, Repo, Row, compare, home, run, show

from earmark.gate import gather
from earmark.gate.check import check
from earmark.git import notes as git_notes
from earmark.git import run as git_run
from earmark.origin import notes
from earmark.origin.digest import digest
from earmark.origin.evidence import Event, FileEvent
from earmark.origin.ledger import Ledger
from earmark.origin.model import Change, FileOrigins, LineOrigin, LineRange, ai
from earmark.origin.recorder import record_event
from earmark.policy.model import DEFAULT
from earmark.trailers.declare import block

SOURCE = "".join(f"def handler_{n}(request):\n    return request.get({n})\n\n\n" for n in range(10))
WRITTEN = b"one = 1\ntwo = 2"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=1_000)
    parser.add_argument("--commits", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=5)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as name, home(Path(name)):
        show([*tag(Path(name), asked.files, asked.runs), *judge(Path(name), asked.commits)])
    return 0


def tag(top: Path, count: int, runs: int) -> list[Row]:
    """An assistant adds two lines to each of `count` files of 40 lines; all is staged."""
    repo, empty = Repo(top / "tag"), Repo(top / "empty")
    for n in range(count):
        repo.write(f"m{n}.py", SOURCE)
    repo.git("add", "-A")
    repo.git("commit", "-q", "-m", "many")
    for n in range(count):
        repo.write(f"m{n}.py", SOURCE + f"def more_{n}(x):\n    return eval(x)\n")
    with Ledger.open(repo.repo) as ledger:
        for n in range(0, count, 50):
            files = tuple(
                FileEvent(f"m{k}.py", before=SOURCE, after=SOURCE + f"def more_{k}(x):\n    return eval(x)\n")
                for k in range(n, min(n + 50, count))
            )
            record_event(repo.repo, ledger, Event("after", str(repo.top), SESSION, files))
    repo.git("add", "-A")

    def ours(where: Repo) -> None:
        run(sys.executable, "-EP", "-c", EARMARK, "tag", "--dry-run", cwd=where.top)

    started = perf_counter()
    ours(repo)
    cold = perf_counter() - started
    diff, start, warm = compare(
        runs, lambda: run("git", "diff", "--cached", cwd=repo.top), lambda: ours(empty), lambda: ours(repo)
    )
    about = f"{count} staged files"
    return [
        Row(f"tag, {about}, assessments cached (git diff --cached)", diff, warm, "",
            f"minus start-up of {1000 * start:.0f} ms: {(warm - start) / diff:.1f} × (≤ 2)"),
        Row(f"tag, {about}, nothing cached (start-up)", start, cold, "",
            f"{1000 * (cold - start) / count:.1f} ms a file (≤ 30)"),
    ]  # fmt: skip


def judge(top: Path, count: int) -> list[Row]:
    """Every tenth of `count` commits is an assistant's, declared and noted."""
    repo = Repo(top / "check")
    base = _head(repo)
    _import(repo, count, base)
    started: list[object] = []
    start = git_run.start

    def counted(*args: object, **options: object) -> object:
        started.append(args)
        return start(*args, **options)  # type: ignore[arg-type]

    objects = sys.modules["earmark.git.objects"]
    for module in (git_run, objects):
        module.start = counted  # type: ignore[attr-defined]
    [log] = compare(1, lambda: run("git", "log", "--raw", "--format=raw", f"{base}..HEAD", cwd=repo.top))
    before = perf_counter()
    with Ledger.open(repo.repo, create=False) as ledger:
        facts = gather.of_span(repo.repo, ledger, gather.span(repo.repo, f"{base}..HEAD"), "push")
    verdict = check(facts)
    took = perf_counter() - before
    assert verdict.ok, verdict.violations[:3]
    note = f"{verdict.attested.declared} declared, {len(started)} git processes"
    return [Row(f"check, {count} commits (git log --raw)", log, took, "constant processes", note)]


def _head(repo: Repo) -> str:
    return git_run.run(repo.repo, "rev-parse", "HEAD").decode().strip()


def _import(repo: Repo, count: int, base: str) -> None:
    """`count` commits by way of git fast-import, then the notes of those that need one."""
    change = Change("", "", (FileOrigins("", "", 2, 0, (LineOrigin(LineRange(1, 2), ai(SESSION.id)),)),), {})
    stream = [b"reset refs/heads/main\nfrom %b\n\n" % base.encode()]
    declared: dict[int, Change] = {}
    for n in range(1, count + 1):
        message, path = b"Change %d\n" % n, f"d{n % 97}/f{n}.py"
        if n % 10 == 0:
            lines = tuple((SESSION.id, line) for line in WRITTEN.split(b"\n"))
            file = change.files[0]._replace(path=path, ai_text=lines)
            declared[n] = change._replace(files=(file,), sessions={SESSION.id: SESSION})
            message += b"\n" + block(DEFAULT, [declared[n]], "low").encode()
        text = WRITTEN + b"\n"
        stream.append(
            b"commit refs/heads/main\nmark :%d\ncommitter Ada <ada@example.com> %d +0000\ndata %d\n%b"
            b"M 100644 inline %b\ndata %d\n%b\n"
            % (n, 1_700_000_000 + 60 * n, len(message), message, path.encode(), len(text), text)
        )
    marks = repo.top / ".git" / "marks"
    run("git", "fast-import", "--quiet", f"--export-marks={marks}", cwd=repo.top, input=b"".join(stream))
    ids: dict[str, str] = dict(line.split() for line in marks.read_text().splitlines())
    made = {}
    for n, one in declared.items():
        noted = one._replace(commit=ids[f":{n}"])
        made[noted.commit] = notes.format_note(notes.from_change(noted, digest(noted.files)))
    git_notes.write(repo.repo, notes.REF, made, None)


if __name__ == "__main__":
    sys.exit(main())
