"""Policies and messages that what is exported is tried on."""

from __future__ import annotations

from itertools import product

from earmark.origin.digest import digest
from earmark.policy.load import parse
from earmark.policy.model import MODES, PRESETS, Policy
from earmark.trailers.block import Declaration, compose
from earmark.trailers.message import insert

MERGES = (
    "Merge branch 'topic' into 'main'\n\nSee merge request group/project!3",
    "Merge pull request #7 from ada/topic\n\nAdd a thing",
    "Merge remote-tracking branch 'origin/main' into topic",
)
HUMAN = "Add a thing\n\nAI-based ranking is not in here. A I-Assisted, AI-A, AI-Assisted and AI-Assisted: ye.\nAI-Ass"
AI = Declaration(True, (("claude", "claude-opus-4.5"),), 42, 60, 7, "high", True, "canary", digest(()))
LOW = AI._replace(risk="low", review=False, removed=0, rollout="")
SQUASH = AI._replace(
    tools=tuple((f"tool{n}", "m") for n in range(8)), ai_lines=90, lines=120, risk="critical"
)  # what several commits sum up to


def policy(mode: str, preset: str) -> Policy:
    found, problems = parse(f'[declare]\nmode = "{mode}"\npreset = "{preset}"\n'.encode())
    assert not problems
    return found


POLICIES = [policy(mode, preset) for mode, preset in product(MODES, PRESETS)]
NAMES = [f"{found.declare.mode}-{found.declare.preset}" for found in POLICIES]


def message(subject: str, declared: Declaration | None, of: Policy, ends: str = "\n") -> str:
    """A whole message, with the block Earmark writes under this policy's preset; `ends` ends its lines."""
    block = compose(declared, of.declare.preset) if declared else ""
    return insert(f"{subject}\n".encode(), block).decode().replace("\n", ends)
