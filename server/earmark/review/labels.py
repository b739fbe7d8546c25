"""The labels of a request: the words of the trailers, for gates that read labels."""

from __future__ import annotations

from earmark.review.request import Request


def labels(request: Request, kind: str) -> tuple[str, ...]:
    """`ai-assisted`, `ai-risk:high`, `ai-review:required`, `ai-rollout:canary`; GitLab's are scoped (`::`)."""
    if not request.ai_lines and not request.ai_removed:
        return ()
    between = "::" if kind == "gitlab" else ":"
    pairs = [("ai-risk", request.level), ("ai-rollout", request.rollout)]
    if any(item.code.startswith("approval") for item in request.obligations):
        pairs.append(("ai-review", "required"))
    return ("ai-assisted", *(f"{name}{between}{value}" for name, value in sorted(pairs) if value))
