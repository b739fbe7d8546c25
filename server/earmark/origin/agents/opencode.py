"""OpenCode: what Earmark's plugin (`install`) reports of `tool.execute.before` and `tool.execute.after`,
https://opencode.ai/docs/plugins. The payload is Claude-shaped; `tool_response` is the tool's `metadata`.
"""

from __future__ import annotations

from collections.abc import Mapping

from earmark.origin.agents import apply_patch, calls, edits, payload
from earmark.origin.evidence import Event, FileEvent

TOOL = "opencode"
_WRITERS = ("edit", "write", "multiedit", "patch", "apply_patch")
_SHELLS = ("bash", "shell")


def parse(data: Mapping[str, object]) -> Event | None:
    """The event of one hook call, None for events and tools that write no file. Raises PayloadError."""
    event = payload.need(data, "hook_event_name")
    if event not in ("PreToolUse", "PostToolUse"):
        return None
    tool = payload.need(data, "tool_name", "tool")
    if tool not in _WRITERS and tool not in _SHELLS:
        return None
    call = calls.Call(
        "before" if event == "PreToolUse" else "after",
        calls.session(TOOL, payload.need(data, "session_id", "sessionID"), payload.text(data, "model")),
        payload.need(data, "cwd", "directory"),
        payload.text(data, "tool_use_id", "callID"),
    )
    arguments = payload.mapping(data, "tool_input", "args")
    if tool in _SHELLS:
        return call.ran(calls.command_line(arguments))
    response = payload.fields(data, "tool_response", "metadata")
    return call.edited(apply_patch.patched(arguments) or [_file(arguments, response)])


def _file(arguments: Mapping[str, object], response: Mapping[str, object]) -> FileEvent:
    path = payload.path(payload.need(arguments, "file_path", "filepath", "path"))
    seen = payload.fields(response, "filediff")
    before, after = payload.maybe(seen, "before"), payload.maybe(seen, "after")
    whole = payload.maybe(arguments, "content")
    return FileEvent(path, before, after if after is not None else whole, edits.replacements(arguments))
