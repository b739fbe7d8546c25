"""Which module reads which agent's hook."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from earmark.origin.agents import payload
from earmark.origin.evidence import Event, PayloadError

AGENTS = (
    "claude",
    "cursor",
    "copilot",
    "vscode",
    "codex",
    "gemini",
    "windsurf",
    "kiro",
    "cline",
    "opencode",
    "agent-v1",
    "ai-tab",
    "known-human",
)
_SHARED_HOOKS = ("claude", "copilot", "vscode")


def read(agent: str, raw: bytes) -> tuple[Event, ...]:
    """The events of one hook payload, none when it says nothing about files.

    `agent` is one of `AGENTS` (an underscore counts as a hyphen). Raises PayloadError, and nothing else.
    """
    name = agent.replace("_", "-")
    if name not in AGENTS:
        raise PayloadError(f"no agent {agent[:40]!r}; known are {', '.join(AGENTS)}")
    data = payload.decode(raw)
    module = import_module("earmark.origin.agents." + sender(name, data).replace("-", "_"))
    event: Event | None = module.parse(data)
    return () if event is None else (event,)


def sender(agent: str, data: Mapping[str, object]) -> str:
    """Who sent a payload that came through `agent`'s hook.

    Cursor, VS Code and Copilot CLI also run the hooks of `.claude/settings.json`, and VS Code those of `.github/hooks`
    for Claude sessions: taken at its word, one edit would count for two tools.
    """
    if agent not in _SHARED_HOOKS:
        return agent
    path = payload.get(data, "transcript_path", "chat_session_path")
    transcript = path.lower().replace("\\", "/") if isinstance(path, str) else ""
    if "cursor_version" in data or "/.cursor/" in transcript:
        return "cursor"
    if "/.claude/" in transcript or "/claude/projects/" in transcript:
        return "claude"
    if "github.copilot" in transcript or "github copilot" in transcript or "/chatsessions/" in transcript:
        return "vscode"
    if "toolArgs" in data or (not transcript and "tool_use_id" not in data and "timestamp" in data):
        return "copilot"
    if "hookEventName" in data or "extensionId" in data or agent == "copilot":
        return "copilot" if "tool_use_id" not in data and not transcript else "vscode"
    return agent
