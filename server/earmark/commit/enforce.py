"""The gate before a push, where the policy of where it goes wants it on every machine (`[gate] enforce_locally`).

Only what is proven counts: a missing note or fact is no reason to keep somebody from pushing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from earmark.gate import gather
from earmark.gate.check import check
from earmark.gate.facts import CannotTell, Violation
from earmark.git.objects import Objects
from earmark.git.repository import Repository
from earmark.origin import audit
from earmark.origin.ledger import Ledger
from earmark.policy.model import FILE
from earmark.review.span import target

_UNPROVEN = frozenset({"notes-missing", "notes-invalid", "history-shallow", "policy-invalid"})
_SHOWN = 10


def refusal(repo: Repository, ledger: Ledger, told: bytes, environ: Mapping[str, str]) -> list[str]:
    """Why this push is refused, as lines for the user; empty when it may go on. `told` is what git tells pre-push:
    `<local ref> <local id> <remote ref> <remote id>` lines."""
    try:
        trust = gather.Trust(gather.base_policy(None, environ))
        with Objects(repo) as objects:
            if not gather.policy_at(objects, f"{target(repo)[1] or 'HEAD'}:{FILE}", trust).gate.enforce_locally:
                return []
        spans = [_span(repo, *line) for line in _updates(told)]
        verdicts = [check(gather.of_span(repo, ledger, span, "push", trust)) for span in spans]
    except CannotTell:
        return []
    found = [v for verdict in verdicts for v in verdict.violations if v.code not in _UNPROVEN]
    codes = ", ".join(sorted({violation.code for violation in found}))
    detail = {"phase": "push", "pushed": [local for _, local in _updates(told)]}
    audit.keep(repo, ledger, "gate refused" if found else "gate passed", codes, detail)
    if not found:
        return []
    more = [f"and {len(found) - _SHOWN} more; `earmark check` shows them"] if len(found) > _SHOWN else []
    return ["this repository's policy does not let this be pushed:", *map(_line, found[:_SHOWN]), *more]


def _updates(told: bytes) -> Iterator[tuple[str, str]]:
    """(remote id, local id) of the branches that are pushed; one that is deleted brings nothing."""
    for line in told.decode("utf-8", "replace").splitlines():
        parts = line.split(" ")
        if len(parts) == 4 and parts[2].startswith("refs/heads/") and parts[1].strip("0"):
            yield parts[3], parts[1]


def _span(repo: Repository, remote: str, local: str) -> gather.Span:
    with Objects(repo) as objects:
        known = remote.strip("0") and objects.info(remote) is not None
    return gather.span(repo, f"{remote}..{local}") if known else gather.added(repo, local)


def _line(violation: Violation) -> str:
    place = " ".join(filter(None, (violation.commit[:10], violation.path)))
    return f"  {violation.code} {place}: {violation.message}; {violation.fix}"
