"""What the ledger remembers of stashes, laid over a text that came out of one."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import NamedTuple

from earmark.git.repository import Repository
from earmark.origin.ledger import Ledger
from earmark.origin.model import UNKNOWN, Snapshot
from earmark.origin.regions import Regions, filled
from earmark.origin.transfer import offsets, transfer
from earmark.text.diff import diff_lines, split_lines

_KEY = "stashes"
MARK = "stash-log"  # the ledger's setting that holds the last `log_mark`
# An entry that still stands is no evidence that text came from it, and a line or two recur by accident.
_TINY = 3


class Stashed(NamedTuple):
    """One file of a stash in which somebody is known to have written: the object id of its content, and the 0-based
    lines [start, end) of it that the stash added to the commit it was made on."""

    content: str
    added: tuple[tuple[int, int], ...]


Files = Mapping[str, Stashed]


def log_file(repo: Repository) -> str:
    """The file in which git keeps the list of stashes."""
    return os.path.join(repo.common_dir, "logs", "refs", "stash")


def log_mark(repo: Repository) -> str:
    """Changes whenever the list of stashes does; empty when there is none."""
    try:
        status = os.stat(log_file(repo))
    except OSError:
        return ""
    return f"{status.st_size}:{status.st_mtime_ns}"


def remember(ledger: Ledger, stashes: Mapping[str, Files]) -> None:
    """Keep these stashes, by commit id, and no others."""
    ledger.set_meta(_KEY, json.dumps(stashes) if stashes else "")


def remembered(ledger: Ledger) -> dict[str, Files]:
    """The stashes that `remember` kept."""
    stored = json.loads(ledger.meta(_KEY) or "{}")
    return {
        id_: {path: Stashed(content, tuple((a, b) for a, b in added)) for path, (content, added) in files.items()}
        for id_, files in stored.items()
    }


def applied(ledger: Ledger, path: str, under: Snapshot) -> Snapshot:
    """`under`, the account of a text from outside, and what a stash put there that still stands (`git stash apply`)."""
    for files in remembered(ledger).values():
        held = files.get(path)
        if held and sum(end - start for start, end in held.added) >= _TINY:
            under = laid_over(ledger, path, under, held) or under
    return under


def laid_over(ledger: Ledger, path: str, under: Snapshot, held: Stashed) -> Snapshot | None:
    """`under` with the owners of the lines that the stash added; None when not all of them stand in its text."""
    stored = ledger.exact(path, held.content)
    if stored is None or not stored.has_text:
        return None
    was, now = split_lines(stored.snapshot.text), split_lines(under.text)
    for hunk in diff_lines(was, now):
        if any(start < hunk.old_end and hunk.old_start < end for start, end in held.added):
            return None
    at, regions = offsets(was), Regions(stored.snapshot.regions)
    own = [region for start, end in held.added for region in regions.clip(at[start], at[end])]
    account = transfer(stored.snapshot._replace(regions=tuple(own)), under.text, UNKNOWN, 1)
    return filled(under, account)
