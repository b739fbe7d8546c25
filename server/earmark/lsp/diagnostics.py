"""What a client is told about a buffer: which findings are shown, and when they are sent."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

from lsprotocol import types

from earmark.lsp.buffer import Buffer
from earmark.lsp.convert import HINT, WARNING, Mark, raw_diagnostic
from earmark.lsp.findings import Placed
from earmark.risk.documentation import address
from earmark.risk.finding import SEVERITIES

if TYPE_CHECKING:
    from earmark.lsp.capabilities import Client
    from earmark.lsp.settings import Settings

MOST = 200


class Sent(NamedTuple):
    """What the client last got for a buffer: of which version, and the items as JSON."""

    version: int
    items: str


class Diagnostics:
    """Sends and answers diagnostics for one client; `send` takes a whole message as JSON."""

    def __init__(self, send: Callable[[str], None]) -> None:
        self._send = send
        self._sent: dict[str, Sent] = {}

    def push(self, buffer: Buffer, marks: Iterable[Mark], client: Client) -> bool:
        """Publish the marks of the present text unless exactly they went out for this version; true when sent.

        Every version gets one message even when nothing changed: a client that checks versions takes an older set as
        out of date.
        """
        sent = Sent(buffer.version, _items(buffer, marks, client))
        if self._sent.get(buffer.uri) == sent:
            return False
        self._sent[buffer.uri] = sent
        self._publish(f'"uri":{json.dumps(buffer.uri)},"version":{buffer.version},"diagnostics":{sent.items}')
        return True

    def pull(self, buffer: Buffer, marks: Iterable[Mark], client: Client, previous: str | None) -> str:
        """The answer to a client that asks, as JSON; `previous` is the result id it already has."""
        sent = Sent(buffer.version, _items(buffer, marks, client))
        self._sent[buffer.uri] = sent
        result_id = blake2b(sent.items.encode(), digest_size=12).hexdigest()
        if previous == result_id:
            return f'{{"kind":"unchanged","resultId":"{result_id}"}}'
        return f'{{"kind":"full","resultId":"{result_id}","items":{sent.items}}}'

    def outdated(self, buffer: Buffer, marks: Iterable[Mark], client: Client) -> bool:
        """Whether a client that asked has got something else than these marks."""
        sent = self._sent.get(buffer.uri)
        return sent is not None and sent.items != _items(buffer, marks, client)

    def close(self, buffer: Buffer, client: Client) -> None:
        """The buffer is closed: a client that was sent anything is sent an empty set."""
        if self._sent.pop(buffer.uri, None) is not None and not client.pull_diagnostics:
            self._publish(f'"uri":{json.dumps(buffer.uri)},"diagnostics":[]')

    def _publish(self, params: str) -> None:
        self._send(f'{{"jsonrpc":"2.0","method":"{types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS}","params":{{{params}}}}}')


def _items(buffer: Buffer, marks: Iterable[Mark], client: Client) -> str:
    return "[" + ",".join([raw_diagnostic(buffer.document, mark, client.encoding) for mark in marks]) + "]"


class Shown(NamedTuple):
    """A finding that is shown, and whether it stands in AI text."""

    placed: Placed
    ai: bool


def shown(buffer: Buffer, settings: Settings) -> list[Shown]:
    """The findings to show, by place. Where there are too many, those in AI text go first, then the severe ones."""
    least = SEVERITIES.index(settings.minimum_severity)
    ranked: dict[tuple[bool, int], list[Placed]] = {}
    for found in (buffer.found, buffer.compared):
        for placed in found:
            rank = SEVERITIES.index(placed.finding.severity)
            if rank >= least:
                ai = buffer.tracking is not None and buffer.tracking.is_ai(placed.start, placed.end)
                ranked.setdefault((ai, rank), []).append(placed)
    chosen: list[Shown] = []
    for key in sorted(ranked, reverse=True):
        chosen += [Shown(placed, key[0]) for placed in ranked[key][: MOST - len(chosen)]]
    chosen.sort(key=lambda item: (item.placed.start, item.placed.end, item.placed.finding.rule))
    return chosen


def mark_of(item: Shown, href: str) -> Mark:
    """What a diagnostic says about a finding; `href` explains its weakness where our own page of the rule is not
    installed, or is empty."""
    finding = item.placed.finding
    message = " ".join(
        part for part in (finding.message, finding.detail and f"({finding.detail})", finding.hint) if part
    )
    return Mark(
        item.placed.start,
        item.placed.end,
        WARNING if item.ai else HINT,
        finding.rule,
        message,
        address(finding.rule, finding.category) or href,
        finding.category == "debug-in-production",
    )
