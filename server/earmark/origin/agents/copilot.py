"""GitHub Copilot CLI: preToolUse and postToolUse, https://docs.github.com/en/copilot/reference/hooks-reference.

Hooks configured in camelCase get camelCase fields and no event name: a result says that the tool has run. Hooks
configured in PascalCase (and those of `.claude/settings.json`) get snake_case fields and Claude's tool names.
"""

from __future__ import annotations

from collections.abc import Mapping

from earmark.origin.agents import apply_patch, calls, edits, payload
from earmark.origin.evidence import Event, FileEvent

TOOL = "github-copilot-cli"
_SHELLS = ("bash", "powershell")
_WRITERS = ("create", "write", "edit", "str_replace", "str_replace_editor", "apply_patch", "git_apply_patch")
_READ_COMMANDS = ("view", "undo_edit")


def parse(data: Mapping[str, object]) -> Event | None:
    """The event of one hook call, None for events and tools that write no file. Raises PayloadError."""
    result = payload.fields(data, "tool_result", "tool_response")
    event = payload.text(data, "hook_event_name") or ("PostToolUse" if result else "PreToolUse")
    if event.lower() not in ("pretooluse", "posttooluse"):
        return None
    tool = payload.need(data, "tool_name").lower()
    if tool not in _WRITERS and tool not in _SHELLS:
        return None
    if result and payload.text(result, "result_type", default="success") != "success":
        return None
    call = calls.Call(
        "before" if event.lower() == "pretooluse" else "after",
        calls.session(TOOL, payload.need(data, "session_id"), payload.maybe(data, "model") or ""),
        payload.need(data, "cwd"),
        payload.text(data, "tool_use_id"),
    )
    arguments = apply_patch.arguments(data, "tool_args", "tool_input")
    if tool in _SHELLS:
        return call.ran(calls.command_line(arguments))
    if payload.maybe(arguments, "command") in _READ_COMMANDS:
        return None
    return call.edited(apply_patch.patched(arguments) or [_file(tool, arguments)])


def _file(tool: str, arguments: Mapping[str, object]) -> FileEvent:
    path = payload.path(payload.need(arguments, "path", "file_path"))
    whole = payload.maybe(arguments, "file_text", "content")
    if whole is not None and (tool in ("create", "write") or payload.maybe(arguments, "command") == "create"):
        return FileEvent(path, after=whole)
    return FileEvent(path, replacements=edits.replacements(arguments))
