"""Changes out of the short form that vectors use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from earmark.origin.model import Change, FileOrigins, LineOrigin, LineRange, Session, ai

SESSION = Session("claude", "conversation", "claude-opus-4.5", "Eve <eve@example.com>")


def file_origins(file: Mapping[str, Any]) -> FileOrigins:
    """`ai` lines added and `ai_removed` lines removed by one session, of `added` and `removed` in all."""
    added, removed = file.get("ai", 0), file.get("ai_removed", 0)
    return FileOrigins(
        path=file["path"],
        old_path=file.get("old_path", file["path"]),
        added=file.get("added", added),
        removed=file.get("removed", removed),
        owners=(LineOrigin(LineRange(1, added), ai(SESSION.id)),) if added else (),
        ai_text=tuple((SESSION.id, b"line %d" % n) for n in range(added)),
        removed_text=tuple((SESSION.id, b"old %d" % n) for n in range(removed)),
    )


def change(files: Sequence[Mapping[str, Any]], commit: str = "") -> Change:
    return Change(commit, "", tuple(sorted(map(file_origins, files))), {SESSION.id: SESSION})
