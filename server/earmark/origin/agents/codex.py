"""Codex CLI: PreToolUse and PostToolUse, https://developers.openai.com/codex/hooks.

Edits come as `apply_patch` envelopes in `tool_input.command`; every shell-like tool reports itself as `Bash` in newer
versions, under its own name in older ones. The old `notify` program gets no tool calls at all.
"""

from __future__ import annotations

from collections.abc import Mapping

from earmark.origin.agents import apply_patch, calls, payload
from earmark.origin.evidence import Event

TOOL = "codex"
_SHELLS = ("Bash", "exec_command", "shell", "shell_command", "local_shell", "container.exec", "unified_exec")


def parse(data: Mapping[str, object]) -> Event | None:
    """The event of one hook call, None for events and tools that write no file. Raises PayloadError."""
    if payload.text(data, "type") == "agent-turn-complete":
        return None
    event = payload.need(data, "hook_event_name")
    if event not in ("PreToolUse", "PostToolUse"):
        return None
    tool = payload.need(data, "tool_name")
    if tool not in _SHELLS and tool not in ("apply_patch", "Edit", "Write"):
        return None
    conversation = payload.text(data, "session_id", "thread_id") or payload.need(data, "thread-id", "session_id")
    call = calls.Call(
        "before" if event == "PreToolUse" else "after",
        calls.session(TOOL, conversation, payload.text(data, "model"), payload.text(data, "transcript_path")),
        payload.need(data, "cwd"),
        payload.text(data, "tool_use_id"),
    )
    tool_input = apply_patch.arguments(data, "tool_input")
    if tool in _SHELLS:
        return call.ran(calls.command_line(tool_input))
    return call.edited(apply_patch.files("\n".join(payload.texts(tool_input, "command", "input", "patch"))))
