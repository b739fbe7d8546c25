"""The attestation state of a commit (DESIGN §2)."""

from __future__ import annotations

from earmark.gate.facts import NoteFacts
from earmark.trailers.message import Declared

DECLARED, CLEAN, UNATTESTED = "declared", "clean", "unattested"


def attestation(note: NoteFacts, declared: Declared, named: bool = False) -> str:
    """declared: the note or the trailers speak of AI; clean: a readable note without AI, or `AI-Assisted: no`; else
    unattested.

    `named` says that the message names an assistant in a community's own way (`Assisted-by`, an assistant's address
    among the co-authors). Evidence of AI is stronger than a no. A note that cannot be read attests nothing.
    """
    if declared.assisted or named or (note.state == "valid" and note.ai):
        return DECLARED
    if note.state == "valid" or declared.assisted is False:
        return CLEAN
    return UNATTESTED
