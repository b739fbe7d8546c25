"""One match of a rule, and how it moves when the text around it is edited."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from earmark.text.edits import Edit

# The rules that ship with this version, by name: trailers and kept findings speak of it.
RULE_SET = "earmark-2026.11"
SEVERITIES = ("low", "medium", "high", "critical")

CATEGORIES = frozenset(
    {
        "destructive-operation",
        "injection",
        "unsafe-deserialization",
        "secrets",
        "weak-crypto",
        "tls-verification-off",
        "cleartext-transport",
        "path-traversal",
        "ssrf",
        "missing-timeout",
        "unbounded-retry-or-loop",
        "resource-leak",
        "swallowed-exception",
        "race",
        "insecure-permissions",
        "infra-misconfig",
        "debug-in-production",
        "dependency-risk",
        "async-blocking",
        "none-misuse",
        "xss",
        "xxe",
        "open-redirect",
        "web-session",
        "access-control",
        "data-exposure",
        "redos",
        "memory-safety",
        "migration-lock",
        "removed-guard",
        "weakened-test",
        "loosened-limit",
        "widened-error-handling",
        "removed-flag",
        "production-change",
        "contract-change",
    }
)


class Fix(NamedTuple):
    """An edit that is safe to apply as it stands: replace bytes `start` to `end` (0-based, half-open) by `new`."""

    start: int
    end: int
    new: bytes
    title: str


class Finding(NamedTuple):
    """Rule `rule` matched bytes `start` to `end` (0-based, half-open).

    `message` says why it matters in one sentence; `hint` how to mend it. `detail` names what was removed or changed,
    for findings that compare two texts; empty otherwise. `fix` is None where no edit is safe.
    """

    rule: str
    category: str
    severity: str
    start: int
    end: int
    message: str
    hint: str = ""
    detail: str = ""
    fix: Fix | None = None

    @property
    def rank(self) -> int:
        """0 for low to 3 for critical."""
        return SEVERITIES.index(self.severity)


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """By place, then by rule; exact duplicates once."""
    return tuple(sorted(set(findings), key=lambda f: (f.start, f.end, f.rule, f.detail)))


def shift(findings: Iterable[Finding], edit: Edit) -> tuple[Finding, ...]:
    """The findings that still stand after `edit`, moved to where they now are.

    A finding behind the edit moves with its text; one that the edit touches is dropped, for only a new look at the
    text can say whether it still holds.
    """
    by = edit.shift
    kept = []
    for finding in findings:
        if finding.end < edit.start or (finding.end == edit.start and edit.start == edit.end):
            kept.append(finding)
        elif finding.start >= edit.end and finding.start > edit.start:
            fix = finding.fix
            if fix is not None:
                moved = fix.start >= edit.end
                fix = fix._replace(start=fix.start + by, end=fix.end + by) if moved else None
            kept.append(finding._replace(start=finding.start + by, end=finding.end + by, fix=fix))
    return tuple(kept)
