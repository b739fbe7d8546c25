"""The request: what the reviewer must know, as one document in Markdown and in JSON.

Deterministic: equal facts give equal bytes, and nothing in them is a time. The first line is the marker by which the
request is found again; the last paragraph is the trailer block of the whole change, so that a forge that squashes with
the request's body as message keeps it. Every foreign string passes `markdown`.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any, Final, NamedTuple

from earmark.origin.model import LineRange, Session

MARKER: Final = "<!-- earmark:{} -->"
END: Final = "<!-- /earmark -->"
LIMIT: Final = 60_000  # characters; GitHub takes 65,536 in a body
QUOTED_LINES: Final = 40  # of one region
_MARKED: Final = re.compile(r"^<!-- earmark:([0-9a-f]{24}) -->[ \t]*\r?$", re.MULTILINE)

CHECKLIST: Final = (
    "I understand what each marked region does and why it is done this way.",
    "The failure modes are handled: timeouts, retries, partial failure, bad input.",
    "What depends on this keeps working, and I know how it would be noticed if it did not.",
    "The removed lines were not needed, or their purpose is served elsewhere.",
    "The tests would fail if the new behaviour were wrong.",
    "The change can be rolled back, and I know how.",
)


class RequestRegion(NamedTuple):
    """Lines of the head's `path` that session `session` (an id) wrote. `text` are the lines quoted, without line
    ends."""

    path: str
    lines: LineRange
    session: str
    text: tuple[str, ...]


class RequestRemoval(NamedTuple):
    """Lines (of the base's `path`) that session `session` removed, quoted."""

    path: str
    lines: LineRange
    session: str
    text: tuple[str, ...]


class RequestTerm(NamedTuple):
    """One term of the assessment's sum, with what it rests on."""

    name: str
    value: float
    evidence: str


class RequestObligation(NamedTuple):
    """What the policy asks, and whether it is met. `policy_line` is 1-based, 0 when no line says it."""

    code: str
    message: str
    met: bool
    policy_line: int = 0


class Focus(NamedTuple):
    """What of the head the author asks to look at first: these lines of a file, all of it where `lines` are (0, 0)."""

    path: str
    lines: LineRange


class Incident(NamedTuple):
    """A past incident this change resembles, and how."""

    title: str
    url: str
    why: str


class Reviewer(NamedTuple):
    """Somebody asked, and why."""

    name: str
    level: str
    reason: str


class Request(NamedTuple):
    """All that the document says.

    `repository` is "host/path"; `target` a branch name; `base` and `head` commit ids; `key` from `request_key`;
    `title` the author's. `trailers` is the block for the whole change, empty when nothing is declared. `dependents`
    and `incidents` are None where nobody looked.
    `rollout` is the most careful one that the policy asks for, `promised` the least careful that the commits declare,
    empty for none. `asked` is what the session was asked, only when the author wrote it for the reviewer; `focus` what
    the author asks to look at first (nothing: all of it).
    """

    key: str
    repository: str
    target: str
    base: str
    head: str
    title: str
    added: int
    ai_lines: int
    ai_removed: int
    regions: tuple[RequestRegion, ...]
    removals: tuple[RequestRemoval, ...]
    sessions: tuple[Session, ...]
    score: int
    level: str
    terms: tuple[RequestTerm, ...]
    obligations: tuple[RequestObligation, ...]
    reviewers: tuple[Reviewer, ...]
    teams: tuple[str, ...]
    notices: tuple[str, ...] = ()
    dependents: tuple[str, ...] | None = None
    incidents: tuple[Incident, ...] | None = None
    tests_changed: tuple[str, ...] = ()
    tests_removed: tuple[str, ...] = ()
    rollout: str = ""
    promised: str = ""
    asked: str = ""
    trailers: str = ""
    focus: tuple[Focus, ...] = ()


def request_key(repository: str, target: str, branch: str, first: str) -> str:
    """The idempotency key: 24 hex digits from the repository ("host/path"), the target branch, the branch the change
    stands on and the identity of its first commit (a `Change-Id`, or author address and author time, which amending
    and rebasing keep). Asking again after a push, an amend or a rebase is asking about the same request."""
    parts = ("earmark-request-v1", repository.casefold(), target, branch, first)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:24]


def marker(key: str) -> str:
    """The line by which a forge's request is recognised as this one."""
    return MARKER.format(key)


def keys_in(body: str) -> tuple[str, ...]:
    """The keys whose marker stands alone on a line of `body`; a marker quoted in code has a line number before it."""
    return tuple(_MARKED.findall(body))


def combined(body: str, document: str) -> str:
    """`document` put into a request's `body`: in place of the document it has, else below what a person wrote."""
    start = _MARKED.search(body)
    if start is None:
        return f"{body.rstrip()}\n\n{document}" if body.strip() else document
    before = body[: start.start()].rstrip()
    end = body.find(END, start.end())
    after = _without_block(body[end + len(END) :]) if end >= 0 else ""
    own = "\n\n".join(part for part in (before, after.strip()) if part)
    return f"{own}\n\n{document}" if own else document


def _without_block(text: str) -> str:
    """`text` without the trailer block we wrote behind the document."""
    kept = [
        p for p in re.split(r"\r?\n(?:[ \t]*\r?\n)+", text) if p.strip() and not p.strip().startswith("AI-Assisted:")
    ]
    return "\n\n".join(kept)


def as_json(request: Request) -> dict[str, Any]:
    """The document as data: the fields of `Request`, tuples as lists, named tuples as objects."""
    return {name: _plain(value) for name, value in request._asdict().items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Session):
        return {
            "id": value.id, "tool": value.tool, "model": value.model, "conversation": value.conversation,
            "director": value.director, "transcript_digest": value.transcript_digest,
        }  # fmt: skip
    if hasattr(value, "_asdict"):
        return {name: _plain(item) for name, item in value._asdict().items()}
    return [_plain(item) for item in value] if isinstance(value, tuple) else value
