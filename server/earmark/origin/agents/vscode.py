"""VS Code's local agent (GitHub Copilot Chat): https://code.visualstudio.com/docs, "Agent hooks".

Fields come in snake_case and camelCase within one payload. The extension's own older reports (`before_edit`,
`after_edit`) are read as well. `PostToolUse` can arrive before the file is on disk (microsoft/vscode 315926): the
caller waits a moment for the text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from earmark.origin.agents import agent_v1, apply_patch, calls, edits, payload
from earmark.origin.evidence import Event, FileEvent

TOOL = "github-copilot"
_READERS = ("find", "search", "read", "grep", "glob", "list", "fetch", "web", "open", "todo", "directory")
_WRITERS = ("edit", "write", "replace", "patch", "create", "delete", "rename", "move", "insert")


def parse(data: Mapping[str, object]) -> Event | None:
    """The event of one hook call, None for events and tools that write no file. Raises PayloadError."""
    event = payload.need(data, "hook_event_name")
    if event in ("before_edit", "after_edit"):
        return _extension(data, event)
    if event not in ("PreToolUse", "PostToolUse"):
        return None
    tool = payload.need(data, "tool_name").lower()
    shell = tool == "run_in_terminal"
    if not shell and (any(word in tool for word in _READERS) or not any(word in tool for word in _WRITERS)):
        return None
    call = _call(data, "before" if event == "PreToolUse" else "after")
    if shell:
        return call.ran(calls.command_line(payload.mapping(data, "tool_input")))
    return call.edited(_files(tool, data))


def _call(data: Mapping[str, object], phase: Literal["before", "after"]) -> calls.Call:
    conversation = payload.need(data, "session_id", "chat_session_id", "conversation_id")
    transcript = payload.text(data, "transcript_path", "chat_session_path")
    return calls.Call(
        phase,
        calls.session(TOOL, conversation, payload.maybe(data, "model") or "", transcript),
        payload.need(data, "cwd", "workspace_folder"),
        payload.text(data, "tool_use_id"),
    )


def _files(tool: str, data: Mapping[str, object]) -> tuple[FileEvent, ...]:
    tool_input = apply_patch.arguments(data, "tool_input")
    patched = apply_patch.patched(tool_input)
    if patched:
        return patched
    several = payload.objects(tool_input, "replacements")
    if several:
        return tuple(_one(tool, edit) for edit in several)
    listed = payload.texts(tool_input, "files", "file_paths")
    if listed:
        return tuple(FileEvent(payload.path(path)) for path in listed)
    return (_one(tool, tool_input),)


def _one(tool: str, tool_input: Mapping[str, object]) -> FileEvent:
    path = payload.path(payload.need(tool_input, "file_path", "path", "uri", "fs_path", "filepath", "new_path"))
    if "delete" in tool:
        return FileEvent(path, deleted=True)
    if "create" in tool or tool == "write":
        return FileEvent(path, after=payload.maybe(tool_input, "content"))
    return FileEvent(path, replacements=edits.replacements(tool_input))


def _extension(data: Mapping[str, object], event: str) -> Event:
    if event == "before_edit":
        return _call(data, "before").edited(agent_v1.named(data, "will_edit_filepaths"))
    return _call(data, "after").edited(agent_v1.named(data, "edited_filepaths"))
