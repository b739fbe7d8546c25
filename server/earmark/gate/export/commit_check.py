"""commit-check 2.19: its own words for forbid and disclose."""

from __future__ import annotations

import json

from earmark.gate.export.artifact import Artifact
from earmark.policy.model import Policy
from earmark.trailers.vocabulary import ASSISTED_BY, GENERATED_BY

# What each preset writes as the value; Fedora and the ASF write names of any form.
_VALUES = {"earmark": r"^\S+:\S+", "kernel-7.2": r"^\S+:\S+", "kernel-7.3": r"^LLM\b", "fedora": "", "apache": ""}


def export(policy: Policy) -> tuple[Artifact, ...]:
    """`cchk.toml`. "disclose" refuses assistants as co-authors and sign-offs, which Earmark never writes."""
    if policy.declare.mode == "forbid":
        lines = ['ai_attribution = "forbid"']
    else:
        key = GENERATED_BY if policy.declare.preset == "apache" else ASSISTED_BY
        pattern = _VALUES[policy.declare.preset]
        lines = ['ai_attribution = "disclose"', f"ai_disclosure_trailers = {json.dumps([key])}"]
        lines += [f"ai_disclosure_pattern = {json.dumps(pattern)}"] if pattern else []
    return (Artifact("cchk.toml", "\n".join(["[commit]", *lines, ""]), "merge into the repository's cchk.toml"),)
