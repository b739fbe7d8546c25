"""Where the real editors are, and a project for them to open."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from project import BASE, RISKY, Project

HERE = Path(__file__).parent


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


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A committed base, and one risky function that an assistant added to it and nobody committed yet."""
    project = Project(tmp_path_factory.mktemp("editor"))
    project.commit("Add shipping rates", shop__py=BASE)
    project.ai_edit("shop.py", "    return sum(prices)\n", "    return sum(prices)\n" + RISKY)
    yield project
