"""The risk of a change whose origins are known, every term of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from earmark.git.changes import FileChange
from earmark.origin.ledger import Ledger
from earmark.origin.model import Change
from earmark.policy.globs import matching
from earmark.policy.kept import TIME_LIMIT, looked_at
from earmark.policy.model import Policy
from earmark.risk.changed import FileFindings
from earmark.risk.rules import RuleSet
from earmark.risk.score import Assessment, Context, assess, raised


class Assessed(NamedTuple):
    """`level` is what the named rule-set alone says of the AI text and AI removals (`AI-Risk`), empty without any;
    `whole` adds size and context as every clone knows them and decides what is asked; `shown` adds what this one knows
    of the repository around the change. `late` are files that were not looked at within the time limit, `errors` what
    could not be looked at."""

    level: str
    whole: Assessment
    files: tuple[FileFindings, ...]
    shown: Assessment
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
    known: Context | None = None,
) -> Assessed:
    """The risk of what AI did in `change`; `pairs` are its files and `read` gives the old and new content of one.

    `known` is what `background` says around it: history and dependents differ between clones, so it is shown and
    decides nothing.
    """
    looked = looked_at(ledger, change, pairs, read, rules=rules, seconds=seconds)
    context = Context(
        ai_lines=change.ai_lines,
        production=tuple(
            f.path for f in change.files if (f.ai_lines or f.ai_removed) and _is_production(policy, f.path)
        ),
    )
    whole = raised(assess(looked.subjects, looked.files, context), looked.level)
    shown = whole
    if known is not None:
        around = known._replace(ai_lines=context.ai_lines, production=context.production)
        shown = raised(assess(looked.subjects, looked.files, around), whole.level)
    return Assessed(looked.level, whole, looked.files, shown, looked.late, looked.errors)


def _is_production(policy: Policy, path: str) -> bool:
    return any(rule.kind == "production" and matching(rule.match, [path]) for rule in policy.paths)
