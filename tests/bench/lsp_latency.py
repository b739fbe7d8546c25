"""Edit → diagnostics, bursts, start-up and memory of the language server, beside its peers, in one run.

    python tests/bench/lsp_latency.py [--runs N] [--peers PATH-OF-A-VENV-BIN]

Peers: the bare JSON-RPC floor and a bare pygls server (both here), `ruff server` (installed with the test set-up), and
jedi-language-server where `--peers` has one. Every row is a ratio to something measured in the same run; milliseconds
are those of this machine.
"""

from __future__ import annotations

import argparse
import random
import shutil
import statistics
import sys
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parent))
from lsp_client import Client, change

from earmark.text.document import ByteDocument
from earmark.text.edits import Edit
from earmark.text.incremental import IncrementalTree

HERE = Path(__file__).parent
SIZES = (200, 2_000, 20_000)
EVAL = "py-code-injection"

FUNCTION = '''def handler_{n}(request, store, limit={n}):
    """Serve request number {n}."""
    try:
        record = store.find(request.key, timeout=5)
        if record is None:
            return {{"status": 404, "number": {n}}}
        total = sum(item.amount for item in record.items if item.amount > limit)
    except ValueError as error:
        log.warning("request %s failed: %s", request.key, error)
        raise
    return {{"status": 200, "total": total}}

'''
RISKY = """def fetch_{n}(url):
    try:
        reply = requests.get(url)
        return subprocess.run(reply.text, shell=True)
    except Exception:
        pass

"""


def source(lines: int) -> str:
    """A module of about `lines` lines with some twenty findings, whatever its length."""
    parts = ["import logging\nimport subprocess\n\nimport requests\n\nlog = logging.getLogger(__name__)\n\n"]
    count = lines // 12
    risky = {round(i * count / 7) for i in range(7)}
    for n in range(count):
        parts.append(RISKY.format(n=n) if n in risky else FUNCTION.format(n=n))
    return "".join(parts)


class Times(NamedTuple):
    """Milliseconds."""

    p50: float
    p95: float


def percentiles(seconds: list[float]) -> Times:
    ordered = sorted(s * 1e3 for s in seconds)
    return Times(statistics.median(ordered), ordered[int(len(ordered) * 0.95)])


def places(text: str, word: str, count: int) -> list[tuple[int, int]]:
    """Random (line, column) of `word`, behind its second letter."""
    found = [(n, line.index(word) + 2) for n, line in enumerate(text.splitlines()) if word in line]
    return random.Random(7).choices(found, k=count)


def measure(argv: list[str], text: str, inserted: str, runs: int, *, pull: bool) -> Times:
    """Type `inserted` somewhere and take it back, again and again; until the first answer for that version."""
    with Client(argv, pull=pull) as client:
        client.open(text)
        client.quiet(1.0)
        version, seconds = 1, []
        for place in places(text, "record", runs):
            for edit in (("do", place, place, inserted), ("undo", place, _behind(place, inserted), "")):
                version += 1
                data = change(version, *edit[1:])
                began = perf_counter()
                client.write_framed(data)
                client.diagnostics(version)
                seconds.append(perf_counter() - began)
                # Faster than anyone types, but as with a person the next key does not come with the answer.
                client.quiet(0.01)
        return percentiles(seconds)


def complete(argv: list[str], text: str, runs: int) -> tuple[Times, Times]:
    """Break the syntax with an open quote behind a risky call: until the call is shown, and the raw parse alone."""
    answers, parses = [], []
    inserted = 'eval(q); "'
    document, tree = ByteDocument(text.encode()), IncrementalTree.of("python")
    assert tree is not None
    tree.parse(document.text, 60)
    with Client(argv) as client:
        client.open(text)
        client.quiet(1.0)
        version = 1
        for line, _ in places(text, "record", runs):
            column = len(text.splitlines()[line]) - len(text.splitlines()[line].lstrip())
            for new, start, end in ((inserted, column, column), ("", column, column + len(inserted))):
                version += 1
                data = change(version, (line, start), (line, end), new)
                edit = Edit(document.offset(line, start, "utf-16"), document.offset(line, end, "utf-16"), new.encode())
                began = perf_counter()
                client.write_framed(data)
                while new and not any(d["code"] == EVAL and _line(d) == line for d in client.diagnostics(version)):
                    pass
                took = perf_counter() - began
                client.quiet(0.5)
                tree.edit(edit, document.text)
                document.apply(edit)
                began = perf_counter()
                tree.parse(document.text, 60)
                if new:
                    answers.append(took)
                    parses.append(perf_counter() - began)
    return percentiles(answers), percentiles(parses)


def _line(diagnostic: dict[str, Any]) -> int:
    line: int = diagnostic["range"]["start"]["line"]
    return line


