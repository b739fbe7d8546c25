"""GitHub: rulesets (REST, `POST /repos/{owner}/{repo}/rulesets`) and the workflow that recomputes the status."""

from __future__ import annotations

import json
from typing import Any

from earmark import __version__
from earmark.gate.export.artifact import CHECK, Artifact
from earmark.gate.export.patterns import patterns
from earmark.policy.model import Policy

# Actions are pinned by commit: a tag can be moved. The number is GitHub Actions' own, so that nobody else's status of
# the same name counts.
CHECKOUT = "actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0"
PYTHON = "actions/setup-python@a26af69be951a213d495a4c3e4e4022e16d87065 # v5.6.0"
ACTIONS = 15368


def export(policy: Policy) -> tuple[Artifact, ...]:
    """The ruleset, the one with message patterns (another plan), and the workflow."""
    found = [
        Artifact(
            "github/ruleset.json",
            _json(_ruleset("earmark", policy, [_pull_request(policy), _required()])),
            "gh api repos/OWNER/REPO/rulesets --input ruleset.json, after the workflow is on the target branch",
        )
    ]
    rules = [_pattern(text, negate) for text, negate in zip(patterns(policy), (False, True), strict=True) if text]
    if rules:
        text = _json(_ruleset("earmark messages", policy, rules))
        use = "as above; patterns of commit messages need GitHub Enterprise"
        found.append(Artifact("github/ruleset-messages.json", text, use))
    found.append(Artifact(".github/workflows/earmark.yml", _workflow(policy), "commit this to the target branch"))
    use = "commit this to the target branch, where requests are squashed or rebased by GitHub"
    found.append(Artifact(".github/workflows/earmark-notes.yml", _notes_workflow(policy), use))
    return tuple(found)


def _json(value: Any) -> str:
    return json.dumps(value, indent=2) + "\n"


def _ruleset(name: str, policy: Policy, rules: list[dict[str, Any]]) -> dict[str, Any]:
    # GitHub's `*` stops at a slash, the policy's does not.
    include = [name for ref in policy.gate.protected for name in dict.fromkeys((ref, ref.replace("*", "**/*")))]
    condition = {"ref_name": {"include": include, "exclude": []}}
    return {"name": name, "target": "branch", "enforcement": "active", "conditions": condition, "rules": rules}


def _pattern(pattern: str, negate: bool) -> dict[str, Any]:
    name = "no contradictory declaration" if negate else "a well-formed declaration"
    parameters = {"name": name, "operator": "regex", "negate": negate, "pattern": pattern}
    return {"type": "commit_message_pattern", "parameters": parameters}


def _pull_request(policy: Policy) -> dict[str, Any]:
    """Dismissal by GitHub is off: it throws every approval away at any push. `_required` is what dismisses instead, and
    the two are never exported apart."""
    return {
        "type": "pull_request",
        "parameters": {
            "required_approving_review_count": min(max((rule.number for rule in policy.review), default=0), 10),
            "dismiss_stale_reviews_on_push": False,
            "require_code_owner_review": True,
            "require_last_push_approval": False,
            "required_review_thread_resolution": False,
        },
    }


def _required() -> dict[str, Any]:
    checks = [{"context": CHECK, "integration_id": ACTIONS}]
    parameters = {"strict_required_status_checks_policy": True, "required_status_checks": checks}
    return {"type": "required_status_checks", "parameters": parameters}


def _workflow(policy: Policy) -> str:
    return _filled(_WORKFLOW, policy)


def _notes_workflow(policy: Policy) -> str:
    return _filled(_NOTES, policy)


def _filled(text: str, policy: Policy) -> str:
    heads = [ref.removeprefix("refs/heads/").replace("*", "**") for ref in policy.gate.protected if "/heads/" in ref]
    return text.format(check=CHECK, checkout=CHECKOUT, python=PYTHON, version=__version__, branches=json.dumps(heads))


_WORKFLOW = """\
# The gate. It runs from the target branch, never from the request: no change chooses its own judge. Nothing of the
# request is checked out or run; git objects, notes and reviews are read. Have it run again, with a label or by hand,
# when somebody approved after the last push.
name: {check}
on:
  pull_request_target:
    branches: {branches}
    types: [opened, synchronize, reopened, ready_for_review, labeled, edited]
  merge_group:
permissions:
  contents: read
  pull-requests: read
jobs:
  {check}:
    name: {check}
    runs-on: ubuntu-24.04
    timeout-minutes: 10
    steps:
      - uses: {checkout}
        with:
          fetch-depth: 0
      - uses: {python}
        with:
          python-version: "3.13"
      - run: python -m pip install --disable-pip-version-check "earmark=={version}"
      - name: Judge
        env:
          TARGET: ${{{{ github.event.merge_group.base_ref || github.event.pull_request.base.ref }}}}
          HEAD: ${{{{ github.event.merge_group.head_sha || github.event.pull_request.head.sha }}}}
          GITHUB_TOKEN: ${{{{ github.token }}}}
          EARMARK_FORGE: github
          EARMARK_FORGE_URL: ${{{{ github.api_url }}}}
        run: |
          target="${{TARGET#refs/heads/}}"
          git fetch --no-tags origin \\
            "+refs/heads/$target:refs/remotes/origin/$target" "refs/notes/*:refs/notes/*" "$HEAD"
          earmark check --phase merge --reviews --format github "origin/$target..$HEAD"
"""

_NOTES = """\
# Commits that GitHub made by squashing or rebasing a request get the notes of the commits they were made from. A merge
# keeps those commits, and needs nothing.
name: {check} notes
on:
  pull_request_target:
    branches: {branches}
    types: [closed]
permissions:
  contents: write
concurrency: {check}-notes
jobs:
  notes:
    if: github.event.pull_request.merged
    runs-on: ubuntu-24.04
    timeout-minutes: 10
    steps:
      - uses: {checkout}
        with:
          fetch-depth: 0
      - uses: {python}
        with:
          python-version: "3.13"
      - run: python -m pip install --disable-pip-version-check "earmark=={version}"
      - name: Derive
        env:
          HEAD: ${{{{ github.event.pull_request.head.sha }}}}
          MERGED: ${{{{ github.event.pull_request.merge_commit_sha }}}}
        run: |
          git fetch --no-tags origin "refs/notes/*:refs/notes/*" "$HEAD" "$MERGED"
          if git merge-base --is-ancestor "$HEAD" "$MERGED"; then exit 0; fi
          earmark notes squash "$MERGED...$HEAD" --write "$MERGED"
          git push origin refs/notes/ai
"""
