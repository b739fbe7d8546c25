"""SARIF 2.1.0 (OASIS), for code-scanning services."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from earmark import __version__
from earmark.gate.facts import Verdict, Violation
from earmark.gate.formats.json import display

# What each code means, in the words a reader of a report needs who has never seen the tool.
MEANING = {
    "undeclared-ai": "An AI change is not declared in the commit message.",
    "trailer-missing": "A field of the declaration is missing or malformed.",
    "trailer-contradiction": "The declaration contradicts itself or says less than is known.",
    "trailer-hidden": "The declaration stands where git does not read it.",
    "digest-mismatch": "The declared AI text is not the one in the commit.",
    "approval-missing": "Nobody has approved an AI change that needs approval.",
    "approval-level": "The approval comes from below the required level.",
    "approval-stale": "The approved code has changed since.",
    "self-approval": "The approver wrote the change or directed the session.",
    "budget-exceeded": "AI changed more than the policy allows here.",
    "rollout-missing": "The change does not promise the required rollout.",
    "tests-missing": "An AI change comes without a change of tests.",
    "forbidden-ai": "AI changes are forbidden here.",
    "notes-missing": "There is no provenance note to compare with.",
    "notes-invalid": "The provenance note cannot be read or was altered.",
    "history-shallow": "The history is too shallow to judge.",
    "policy-invalid": "The change leaves a policy behind that cannot be read.",
}


def render(verdict: Verdict) -> str:
    """One run with one result a violation (error), warning or open obligation (note)."""
    results = [_result(v, "error") for v in verdict.violations]
    results += [_result(v, "warning") for v in verdict.warnings]
    results += [_result(v, "note") for v in verdict.open]
    rules = [
        {"id": code, "shortDescription": {"text": meaning}, "defaultConfiguration": {"level": "error"}}
        for code, meaning in MEANING.items()
    ]
    log = {
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "earmark check", "semanticVersion": __version__, "rules": rules}},
                "columnKind": "utf16CodeUnits",
                "results": results,
                "properties": {
                    "phase": verdict.phase, "checked": verdict.checked, "attested": verdict.attested._asdict(),
                },
            }
        ],
    }  # fmt: skip
    return json.dumps(log) + "\n"


def _result(violation: Violation, level: str) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": violation.code,
        "ruleIndex": list(MEANING).index(violation.code),
        "level": level,
        "message": {"text": _message(violation)},
        "properties": {"commit": violation.commit, "policy": violation.policy, "fix": display(violation.fix)},
    }
    if violation.path:
        place: dict[str, Any] = {"artifactLocation": {"uri": _uri(violation.path)}}
        if violation.lines:
            place["region"] = {"startLine": violation.lines[0], "endLine": violation.lines[1]}
        result["locations"] = [{"physicalLocation": place}]
    return result


def _message(violation: Violation) -> str:
    """Plain text: in a SARIF message braces are placeholders and square brackets make links (3.11.5, 3.11.6)."""
    commit = f"{violation.commit[:10]}: " if violation.commit else ""
    text = display(f"{commit}{violation.message}. {violation.fix}")
    for char in "\\[]":
        text = text.replace(char, "\\" + char)
    return text.replace("{", "{{").replace("}", "}}")


def _uri(path: str) -> str:
    """A path as a relative URI; a first segment with a colon would read as a scheme."""
    quoted = quote(path.encode("utf-8", "surrogateescape"), safe="/")
    return quoted if "%3A" not in quoted.split("/")[0] else "./" + quoted
