"""Gemini CLI: BeforeTool and AfterTool, docs/hooks/reference.md of google-gemini/gemini-cli.

The payload names no model; it stands in the transcript.
"""

from __future__ import annotations

from collections.abc import Mapping

from earmark.origin.agents import calls, edits, payload
from earmark.origin.evidence import Event, FileEvent

TOOL = "gemini"
_SHELLS = ("run_shell_command", "shell")
_PHASES = {"BeforeTool": "before", "PreToolUse": "before", "AfterTool": "after", "PostToolUse": "after"}


def parse(data: Mapping[str, object]) -> Event | None:
    """The event of one hook call, None for events and tools that write no file. Raises PayloadError."""
    phase = _PHASES.get(payload.need(data, "hook_event_name"))
    if phase is None:
        return None
    tool = payload.need(data, "tool_name")
    if tool not in _SHELLS and tool not in ("write_file", "replace"):
        return None
    transcript = payload.text(data, "transcript_path")
    call = calls.Call(
        "before" if phase == "before" else "after",
        calls.session(TOOL, payload.need(data, "session_id"), payload.maybe(data, "model") or "", transcript),
        payload.need(data, "cwd"),
        payload.text(data, "tool_use_id"),
    )
    tool_input = payload.mapping(data, "tool_input")
    if tool in _SHELLS:
        return call.ran(calls.command_line(tool_input))
    if payload.get(payload.fields(data, "tool_response"), "error") is not None:
        return None
    path = payload.path(payload.need(tool_input, "file_path", "absolute_path", "path"))
    if tool == "write_file":
        return call.edited([FileEvent(path, after=payload.text(tool_input, "content"))])
    return call.edited([FileEvent(path, replacements=edits.replacements(tool_input))])
