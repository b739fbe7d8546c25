"""`earmark/regions`: {textDocument} → {version, regions, removals}."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from earmark.lsp.handlers.arguments import uri_of
from earmark.lsp.regions import described

if TYPE_CHECKING:
    from earmark.lsp.server import EarmarkServer


def regions(ls: EarmarkServer, params: Any) -> dict[str, Any]:
    """Every region of known origin, in order of place, and where an assistant removed lines; null version when the
    document is not open."""
    ls.session.regions.asked()
    buffer = ls.session.buffers.get(uri_of(params))
    if buffer is None:
        return {"version": None, "regions": [], "removals": []}
    tracking, encoding = buffer.tracking, ls.client.encoding
    removals = tracking.snapshot.removals if tracking is not None else ()
    return {
        "version": buffer.version,
        "regions": [described(ls.session, buffer, named) for named in (tracking.named if tracking is not None else ())],
        "removals": [
            {
                "position": dict(zip(("line", "character"), buffer.document.position(r.at, encoding), strict=True)),
                "lines": len(r.lines),
                "session": r.session,
            }
            for r in removals
        ],
    }
