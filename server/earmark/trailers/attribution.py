"""Assistants that sign a commit by themselves, told by address and never by name: Claude, Devin and Jules are people.

The addresses are those the tools document or were seen to write in public repositories.
"""

from __future__ import annotations

from collections.abc import Mapping

from earmark.policy.model import Declare
from earmark.trailers.message import Parsed

ADDRESSES = {
    "noreply@anthropic.com": "claude",
    "223556219+copilot@users.noreply.github.com": "copilot",
    "198982749+copilot@users.noreply.github.com": "copilot",
    "copilot@github.com": "copilot",
    "cursoragent@cursor.com": "cursor",
    "noreply@openai.com": "codex",
    "aider@aider.chat": "aider",
    "amp@ampcode.com": "amp",
    "openhands@all-hands.dev": "openhands",
    "158243242+devin-ai-integration[bot]@users.noreply.github.com": "devin",
    "qwen-coder@alibabacloud.com": "qwen",
}

_BY_PERSON = ("co-authored-by", "signed-off-by")
_BY_TOOL = ("assisted-by", "generated-by")


def addresses(declare: Declare) -> Mapping[str, str]:
    """The addresses (lower case) that are evidence of an assistant under this policy, with its slug."""
    more = {address.lower(): tool for address, tool in declare.assistants}
    return {**ADDRESSES, **more} if declare.by_address else {}


def assistant(identity: str, known: Mapping[str, str] = ADDRESSES) -> str:
    """The slug of the assistant whose address `identity` ("Name <address>" or an address) is, or empty."""
    text = identity.strip()
    if text.endswith(">") and "<" in text:
        text = text.rpartition("<")[2][:-1]
    return known.get(text.strip().lower(), "")


def co_authors(parsed: Parsed, known: Mapping[str, str] = ADDRESSES) -> tuple[str, ...]:
    """Slugs of the assistants among a message's co-authors and sign-offs."""
    found = (assistant(t.value, known) for t in parsed.trailers if t.key.lower() in _BY_PERSON)
    return tuple(dict.fromkeys(slug for slug in found if slug))


def names_a_tool(parsed: Parsed) -> bool:
    """Whether the message declares AI in a community's way (`Assisted-by`, `Generated-by`)."""
    return any(t.key.lower() in _BY_TOOL and t.value for t in parsed.trailers)
