"""policy-bot: it reads labels and statuses, no commit message."""

from __future__ import annotations

from earmark.gate.export.artifact import CHECK, Artifact
from earmark.policy.model import Policy


def export(policy: Policy) -> tuple[Artifact, ...]:
    """`.policy.yml`. The status is asked of every request: a missing label must not pass by itself."""
    most = max((rule.number for rule in policy.review), default=1)
    text = _RULES.format(check=CHECK, count=most)
    return (Artifact(".policy.yml", text, "merge into the repository's .policy.yml"),)


_RULES = """\
policy:
  approval:
    - earmark has passed
    - ai change is reviewed
approval_rules:
  # Who must agree, at which level and to which lines, is judged behind this status.
  - name: earmark has passed
    requires:
      count: 0
      conditions:
        has_status:
          conclusions: ["success"]
          statuses: ["{check}"]
  # A push dismisses nothing here: the status above dismisses region by region, so keep both or neither.
  - name: ai change is reviewed
    if:
      has_labels: ["ai-assisted"]
    requires:
      count: {count}
      permissions: ["write"]
    options:
      invalidate_on_push: false
      allow_author: false
      allow_contributor: false
"""
