"""Scan many files, with all cores where that pays."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import repeat
from typing import NamedTuple

from earmark.risk.baseline import fingerprint
from earmark.risk.dependencies.check import check
from earmark.risk.dependencies.manifests import registry_of
from earmark.risk.dependencies.surroundings import around
from earmark.risk.engine import scan
from earmark.risk.finding import Finding, in_order
from earmark.risk.incidents import Incident, resembling
from earmark.risk.rules import RuleSet, load_default
from earmark.risk.user_packs import Pack
from earmark.text.languages import language_of

# Folders that hold other people's code, or none.
SKIPPED = frozenset(
    {".git", ".hg", ".svn", "node_modules", ".venv", "venv", "__pycache__", ".tox", ".nox", ".mypy_cache",
     ".ruff_cache", ".pytest_cache", ".terraform", ".gradle", ".idea", "site-packages"}
)  # fmt: skip
LARGEST = 2 << 20
# Starting a worker costs a few hundred milliseconds; below this many bytes one process is faster.
_WORTH_WORKERS = 1 << 20
_BATCH = 24


class Place(NamedTuple):
    """A finding with its lines and columns: 1-based, columns in characters, the end inclusive in lines and exclusive in
    columns. `print` is the fingerprint of its line."""

    start_line: int
    start_column: int
    end_line: int
    end_column: int
    finding: Finding
    print: str = ""


class Around(NamedTuple):
    """What the repository of the scanned files brings: its `top` (absolute), incident reports and fit rule packs."""

    top: str = ""
    incidents: tuple[Incident, ...] = ()
    packs: tuple[Pack, ...] = ()

    @property
    def rules(self) -> RuleSet:
        """Our rules and those of the packs."""
        return _rules(self.packs)


@lru_cache(maxsize=4)
def _rules(packs: tuple[Pack, ...]) -> RuleSet:
    """One set a process: it is compiled once."""
    return load_default().with_packs(packs) if packs else load_default()


NOTHING = Around()


class FileResult(NamedTuple):
    """What was found in one file, by place, and what could not be looked at."""

    path: str
    places: tuple[Place, ...]
    errors: tuple[str, ...]


def files_under(paths: Sequence[str]) -> Iterator[str]:
    """Every file at or below `paths`, sorted within each folder; symbolic links are not followed."""
    for path in paths:
        if not os.path.isdir(path):
            yield path
            continue
        for folder, folders, files in os.walk(path):
            folders[:] = sorted(f for f in folders if f not in SKIPPED)
            for name in sorted(files):
                full = os.path.join(folder, name)
                if not os.path.islink(full):
                    yield full


def read(path: str) -> tuple[bytes, str]:
    """(content, error): empty content when the file is binary, too large or unreadable; an error where that matters."""
    try:
        if os.path.getsize(path) > LARGEST:
            return b"", f"{path}: larger than {LARGEST >> 20} MiB; not scanned"
        with open(path, "rb") as handle:
            data = handle.read()
    except OSError as problem:
        return b"", f"{path}: {problem.strerror or problem}"
    return (b"" if b"\0" in data[:8000] else data), ""


def places(text: bytes, findings: Iterable[Finding]) -> tuple[Place, ...]:
    """Findings with lines and columns."""
    found = []
    for finding in findings:
        first, column = position(text, finding.start)
        last, end_column = position(text, max(finding.start, finding.end))
        found.append(Place(first, column, last, end_column, finding, fingerprint(text, finding.start)))
    return tuple(found)


def position(text: bytes, offset: int) -> tuple[int, int]:
    """Line and column of a byte offset, 1-based, the column in characters."""
    start = text.rfind(b"\n", 0, offset) + 1
    return text.count(b"\n", 0, offset) + 1, len(text[start:offset].decode("utf-8", "replace")) + 1


def scan_file(path: str, ranges: Sequence[tuple[int, int]] | None = None, here: Around = NOTHING) -> FileResult:
    """One file, read and scanned; `ranges` as in `engine.scan`."""
    text, error = read(path)
    if not text:
        return FileResult(path, (), (error,) if error else ())
    language = language_of(path, text[:200].split(b"\n", 1)[0])
    if not language and not _is_plain(path):
        return FileResult(path, (), ())
    shown = path.replace(os.sep, "/").removeprefix("./")
    rules = here.rules
    found, errors = scan(text, language, shown, ranges=ranges, rules=rules)
    full = os.path.abspath(path)
    packages, problems = check(text, language, shown, around(full), rules=rules, ranges=ranges)
    if here.incidents:
        inside = os.path.relpath(os.path.realpath(full), here.top).replace(os.sep, "/")
        found += resembling(text, language, inside, here.incidents, ranges=ranges)
    return FileResult(path, places(text, in_order(found + packages)), errors + problems)


_PLAIN = (".env", ".ini", ".cfg", ".conf", ".toml", ".properties", ".txt", ".pem", ".key", ".npmrc", ".xml", ".netrc")


def _is_plain(path: str) -> bool:
    """Files of no language of ours that nevertheless hold configuration, and with it secrets, or name packages."""
    name = os.path.basename(path).lower()
    return name.endswith(_PLAIN) or name.startswith(".env") or registry_of(path) is not None


def _batch(paths: list[str], here: Around) -> list[FileResult]:
    return [scan_file(path, here=here) for path in paths]


def sweep(paths: Sequence[str], here: Around = NOTHING) -> Iterator[FileResult]:
    """The result of every file, in the order of `paths`, with the rule-set that ships with this version."""
    total = 0
    for path in paths:
        try:
            total += os.path.getsize(path)
        except OSError:
            continue
        if total > _WORTH_WORKERS:
            break
    workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if total <= _WORTH_WORKERS or workers < 2 or len(paths) < 2 * _BATCH:
        yield from (scan_file(path, here=here) for path in paths)
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    batches = [list(paths[i : i + _BATCH]) for i in range(0, len(paths), _BATCH)]
    method = "forkserver" if os.name == "posix" else "spawn"
    with ProcessPoolExecutor(min(workers, 8), mp_context=get_context(method)) as pool:
        for results in pool.map(_batch, batches, repeat(here)):
            yield from results
