"""The machine contract of `check --format json` (DESIGN §5; `verdict.schema.json` beside this file)."""

from __future__ import annotations

import json
from typing import Any

from earmark.gate.facts import CannotTell, Verdict, Violation


def render(verdict: Verdict) -> str:
    """One JSON object on one line."""
    return json.dumps(as_data(verdict)) + "\n"


def as_data(verdict: Verdict) -> dict[str, Any]:
    """The verdict as plain data; `warnings` and `open` (obligations this phase leaves open) have the same form as
    `violations`."""
    return {
        "ok": verdict.ok,
        "phase": verdict.phase,
        "checked": verdict.checked,
        "attested": verdict.attested._asdict(),
        "violations": [_violation(v) for v in verdict.violations],
        "warnings": [_violation(v) for v in verdict.warnings],
        "open": [_violation(v) for v in verdict.open],
    }


def cannot_tell(phase: str, reason: CannotTell) -> str:
    """What stands in place of a verdict when a fact could not be had: `ok` is false and `cannot_tell` says why.

    A reason that the contract has a code for is also the only violation.
    """
    violations = []
    if reason.code:
        fix = "get the missing fact and check again"
        violations.append(_violation(Violation(reason.code, "", "", None, str(reason), "", fix)))
    attested = {"declared": 0, "clean": 0, "unattested": 0}
    data = {"ok": False, "phase": phase, "checked": 0, "attested": attested, "violations": violations,
            "cannot_tell": display(str(reason))}  # fmt: skip
    return json.dumps(data) + "\n"


def _violation(violation: Violation) -> dict[str, Any]:
    return {
        "code": violation.code,
        "commit": violation.commit,
        "path": display(violation.path),
        "lines": list(violation.lines) if violation.lines else None,
        "message": display(violation.message),
        "policy": violation.policy,
        "fix": display(violation.fix),
    }


def display(text: str) -> str:
    """Foreign text for JSON: anything goes but lone surrogates, which no UTF-8 reader takes."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
