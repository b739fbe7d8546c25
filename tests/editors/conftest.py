"""Where the real editors are, and a project for them to open."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import promises
import pytest
from project import BASE, RISKY, Project
from promises import CASES, PROMISES, Measured

HERE = Path(__file__).parent
SEEN = pytest.StashKey[set[Measured]]()


@pytest.fixture(scope="session")
def editors() -> Path:
    """The folder that `setup.sh` filled; a test of an editor that is not there fails."""
    folder = Path(os.environ.get("EARMARK_EDITORS", HERE / ".cache")).resolve()
    missing = [
        name for name in ("venv/bin/nvim", "npm/node_modules/code-server", "probe.vsix") if not (folder / name).exists()
    ]
    if missing or not shutil.which("chromium"):
        pytest.fail(f"the editors are not installed ({', '.join(missing) or 'chromium'}): run tests/editors/setup.sh")
    return folder


@pytest.fixture(scope="session")
def other_editors() -> Path:
    """The folder with what Debian's other release has; a test of an editor that is not there fails."""
    folder = Path(os.environ.get("EARMARK_EDITORS", HERE / ".cache")).resolve()
    there = ("nvim", "hx", "emacs-nox")
    missing = [name for name in there if not (folder / "trixie" / "usr" / "bin" / name).exists()]
    programs = ("emacs-lucid", "vim", "kate", "tmux", "Xvfb", "xdotool", "import", "dbus-run-session")
    missing += [name for name in programs if not shutil.which(name)]
    if missing:
        pytest.fail(f"the editors are not installed ({', '.join(missing)}): run tests/editors/setup.sh")
    return folder


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A committed base, and one risky function that an assistant added to it and nobody committed yet."""
    project = Project(tmp_path_factory.mktemp("editor"))
    project.commit("Add shipping rates", shop__py=BASE)
    project.ai_edit("shop.py", "    return sum(prices)\n", "    return sum(prices)\n" + RISKY)
    yield project


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--measure` keeps what the run saw, for clients/README.md."""
    parser.addoption("--measure", action="store_true", help="write tests/editors/measured.json and the clients' table")


@pytest.fixture
def reached(request: pytest.FixtureRequest) -> Callable[[str, str, str], None]:
    """`reached(client, promise, channel)`: this test has just seen it. Unless it is being measured anew, it must be
    what clients/README.md tells users."""
    config = request.config

    def seen(client: str, promise: str, channel: str) -> None:
        assert promise in PROMISES or promise in CASES, promise
        config.stash.setdefault(SEEN, set()).add(Measured(client, promise, channel))
        if not config.getoption("--measure"):
            assert promises.read().get(client, {}).get(promise) == channel, "not what measured.json says"

    return seen


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Keep what was measured in a run without a failure."""
    seen = session.config.stash.get(SEEN, set())
    if seen and session.config.getoption("--measure") and not session.testsfailed:
        promises.write(promises.merged(promises.read(), seen))
