"""Where each assistant keeps its hooks, and what an entry of ours looks like there.

Sources: the vendors' own hook references named in each agent's module; `timeout` in seconds except for Gemini CLI.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Literal, NamedTuple

Shape = Literal["groups", "flat", "kiro", "script", "plugin"]

_TOOLS = ("PreToolUse", "PostToolUse")
_KIRO_TOOLS = (
    "fs_write|fs_append|fsWrite|fsAppend|str_replace|strReplace|write|delete_file|deleteFile|"
    "execute_bash|executeBash|execute_pwsh|executePwsh|shell"
)
_CURSOR_TOOLS = "Write|StrReplace|Edit|MultiEdit|Delete|ApplyPatch|EditNotebook|Shell"


class Place(NamedTuple):
    """One agent's hook configuration.

    `home` is its folder below the user's home and `variable` the environment variable that moves that folder; `user`
    is the file in it, `project` the one below a worktree's top. `shape` says how entries stand in the file: "groups"
    `hooks.EVENT[{matcher, hooks: [entry]}]`, "flat" `hooks.EVENT[entry]`, "kiro" a file of our own, "script" one
    executable an event in the folder, "plugin" a program of our own. `version` is the file's `version` where it must
    have one, `extra` belongs to every entry, `program` is the agent's executable, `then` what remains for the user.
    """

    agent: str
    program: str
    home: str
    user: str
    project: str
    shape: Shape
    events: tuple[str, ...]
    variable: str = ""
    matchers: Mapping[str, str] = {}
    extra: Mapping[str, object] = {}
    version: int | str | None = None
    then: str = ""

    def user_folder(self, environ: Mapping[str, str]) -> str:
        """The folder of the agent's own user configuration."""
        moved = environ.get(self.variable, "") if self.variable else ""
        if moved and self.variable == "XDG_CONFIG_HOME":
            return os.path.join(moved, os.path.basename(self.home))
        home = environ.get("HOME") or os.path.expanduser("~")
        return moved if os.path.isabs(moved) else os.path.join(home, self.home)

    def files(self, project: bool, top: str, environ: Mapping[str, str]) -> tuple[str, ...]:
        """The files that hold the hooks, absolute."""
        path = os.path.join(top, self.project) if project else os.path.join(self.user_folder(environ), self.user)
        return tuple(os.path.join(path, event) for event in self.events) if self.shape == "script" else (path,)


_ALL = (
    Place(
        agent="claude",
        program="claude",
        variable="CLAUDE_CONFIG_DIR",
        home=".claude",
        user="settings.json",
        project=".claude/settings.json",
        shape="groups",
        events=_TOOLS,
        matchers=dict.fromkeys(_TOOLS, "Edit|Write|MultiEdit|NotebookEdit|Bash|PowerShell"),
        extra={"type": "command", "timeout": 10},
    ),
    Place(
        agent="cursor",
        program="cursor",
        home=".cursor",
        user="hooks.json",
        project=".cursor/hooks.json",
        shape="flat",
        events=("preToolUse", "postToolUse", "afterFileEdit", "afterTabFileEdit"),
        matchers=dict.fromkeys(("preToolUse", "postToolUse"), _CURSOR_TOOLS),
        extra={"timeout": 10},
        version=1,
    ),
    Place(
        agent="codex",
        program="codex",
        variable="CODEX_HOME",
        home=".codex",
        user="hooks.json",
        project=".codex/hooks.json",
        shape="groups",
        events=_TOOLS,
        matchers=dict.fromkeys(_TOOLS, "^(apply_patch|Bash)$"),
        extra={"type": "command", "timeout": 10},
        then="Codex asks once whether it may run the hook: start it and answer, or use /hooks",
    ),
    Place(
        agent="gemini",
        program="gemini",
        home=".gemini",
        user="settings.json",
        project=".gemini/settings.json",
        shape="groups",
        events=("BeforeTool", "AfterTool"),
        matchers=dict.fromkeys(("BeforeTool", "AfterTool"), "write_file|replace|run_shell_command"),
        extra={"name": "earmark", "type": "command", "timeout": 10_000},
    ),
    Place(
        agent="windsurf",
        program="windsurf",
        home=".codeium/windsurf",
        user="hooks.json",
        project=".windsurf/hooks.json",
        shape="flat",
        events=("pre_write_code", "post_write_code", "pre_run_command", "post_run_command"),
        extra={"show_output": False},
    ),
    Place(
        agent="copilot",
        program="copilot",
        variable="COPILOT_HOME",
        home=".copilot",
        user="hooks/earmark.json",
        project=".github/hooks/earmark.json",
        shape="flat",
        events=_TOOLS,
        extra={"type": "command", "timeout": 10},
        version=1,
    ),
    Place(
        agent="kiro",
        program="kiro-cli",
        home=".kiro",
        user="hooks/earmark.json",
        project=".kiro/hooks/earmark.json",
        shape="kiro",
        events=_TOOLS,
        matchers=dict.fromkeys(_TOOLS, _KIRO_TOOLS),
        extra={"timeout": 10},
        version="v1",
    ),
    Place(
        agent="cline",
        program="cline",
        home="Documents/Cline",
        user="Hooks",
        project=".clinerules/hooks",
        shape="script",
        events=_TOOLS,
        then="Cline runs hooks only where its settings say so: Features, Enable Hooks",
    ),
    Place(
        agent="opencode",
        program="opencode",
        variable="XDG_CONFIG_HOME",
        home=".config/opencode",
        user="plugins/earmark.js",
        project=".opencode/plugins/earmark.js",
        shape="plugin",
        events=(),
    ),
)

PLACES: Mapping[str, Place] = {place.agent: place for place in _ALL}

# VS Code's agent reads the files of Copilot CLI; the payload tells which of the two sent it.
ALIASES: Mapping[str, str] = {"vscode": "copilot"}
