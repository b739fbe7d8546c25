"""Assistants that sign a commit by themselves, told by address and never by name: Claude, Devin and Jules are people.

The addresses are those the tools document or were seen to write in public repositories.
"""

from __future__ import annotations

from collections.abc import Mapping

from earmark.policy.model import Declare
from earmark.trailers.message import Parsed, Trailer, parse
from earmark.trailers.paragraph import layout

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

# Lines that only a person may give.
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


def signatures(parsed: Parsed, known: Mapping[str, str] = ADDRESSES) -> tuple[tuple[Trailer, str], ...]:
    """The co-author and sign-off trailers of assistants, each with the assistant's slug."""
    found = ((t, assistant(t.value, known)) for t in parsed.trailers if t.key.lower() in _BY_PERSON)
    return tuple((trailer, slug) for trailer, slug in found if slug)


def co_authors(parsed: Parsed, known: Mapping[str, str] = ADDRESSES) -> tuple[str, ...]:
    """Slugs of the assistants among a message's co-authors and sign-offs."""
    return tuple(dict.fromkeys(slug for _, slug in signatures(parsed, known)))


def without_signatures(message: bytes, known: Mapping[str, str], comment_char: str = "#") -> bytes:
    """`message` without the co-author and sign-off lines of assistants, which only a person may give."""
    signed = {trailer.line for trailer, _ in signatures(parse(message, comment_char), known)}
    shape = layout(message, comment_char.encode())
    kept, dropping = [], False
    for number, line in enumerate(shape.lines, 1):
        dropping = number in signed or (dropping and line.text[:1] in (b" ", b"\t"))
        if not dropping:
            kept.append(line.text)
    return b"".join(kept) + message[shape.end :]


def names_a_tool(parsed: Parsed) -> bool:
    """Whether the message declares AI in a community's way (`Assisted-by`, `Generated-by`)."""
    return any(t.key.lower() in _BY_TOOL and t.value for t in parsed.trailers)
