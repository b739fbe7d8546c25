"""The risk of a change whose origins are known: the one place where origins and rules meet.

Findings are cached in the ledger by rule-set, blobs and AI lines, so that a commit whose files the server or `record`
has looked at costs no scan.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from earmark.git.changes import FileChange
from earmark.origin.ledger import Ledger, LedgerError
from earmark.origin.model import Change, FileOrigins
from earmark.policy.globs import matching
from earmark.policy.model import Policy
from earmark.risk.assess import ChangedFile, FileFindings, findings_of, risk_level_for_trailer
from earmark.risk.finding import Finding
from earmark.risk.rules import RuleSet, load_default
from earmark.risk.score import Assessment, Context, assess, raised

TIME_LIMIT = 5.0


class Assessed(NamedTuple):
    """`level` is what the named rule-set alone says of the AI text and AI removals (`AI-Risk`), empty without any;
    `whole` adds size and context and is what editor, `assess` and reviews show. `late` are files that were not looked
    at within the time limit, `errors` what could not be looked at."""

    level: str
    whole: Assessment
    files: tuple[FileFindings, ...]
    late: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()


def assessed(
    ledger: Ledger,
    change: Change,
    pairs: Iterable[FileChange],
    read: Callable[[FileChange], tuple[bytes, bytes]],
    policy: Policy,
    *,
    rules: RuleSet | None = None,
    seconds: float = TIME_LIMIT,
) -> Assessed:
    """The risk of what AI did in `change`; `pairs` are its files and `read` gives the old and new content of one."""
    rules = rules or load_default()
    ai = {file.path: file for file in change.files if file.ai_lines or file.ai_removed}
    looked: list[ChangedFile] = []
    found: list[FileFindings] = []
    late: list[str] = []
    end = time.monotonic() + seconds
    for pair in pairs:
        origins = ai.get(pair.path)
        if origins is None:
            continue
        key = _key(rules.version, pair, origins)
        known = _cached(ledger, key, pair.path) if pair.old or pair.new else None
        if known is None and time.monotonic() > end:
            late.append(pair.path)
            continue
        if known is None:
            old, new = read(pair)
            known = findings_of(_subject(origins, old, new), rules)
            if not known.errors and (pair.old or pair.new):
                _remember(ledger, key, known)
        looked.append(_subject(origins, b"", b""))
        found.append(known)
    context = Context(
        ai_lines=change.ai_lines,
        production=tuple(path for path in ai if _is_production(policy, path)),
    )
    errors = tuple(error for file in found for error in file.errors)
    level = risk_level_for_trailer(found) if ai else ""
    return Assessed(level, raised(assess(looked, found, context), level), tuple(found), tuple(late), errors)


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


def _is_production(policy: Policy, path: str) -> bool:
    return any(rule.kind == "production" and matching(rule.match, [path]) for rule in policy.paths)


def _key(version: str, pair: FileChange, file: FileOrigins) -> str:
    lines = [o.lines for o in file.owners if o.origin.kind == "ai"]
    what = repr((pair.path, pair.old, pair.new, lines, [r.at for r in file.removals]))
    return f"findings:{version}:{hashlib.sha256(what.encode('utf-8', 'surrogatepass')).hexdigest()}"


def _cached(ledger: Ledger, key: str, path: str) -> FileFindings | None:
    stored = ledger.cached(key)
    if stored is None:
        return None
    text, change = json.loads(stored)
    return FileFindings(path, tuple(Finding(*item) for item in text), tuple(Finding(*item) for item in change))


def _remember(ledger: Ledger, key: str, found: FileFindings) -> None:
    """Keep the findings, without their fixes, which only an editor needs. A busy ledger is no reason to fail."""
    rows: Sequence[Sequence[Finding]] = (found.text, found.change)
    try:
        ledger.cache(key, json.dumps([[list(f._replace(fix=None)) for f in findings] for findings in rows]))
    except LedgerError:
        return
