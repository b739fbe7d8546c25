"""`earmark scan [--all] [--format text,json,sarif] PATH…`: risky code, by default only where an AI wrote it.

With `--baseline FILE` only what is not in the file; `--write-baseline FILE` writes what is found now.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from earmark.cli.workspace import CannotTell, display, guarded

if TYPE_CHECKING:
    from earmark.risk.baseline import Baseline, Key
    from earmark.risk.rules import RuleSet
    from earmark.risk.sweep import Around, FileResult, Place


def run(argv: list[str]) -> int:
    """Exit code 0 without findings, 1 with, 2 when a path cannot be read."""
    return guarded("scan", _scan(argv))


def _scan(argv: list[str]) -> Iterator[int]:
    from argparse import ArgumentParser

    parser = ArgumentParser(prog="earmark scan", description="Risky code in AI regions, or in all code with --all.")
    parser.add_argument("--all", action="store_true", help="all code, not only what an AI wrote")
    parser.add_argument("--format", choices=("text", "json", "sarif"), default="text", help="json: one object a line")
    parser.add_argument("--baseline", metavar="FILE", help="leave out the findings that FILE knows")
    parser.add_argument("--write-baseline", metavar="FILE", help="write the findings to FILE and show none")
    parser.add_argument("paths", nargs="*", default=["."], metavar="PATH")
    asked = parser.parse_args(argv)
    missing = [path for path in asked.paths if not os.path.exists(path)]
    if missing:
        raise CannotTell(f"{missing[0]} does not exist")
    from earmark.risk.sweep import files_under, sweep

    paths = list(files_under(asked.paths))
    here = _around(asked.paths[0])
    known = _baseline(asked.baseline) if asked.baseline else None
    origins = _Origins(required=not asked.all)
    with origins:
        results = sweep(paths, here) if asked.all else origins.in_ai_text(paths, here)
        if known is not None:
            results = _without(known, results, os.path.dirname(os.path.abspath(asked.baseline)))
        if asked.write_baseline:
            yield _write_baseline(asked.write_baseline, results)
        found = _show(results, asked.format, origins, here.rules)
    yield 1 if found else 0


def _around(path: str) -> Around:
    """What the repository of what is scanned brings; what of it is not used is said."""
    from earmark.git.trust import open_repository
    from earmark.policy.repository_rules import repository_rules
    from earmark.risk.sweep import Around

    repo = open_repository(path)
    brought = repository_rules(repo)
    for where, why in brought.problems:
        print(f"earmark scan: {display(where)} is not used: {display(why)}", file=sys.stderr)
    return Around(repo.top if repo is not None else "", brought.incidents, brought.packs)


def _baseline(path: str) -> Baseline:
    from earmark.risk.baseline import Baseline, BaselineError

    try:
        with open(path, "rb") as handle:
            return Baseline.parse(handle.read())
    except (OSError, BaselineError) as problem:
        raise CannotTell(f"{path} cannot be used as a baseline: {problem}") from None


def _key(folder: str, result: FileResult, place: Place) -> Key:
    """How a baseline in `folder` knows a finding."""
    return os.path.relpath(result.path, folder).replace(os.sep, "/"), place.finding.rule, place.print


def _without(known: Baseline, results: Iterator[FileResult], folder: str) -> Iterator[FileResult]:
    for result in results:
        yield result._replace(places=tuple(p for p in result.places if not known.hides(_key(folder, result, p))))


def _write_baseline(path: str, results: Iterator[FileResult]) -> int:
    from earmark.risk.baseline import Baseline

    folder = os.path.dirname(os.path.abspath(path))
    keys = [_key(folder, result, place) for result in results for place in result.places]
    try:
        with open(path, "wb") as handle:
            handle.write(Baseline(keys).dump())
    except OSError as problem:
        raise CannotTell(f"{path} cannot be written: {problem.strerror}") from None
    print(f"{len(keys)} findings are the baseline in {display(path)}")
    return 0


def _show(results: Iterator[FileResult], form: str, origins: _Origins, rules: RuleSet) -> int:
    """Print as it comes; the number of findings."""
    number = 0
    kept: list[FileResult] = []
    for result in results:
        for error in result.errors:
            print(f"earmark scan: {display(error)}", file=sys.stderr)
        number += len(result.places)
        if form == "sarif":
            kept.append(result)
            continue
        for place in result.places:
            print(_json(result.path, place, origins) if form == "json" else _line(result.path, place))
    if form == "sarif":
        from earmark import __version__
        from earmark.risk.sarif import document

        print(json.dumps(document(kept, rules, __version__), indent=2))
    return number


def _json(path: str, place: Place, origins: _Origins) -> str:
    finding = place.finding
    return json.dumps(
        {
            "path": path.replace(os.sep, "/").removeprefix("./"),
            "start_line": place.start_line,
            "end_line": place.end_line,
            "start_column": place.start_column,
            "end_column": place.end_column,
            "rule": finding.rule,
            "category": finding.category,
            "severity": finding.severity,
            "message": finding.message,
            "detail": finding.detail,
            "hint": finding.hint,
            "origin": origins.of(path, finding.start),
        }
    )


def _line(path: str, place: Place) -> str:
    finding = place.finding
    where = f"{display(path.removeprefix('./'))}:{place.start_line}:{place.start_column}"
    detail = f" ({finding.detail})" if finding.detail else ""
    return f"{where}: {finding.severity}: {display(finding.message + detail)} {display(finding.hint)} [{finding.rule}]"


class _Origins:
    """Who wrote what, where a ledger says so; without one every origin is unknown."""

    def __init__(self, *, required: bool) -> None:
        self._required = required
        self._context: object = None
        self._seen: dict[str, tuple[object, ...]] = {}

    def __enter__(self) -> None:
        from earmark.cli.workspace import workspace

        manager = workspace()
        try:
            self._workspace = manager.__enter__()
            self._context = manager
        except CannotTell:
            if self._required:
                raise

    def __exit__(self, *exc: object) -> None:
        if self._context is not None:
            self._context.__exit__(None, None, None)  # type: ignore[attr-defined]

    def _regions(self, path: str, text: bytes | None = None) -> tuple[object, ...]:
        if self._context is None:
            return ()
        if path not in self._seen:
            from earmark.git.repository import relative
            from earmark.origin.state import snapshot
            from earmark.risk.sweep import read

            inside = relative(self._workspace.repo, os.path.abspath(path))
            content = read(path)[0] if text is None else text
            known = snapshot(self._workspace.repo, self._workspace.ledger, inside, content) if inside else None
            self._seen[path] = tuple(known.regions) if known is not None else ()
        return self._seen[path]

    def of(self, path: str, offset: int) -> str:
        """The origin of one byte of a file: ai, human or unknown."""
        for region in self._regions(path):
            if region.start <= offset < region.end:  # type: ignore[attr-defined]
                return str(region.origin.kind)  # type: ignore[attr-defined]
        return "unknown"

    def in_ai_text(self, paths: Sequence[str], here: Around) -> Iterator[FileResult]:
        """Only what stands in AI regions; a file without any is not even parsed."""
        from earmark.risk.sweep import scan_file

        for path in paths:
            regions = [r for r in self._regions(path) if r.origin.kind == "ai"]  # type: ignore[attr-defined]
            if regions:
                yield scan_file(path, [(r.start, r.end) for r in regions], here)  # type: ignore[attr-defined]
