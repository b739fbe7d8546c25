"""What the rules say of the AI text of a change, kept in the ledger by rule-set, blobs and AI lines.

A commit whose files the server, or the process that `record` starts, has looked at costs no scan: the rules themselves
are imported when something was not looked at.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from earmark.git.changes import FileChange
from earmark.origin.ledger import Ledger, LedgerError
from earmark.origin.model import Change, FileOrigins
from earmark.risk.changed import ChangedFile, FileFindings, risk_level_for_trailer
from earmark.risk.finding import RULE_SET, Finding

if TYPE_CHECKING:
    from earmark.risk.rules import RuleSet

TIME_LIMIT = 5.0


class Looked(NamedTuple):
    """`level` is what the named rule-set alone says of the AI text and AI removals (`AI-Risk`), empty without any;
    `subjects` are the files that were looked at, without their texts, `files` what was found in each. `late` are files
    that were not looked at within the time limit, `errors` what could not be looked at."""

    level: str
    subjects: tuple[ChangedFile, ...]
    files: tuple[FileFindings, ...]
    late: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()


def looked_at(
    ledger: Ledger,
    change: Change,
    pairs: Iterable[FileChange],
    read: Callable[[FileChange], tuple[bytes, bytes]],
    *,
    rules: RuleSet | None = None,
    seconds: float = TIME_LIMIT,
) -> Looked:
    """What the rules say of what AI did in `change`; `pairs` are its files and `read` gives the old and new content of
    one."""
    ai = {file.path: file for file in change.files if file.ai_lines or file.ai_removed}
    subjects: list[ChangedFile] = []
    found: list[FileFindings] = []
    late: list[str] = []
    end = time.monotonic() + seconds
    for pair in pairs:
        origins = ai.get(pair.path)
        if origins is None:
            continue
        key = _key(rules.version if rules else RULE_SET, pair, origins)
        known = _kept(ledger, key, pair.path) if pair.old or pair.new else None
        if known is None and time.monotonic() > end:
            late.append(pair.path)
            continue
        if known is None:
            from earmark.risk.assess import findings_of
            from earmark.risk.rules import load_default

            known = findings_of(_subject(origins, *read(pair)), rules or load_default())
            if not known.errors and (pair.old or pair.new):
                _keep(ledger, key, known)
        subjects.append(_subject(origins, b"", b""))
        found.append(known)
    errors = tuple(error for file in found for error in file.errors)
    level = risk_level_for_trailer(found) if ai else ""
    return Looked(level, tuple(subjects), tuple(found), tuple(late), errors)


def _subject(file: FileOrigins, old: bytes, new: bytes) -> ChangedFile:
    return ChangedFile(
        file.path,
        old,
        new,
        file.old_path if file.old_path != file.path else "",
        tuple((o.lines.start, o.lines.end) for o in file.owners if o.origin.kind == "ai"),
        tuple(removal.at for removal in file.removals),
        file.ai_lines,
        file.ai_removed,
    )


def _key(version: str, pair: FileChange, file: FileOrigins) -> str:
    lines = [o.lines for o in file.owners if o.origin.kind == "ai"]
    what = repr((pair.path, pair.old, pair.new, lines, [r.at for r in file.removals]))
    return f"findings:{version}:{hashlib.sha256(what.encode('utf-8', 'surrogatepass')).hexdigest()}"


def _kept(ledger: Ledger, key: str, path: str) -> FileFindings | None:
    stored = ledger.cached(key)
    if stored is None:
        return None
    text, change = json.loads(stored)
    return FileFindings(path, tuple(Finding(*item) for item in text), tuple(Finding(*item) for item in change))


def _keep(ledger: Ledger, key: str, found: FileFindings) -> None:
    """Keep the findings, without their fixes, which only an editor needs. A busy ledger is no reason to fail."""
    rows: Sequence[Sequence[Finding]] = (found.text, found.change)
    try:
        ledger.cache(key, json.dumps([[list(f._replace(fix=None)) for f in findings] for findings in rows]))
    except LedgerError:
        return
