"""What a change takes from one file and puts into another is not gone.

A change rule sees one file. Where the guard, test or call that it misses comes to stand in another file of the same
change, nothing was removed. Only findings that are shown and scored know this; what a trailer says of a file depends on
that file alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from earmark.risk.changed import ChangedFile, FileFindings
from earmark.risk.finding import Finding
from earmark.risk.places import regex

# A shorter text may stand anywhere by chance.
_SHORTEST = 8


def without_moved(files: Sequence[ChangedFile], found: Sequence[FileFindings]) -> list[FileFindings]:
    """The findings without those about something that another file of the change has gained."""
    if len(files) < 2 or not any(_removed(f) for one in found for f in one.change):
        return list(found)
    gained = {file.path: (_squeezed(file.old), _squeezed(file.new)) for file in files}

    def moved(finding: Finding, path: str) -> bool:
        key = _removed(finding)
        elsewhere = (texts for other, texts in gained.items() if other != path)
        return bool(key) and any(new.count(key) > old.count(key) for old, new in elsewhere)

    return [one._replace(change=tuple(f for f in one.change if not moved(f, one.path))) for one in found]


def _removed(finding: Finding) -> str:
    """The words that a finding says are removed, "" when it says nothing of the kind."""
    match = regex(r"(?:^|; )removed: (.+)$").search(finding.detail)
    # A function is named with its class; it may have another one where it stands now.
    key = match.group(1) if match is not None else ""
    key = key.rsplit(".", 1)[-1] if regex(r"^[\w.$]+$").search(key) else key
    return key if len(key) >= _SHORTEST else ""


def _squeezed(text: bytes) -> str:
    return " ".join(text.decode("utf-8", "replace").split())
