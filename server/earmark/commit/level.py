"""The risk a commit declares: what the named rule-set finds in its AI text, derived as the gate derives it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from earmark.git.changes import FileChange
from earmark.git.objects import Objects
from earmark.origin.ledger import Ledger
from earmark.origin.model import Change


class Level(NamedTuple):
    """`level` is low, medium, high or critical, empty where nothing was looked at."""

    level: str
    problems: tuple[str, ...] = ()


NONE = Level("")


def of_change(ledger: Ledger, objects: Objects, pairs: Sequence[FileChange], change: Change) -> Level:
    """The level of the AI text of `change`; `pairs` are its files' blobs. Within the time limit of `policy.assessed`:
    files that were not reached are named."""
    from earmark.policy.assessed import assessed
    from earmark.policy.model import DEFAULT

    def read(pair: FileChange) -> tuple[bytes, bytes]:
        return objects.blob(pair.old), objects.blob(pair.new)

    # What a policy adds is context, which a trailer never tells.
    found = assessed(ledger, change, pairs, read, DEFAULT)
    problems = list(found.errors)
    if found.late:
        problems.append(f"the risk of {len(found.late)} files was not derived in time; `earmark tag` does it")
    return Level(found.level, tuple(problems))
