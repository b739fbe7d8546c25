"""The Git AI Standard recorder's input `ai-tab`: an accepted inline completion, announced and reported."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from earmark.origin.agents import agent_v1, calls, payload
from earmark.origin.evidence import Event, PayloadError


def parse(data: Mapping[str, object]) -> Event | None:
    """The event of one report. Raises PayloadError."""
    event = payload.need(data, "hook_event_name")
    if event not in ("before_edit", "after_edit"):
        raise PayloadError("`hook_event_name` must be before_edit or after_edit")
    completion = payload.text(data, "completion_id") or _content_id(data)
    session = calls.session(payload.need(data, "tool"), f"ai_tab-{completion}", payload.need(data, "model"))
    cwd = payload.text(data, "repo_working_dir", "cwd")
    if event == "before_edit":
        return Event("before", cwd, session, agent_v1.named(data, "will_edit_filepaths"))
    return calls.Call("after", session, cwd, completion).edited(agent_v1.named(data, "edited_filepaths"))


def _content_id(data: Mapping[str, object]) -> str:
    """A completion without an id is known by what it says, so that reading it twice gives one session."""
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()[:16]
