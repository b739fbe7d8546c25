"""The Git AI Standard recorder's input `known-human`: an editor saw a person write this."""

from __future__ import annotations

from collections.abc import Mapping

from earmark.origin.agents import agent_v1, payload
from earmark.origin.evidence import Event, PayloadError


def parse(data: Mapping[str, object]) -> Event | None:
    """The event of one report. Raises PayloadError."""
    files = agent_v1.named(data, "edited_filepaths")
    if not files:
        raise PayloadError("`edited_filepaths` is missing from the payload")
    return Event("human", payload.text(data, "cwd", "repo_working_dir"), None, files)
