"""What the statements of a SQL script are to each other: who is in a transaction, who changes a table that is new.

A new table has no readers and no rows, so nothing that locks or rewrites it can hurt.
"""

from __future__ import annotations

from collections.abc import Sequence

from earmark.risk.places import regex

_NAME = r'((?:"[^"]+"|`[^`]+`|\[[^\]]+\]|[\w$]+)(?:\s*\.\s*(?:"[^"]+"|`[^`]+`|\[[^\]]+\]|[\w$]+))*)'
_CREATE = r"(?i)^create\s+(?:\w+\s+){0,3}?table\s+(?:if\s+not\s+exists\s+)?" + _NAME
_CHANGE = (
    r"(?i)^(?:alter\s+table\s+(?:if\s+exists\s+)?(?:only\s+)?"
    r"|create\s+(?:unique\s+)?index\s+(?:concurrently\s+)?(?:if\s+not\s+exists\s+)?(?:\S+\s+)?on\s+(?:only\s+)?)"
    + _NAME
)
_BEGIN = r"(?i)^(?:begin(?:\s+(?:transaction|work|isolation|read|deferrable)\b.*)?|start\s+transaction\b.*)$"
_END = r"(?i)^(?:commit|end|rollback|abort)(?:\s+(?:transaction|work|and\s+no\s+chain|prepared\b.*))?$"


def facts(statements: Sequence[str]) -> tuple[frozenset[str], ...]:
    """For each statement of a script, in order, what holds for it: `transaction` (it runs inside one), `nested` and
    `unclosed` for a BEGIN, `unopened` for a COMMIT without one, `new-table` when it changes a table made above, `first`
    when it is the first to change one that was there."""
    found: list[set[str]] = []
    made: set[str] = set()
    begun: list[int] = []
    for number, statement in enumerate(statements):
        said: set[str] = {"transaction"} if begun else set()
        if regex(_BEGIN).search(statement):
            said |= {"nested"} if begun else set()
            begun.append(number)
        elif regex(_END).search(statement):
            # A bare END closes the body of a function too.
            said |= set() if begun or statement[:3].lower() == "end" else {"unopened"}
            begun = []
        created, changed = regex(_CREATE).search(statement), regex(_CHANGE).search(statement)
        if created:
            made.add(_plain(created.group(1)))
        elif changed and _plain(changed.group(1)) in made:
            said.add("new-table")
        elif changed and not any("first" in earlier for earlier in found):
            said.add("first")
        found.append(said)
    unopened = [number for number, said in enumerate(found) if "unopened" in said]
    if begun and unopened and unopened[0] < begun[0]:
        # The tool that runs the script wraps it in a transaction; this one steps out of it and in again.
        found[unopened[0]].discard("unopened")
    elif begun:
        found[begun[0]].add("unclosed")
    return tuple(frozenset(said) for said in found)


def _plain(name: str) -> str:
    return name.translate({ord(c): None for c in '"`[] '}).lower()
