"""The audit: what was decided in this clone, by whom, when and why, in rows that are never pruned.

A row's head is SHA-256 over the head before it and the row, so no row can be changed, left out or put in without every
later head changing. The whole chain could still be written anew; that is what the heads in notes are for: a commit's
note carries the head of the last row from before the commit, under the name of its chain (the head of the first row).
That makes it a function of the rows and the commit, equal however often it is derived.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from earmark.origin.identity import identity
from earmark.origin.ledger import AuditRow, Ledger, LedgerError

if TYPE_CHECKING:
    from earmark.git.repository import Repository


class Anchored(NamedTuple):
    """How the notes agree with the rows: `agree` counts notes whose head is a row's, `lost` are the commits whose note
    names a head of this chain that no row has any more."""

    agree: int
    lost: tuple[str, ...]


def keep(
    repo: Repository,
    ledger: Ledger,
    what: str,
    why: str = "",
    detail: Mapping[str, object] | None = None,
    who: str = "",
) -> str:
    """Append what was decided, by `who` (default: whoever git says works here); returns why it could not be kept, or
    empty. The same decision about the same thing twice in a row is one row, and without a ledger on disk none is kept:
    a decision is never undone because its record is not to be had."""
    if ledger.in_memory:
        return ""
    row = (who or identity(repo), what, why, json.dumps(detail, sort_keys=True))
    try:
        last = ledger.audit_rows(newest=1)
        if not last or (last[0].who, last[0].what, last[0].why, last[0].detail) != row:
            ledger.audit(*row)
    except LedgerError as error:
        return f"not kept for the audit: {error}"
    return ""


def unbroken(rows: Sequence[AuditRow]) -> bool:
    """Whether each row's head follows from the row before; `rows` are all of them, oldest first."""
    import hashlib

    head = ""
    for row in rows:
        text = json.dumps([head, row.at, row.who, row.what, row.why, row.detail], ensure_ascii=False)
        if hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() != row.head:
            return False
        head = row.head
    return True


class Anchors:
    """The heads that notes get, from the rows as they are now."""

    def __init__(self, rows: Sequence[AuditRow]) -> None:
        self._rows = rows
        times: list[int] = []
        for row in rows:
            # A clock that was set back must not lead before a row that stands already.
            times.append(max(row.at, times[-1]) if times else row.at)
        self._times = times

    def before(self, moment: int) -> dict[str, str]:
        """{chain: head} of the last row before `moment` (seconds since the epoch), empty when there is none."""
        at = bisect_left(self._times, moment)
        return {self._rows[0].head: self._rows[at - 1].head} if at else {}


def anchored(repo: Repository, rows: Sequence[AuditRow]) -> Anchored:
    """What the notes of this repository say about the chain of `rows`."""
    from earmark.git import notes as git_notes
    from earmark.origin import notes
    from earmark.origin.state import parsed

    if not rows:
        return Anchored(0, ())
    chain, heads = rows[0].head, {row.head for row in rows}
    agree, lost = 0, []
    stored = git_notes.read(repo, notes.REF, list(git_notes.listed(repo, notes.REF)))
    for commit, raw in stored.items():
        note = parsed(raw)
        head = notes.audit_heads(note).get(chain) if note else None
        if head in heads:
            agree += 1
        elif head is not None:
            lost.append(commit)
    return Anchored(agree, tuple(sorted(lost)))
