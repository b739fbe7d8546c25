"""The real assistants, each in a home of its own and with a model over loopback in the place of its vendor's."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

from model import Json, Model, serving
from project import Project

WRITTEN = "def net(price):\n    return price / 1.19\n"
_ADDED = "".join(f"+{line}\n" for line in WRITTEN.splitlines())
PATCH = f"*** Begin Patch\n*** Add File: prices.py\n{_ADDED}*** End Patch\n"
LIMIT = 100


class Assistant(NamedTuple):
    """`agent` is its name for `earmark init`, `tool` the slug of what it writes, `model` what it says that it runs.

    `call` is the tool call that writes WRITTEN to a path. `program` finds the executable below `node_modules`,
    `command` is what starts it for one prompt, `variables` what it needs in its environment. `settle` writes what a
    user has in their configuration: their own hook too, which makes `own` below the home, and where the model is.
    """

    agent: str
    tool: str
    model: str
    call: Callable[[Path], tuple[str, Json]]
    program: Callable[[Path], list[str | Path]]
    command: tuple[str, ...]
    variables: Callable[[str], dict[str, str]]
    settle: Callable[[Path, str, Path], None]
    project: bool = False

    def run(self, folder: Path, node: Path, project: Project, model: Model) -> subprocess.CompletedProcess[str]:
        """One prompt, from start to end."""
        environment = project.environment | self.variables(model.url) | {"PWD": str(project.top)}
        environment["PATH"] = f"{node.parent}:{environment['PATH']}"
        return subprocess.run(
            [*self.program(folder), *self.command], cwd=project.top, env=environment, capture_output=True, text=True,
            timeout=LIMIT, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def serving(self, path: Path) -> AbstractContextManager[Model]:
        """A model that has WRITTEN written to `path`."""
        return serving(*self.call(path))


def native(folder: Path, name: str, program: str) -> list[str | Path]:
    """A program that npm brings as a package of its own for this machine."""
    [found] = [path for path in folder.glob(f"{name}-linux-*/**/{program}") if "baseline" not in str(path)]
    return [found]


def _own(path: Path) -> str:
    """The command of a user's own hook."""
    return f"cat >/dev/null; touch {path}"


def _claude(home: Path, _: str, own: Path) -> None:
    hook = {"matcher": "Write", "hooks": [{"type": "command", "command": _own(own)}]}
    (home / ".claude").mkdir(exist_ok=True)
    (home / ".claude" / "settings.json").write_text(json.dumps({"hooks": {"PostToolUse": [hook]}}))


def _codex(home: Path, url: str, own: Path) -> None:
    """The user keeps hooks in config.toml, where ours have to go too."""
    (home / ".codex").mkdir()
    (home / ".codex" / "config.toml").write_text(
        f'''model = "gpt-5.5"  # a comment of the user's
model_provider = "loopback"

[model_providers.loopback]
name = "loopback"
base_url = "{url}/v1"
wire_api = "responses"
env_key = "LOOPBACK_KEY"

[[hooks.PostToolUse]]
matcher = "^apply_patch$"
[[hooks.PostToolUse.hooks]]
type = "command"
command = "{_own(own)}"
'''
    )


def _gemini(home: Path, _: str, own: Path) -> None:
    hook = {"matcher": "write_file", "hooks": [{"type": "command", "command": _own(own)}]}
    settings = {"security": {"auth": {"selectedType": "gemini-api-key"}}, "hooks": {"AfterTool": [hook]}}
    (home / ".gemini").mkdir()
    text = json.dumps(settings, indent=2)
    (home / ".gemini" / "settings.json").write_text("// The user's own words.\n" + text + "\n")


def _opencode(home: Path, url: str, own: Path) -> None:
    folder = home / ".config" / "opencode"
    (folder / "plugins").mkdir(parents=True)
    provider = {"anthropic": {"options": {"baseURL": f"{url}/v1", "apiKey": "x"}}}
    settings = {"autoupdate": False, "model": "anthropic/claude-opus-4-5", "provider": provider}
    (folder / "opencode.json").write_text(json.dumps(settings))
    plugin = (
        'import { writeFileSync } from "node:fs"\nexport const Own = async () => ({ "tool.execute.after": async () => '
    )
    (folder / "plugins" / "own.js").write_text(plugin + f'writeFileSync({json.dumps(str(own))}, "") }})\n')


def without_download(home: Path, folder: Path) -> None:
    """OpenCode installs its plugins' library when it starts: here it is already there."""
    target = home / ".config" / "opencode"
    target.mkdir(parents=True, exist_ok=True)
    version = json.loads((folder / "@opencode-ai" / "plugin" / "package.json").read_text())["version"]
    (target / "package.json").write_text(json.dumps({"dependencies": {"@opencode-ai/plugin": version}}))
    (target / "node_modules").symlink_to(folder)


CLAUDE = Assistant(
    agent="claude",
    tool="claude",
    model="claude-opus-4-5-20251101",
    call=lambda path: ("Write", {"file_path": str(path), "content": WRITTEN}),
    program=lambda folder: native(folder, "@anthropic-ai/claude-code", "claude"),
    command=("-p", "Add net prices", "--permission-mode", "acceptEdits", "--model", "claude-opus-4-5-20251101"),
    variables=lambda url: {
        "ANTHROPIC_BASE_URL": url,
        "ANTHROPIC_API_KEY": "x",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    },
    settle=_claude,
)
CODEX = Assistant(
    agent="codex",
    tool="codex",
    model="gpt-5.5",
    call=lambda _: ("apply_patch", {"input": PATCH}),
    program=lambda folder: native(folder, "@openai/codex", "bin/codex"),
    # Whoever starts it by hand is asked once whether the hooks are trusted.
    command=(
        "exec", "--dangerously-bypass-approvals-and-sandbox", "--dangerously-bypass-hook-trust", "Add net prices",
    ),
    variables=lambda _: {"LOOPBACK_KEY": "x"},
    settle=_codex,
)  # fmt: skip
GEMINI = Assistant(
    agent="gemini",
    tool="gemini",
    model="gemini-2.5-pro",
    call=lambda path: ("write_file", {"file_path": str(path), "content": WRITTEN}),
    program=lambda folder: ["node", folder / "@google" / "gemini-cli" / "bundle" / "gemini.js"],
    command=("-p", "Add net prices", "--approval-mode", "yolo", "-m", "gemini-2.5-pro"),
    variables=lambda url: {
        "GOOGLE_GEMINI_BASE_URL": url,
        "GEMINI_API_KEY": "x",
        "GEMINI_TELEMETRY_ENABLED": "false",
        "GEMINI_CLI_TRUST_WORKSPACE": "true",
    },
    settle=_gemini,
)
OPENCODE = Assistant(
    agent="opencode",
    tool="opencode",
    model="claude-opus-4-5",
    call=lambda path: ("write", {"filePath": str(path), "content": WRITTEN}),
    program=lambda folder: native(folder, "opencode", "bin/opencode"),
    command=("run", "Add net prices"),
    variables=lambda _: {"OPENCODE_DISABLE_AUTOUPDATE": "1", "OPENCODE_DISABLE_MODELS_FETCH": "1"},
    settle=_opencode,
)
EVERY = (CLAUDE, CODEX, GEMINI, OPENCODE)
