"""What stands around a change, as its base has it: who uses what it touches, and the incidents it resembles."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Final

from earmark.git import trees
from earmark.git.changes import FileChange
from earmark.git.objects import Objects
from earmark.git.repository import Repository
from earmark.policy.background import changed_files
from earmark.policy.dependents import Dependents, dependents, touched_names
from earmark.review.request import Incident
from earmark.risk import incidents
from earmark.risk.assess import changed_ranges
from earmark.risk.changed import ChangedFile
from earmark.text.languages import language_of

INDEX_SECONDS: Final = 20.0  # for learning who uses what; not known where that is not enough


def around(
    repo: Repository, objects: Objects, base: str, pairs: Sequence[FileChange]
) -> tuple[Dependents | None, tuple[Incident, ...]]:
    """Who uses what the changed `pairs` touch (None: not known), and the reports at `base` that they resemble; the
    index of symbols is brought up to date for it."""
    tree: Mapping[str, str] = trees.files(repo, base) if base else {}
    files = changed_files(objects, pairs)
    end = time.monotonic() + INDEX_SECONDS
    users = dependents(repo, objects, files, lambda: tree, told=lambda done, total: time.monotonic() < end)
    reports = ((path, objects.blob(oid)) for path, oid in tree.items() if incidents.is_report(path))
    known, _ = incidents.read(reports, trusted=repo.trusted)
    return users, tuple(found for report in known if (found := _resembled(report, files)) is not None)


def _resembled(report: incidents.Incident, files: Sequence[ChangedFile]) -> Incident | None:
    """The report as the request shows it, with the first file that resembles it; None where none does."""
    for file in files:
        ranges, names = changed_ranges(file), touched_names(file)
        language = language_of(file.path)
        for finding in incidents.resembling(file.new, language, file.path, [report], ranges=ranges, symbols=names):
            when = f" of {report.date}" if report.date else ""
            why = finding.detail.partition(": ")[2]
            lesson = f"; {report.lesson}" if report.lesson else ""
            return Incident(f"{report.id}{when}: {report.title or report.severity}", "", f"{file.path}: {why}{lesson}")
    return None
