"""A change under review for a real editor: the order service, a branch with an assistant's commit, a forge on loopback,
and a senior who signs."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from forge_server import serving
from github_service import GitHubService
from project import Project

ORDERS = Path(__file__).parents[2] / "fixtures" / "repos" / "orders"
SHOWN = "orders/payments.py"


class Review:
    """`project` is the author's clone on branch `retry`, `forge` what GitHub knows of it."""

    def __init__(self, project: Project, forge: GitHubService, key: Path) -> None:
        self.project, self.forge, self._key = project, forge, key

    @property
    def text(self) -> list[str]:
        return (self.project.top / SHOWN).read_text().splitlines()

    def request(self) -> None:
        """Ask, as the author does in a terminal."""
        self.project.earmark("review", "request")

    def sign(self) -> None:
        """The senior signs what stands on the branch."""
        self.project.git("config", "user.email", "grace@example.com")
        self.project.earmark("review", "approve", "--key", str(self._key))
        self.project.git("config", "user.email", "ada@example.com")


@contextmanager
def under_review(folder: Path) -> Iterator[Review]:
    """The story up to the commit; nobody was asked yet."""
    story = json.loads((ORDERS / "session.json").read_text())
    [step] = [step for step in story["commits"][0]["steps"] if step["path"] == SHOWN]
    project = Project(folder, "orders", step["after"]["session_id"])
    shutil.copytree(ORDERS / "service", project.top, dirs_exist_ok=True)
    key = folder / "grace"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True, timeout=60)
    signers = project.top / ".earmark" / "allowed_signers"
    signers.parent.mkdir()
    signers.write_text(f"grace@example.com {key.with_suffix('.pub').read_text()}")
    project.git("config", "user.name", "Ada Example")
    project.git("config", "user.email", "ada@example.com")
    project.commit("Start the order service")
    project.earmark("init", "--git-hooks", "--yes")
    project.git("commit", "-q", "-a", "-m", "Judge from here on")
    project.git("remote", "add", "origin", "git@github.com:example/orders.git")
    project.git("update-ref", "refs/remotes/origin/main", "HEAD")
    project.git("switch", "-q", "-c", "retry")
    project.ai_edit(SHOWN, step["edit"]["old"], step["edit"]["new"])
    project.commit("Keep trying to charge")
    project.git("update-ref", "refs/remotes/origin/retry", "HEAD")
    project.earmark("status")
    forge = GitHubService(author="ada", people=("grace",), teams=("orders", "platform"))
    with serving(forge) as server:
        # code-server keeps GITHUB_TOKEN to itself.
        project.environment |= {"GH_TOKEN": "t", "EARMARK_FORGE_URL": server.url}
        yield Review(project, forge, key)
