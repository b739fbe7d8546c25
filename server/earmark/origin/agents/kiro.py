"""Kiro: preToolUse and postToolUse of the CLI and of IDE 1.x, https://kiro.dev/docs/hooks.

The IDE before 1.0 sends nothing on standard input; its environment variable USER_PROMPT holds
`{"toolName","toolArgs","toolResult","toolSuccess"}`, without a session and often without arguments: the path then
stands in the result's sentence.
"""

from __future__ import annotations

from collections.abc import Mapping

from earmark.origin.agents import calls, edits, payload
from earmark.origin.evidence import Event, FileEvent, PayloadError

TOOL = "kiro"
_SHELLS = ("execute_bash", "execute_pwsh", "shell", "execute_cmd")
_WRITERS = ("fs_write", "write", "fs_append", "append", "str_replace", "edit_code", "delete_file", "fs_edit")


def parse(data: Mapping[str, object]) -> Event | None:
    """The event of one hook call, None for events and tools that write no file. Raises PayloadError."""
    old_ide = payload.get(data, "hook_event_name") is None and payload.get(data, "tool_result") is not None
    event = "posttooluse" if old_ide else payload.need(data, "hook_event_name").lower()
    if event not in ("pretooluse", "posttooluse") or payload.get(data, "tool_success") is False:
        return None
    tool = _snake(payload.need(data, "tool_name"))
    if tool not in _SHELLS and tool not in _WRITERS:
        return None
    cwd = payload.need(data, "cwd")
    conversation = f"ide:{cwd}" if old_ide else payload.need(data, "session_id")
    call = calls.Call(
        "before" if event == "pretooluse" else "after",
        calls.session(TOOL, conversation, payload.maybe(data, "model") or ""),
        cwd,
        payload.text(data, "tool_use_id"),
    )
    arguments = payload.mapping(data, "tool_input", "tool_args")
    if tool in _SHELLS:
        return call.ran(calls.command_line(arguments))
    if payload.get(payload.fields(data, "tool_response"), "success") is False:
        return None
    operations = payload.objects(arguments, "operations")
    if not operations and old_ide and not arguments:
        return call.edited([FileEvent(_named_in(payload.text(data, "tool_result")))])
    return call.edited(_file(tool, operation) for operation in operations or [arguments])


def _snake(name: str) -> str:
    """`fsWrite` of the IDE is `fs_write` of the CLI."""
    return "".join(f"_{char.lower()}" if char.isupper() else char for char in name).lstrip("_")


def _file(tool: str, arguments: Mapping[str, object]) -> FileEvent:
    path = payload.path(payload.need(arguments, "path", "file_path", "target_file"))
    if tool == "delete_file":
        return FileEvent(path, deleted=True)
    command = _snake(payload.maybe(arguments, "command", "mode") or "create")
    whole = payload.maybe(arguments, "file_text", "content", "text")
    if tool in ("fs_write", "write") and command in ("create", "overwrite") and whole is not None:
        return FileEvent(path, after=whole)
    return FileEvent(path, replacements=edits.replacements(arguments))


def _named_in(result: str) -> str:
    """The path in a sentence such as "Created the /folder/name file."."""
    _, found, rest = result.partition(" the ")
    path, ended, _ = rest.rpartition(" file")
    if not (found and ended and path):
        raise PayloadError("`toolResult` names no file")
    return payload.path(path.strip())
