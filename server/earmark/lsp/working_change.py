"""The files of the working change that an assistant touched: what it wrote and removed there, and how risky that is.

Plain data in lines, 1-based and inclusive, of the files as they are on disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

from earmark.risk.finding import SEVERITIES, Finding

if TYPE_CHECKING:
    from earmark.origin.model import Change, FileOrigins
    from earmark.risk.changed import FileFindings


class Remark(NamedTuple):
    """One finding, at its first line."""

    line: int
    rule: str
    severity: str
    message: str


class Stretch(NamedTuple):
    """Lines `start` to `end` that one session wrote or, where `removed` is not 0, the line below which it took that
    many away (0: at the top; `end` is then `start`). `risk` is the highest severity among `remarks`, "low" without
    any."""

    start: int
    end: int
    session: str
    removed: int = 0
    risk: str = SEVERITIES[0]
    remarks: tuple[Remark, ...] = ()


class TouchedFile(NamedTuple):
    """One file; `stretches` in order of place. `risk` is the highest of theirs."""

    path: str
    ai_lines: int
    ai_removed: int
    risk: str
    stretches: tuple[Stretch, ...]


def touched(change: Change, found: Iterable[FileFindings], text_of: Callable[[str], bytes]) -> tuple[TouchedFile, ...]:
    """The AI files of `change`, the riskiest first; `text_of` gives the present content of a path."""
    by_path = {findings.path: findings for findings in found}
    files = []
    for file in change.files:
        if file.ai_lines or file.ai_removed:
            known = by_path.get(file.path)
            remarks = _remarks(known.all, text_of(file.path)) if known is not None else ()
            files.append(_touched(file, remarks))
    return tuple(sorted(files, key=lambda file: (-SEVERITIES.index(file.risk), file.path)))


def _remarks(findings: Iterable[Finding], text: bytes) -> tuple[Remark, ...]:
    found = {Remark(text.count(b"\n", 0, f.start) + 1, f.rule, f.severity, f.message) for f in findings}
    return tuple(sorted(found))


def _touched(file: FileOrigins, remarks: tuple[Remark, ...]) -> TouchedFile:
    written = [Stretch(o.lines.start, o.lines.end, o.origin.author) for o in file.owners if o.origin.kind == "ai"]
    removed = [Stretch(r.at, r.at, r.session, removed=r.lines.end - r.lines.start + 1) for r in file.removals]
    stretches = sorted([*written, *removed])
    placed: list[list[Remark]] = [[] for _ in stretches]
    for remark in remarks:
        if stretches:
            placed[_nearest(stretches, remark.line)].append(remark)
    full = tuple(
        s._replace(risk=_highest(of_it), remarks=tuple(of_it)) for s, of_it in zip(stretches, placed, strict=True)
    )
    return TouchedFile(file.path, file.ai_lines, file.ai_removed, _highest(remarks), full)


def _nearest(stretches: list[Stretch], line: int) -> int:
    """A finding stands in AI text, or beside the place where something was removed."""
    return min(range(len(stretches)), key=lambda n: max(stretches[n].start - line, line - stretches[n].end, 0))


def _highest(remarks: Iterable[Remark]) -> str:
    return SEVERITIES[max((SEVERITIES.index(remark.severity) for remark in remarks), default=0)]
