"""`shutdown`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from earmark.lsp.server import EarmarkServer

# What a save that is being written may take.
_SECONDS = 1.0


async def shutdown(ls: EarmarkServer, _: None) -> None:
    """Let what is being written be written; the answer comes when it is."""
    await ls.end(_SECONDS)
