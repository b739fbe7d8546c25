"""Cursor: preToolUse, postToolUse, afterFileEdit, afterTabFileEdit and the shell events, https://cursor.com/docs/hooks.

Cursor also runs the hooks of `.claude/settings.json`, with Claude's names for events and tools.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from earmark.origin.agents import apply_patch, calls, edits, payload
from earmark.origin.evidence import Event, FileEvent, PayloadError

TOOL = "cursor"
_WRITERS = ("Write", "StrReplace", "Edit", "MultiEdit", "Delete", "ApplyPatch", "EditNotebook", "NotebookEdit")
_SHELLS = ("Shell", "Bash")
_PHASES: dict[str, Literal["before", "after"]] = {
    "pretooluse": "before",
    "posttooluse": "after",
    "beforeshellexecution": "before",
    "aftershellexecution": "after",
    "afterfileedit": "after",
    "aftertabfileedit": "after",
}


def parse(data: Mapping[str, object]) -> Event | None:
    """The event of one hook call, None for events and tools that write no file. Raises PayloadError."""
    event = payload.need(data, "hook_event_name").lower()
    phase = _PHASES.get(event)
    tool = payload.text(data, "tool_name")
    if phase is None or (event.endswith("tooluse") and tool not in _WRITERS and tool not in _SHELLS):
        return None
    tool_input = data if not event.endswith("tooluse") else apply_patch.arguments(data, "tool_input")
    call = _call(data, phase, tool_input, tab=event == "aftertabfileedit")
    if tool in _SHELLS or event.endswith("shellexecution"):
        return call.ran(calls.command_line(dict(tool_input)))
    if tool == "ApplyPatch":
        return call.edited(apply_patch.patched(tool_input))
    if event == "aftertabfileedit":
        placed = edits.placed(payload.objects(data, "edits"))
        return call.edited([FileEvent(_path(data), replacements=placed)])
    return call.edited([_file(tool, tool_input)])


def _call(
    data: Mapping[str, object], phase: Literal["before", "after"], tool_input: Mapping[str, object], tab: bool
) -> calls.Call:
    roots = tuple(_local(root) for root in payload.texts(data, "workspace_roots"))
    conversation = payload.text(data, "conversation_id", "session_id")
    if not conversation and tab:
        conversation = "tab-" + payload.need(data, "generation_id")
    cwd = payload.text(data, "cwd") or payload.text(tool_input, "working_directory", "cwd")
    if not cwd:
        path = _local(payload.maybe(tool_input, "file_path", "path") or "")
        cwd = next((root for root in roots if path.startswith(root.rstrip("/") + "/")), roots[0] if roots else "")
    if not cwd:
        raise PayloadError("`workspace_roots` is missing from the payload")
    return calls.Call(
        phase,
        calls.session(
            TOOL,
            conversation or payload.need(data, "conversation_id"),
            payload.text(data, "model"),
            payload.text(data, "transcript_path"),
        ),
        cwd,
        payload.text(data, "tool_use_id"),
        roots,
    )


def _path(data: Mapping[str, object]) -> str:
    return payload.path(_local(payload.need(data, "file_path", "path", "target_notebook", "notebook_path")))


def _file(tool: str, tool_input: Mapping[str, object]) -> FileEvent:
    path = _path(tool_input)
    if tool == "Delete":
        return FileEvent(path, deleted=True)
    if tool == "Write":
        return FileEvent(path, after=payload.maybe(tool_input, "content", "contents"))
    if tool in ("EditNotebook", "NotebookEdit"):
        return FileEvent(path)
    return FileEvent(path, replacements=edits.replacements(tool_input))


def _local(path: str) -> str:
    """On Windows Cursor writes `/c:/folder` for `C:\\folder`; nowhere else can a path begin so by accident."""
    if len(path) > 2 and path[0] == "/" and path[2] == ":" and path[1].isalpha():
        import os

        return path[1].upper() + ":" + path[3:].replace("/", "\\") if os.name == "nt" else path
    return path
