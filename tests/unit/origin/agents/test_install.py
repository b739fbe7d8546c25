"""Hooks written beside what stands in a user's settings, and taken back without a trace.

Every file under fixtures/hooks is one case: a line that says what it shows, `agents:`, `scope:` (user or project), then
sections `=== before PATH` and `=== after PATH` (below a folder that holds `home` and the worktree `shop`). A path
without a `before` is absent first. `${PYTHON}` is the interpreter. EARMARK_UPDATE=1 writes what is planned now.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.origin.agents import entries, install, jsonc
from earmark.origin.agents.files import FileChange, InstallError, remembered
from earmark.origin.agents.places import PLACES

CASES = sorted((Path(__file__).parents[4] / "fixtures" / "hooks").glob("*/*.txt"))
PYTHON = "/opt/earmark env/bin/python"


class Case(NamedTuple):
    head: str
    agents: list[str]
    project: bool
    before: dict[str, str]
    after: dict[str, str]


def read(path: Path) -> Case:
    head, *sections = path.read_text(encoding="utf-8").replace("${PYTHON}", f"'{PYTHON}'").split("\n=== ")
    fields = dict(line.split(": ", 1) for line in head.splitlines()[1:])
    texts: dict[str, dict[str, str]] = {"before": {}, "after": {}}
    for section in sections:
        title, _, text = section.partition("\n")
        side, _, name = title.partition(" ")
        texts[side][name] = text + "\n" if not text.endswith("\n[no line end]") else text.removesuffix("\n[no line end]")
    texts["after"] = {name: text.removesuffix("\n") if text == "\n" else text for name, text in texts["after"].items()}
    return Case(head, fields["agents"].split(), fields["scope"] == "project", texts["before"], texts["after"])


def contents(root: Path, *, config: bool = False) -> dict[str, str]:
    files = [path for path in root.rglob("*") if path.is_file() and (config or ".config/earmark" not in str(path))]
    return {str(path.relative_to(root)): path.read_bytes().decode() for path in files}


def planned(root: Path, agents: list[str], project: bool = False, undo: bool = False) -> list[FileChange]:
    environ = {"HOME": str(root / "home"), "PATH": str(root / "bin")}
    return install.plan(agents, project, undo, top=str(root / "shop"), environ=environ, python=PYTHON)


def applied(root: Path, changes: list[FileChange]) -> None:
    install.apply(changes, {"HOME": str(root / "home"), "PATH": str(root / "bin")})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    (tmp_path / "shop").mkdir()
    return tmp_path


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_hooks_are_merged_written_once_and_taken_back(root: Path, path: Path) -> None:
    case = read(path)
    for name, text in case.before.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(text.encode())
    changes = planned(root, case.agents, case.project)
    assert [change.problem for change in changes if change.problem] == []
    applied(root, changes)
    got = contents(root)
    if os.environ.get("EARMARK_UPDATE") == "1":
        sections = [f"=== before {name}\n{text}" for name, text in case.before.items()]
        sections += [f"=== after {name}\n{text}" for name, text in sorted(got.items())]
        shown = "\n".join(part.removesuffix("\n") if part.endswith("\n") else part + "\n[no line end]" for part in sections)
        path.write_text((case.head + "\n" + shown).replace(f"'{PYTHON}'", "${PYTHON}") + "\n", encoding="utf-8")
        return
    assert got == {name: text.removesuffix("\n") + "\n" if text.endswith("\n\n") else text for name, text in case.after.items()}
    assert planned(root, case.agents, case.project) == []
    undo = planned(root, case.agents, case.project, undo=True)
    applied(root, undo)
    left = contents(root)
    left.pop("home/.local/share/earmark/run", None)
    assert left == case.before
    assert planned(root, case.agents, case.project, undo=True) == []
