"""`earmark/reviewPreview`: {uri?, id?, range?, scope?, title?, asked?} → the request as it would be sent, unsent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from earmark.lsp.commands.asking import require_place
from earmark.lsp.review_options import options, preview

if TYPE_CHECKING:
    from earmark.lsp.server import EarmarkServer


async def review_preview(ls: EarmarkServer, params: Any) -> dict[str, Any]:
    """What `earmark review request --preview` prints; an empty `text` where there is nothing to ask a review for."""
    buffer, repo = await require_place(ls, (params,), writes=False)
    found = await preview(repo, await options(ls, buffer, params))
    return found or EMPTY


EMPTY: dict[str, Any] = {
    "digest": "", "key": "", "title": "", "text": "", "document": "", "requests": [], "people": [], "teams": [],
    "second": [], "notices": [], "lines": [], "blocked": "nothing of an assistant's is under review here",
}  # fmt: skip
