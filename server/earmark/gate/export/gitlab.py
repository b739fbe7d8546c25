"""GitLab: push rules, approval settings (REST API) and a CI component."""

from __future__ import annotations

import json
from typing import Any

from earmark import __version__
from earmark.gate.export.artifact import CHECK, Artifact
from earmark.gate.export.patterns import patterns
from earmark.policy.model import Policy


def export(policy: Policy) -> tuple[Artifact, ...]:
    """The settings as the requests that make them, in their order, and the component."""
    use = "send each with a maintainer's token; push rules need Premium"
    component = Artifact(
        "templates/earmark.yml",
        _COMPONENT.format(check=CHECK, version=__version__),
        "publish as a CI component and enforce it by a pipeline execution policy: a request can edit its own pipeline",
    )
    return Artifact("gitlab/settings.json", json.dumps(_requests(policy), indent=2) + "\n", use), component


def _requests(policy: Policy) -> list[dict[str, Any]]:
    """The pipeline is required before dismissal by GitLab, which drops every approval at any push, is turned off."""
    wanted = patterns(policy)
    rule = {"commit_message_regex": wanted.require, "commit_message_negative_regex": wanted.reject}
    must_pass = {"only_allow_merge_if_pipeline_succeeds": True, "allow_merge_on_skipped_pipeline": False}
    approvals = {
        "reset_approvals_on_push": False,
        "merge_requests_author_approval": False,
        "merge_requests_disable_committers_approval": True,
        "disable_overriding_approvers_per_merge_request": True,
    }
    return [
        {"method": "PUT", "path": "/projects/:id", "body": must_pass},
        {"method": "POST", "path": "/projects/:id/approvals", "body": approvals},
        {"method": "POST", "path": "/projects/:id/push_rule", "body": rule},
    ]


_COMPONENT = """\
spec:
  inputs:
    stage:
      default: test
    version:
      default: "{version}"
---
{check}:
  stage: $[[ inputs.stage ]]
  image: python:3.13-bookworm
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
  variables:
    GIT_DEPTH: "0"
  script:
    - python -m pip install --disable-pip-version-check "earmark==$[[ inputs.version ]]"
    - target="$CI_MERGE_REQUEST_TARGET_BRANCH_NAME"
    - head="${{CI_MERGE_REQUEST_SOURCE_BRANCH_SHA:-$CI_COMMIT_SHA}}"
    - git fetch --no-tags origin "+refs/heads/$target:refs/remotes/origin/$target" "refs/notes/*:refs/notes/*"
    # A project access token with read_api in GITLAB_TOKEN lets GitLab's own approvals count beside signed ones.
    - reviews="${{GITLAB_TOKEN:+--reviews}}"
    - export EARMARK_FORGE=gitlab EARMARK_FORGE_URL="$CI_API_V4_URL"
    - earmark check --phase merge $reviews --format gitlab "origin/$target..$head" > earmark.json || code=$?
    - earmark check --phase merge $reviews "origin/$target..$head" || true
    - exit "${{code:-0}}"
  artifacts:
    when: always
    reports:
      codequality: earmark.json
"""
