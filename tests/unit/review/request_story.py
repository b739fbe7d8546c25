"""A change by a person and an assistant, on a branch, with a remote that has the target."""

from __future__ import annotations

from real_git import RealGit

from earmark.git.repository import Repository
from earmark.git.trust import open_repository, trust
from earmark.origin.evidence import Event, FileEvent
from earmark.origin.ledger import Ledger
from earmark.origin.model import Session
from earmark.origin.recorder import record_event
from earmark.origin.settle import settle

CLAUDE = Session("claude", "conversation-1", "claude-opus-4.5", "Dev Eloper <dev@example.com>")
POLICY = """
[[paths]]
match = ["payments/**"]
class = "production"
rollout = "canary"
require_tests = true
[[review]]
risk = "medium"
level = "senior"
[roster]
[[roster.people]]
name = "Ada Example"
emails = ["ada@example.com"]
handles = { github = "ada" }
level = "senior"
[[roster.people]]
name = "Grace"
emails = ["grace@example.com"]
handles = { github = "grace" }
level = "senior"
teams = ["payments"]
[[roster.people]]
name = "Dev Eloper"
emails = ["dev@example.com"]
handles = { github = "dev" }
level = "senior"
"""
CHARGE = "def charge(order):\n    if order.paid:\n        return None\n    return provider.charge(order)\n"
RETRIED = "def charge(order):\n    while True:\n        try:\n            return provider.charge(order)\n" + (
    "        except Exception:\n            pass\n"
)


class Story:
    """`main` with a policy and owners, on `origin`; branch `retry` adds AI lines and removes some."""

    def __init__(self, git: RealGit, remote: str = "git@github.com:example/shop.git") -> None:
        self.git = git
        git("config", "user.name", "Grace")
        git("config", "user.email", "grace@example.com")
        files = {
            ".earmark.toml": POLICY,
            "CODEOWNERS": "/payments/ @example/payments @grace\n",
            "payments/charge.py": CHARGE,
            "tests/test_charge.py": "def test_charge():\n    assert charge(order)\n",
        }
        self.base = git.commit("Start", files)
        git("remote", "add", "origin", remote)
        git("update-ref", "refs/remotes/origin/main", "HEAD")
        git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
        git("config", "user.name", "Dev Eloper")
        git("config", "user.email", "dev@example.com")
        git("switch", "-q", "-c", "retry")
        repo = open_repository(git.top)
        assert repo is not None
        trust(repo)
        self.repo: Repository = repo._replace(trusted=True)
        self.ledger = Ledger.open(self.repo)

    def writes(self, path: str, text: str, session: Session = CLAUDE) -> None:
        """An assistant's whole-file write."""
        for phase in ("before", "after"):
            if phase == "after":
                self.git.write(path, text)
            event = FileEvent(path, after=text) if phase == "after" else FileEvent(path)
            record_event(self.repo, self.ledger, Event(phase, str(self.git.top), session, (event,)))  # type: ignore[arg-type]

    def commit(self, message: str) -> str:
        commit = self.git.commit(message)
        settle(self.repo, self.ledger)
        return commit

    def retry(self) -> str:
        """The assistant's change, committed with a test that a person wrote."""
        self.writes("payments/charge.py", RETRIED)
        self.git.write("tests/test_charge.py", "def test_charge():\n    assert charge(order)\n    assert retried\n")
        return self.commit("Retry failed charges\n\nThe provider is flaky.\n")
