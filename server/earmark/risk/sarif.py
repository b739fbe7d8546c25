"""Findings as SARIF 2.1.0, the format of code-scanning services."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from earmark.risk.rules import ChangeRule, Rule, RuleSet
from earmark.risk.sweep import FileResult, Place

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {"low": "note", "medium": "warning", "high": "error", "critical": "error"}
# GitHub orders by this number; its bands are those of CVSS.
_SCORES = {"low": "2.0", "medium": "5.0", "high": "8.0", "critical": "9.5"}


def document(results: Sequence[FileResult], rules: RuleSet, version: str) -> dict[str, Any]:
    """One run with every rule that fired."""
    fired = sorted({place.finding.rule for result in results for place in result.places})
    by_id = {rule.id: rule for rule in rules.every()}
    known = [rule for rule_id in fired if (rule := by_id.get(rule_id)) is not None]
    ids = [rule.id for rule in known]
    driver = {
        "name": "Earmark",
        "semanticVersion": version,
        "rules": [_rule(rule) for rule in known],
    }
    found = [_result(result.path, place, ids) for result in results for place in result.places]
    notes = [{"level": "warning", "message": {"text": e}} for result in results for e in result.errors]
    invocation = {"executionSuccessful": True, "toolExecutionNotifications": notes}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "invocations": [invocation], "results": found}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(rule: Rule | ChangeRule) -> dict[str, Any]:
    tags = ["security", rule.category] + ([f"external/cwe/cwe-{rule.cwe}"] if rule.cwe else [])
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.why},
        "help": {"text": rule.hint},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {"tags": tags, "security-severity": _SCORES[rule.severity]},
    }


def _result(path: str, place: Place, ids: list[str]) -> dict[str, Any]:
    finding = place.finding
    region = {
        "startLine": place.start_line,
        "startColumn": place.start_column,
        "endLine": place.end_line,
        "endColumn": place.end_column,
    }
    uri = path.replace("\\", "/").removeprefix("./")
    # The same finding keeps its identity when lines above it move.
    print_ = hashlib.sha256(f"{finding.rule}\0{uri}\0{place.print}".encode()).hexdigest()[:32]
    return {
        "ruleId": finding.rule,
        "ruleIndex": ids.index(finding.rule) if finding.rule in ids else -1,
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{finding.message} {finding.hint}".strip()},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": uri}, "region": region}}],
        "partialFingerprints": {"earmark/v1": print_},
    }
