"""`earmark/change`: {textDocument?} → {root, level, score, files, obligations}."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from earmark.lsp.handlers.arguments import field
from earmark.lsp.handlers.code_lens import MENDS
from earmark.lsp.standing import waits_for_review
from earmark.lsp.text import plain
from earmark.policy.model import FILE
from earmark.risk.finding import SEVERITIES
from earmark.trailers.vocabulary import display

if TYPE_CHECKING:
    from earmark.git.repository import Repository
    from earmark.lsp.server import EarmarkServer
    from earmark.lsp.standing import Standing
    from earmark.lsp.working_change import Stretch, TouchedFile
    from earmark.policy.obligations import Obligation


async def change(ls: EarmarkServer, params: Any) -> dict[str, Any]:
    """How the working change stands, as it is on disk: of the document's repository, else of the first folder's.

    `root` is the uri of the worktree's top, empty outside a worktree. Lines are 1-based and inclusive. A client that
    has asked is told by `earmark/changeChanged` {root} when the answer is another one.
    """
    buffer = ls.session.buffers.get(str(field(params, "textDocument", "uri")))
    repo = await ls.session.repository(buffer)
    ls.session.change_asked = True
    if repo is None:
        return {"root": "", "level": "", "score": 0, "files": [], "obligations": []}
    if not ls.session.watches(repo):
        ls.session.standings.touch(repo)
    standing = ls.session.standings.of(repo)
    return {
        "root": Path(repo.top).as_uri(),
        "level": standing.level,
        "score": standing.score,
        "files": [_file(repo, standing, file, ls.session.settings.minimum_severity) for file in standing.files],
        "obligations": [_obligation(repo, obligation) for obligation in standing.asked],
    }


def _file(repo: Repository, standing: Standing, file: TouchedFile, least: str) -> dict[str, Any]:
    return {
        "path": plain(file.path),
        "uri": Path(repo.top, file.path).as_uri(),
        "aiLines": file.ai_lines,
        "aiRemoved": file.ai_removed,
        "risk": file.risk,
        "review": "required" if any(waits_for_review(o.code) for o in standing.open_for(file.path)) else "none",
        "regions": [_region(standing, stretch, least) for stretch in file.stretches],
    }


def _region(standing: Standing, stretch: Stretch, least: str) -> dict[str, Any]:
    session = standing.sessions.get(stretch.session)
    shown = [r for r in stretch.remarks if SEVERITIES.index(r.severity) >= SEVERITIES.index(least)]
    return {
        "start": stretch.start,
        "end": stretch.end,
        "removed": stretch.removed,
        "session": stretch.session,
        "tool": display(session.tool) if session else "",
        "model": display(session.model) if session else "",
        "risk": stretch.risk,
        "findings": [r._replace(message=plain(r.message))._asdict() for r in shown],
    }


def _obligation(repo: Repository, asked: Obligation) -> dict[str, Any]:
    """`command` mends it, where a command of ours can; `policy` is the place that asks, `line` 0 for a default."""
    return {
        "code": asked.code,
        "message": plain(asked.message),
        "met": asked.met,
        "fix": plain(asked.fix),
        "command": MENDS.get(asked.code, ""),
        "policy": plain(asked.where),
        "line": asked.policy_line,
        "uri": Path(repo.top, FILE).as_uri(),
        "paths": [plain(path) for path in asked.paths],
    }
