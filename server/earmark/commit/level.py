"""The risk a commit declares: what the named rule-set finds in its AI text, cached by content."""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic
from typing import NamedTuple

from earmark.git.changes import FileChange
from earmark.git.objects import Objects
from earmark.origin.ledger import Ledger
from earmark.origin.model import Change, FileOrigins
from earmark.text.diff import split_lines

TIME_LIMIT = 5.0


class Level(NamedTuple):
    """`level` is low, medium, high or critical, empty where nothing was looked at."""

    level: str
    problems: tuple[str, ...] = ()


NONE = Level("")
_LEVELS = ("low", "medium", "high", "critical")


def of_change(ledger: Ledger, objects: Objects, pairs: Sequence[FileChange], change: Change) -> Level:
    """The level of the AI text of `change`; `pairs` are its files' blobs. Within `TIME_LIMIT` seconds: files that were
    not reached are named."""
    from earmark.risk.rules import load_default

    rules = load_default()
    blobs = {pair.path: pair for pair in pairs}
    began = monotonic()
    worst = 0
    late: list[str] = []
    problems: list[str] = []
    for file in change.files:
        if not (file.ai_lines or file.ai_removed) or file.path not in blobs:
            continue
        key = _key(rules.version, blobs[file.path], file)
        known = ledger.cached(key)
        if known is None and monotonic() - began > TIME_LIMIT:
            late.append(file.path)
            continue
        if known is None:
            known, errors = _scanned(objects, blobs[file.path], file)
            problems += errors
            ledger.cache(key, known)
        worst = max(worst, _LEVELS.index(known))
    if late:
        problems.append(f"the risk of {len(late)} files was not derived in time; `earmark tag` does it")
    return Level(_LEVELS[worst], tuple(problems))


def _scanned(objects: Objects, pair: FileChange, file: FileOrigins) -> tuple[str, tuple[str, ...]]:
    from earmark.risk.engine import scan
    from earmark.risk.rules import load_default
    from earmark.text.languages import language_of

    text = objects.blob(pair.new)
    language = language_of(file.path, text[:200].split(b"\n", 1)[0])
    found, errors = scan(text, language, file.path, ranges=_ranges(text, file), rules=load_default())
    return _LEVELS[max((finding.rank for finding in found), default=0)], errors


def _ranges(text: bytes, file: FileOrigins) -> list[tuple[int, int]]:
    """Byte ranges of the AI lines the change adds."""
    offsets = [0]
    for line in split_lines(text):
        offsets.append(offsets[-1] + len(line))
    return [
        (offsets[owner.lines.start - 1], offsets[min(owner.lines.end, len(offsets) - 1)])
        for owner in file.owners
        if owner.origin.kind == "ai"
    ]


def _key(version: str, pair: FileChange, file: FileOrigins) -> str:
    import hashlib

    what = repr((pair.old, pair.new, [o.lines for o in file.owners if o.origin.kind == "ai"], file.removals))
    return f"risk:{version}:{hashlib.sha256(what.encode()).hexdigest()}"
