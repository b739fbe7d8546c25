"""`earmark/reviewState`: {uri?, refresh?} → how the review of what HEAD adds stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from earmark.lsp.commands.asking import require_place
from earmark.lsp.handlers.arguments import field
from earmark.lsp.reviewed import standing
from earmark.lsp.text import plain

if TYPE_CHECKING:
    from earmark.lsp.reviews import ReviewState
    from earmark.lsp.server import EarmarkServer


async def review_state(ls: EarmarkServer, params: Any) -> dict[str, Any]:
    """What is known, or with `refresh` what the forge says now. Lines are those of HEAD."""
    _, repo = await require_place(ls, (params,), writes=False)
    ls.session.review_asked = True
    if field(params, "refresh") is True:
        return described(await ls.session.reviews.look(repo, ask=True))
    return described(ls.session.reviews.of(repo))


def described(state: ReviewState) -> dict[str, Any]:
    """A review as the protocol of ours has it."""
    return {
        "key": state.key,
        "url": plain(state.url),
        "state": state.state,
        "waiting": [plain(who) for who in state.waiting],
        "regions": [
            {"path": plain(path), "lines": list(review.lines), **standing(review)}
            for path, reviews in sorted(state.regions.items())
            for review in reviews
        ],
        "obligations": [{"code": code, "message": plain(said), "met": met} for code, said, met in state.obligations],
        "askedDaysAgo": state.asked_days_ago,
        "second": [plain(name) for name in state.second],
        "note": plain(state.note),
    }
