"""The code-quality report of GitLab (its "Code Quality report format": a JSON array of issues)."""

from __future__ import annotations

import hashlib
import json

from earmark.gate.facts import Verdict, Violation
from earmark.gate.formats.json import display
from earmark.policy.model import FILE


def render(verdict: Verdict) -> str:
    """The array. Open obligations are left out: the report has no word for them."""
    issues = [_issue(v, "critical") for v in verdict.violations] + [_issue(v, "minor") for v in verdict.warnings]
    return json.dumps(issues) + "\n"


def _issue(violation: Violation, severity: str) -> dict[str, object]:
    commit = f"{violation.commit[:10]}: " if violation.commit else ""
    # GitLab drops an issue without a place; what concerns no file is shown at the policy.
    path, line = (violation.path, violation.lines[0] if violation.lines else 1) if violation.path else (FILE, 1)
    parts = (violation.code, violation.commit, violation.path, str(violation.lines), violation.message)
    key = "\0".join(parts).encode("utf-8", "surrogateescape")
    return {
        "description": display(f"{commit}{violation.message}. {violation.fix}"),
        "check_name": violation.code,
        "fingerprint": hashlib.sha256(key).hexdigest(),
        "severity": severity,
        "location": {"path": display(path), "lines": {"begin": line}},
    }
