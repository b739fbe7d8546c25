"""`earmark scan [--all] [--format text,json,sarif] PATH…`: risky code, by default only where an AI wrote it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from earmark.cli.workspace import CannotTell, display, guarded

if TYPE_CHECKING:
    from earmark.risk.sweep import FileResult, Place


def run(argv: list[str]) -> int:
    """Exit code 0 without findings, 1 with, 2 when a path cannot be read."""
    return guarded("scan", _scan(argv))


def _scan(argv: list[str]) -> Iterator[int]:
    from argparse import ArgumentParser

    parser = ArgumentParser(prog="earmark scan", description="Risky code in AI regions, or in all code with --all.")
    parser.add_argument("--all", action="store_true", help="all code, not only what an AI wrote")
    parser.add_argument("--format", choices=("text", "json", "sarif"), default="text", help="json: one object a line")
    parser.add_argument("paths", nargs="*", default=["."], metavar="PATH")
    asked = parser.parse_args(argv)
    missing = [path for path in asked.paths if not os.path.exists(path)]
    if missing:
        raise CannotTell(f"{missing[0]} does not exist")
    from earmark.risk.sweep import files_under, sweep

    paths = list(files_under(asked.paths))
    origins = _Origins(required=not asked.all)
    with origins:
        results = sweep(paths) if asked.all else origins.in_ai_text(paths)
        found = _show(results, asked.format, origins)
    yield 1 if found else 0


def _show(results: Iterator[FileResult], form: str, origins: _Origins) -> int:
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
        from earmark.risk.rules import load_default
        from earmark.risk.sarif import document

        print(json.dumps(document(kept, load_default(), __version__), indent=2))
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
            "hint": finding.hint,
            "origin": origins.of(path, finding.start),
        }
    )


def _line(path: str, place: Place) -> str:
    finding = place.finding
    where = f"{display(path.removeprefix('./'))}:{place.start_line}:{place.start_column}"
    return f"{where}: {finding.severity}: {finding.message} {finding.hint} [{finding.rule}]"


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

    def in_ai_text(self, paths: Sequence[str]) -> Iterator[FileResult]:
        """Only what stands in AI regions; a file without any is not even parsed."""
        from earmark.risk.sweep import scan_file

        for path in paths:
            regions = [r for r in self._regions(path) if r.origin.kind == "ai"]  # type: ignore[attr-defined]
            if regions:
                yield scan_file(path, ranges=[(r.start, r.end) for r in regions])  # type: ignore[attr-defined]
