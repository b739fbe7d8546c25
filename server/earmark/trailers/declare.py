"""From the origins of a change to what its message declares: the one place editor, hooks, gate and request share."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from earmark.origin.digest import digest
from earmark.origin.model import Change
from earmark.policy.model import Policy
from earmark.policy.obligations import needs, rollout_required
from earmark.policy.scope import needs_declaration
from earmark.trailers.block import Declaration, compose


def declaration(
    policy: Policy,
    changes: Sequence[Change],
    level: str,
    touched: Collection[str] | None = None,
    named: Collection[str] = (),
) -> Declaration | None:
    """What `changes` (one commit, the staged change, or a range that becomes one commit) declare, None for nothing.

    `level` is the risk that the named rule-set derives (low … critical); `touched` are all paths the change has, by
    whoever. `named` are the slugs of assistants that the commit itself names, by address: sessions of which perhaps no
    line is known. A change without AI says so only in mode `always`.
    """
    if not needs_declaration(policy, changes) and not named:
        return Declaration(False) if policy.declare.mode == "always" and not _any_ai(changes) else None
    sessions = {key: session for change in changes for key, session in change.sessions.items()}
    used = sorted({key for change in changes for file in change.files for key in file.sessions})
    tools = [(sessions[key].tool, sessions[key].model) for key in used if key in sessions]
    tools += [(slug, "unknown") for slug in named if slug not in {tool.lower() for tool, _ in tools}]
    return Declaration(
        assisted=True,
        tools=tuple(tools) or (("unknown", "unknown"),),
        ai_lines=sum(change.ai_lines for change in changes),
        lines=sum(change.added for change in changes),
        removed=sum(change.ai_removed for change in changes),
        risk=level,
        review=bool(needs(policy, changes, level, touched)),
        rollout=rollout_required(policy, changes),
        digest=digest([file for change in changes for file in change.files]),
    )


def block(
    policy: Policy,
    changes: Sequence[Change],
    level: str,
    touched: Collection[str] | None = None,
    named: Collection[str] = (),
) -> str:
    """The trailer lines `declaration` asks for, in the policy's preset; empty when nothing is to be declared."""
    declared = declaration(policy, changes, level, touched, named)
    return compose(declared, policy.declare.preset) if declared else ""


def _any_ai(changes: Sequence[Change]) -> bool:
    return any(change.is_ai for change in changes)
