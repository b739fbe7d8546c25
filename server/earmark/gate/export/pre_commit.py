"""pre-commit: the gate before a commit and before a push. What these hooks refuse, a server refuses again."""

from __future__ import annotations

from earmark import __version__
from earmark.gate.export.artifact import Artifact
from earmark.policy.model import Policy


def export(policy: Policy) -> tuple[Artifact, ...]:
    """`.pre-commit-config.yaml` with the definitions in place."""
    use = "merge into the repository's file, then `pre-commit install --hook-type pre-commit --hook-type pre-push`"
    return (Artifact(".pre-commit-config.yaml", _HOOKS.format(version=__version__), use),)


_HOOKS = """\
repos:
  - repo: local
    hooks:
      - id: earmark-staged
        name: earmark (staged change)
        entry: earmark check --staged
        language: python
        additional_dependencies: ["earmark=={version}"]
        pass_filenames: false
        always_run: true
        stages: [pre-commit]
      - id: earmark-push
        name: earmark (what the branch adds)
        entry: earmark check --phase push
        language: python
        additional_dependencies: ["earmark=={version}"]
        pass_filenames: false
        always_run: true
        stages: [pre-push]
"""