def _behind(place: tuple[int, int], text: str) -> tuple[int, int]:
    """The place behind `text` inserted at `place`."""
    return (place[0] + 1, 0) if text == "\n" else (place[0], place[1] + len(text))


def burst(argv: list[str], text: str, *, pull: bool, count: int = 200) -> float:
    """Milliseconds from the first of `count` unthrottled edits to the diagnostics of the last."""
    with Client(argv, pull=pull) as client:
        client.open(text)
        client.quiet(0.5)
        spots = places(text, "record", count)
        edits = b"".join(change(n + 2, spot, spot, "x") for n, spot in enumerate(spots))
        began = perf_counter()
        client.write_framed(edits)
        client.diagnostics(count + 1)
        return (perf_counter() - began) * 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=60)
    parser.add_argument("--peers", type=Path, help="a folder of executables that may hold jedi-language-server")
    options = parser.parse_args()
    console = Console(width=150)
    ours = [sys.executable, "-m", "earmark", "serve", "--stdio"]
    ruff = shutil.which("ruff", path=str(Path(sys.executable).parent)) or shutil.which("ruff")
    servers = {"floor": [sys.executable, str(HERE / "lsp_floor.py")], "earmark": ours}
    if ruff:
        servers["ruff"] = [ruff, "server"]
    latency(console, servers, options.runs)
    startup(console, servers, options.peers)


def latency(console: Console, servers: dict[str, list[str]], runs: int) -> None:
    table = Table(title="edit → diagnostics of that version, ms p50 / p95")
    for column in ("mode", "edit", "lines", *servers, "earmark / ruff p50", "p95"):
        table.add_column(column, justify="right" if column not in ("mode", "edit") else "left")
    for pull in (False, True):
        for name, inserted in (("letter", "x"), ("new line", "\n"), ("open bracket", "("), ("open quote", '"')):
            for lines in SIZES:
                text = source(lines)
                times = {who: measure(argv, text, inserted, runs, pull=pull) for who, argv in servers.items()}
                table.add_row(
                    "pull" if pull else "push", name, str(lines),
                    *(f"{t.p50:.2f} / {t.p95:.2f}" for t in times.values()), *_ratios(times),
                )  # fmt: skip
    for pull in (False, True):
        for lines in SIZES:
            text = source(lines)
            took = {who: burst(argv, text, pull=pull) for who, argv in servers.items()}
            ratio = f"{took['earmark'] / took['ruff']:.2f}" if "ruff" in took else ""
            shown = [f"{ms:.0f}" for ms in took.values()]
            table.add_row("pull" if pull else "push", "200 at once", str(lines), *shown, ratio, "")
    console.print(table)
    table = Table(title="open quote → complete answer, ms p50 / p95")
    for column in ("lines", "earmark", "raw parse", "ratio p95"):
        table.add_column(column, justify="right")
    for lines in SIZES:
        ours, raw = complete(servers["earmark"], source(lines), max(runs // 4, 8))
        ratio = f"{ours.p95 / raw.p95:.2f}"
        table.add_row(str(lines), f"{ours.p50:.2f} / {ours.p95:.2f}", f"{raw.p50:.2f} / {raw.p95:.2f}", ratio)
    console.print(table)


def _ratios(times: dict[str, Times]) -> tuple[str, str]:
    if "ruff" not in times:
        return "", ""
    ours, ruff = times["earmark"], times["ruff"]
    return f"{ours.p50 / ruff.p50:.2f}", f"{ours.p95 / ruff.p95:.2f}"


def startup(console: Console, servers: dict[str, list[str]], peers: Path | None) -> None:
    chosen = {"bare pygls": [sys.executable, str(HERE / "bare_pygls.py")], **servers}
    jedi = shutil.which("jedi-language-server", path=str(peers) if peers else None)
    if jedi:
        chosen["jedi-language-server"] = [jedi]
    seconds: dict[str, list[float]] = {who: [] for who in chosen}
    memory: dict[str, float] = {}
    for _ in range(9):
        for who, argv in chosen.items():
            with Client(argv) as client:
                seconds[who].append(client.startup)
                memory[who] = client.memory()
    base = statistics.median(seconds["bare pygls"])
    table = Table(title="start → answer to initialize; memory (resident)")
    for column in ("server", "ms p50", "÷ bare pygls", "MiB idle", "MiB with 20,000 lines"):
        table.add_column(column, justify="right" if column != "server" else "left")
    for who, argv in chosen.items():
        took = statistics.median(seconds[who])
        full = ""
        if who in ("earmark", "ruff"):
            with Client(argv) as client:
                client.open(source(20_000))
                client.quiet(1.0)
                full = f"{client.memory():.0f}"
        table.add_row(who, f"{took * 1e3:.0f}", f"{took / base:.2f}", f"{memory[who]:.0f}", full)
    console.print(table)


if __name__ == "__main__":
    main()
