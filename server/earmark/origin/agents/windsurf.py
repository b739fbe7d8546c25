"""Windsurf (Cascade): pre_write_code, post_write_code, pre_run_command and post_run_command,
https://docs.windsurf.com/windsurf/cascade/hooks.

Output captured into a payload can hold raw control characters; `payload.decode` takes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from earmark.origin.agents import calls, edits, payload
from earmark.origin.evidence import Event, FileEvent

TOOL = "windsurf"
_PHASES: dict[str, Literal["before", "after"]] = {
    "pre_write_code": "before",
    "post_write_code": "after",
    "post_code_action": "after",
    "pre_run_command": "before",
    "post_run_command": "after",
}


def parse(data: Mapping[str, object]) -> Event | None:
    """The event of one hook call, None for events that write no file. Raises PayloadError."""
    action = payload.need(data, "agent_action_name")
    phase = _PHASES.get(action)
    if phase is None:
        return None
    info = payload.mapping(data, "tool_info")
    roots = tuple(root for root in (payload.text(info, "workspace_path"),) if root)
    call = calls.Call(
        phase,
        calls.session(
            TOOL,
            payload.need(data, "trajectory_id"),
            payload.text(data, "model_name") or payload.maybe(data, "model") or "",
            payload.text(info, "transcript_path"),
        ),
        payload.text(info, "cwd") or payload.text(data, "cwd") or (roots[0] if roots else ""),
        roots=roots,
    )
    if action.endswith("_run_command"):
        return call.ran(calls.command_line(info, "command_line", "command"))
    path = payload.path(payload.need(info, "file_path"))
    return call.edited([FileEvent(path, replacements=edits.replacements(info))])
