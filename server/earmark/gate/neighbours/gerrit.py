"""`.gitreview`: the changes go to Gerrit, which wants a Change-Id in the last paragraph."""

from __future__ import annotations

from earmark.gate.neighbours.model import File, Finding, Subject
from earmark.trailers.message import parse


def findings(file: File, subject: Subject) -> tuple[Finding, ...]:
    """A commit without a readable Change-Id is refused; a message to come gets one from Gerrit's own hook."""
    found = []
    for message in subject.messages:
        there = any(t.key.lower() == "change-id" and t.value for t in parse(message.text.encode()).trailers)
        if message.commit and not there:
            why = f"commit {message.commit[:10]} has no Change-Id among its last trailers"
            fix = "install Gerrit's commit-msg hook (`git review -s`) and amend"
            found.append(Finding("Gerrit", file.path, 1, "refuses", why, fix))
    return tuple(found)
