"""CODEOWNERS: whose approval GitHub and GitLab will ask."""

from __future__ import annotations

from earmark.gate.neighbours.model import File, Finding, Subject
from earmark.review.owners import Ownership, parse_github, parse_gitlab


def findings(file: File, subject: Subject, dialect: str) -> tuple[Finding, ...]:
    """One finding for each set of owners the change needs. An author cannot approve, so a path whose only owner is the
    author is refused for good."""
    read = parse_gitlab if dialect == "gitlab" else parse_github
    owners = read(file.text.decode("utf-8", "replace"), file.path)
    asked: dict[Ownership, list[str]] = {}
    for path in subject.paths:
        for ownership in owners.of(path):
            if ownership.owners and not ownership.optional:
                asked.setdefault(ownership, []).append(path)
    found = [_finding(file, subject, ownership, paths) for ownership, paths in asked.items()]
    broken = [
        Finding("code owners", file.path, p.line, "unread", p.message, "correct this line") for p in owners.problems
    ]
    return (*found, *broken)


def _finding(file: File, subject: Subject, asked: Ownership, paths: list[str]) -> Finding:
    some = ", ".join(paths[:3]) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")
    others = [owner for owner in asked.owners if owner.removeprefix("@").lower() not in subject.authors]
    if not others:
        message = f"{some}: the only owner is {asked.owners[0]}, the author, who cannot approve"
        return Finding("code owners", file.path, asked.line, "refuses", message, "add an owner, or let another submit")
    message = f"{some}: {asked.approvals or 1} approval of {', '.join(others[:5])}"
    return Finding("code owners", file.path, asked.line, "asks", message, "run `earmark review request`")
