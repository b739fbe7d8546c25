"""The exported configuration of a forge and approvals that hold, on one history.

GitHub's own dismissal is off in the exported ruleset, so an approval outlives every push; what re-opens is decided
region by region by the required status, which the exported workflow makes with `earmark check`. `GITHUB` plays the
rules of the ruleset as GitHub documents them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from forge_server import serving
from github_service import GitHubService
from real_git import RealGit
from request_story import RETRIED, Story
from test_command import VARIABLES

from earmark.cli.check import run as check
from earmark.cli.review import run
from earmark.gate.export import github
from earmark.policy.load import parse

SECOND = "\n\n# refunds\n\n\ndef refund(order):\n    return provider.refund(order)\n"


class Forge:
    """A pull request under the exported ruleset."""

    def __init__(self, story: Story, service: GitHubService) -> None:
        policy, _ = parse((story.git.top / ".earmark.toml").read_bytes())
        exported = {artifact.path: artifact.text for artifact in github.export(policy)}
        self.rules: dict[str, Any] = {
            rule["type"]: rule["parameters"] for rule in json.loads(exported["github/ruleset.json"])["rules"]
        }
        steps = yaml.safe_load(exported[".github/workflows/earmark.yml"])["jobs"]["earmark"]["steps"]
        self.command = steps[-1]["run"].splitlines()[-1].split()
        self.story, self.service = story, service

    @property
    def pull(self) -> dict[str, Any]:
        return self.service.pulls[0]

    def push(self) -> None:
        """The branch moves: GitHub dismisses what the ruleset has it dismiss."""
        self.pull["commits"] = [self.story.git("rev-parse", "HEAD")]
        if self.rules["pull_request"]["dismiss_stale_reviews_on_push"]:
            self.pull["reviews"] = []

    def approve(self) -> None:
        self.service.review(1, "grace", "APPROVED", self.story.git("rev-parse", "HEAD"))

    def box(self, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str]]:
        """What stands in the box above the merge button: how many approvals GitHub counts, and what our status says."""
        head = self.story.git("rev-parse", "HEAD")
        assert self.command[:2] == ["earmark", "check"]
        arguments = [a.strip('"').replace("$target", "main").replace("$HEAD", head) for a in self.command[2:]]
        arguments[arguments.index("github")] = "json"
        self.story.git("checkout", "-q", "--detach")
        self.story.git("branch", "-q", "-D", "retry")
        capsys.readouterr()
        check(arguments)
        self.story.git("switch", "-q", "-c", "retry")
        said = json.loads(capsys.readouterr().out)["violations"]
        counted = [review for review in self.pull["reviews"] if review["state"] == "APPROVED"]
        return len(counted), [f"{v['code']} {v['lines']}" for v in said if v["code"].startswith("approval")]


@pytest.fixture
def story(git: RealGit, monkeypatch: pytest.MonkeyPatch) -> Iterator[Story]:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GITHUB_TOKEN", "t")
    monkeypatch.chdir(git.top)
    told = Story(git)
    told.writes("payments/charge.py", RETRIED)
    told.git.write("tests/test_charge.py", "def test_charge():\n    assert retried\n")
    told.commit("Retry failed charges")
    told.git.write("payments/charge.py", RETRIED + SECOND.partition("def ")[0])
    told.commit("A heading by hand")
    told.writes("payments/charge.py", RETRIED + SECOND)
    told.commit("Refund")
    git("update-ref", "refs/remotes/origin/retry", "HEAD")
    yield told
    told.ledger.close()


def test_one_history(story: Story, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    service = GitHubService(people=("grace",), teams=("payments",))
    with serving(service) as server:
        monkeypatch.setenv("EARMARK_FORGE_URL", server.url)
        assert run(["request"]) == 0
        forge = Forge(story, service)
        required = forge.rules["required_status_checks"]["required_status_checks"]
        assert [one["context"] for one in required] == ["earmark"]
        forge.push()
        assert forge.box(capsys) == (0, ["approval-missing [2, 6]", "approval-missing [12, 13]"])
        forge.approve()
        assert forge.box(capsys) == (1, [])

        story.git("switch", "-q", "main")
        story.git.commit("Elsewhere", {"README": "x\n"})
        story.git("update-ref", "refs/remotes/origin/main", "HEAD")
        story.git("switch", "-q", "retry")
        story.git("rebase", "-q", "main")
        forge.push()
        assert forge.box(capsys) == (1, []), "a rebase changes nothing that was approved"

        story.writes("payments/charge.py", RETRIED + SECOND.replace("refund(order)\n", "refund(order.id)\n"))
        story.commit("Refund by id")
        forge.push()
        counted, said = forge.box(capsys)
        assert counted == 1, "GitHub alone would let this be merged"
        assert [line.partition(" ")[0] for line in said] == ["approval-stale"]
        assert said[0].startswith("approval-stale [1"), "the region of the refund, and not the other"

        forge.approve()
        assert forge.box(capsys) == (2, [])
