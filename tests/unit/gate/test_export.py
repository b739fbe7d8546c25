"""Exported configuration: whole, readable by its reader's own parser, and never weaker than what it replaces."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from exported import AI, HUMAN, MERGES, NAMES, POLICIES, SQUASH, message, policy
from gated import Gated

from earmark.gate.export import targets
from earmark.gate.export.artifact import CHECK, Artifact
from earmark.gate.export.patterns import patterns
from earmark.policy.load import parse
from earmark.policy.model import Policy

COMMIT_CHECK = Path(sys.executable).with_name("commit-check")


def files(of: Policy, *names: str) -> dict[str, Artifact]:
    return {file.path: file for file in targets.export(of, names)}


@pytest.mark.parametrize("of", POLICIES, ids=NAMES)
def test_every_file_can_be_read(of: Policy) -> None:
    for file in targets.export(of):
        assert file.text.endswith("\n")
        assert file.use
        if file.path.endswith(".json"):
            assert json.loads(file.text)
        elif file.path.endswith((".yml", ".yaml")):
            assert all(yaml.safe_load_all(file.text))


@pytest.mark.parametrize("of", POLICIES, ids=NAMES)
def test_github_dismisses_nothing_only_where_our_status_is_required(of: Policy) -> None:
    for file in files(of, "github").values():
        if "dismiss_stale_reviews_on_push" not in file.text:
            continue
        rules = {rule["type"]: rule["parameters"] for rule in json.loads(file.text)["rules"]}
        assert rules["pull_request"]["dismiss_stale_reviews_on_push"] is False
        (required,) = rules["required_status_checks"]["required_status_checks"]
        assert required == {"context": CHECK, "integration_id": 15368}


@pytest.mark.parametrize("of", POLICIES, ids=NAMES)
def test_gitlab_resets_nothing_only_after_the_pipeline_is_required(of: Policy) -> None:
    requests = json.loads(files(of, "gitlab")["gitlab/settings.json"].text)
    names = [name for request in requests for name in request["body"]]
    assert names.index("only_allow_merge_if_pipeline_succeeds") < names.index("reset_approvals_on_push")
    assert requests[0]["body"]["only_allow_merge_if_pipeline_succeeds"] is True
    rule = requests[-1]["body"]
    assert (rule["commit_message_regex"], rule["commit_message_negative_regex"]) == patterns(of)


def test_policy_bot_keeps_stale_approvals_only_behind_our_status() -> None:
    told = yaml.safe_load(files(POLICIES[0], "policy-bot")[".policy.yml"].text)
    rules = {rule["name"]: rule for rule in told["approval_rules"]}
    assert set(told["policy"]["approval"]) == set(rules), "both are asked, neither is an alternative"
    assert rules["ai change is reviewed"]["options"]["invalidate_on_push"] is False
    asked = rules["earmark has passed"]["requires"]["conditions"]["has_status"]
    assert asked == {"conclusions": ["success"], "statuses": [CHECK]}


def test_the_workflow_runs_nothing_of_the_request() -> None:
    workflow = yaml.load(files(POLICIES[0], "github")[".github/workflows/earmark.yml"].text, yaml.BaseLoader)
    assert "pull_request" not in workflow["on"], "it would run the request's own version of this file"
    assert workflow["permissions"] == {"contents": "read", "pull-requests": "read"}
    (job,) = workflow["jobs"].values()
    assert job["name"] == CHECK
    uses = [step["uses"] for step in job["steps"] if "uses" in step]
    assert uses
    assert all(len(use.partition("@")[2]) == 40 for use in uses), "actions are pinned by commit"
    assert all("ref" not in step.get("with", {}) for step in job["steps"]), "the target is checked out"
    assert not any("${{" in step.get("run", "") for step in job["steps"]), "no expression becomes shell text"


def test_protected_refs_are_the_policys() -> None:
    of, _ = parse(b'[gate]\nprotected = ["refs/heads/main", "refs/heads/release/*"]\n')
    found = files(of, "github")
    include = json.loads(found["github/ruleset.json"].text)["conditions"]["ref_name"]["include"]
    assert include == ["refs/heads/main", "refs/heads/release/*", "refs/heads/release/**/*"]
    assert 'branches: ["main", "release/**"]' in found[".github/workflows/earmark.yml"].text


@pytest.mark.parametrize("of", POLICIES, ids=NAMES)
def test_gerrits_fragment_is_gits_own_syntax(of: Policy, tmp_path: Path) -> None:
    file = tmp_path / "project.config"
    file.write_text(files(of, "gerrit")["gerrit/project.config"].text)
    listed = subprocess.run(["git", "config", "-f", file, "--list"], capture_output=True, text=True, check=True).stdout
    assert "submit-requirement.Earmark.submittableif=label:Earmark=MAX AND -label:Earmark=MIN" in listed
    asked = 'submit-requirement.AI-Review.applicableif=footer:"AI-Review=required"' in listed
    assert asked is (of.declare.mode != "forbid" and of.declare.preset == "earmark")
    declared = "submit-requirement.AI-Declared.submittableif=hasfooter:AI-Assisted" in listed
    assert declared is (of.declare.mode == "always" and of.declare.preset == "earmark")


def commit_check(folder: Path, of: Policy, text: str) -> subprocess.CompletedProcess[str]:
    (folder / "cchk.toml").write_text(files(of, "commit-check")["cchk.toml"].text)
    (folder / "message").write_text(text)
    command = [COMMIT_CHECK, "--message", "--no-banner", "--config", "cchk.toml", "message"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("of", POLICIES, ids=NAMES)
def test_commit_check_agrees(of: Policy, home: Path, tmp_path: Path) -> None:
    Gated(tmp_path / "repo")
    folder = tmp_path / "repo"
    for declared in (AI, SQUASH):
        done = commit_check(folder, of, message("feat: add a thing", declared, of))
        assert (done.returncode == 0) is (of.declare.mode != "forbid"), done.stdout + done.stderr
    for text in (f"feat: add a thing\n\n{HUMAN}\n", MERGES[0]):
        done = commit_check(folder, of, text)
        assert done.returncode == 0, done.stdout + done.stderr
    done = commit_check(folder, of, "feat: add a thing\n\nCo-authored-by: Claude <noreply@anthropic.com>\n")
    assert done.returncode == 1, "an assistant is no co-author, whatever the mode"


def test_a_name_that_is_no_target() -> None:
    with pytest.raises(KeyError, match="bitbucket"):
        targets.export(policy("ai-only", "earmark"), ["github", "bitbucket"])


def gates(at: Path, *args: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "earmark", "gates", *args]
    return subprocess.run(command, cwd=at, capture_output=True, text=True, env=os.environ, timeout=60, check=False)


def test_the_command_writes_all_or_nothing(home: Path, tmp_path: Path) -> None:
    repo = Gated(tmp_path / "repo", '[declare]\nmode = "always"\n')
    done = gates(repo.top, "export", "--output", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    expected = {file.path for file in targets.export(policy("always", "earmark"))}
    written = {str(file.relative_to(tmp_path / "out")) for file in (tmp_path / "out").rglob("*") if file.is_file()}
    assert written == expected
    assert os.access(tmp_path / "out" / "pre-receive", os.X_OK)
    (tmp_path / "out" / "cchk.toml").write_text("mine")
    (tmp_path / "out" / "pre-receive").unlink()
    again = gates(repo.top, "export", "--output", str(tmp_path / "out"), "pre-receive", "commit-check")
    assert again.returncode == 2
    assert "exists; merge by hand" in again.stderr
    assert not (tmp_path / "out" / "pre-receive").exists()
    assert (tmp_path / "out" / "cchk.toml").read_text() == "mine"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("export", "bitbucket"), "no target bitbucket; known: github"),
        (("export", "--base-policy", "nowhere"), "nowhere"),
    ],
)
def test_what_cannot_be_exported(args: tuple[str, ...], said: str, home: Path, tmp_path: Path) -> None:
    done = gates(Gated(tmp_path / "repo").top, *args)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_broken_policy_generates_nothing(home: Path, tmp_path: Path) -> None:
    repo = Gated(tmp_path / "repo", '[declare]\nmode = "never"\n')
    done = gates(repo.top, "export", "--json")
    assert (done.returncode, done.stdout) == (2, "")
    assert "line 2" in done.stderr
