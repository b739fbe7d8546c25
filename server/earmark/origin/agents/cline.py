"""Cline: the executables PreToolUse and PostToolUse, https://docs.cline.bot/features/hooks.

The tool's part of the payload is nested under `preToolUse` or `postToolUse`, or stands at the top.
"""

from __future__ import annotations

from collections.abc import Mapping

from earmark.origin.agents import apply_patch, calls, edits, payload
from earmark.origin.evidence import Event, FileEvent, PayloadError

TOOL = "cline"
_WRITERS = ("write_to_file", "replace_in_file", "new_file", "apply_patch", "edit_file")


def parse(data: Mapping[str, object]) -> Event | None:
    """The event of one hook call, None for events and tools that write no file. Raises PayloadError."""
    event = payload.need(data, "hook_name")
    if event not in ("PreToolUse", "PostToolUse"):
        return None
    part = payload.mapping(data, "pre_tool_use" if event == "PreToolUse" else "post_tool_use") or data
    tool = payload.need(part, "tool_name", "tool")
    if (tool not in _WRITERS and tool != "execute_command") or payload.get(part, "success") is False:
        return None
    roots = tuple(payload.texts(data, "workspace_roots"))
    if not roots:
        raise PayloadError("`workspaceRoots` is missing from the payload")
    call = calls.Call(
        "before" if event == "PreToolUse" else "after",
        calls.session(TOOL, payload.need(data, "task_id"), _model(data)),
        roots[0],
        roots=roots,
    )
    arguments = payload.mapping(part, "parameters")
    if tool == "execute_command":
        return call.ran(calls.command_line(arguments))
    return call.edited(apply_patch.patched(arguments) or [_file(arguments)])


def _model(data: Mapping[str, object]) -> str:
    model = payload.get(data, "model")
    return payload.text(model, "slug") if isinstance(model, dict) else payload.text(data, "model")


def _file(arguments: Mapping[str, object]) -> FileEvent:
    path = payload.path(payload.need(arguments, "absolute_path", "path", "file_path"))
    diff = payload.maybe(arguments, "diff")
    if diff is not None:
        return FileEvent(path, replacements=edits.search_blocks(diff))
    whole = payload.maybe(arguments, "content")
    return FileEvent(path, after=whole, replacements=() if whole is not None else edits.replacements(arguments))
