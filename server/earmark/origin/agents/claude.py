"""Claude Code: PreToolUse and PostToolUse, https://code.claude.com/docs/en/hooks.

The payload names no model; it stands in the transcript.
"""

from __future__ import annotations

from collections.abc import Mapping

from earmark.origin.agents import calls, edits, payload
from earmark.origin.evidence import Event, FileEvent

TOOL = "claude"
_WRITERS = ("Edit", "Write", "MultiEdit", "NotebookEdit", "Update")
_SHELLS = ("Bash", "PowerShell")


def parse(data: Mapping[str, object]) -> Event | None:
    """The event of one hook call, None for tools that write no file. Raises PayloadError."""
    event = payload.need(data, "hook_event_name")
    if event not in ("PreToolUse", "PostToolUse"):
        return None
    tool = payload.need(data, "tool_name")
    if tool not in _WRITERS and tool not in _SHELLS:
        return None
    transcript = payload.text(data, "transcript_path")
    conversation = payload.text(data, "session_id") or _stem(transcript) or payload.need(data, "session_id")
    call = calls.Call(
        "before" if event == "PreToolUse" else "after",
        calls.session(TOOL, conversation, payload.maybe(data, "model") or "", transcript),
        payload.need(data, "cwd"),
        payload.text(data, "tool_use_id"),
    )
    tool_input = payload.mapping(data, "tool_input")
    if tool in _SHELLS:
        return call.ran(calls.command_line(tool_input))
    response = payload.fields(data, "tool_response")
    if payload.get(response, "success") is False:
        return None
    return call.edited([_file(tool, tool_input, response)])


def _stem(transcript: str) -> str:
    """A transcript is named after its session."""
    return transcript.replace("\\", "/").rpartition("/")[2].removesuffix(".jsonl")


def _file(tool: str, tool_input: dict[str, object], response: dict[str, object]) -> FileEvent:
    path = payload.path(payload.need(tool_input, "file_path", "notebook_path", "path"))
    before = payload.maybe(response, "original_file", "original_file_contents")
    if tool == "NotebookEdit":
        return FileEvent(path, before, payload.maybe(response, "updated_file"))
    if tool == "Write":
        created = before is None and payload.maybe(response, "type") == "create"
        return FileEvent(path, "" if created else before, payload.text(tool_input, "content"))
    # With the whole text at hand the edit itself is exact; without it only the patch says where the edit was.
    patch = payload.objects(response, "structured_patch") if before is None else []
    return FileEvent(path, before, None, edits.hunks(patch) if patch else edits.replacements(tool_input))
