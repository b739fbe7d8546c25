"""The gates that configuration can be generated for."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

from earmark.gate.export.artifact import Artifact
from earmark.policy.model import Policy

TARGETS = {
    "github": "a ruleset and the workflow that is its required status",
    "gitlab": "push rules, merge settings and a CI component",
    "gerrit": "submit requirements and the label they read",
    "policy-bot": "approval rules",
    "commit-check": "the disclosure rules",
    "pre-commit": "hooks before a commit and before a push",
    "pre-receive": "the hook of a server of your own",
}


def export(policy: Policy, names: Sequence[str] = ()) -> tuple[Artifact, ...]:
    """The files of the targets `names` (all of them when empty). KeyError for a name that is no target."""
    chosen = names or tuple(TARGETS)
    unknown = [name for name in chosen if name not in TARGETS]
    if unknown:
        raise KeyError(unknown[0])
    modules = [import_module(f"{__package__}.{name.replace('-', '_')}") for name in dict.fromkeys(chosen)]
    return tuple(file for module in modules for file in module.export(policy))
