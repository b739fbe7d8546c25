"""What a session's own transcript tells: the model, and a digest that lets its holder prove it is the one.

Invariants
- Opened only when, with symbolic links resolved, it is a regular file inside a folder where that agent keeps its
  transcripts: a payload could name any file of the user.
- At most `_TAIL` bytes of the end, `_TAIL` of the beginning and `DIGESTED` bytes for the digest are read, and nothing
  of them leaves this module but the model's name and the digest.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator, Mapping

from earmark.origin.agents import payload
from earmark.origin.model import Session

_TAIL = 64 * 1024
DIGESTED = 1024 * 1024

# (environment variable that moves the agent's folder, the folder below the user's home, folders of transcripts in it)
_FOLDERS: dict[str, tuple[tuple[str, str, tuple[str, ...]], ...]] = {
    "claude": (
        ("CLAUDE_CONFIG_DIR", ".claude", ("projects", "transcripts")),
        ("", ".config/claude", ("projects", "transcripts")),
    ),
    "cursor": (("", ".cursor", ("projects", "transcripts", "chats", "sessions")),),
    "codex": (("CODEX_HOME", ".codex", ("sessions", "archived_sessions")),),
    "gemini": (("", ".gemini", ("tmp", "sessions")),),
    "github-copilot-cli": (("COPILOT_HOME", ".copilot", ("session-state",)),),
    "windsurf": (("", ".windsurf", ("transcripts",)), ("", ".codeium", ("windsurf",))),
}
_EDITORS = ("Code", "Code - Insiders", "VSCodium", "Cursor", "Windsurf")
_EDITOR_HOMES = (".config", "Library/Application Support", "AppData/Roaming")
_EDITOR_STORES = ("User/workspaceStorage", "User/globalStorage")
_SERVERS = (".vscode-server/data", ".vscode-server-insiders/data", ".vscode-remote/data")


def completed(session: Session, environ: Mapping[str, str] | None = None) -> Session:
    """`session` with the model, if it was unknown, and the digest of its transcript.

    Returned as it is when there is no transcript, or none that may be opened; never raises.
    """
    environ = os.environ if environ is None else environ
    named = session.transcript or _usual_place(session, environ)
    try:
        handle = _opened(named, session.tool, environ) if named else None
        if handle is None:
            return session
        with os.fdopen(handle, "rb") as file:
            start = file.read(DIGESTED)
            size = file.seek(0, os.SEEK_END)
            file.seek(max(size - _TAIL, 0))
            tail = file.read(_TAIL)
    except OSError:
        return session
    model = session.model
    if model == "unknown":
        model = payload.slug(_model(tail) or _model(start[:_TAIL]) or "unknown")
    return session._replace(model=model, transcript=named, transcript_digest=_digest(start))


def _usual_place(session: Session, environ: Mapping[str, str]) -> str:
    """Copilot CLI does not name its transcript, but keeps it at a place made of the session's id."""
    if session.tool != "github-copilot-cli" or not session.conversation.replace("-", "").isalnum():
        return ""
    home = environ.get("COPILOT_HOME") or os.path.join(_home(environ), ".copilot")
    return os.path.join(home, "session-state", session.conversation, "events.jsonl")


def _opened(named: str, tool: str, environ: Mapping[str, str]) -> int | None:
    real = os.path.realpath(os.path.expanduser(named))
    if not any(real.startswith(os.path.realpath(folder) + os.sep) for folder in _folders(tool, environ)):
        return None
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    handle = os.open(real, flags)
    if stat.S_ISREG(os.fstat(handle).st_mode):
        return handle
    os.close(handle)
    return None


def _folders(tool: str, environ: Mapping[str, str]) -> Iterator[str]:
    home = _home(environ)
    for variable, folder, inner in _FOLDERS.get(tool, ()):
        base = (environ.get(variable) if variable else "") or os.path.join(home, folder)
        yield from (os.path.join(base, name) for name in inner if os.path.isabs(base))
    if tool == "github-copilot":
        yield from (os.path.join(home, base, editor, store)
                    for base in _EDITOR_HOMES for editor in _EDITORS for store in _EDITOR_STORES)  # fmt: skip
        yield from (os.path.join(home, server, store) for server in _SERVERS for store in _EDITOR_STORES)


def _home(environ: Mapping[str, str]) -> str:
    return environ.get("HOME") or os.path.expanduser("~")


def _digest(start: bytes) -> str:
    """`sha256:` of the complete lines among the first `DIGESTED` bytes. A transcript only grows, so whoever holds the
    whole one finds this prefix in it."""
    import hashlib

    return "sha256:" + hashlib.sha256(start[: start.rfind(b"\n") + 1]).hexdigest()


def _model(chunk: bytes) -> str:
    """The model named last in `chunk`, empty when none is."""
    for line in reversed(chunk.splitlines()):
        if b"odel" not in line:
            continue
        try:
            record = json.loads(line.strip().rstrip(b","))
        except (ValueError, RecursionError):
            record = _pretty_printed(line)
        name = _named(record) if isinstance(record, dict) else ""
        if name and name != "<synthetic>":
            return name
    return ""


def _pretty_printed(line: bytes) -> object:
    """A transcript that is one indented JSON document has a field a line."""
    try:
        return json.loads(b"{" + line.strip().rstrip(b",") + b"}")
    except (ValueError, RecursionError):
        return None


def _named(record: Mapping[str, object]) -> str:
    """Claude `message.model`, Codex `payload.model`, Copilot CLI `data.newModel`, others `model`."""
    for holder, key in (("data", "new_model"), ("message", "model"), ("payload", "model"), ("", "model")):
        name = payload.maybe(payload.fields(record, holder) if holder else record, key)
        if name:
            return name
    return ""
