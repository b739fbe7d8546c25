"""Annotations of GitHub Actions: workflow commands on standard output.

Escaping follows the runner's own (actions/toolkit, `command.ts`): `%`, CR and LF in data, and `:` and `,` in
properties too, so that no foreign text can begin a command of its own.
"""

from __future__ import annotations

from earmark.gate.facts import Verdict, Violation
from earmark.gate.formats import text


def render(verdict: Verdict) -> str:
    """One line a violation, warning or open obligation."""
    rows = [_annotation("error", v) for v in verdict.violations]
    rows += [_annotation("warning", v) for v in verdict.warnings]
    rows += [_annotation("notice", v) for v in verdict.open]
    rows.append("::notice title=earmark::" + display(text.summary(verdict)))
    return "".join(row + "\n" for row in rows)


def _annotation(kind: str, violation: Violation) -> str:
    properties = []
    if violation.path:
        properties.append(("file", violation.path))
        if violation.lines:
            properties += [("line", str(violation.lines[0])), ("endLine", str(violation.lines[1]))]
    properties.append(("title", f"earmark {violation.code}"))
    asked = f" (asked by {violation.policy})" if violation.policy else ""
    commit = f"{violation.commit[:10]}: " if violation.commit else ""
    message = f"{commit}{violation.message}{asked}. {violation.fix}"
    return f"::{kind} " + ",".join(f"{key}={_property(value)}" for key, value in properties) + "::" + display(message)


def display(raw: str) -> str:
    """Foreign text for the data of a workflow command."""
    shown = raw.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text.display(shown)


def _property(raw: str) -> str:
    return display(raw).replace(":", "%3A").replace(",", "%2C")
