"""`earmark scan --all` over a tree of Python, beside ast-grep with as many rules and bandit, in one run.

    python tests/bench/scan_speed.py [--runs N] [--peers PATH-OF-A-VENV-BIN] [FOLDER]

FOLDER is scanned (default: packages of this interpreter). A peer that is not in `--peers` is left out. ast-grep's rules
are call patterns on names that the tree uses, as many as Earmark has for Python: what is compared is the work of going
through the tree with that many rules, not what is found.
"""

from __future__ import annotations

import argparse
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from earmark.risk import engine
from earmark.risk.rules import load_default
from earmark.text.syntax import parse

PACKAGES = ("_pytest", "httpx", "hypothesis", "mypy_extensions", "pip", "pygls", "pygments", "rich")


class Row(NamedTuple):
    """`seconds` of wall time for the whole tree."""

    what: str
    seconds: float


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--peers", type=Path)
    parser.add_argument("folder", nargs="?", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        tree = Path(name) / "tree"
        _lay_out(asked.folder, tree)
        files = sorted(tree.rglob("*.py"))
        texts = [file.read_bytes() for file in files]
        lines = sum(text.count(b"\n") for text in texts)
        rules = len(load_default().for_language("python"))
        works = _works(tree, rules, texts, asked.peers)
        rows = [Row(what, _median(asked.runs, work)) for what, work in works.items()]
        Console(width=120).print(
            _table(rows, lines), f"{len(files)} files, {lines} lines, {rules} rules\n", _warm(files)
        )
    return 0


def _lay_out(folder: Path | None, tree: Path) -> None:
    tree.mkdir()
    if folder is not None:
        shutil.copytree(folder, tree / folder.name)
        return
    installed = Path(sys.executable).parents[1] / "lib" / f"python3.{sys.version_info[1]}" / "site-packages"
    for package in PACKAGES:
        if (installed / package).is_dir():
            shutil.copytree(installed / package, tree / package, ignore=shutil.ignore_patterns("__pycache__"))


def _works(tree: Path, rules: int, texts: list[bytes], peers: Path | None) -> dict[str, Callable[[], object]]:
    def ours() -> None:
        _run(sys.executable, "-m", "earmark", "scan", "--all", "--format", "json", ".", cwd=tree)

    works: dict[str, Callable[[], object]] = {
        "earmark scan --all": ours,
        "one process, parsing alone": lambda: [parse(text, "python") for text in texts],
    }
    if peers and (peers / "ast-grep").exists():
        file = tree.parent / "rules.yml"
        file.write_text(_patterns(texts, rules))
        works["ast-grep scan"] = lambda: _run(peers / "ast-grep", "scan", "--rule", file, "--json=compact", cwd=tree)
    if peers and (peers / "bandit").exists():
        works["bandit -r"] = lambda: _run(peers / "bandit", "-q", "-r", "-f", "json", ".", cwd=tree)
    return works


def _patterns(texts: list[bytes], count: int) -> str:
    called = Counter(name for text in texts for name in re.findall(rb"\b([a-z_]\w+)\(", text))
    names = [name.decode() for name, _ in called.most_common(4 * count)][3::4]
    return "\n---\n".join(
        f"id: r{n}\nlanguage: python\nrule:\n  pattern: {name}($$$A)" for n, name in enumerate(names[:count])
    )


def _run(*command: str | Path, cwd: Path) -> None:
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, check=False)
    assert done.returncode in (0, 1), done.stderr.decode()


def _median(runs: int, work: Callable[[], object]) -> float:
    taken = []
    for _ in range(runs):
        start = perf_counter()
        work()
        taken.append(perf_counter() - start)
    return statistics.median(taken)


def _table(rows: list[Row], lines: int) -> Table:
    table = Table("whole tree", "s", "lines/s", "earmark ÷ this", box=None, pad_edge=False)
    ours = rows[0].seconds
    for row in rows:
        table.add_row(
            row.what, f"{row.seconds:.2f}", f"{lines / row.seconds:,.0f}", f"{row.seconds / ours:.2f} x its speed"
        )
    return table


def _warm(files: list[Path]) -> str:
    """Milliseconds of processor time a file, once the rules are loaded."""
    rules = load_default()
    engine.scan(b"x = 1\n", "python", "x.py", rules=rules)
    taken = []
    for file in files:
        text = file.read_bytes()
        start = process_time()
        engine.scan(text, "python", file.name, rules=rules)
        taken.append(process_time() - start)
    late = sorted(taken)[len(taken) * 95 // 100]
    return f"warm, a file: median {1000 * statistics.median(taken):.1f} ms, p95 {1000 * late:.1f}"


if __name__ == "__main__":
    sys.exit(main())
