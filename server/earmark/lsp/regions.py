"""Showing who wrote what: one channel a region, by what the client can do (DESIGN §6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from lsprotocol import types

from earmark.lsp.buffer import Buffer
from earmark.lsp.convert import INFORMATION, Mark, range_of
from earmark.lsp.reviewed import standing
from earmark.lsp.text import plain
from earmark.origin.model import LineRange
from earmark.risk.finding import SEVERITIES
from earmark.trailers.vocabulary import display

if TYPE_CHECKING:
    from earmark.lsp.capabilities import Client
    from earmark.lsp.identity import Named
    from earmark.lsp.protocol import EarmarkProtocol
    from earmark.lsp.reviews import RegionReview
    from earmark.lsp.session import Session as ClientSession
    from earmark.lsp.settings import Settings
    from earmark.origin.model import Session

CHANGED = "earmark/regionsChanged"
CODE = "ai-region"

# A file with a larger share of AI text gets one marker at its top.
_MOSTLY = 0.6
# Clients that show their user every notification they do not know; they are told of regions once they have asked.
_EASILY_DISTURBED = frozenset({"emacs"})

Channel = Literal["decoration", "inlay hint", "diagnostic"]


class Marker(NamedTuple):
    """What is to be said at byte `start`: AI text up to `end`, or, where `removed` is not 0, that many lines that an
    assistant took away there. `names` are the regions meant; `whole` says that it stands for the whole file."""

    start: int
    end: int
    author: str
    lines: int
    names: tuple[str, ...]
    removed: int = 0
    whole: bool = False


def channel(client: Client, settings: Settings) -> Channel:
    """How this client is shown its regions."""
    if client.decorations or settings.decorations:
        return "decoration"
    return "inlay hint" if client.inlay_hints and settings.inlay_hints else "diagnostic"


def markers(buffer: Buffer) -> list[Marker]:
    """One marker for each stretch of whole lines with text of one assistant; one in all where most of the file is."""
    if buffer.tracking is None:
        return []
    found: list[Marker] = []
    for named in buffer.tracking.ai:
        region = named.region
        first, last = buffer.document.line_at(region.start), buffer.document.line_at(max(region.end - 1, region.start))
        before = found[-1] if found else None
        if before and before.author == region.origin.author and first <= buffer.document.line_at(before.end) + 1:
            overlap = 1 if buffer.document.line_at(max(before.end - 1, before.start)) == first else 0
            lines = before.lines + last - first + 1 - overlap
            found[-1] = before._replace(end=region.end, lines=lines, names=(*before.names, named.id))
        else:
            found.append(Marker(region.start, region.end, region.origin.author, last - first + 1, (named.id,)))
    removals = [Marker(r.at, r.at, r.session, 0, (), len(r.lines)) for r in buffer.tracking.snapshot.removals]
    if sum(marker.lines for marker in found) > _MOSTLY * buffer.document.line_count and len(found) > 1:
        authors = {marker.author for marker in found}
        names = tuple(name for marker in found for name in marker.names)
        lines = sum(marker.lines for marker in found)
        found = [Marker(0, 0, authors.pop() if len(authors) == 1 else "", lines, names, whole=True)]
    return sorted([*found, *removals])


def label(buffer: Buffer, marker: Marker) -> str:
    """A few words for a marker, plain text."""
    who = author_label(buffer, marker.author)
    if marker.removed:
        return f"AI removed {_lines(marker.removed)} here ({who})"
    if marker.whole:
        return f"AI wrote {marker.lines} of {buffer.document.line_count} lines ({who})"
    return f"AI {_lines(marker.lines)} ({who})"


def author_label(buffer: Buffer, author: str) -> str:
    """`tool:model` of the session `author`; "several" for more than one, "unknown" where nothing is known of it."""
    if not author:
        return "several"
    session = buffer.tracking.sessions.get(author) if buffer.tracking is not None else None
    return short(session) if session is not None else "unknown"


def short(session: Session) -> str:
    """`tool:model`, made harmless for any display: payloads are foreign text."""
    return f"{display(session.tool)}:{display(session.model)}"


def describe_author(buffer: Buffer, author: str) -> str:
    """One line on the session `author`, plain text."""
    session = buffer.tracking.sessions.get(author) if buffer.tracking is not None else None
    if session is None:
        return f"session {plain(author)}" if author else "several sessions"
    directed = f", directed by {plain(session.director)}" if session.director else ""
    return f"{short(session)}, session {plain(author)}{directed}"


def region_marks(buffer: Buffer, client: Client, settings: Settings) -> list[Mark]:
    """The markers as diagnostics, for a client that has no other way to show them; each on one line."""
    if channel(client, settings) != "diagnostic":
        return []
    found = []
    for marker in markers(buffer):
        start = _first_text(buffer, marker)
        end = buffer.document.line_end(buffer.document.line_at(start))
        end = end if marker.whole or marker.removed else min(end, marker.end)
        found.append(Mark(start, max(end, start), INFORMATION, CODE, label(buffer, marker) + ", not reviewed"))
    return found


def _first_text(buffer: Buffer, marker: Marker) -> int:
    """Where the marked text begins that is not blank: on an empty line some clients draw nothing."""
    text = buffer.text[marker.start : marker.end]
    lead = len(text) - len(text.lstrip())
    return marker.start + (lead if lead < len(text) else 0)


def risk_of(buffer: Buffer, start: int, end: int) -> str:
    """The highest severity of a finding that touches bytes `start` to `end`, "low" where there is none."""
    ranks = [
        SEVERITIES.index(placed.finding.severity)
        for found in (buffer.found, buffer.compared)
        for placed in found
        if placed.start < end and placed.end > start
    ]
    return SEVERITIES[max(ranks, default=0)]


def described(session_of_client: ClientSession, buffer: Buffer, named: Named) -> dict[str, Any]:
    """One region as `earmark/regions` gives it."""
    region, encoding = named.region, session_of_client.client.encoding
    session = buffer.tracking.session_of(named) if buffer.tracking is not None else None
    ai = region.origin.kind == "ai"
    where = range_of(buffer.document, region.start, region.end, encoding)
    return {
        "id": named.id,
        "range": {
            "start": {"line": where.start.line, "character": where.start.character},
            "end": {"line": where.end.line, "character": where.end.character},
        },
        "kind": region.origin.kind,
        "tool": session.tool if ai and session else "",
        "model": session.model if ai and session else "",
        "session": region.origin.author if ai else "",
        "risk": risk_of(buffer, region.start, region.end) if ai else "low",
        "review": session_of_client.review_of(buffer) if ai else "none",
        "reviewState": standing(session_of_client.review_state_of(buffer, named) if ai else None),
    }


class Regions:
    """Tells a client when the regions of a buffer are others than those it was told of."""

    def __init__(self, protocol: EarmarkProtocol) -> None:
        self._protocol = protocol
        self._told: dict[str, Sequence[Any]] = {}
        self._mute = False

    def begin(self, client_info: types.ClientInfo | None) -> None:
        """Take note of who is to be told."""
        self._mute = client_info is not None and client_info.name.lower() in _EASILY_DISTURBED

    def asked(self) -> None:
        """The client has asked for regions, so it knows our notification."""
        self._mute = False

    def told(self, buffer: Buffer, reviews: Sequence[RegionReview] = ()) -> bool:
        """Send `earmark/regionsChanged` if more has changed than the place of regions; whether it had. `reviews` are
        the buffer's regions under review."""
        if buffer.tracking is None:
            return False
        outline = [
            *buffer.tracking.outline,
            *(risk_of(buffer, n.region.start, n.region.end) for n in buffer.tracking.ai),
            *(review._replace(lines=LineRange(0, 0)) for review in reviews),
        ]
        if outline == self._told.get(buffer.uri, []):
            return False
        self._told[buffer.uri] = outline
        if not self._mute:
            self._protocol.notify(CHANGED, {"uri": buffer.uri, "version": buffer.version})
        return True

    def forget(self, buffer: Buffer) -> None:
        """The buffer is closed."""
        self._told.pop(buffer.uri, None)


def _lines(count: int) -> str:
    return f"{count} line{'s' * (count != 1)}"
