"""The first minutes in VS Code: the walkthrough, hooks read before they are written, every theme, every key."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import workbench
from project import BASE, RISKY, Project
from workbench import Workbench

MARKED = [line.strip() for line in RISKY.splitlines()]
TOASTS = ".notifications-toasts .notification-list-item-message"
LENS = ".contentWidgets .codelens-decoration a"
MANIFEST = json.loads((Path(__file__).parents[2] / "clients" / "vscode" / "package.json").read_text())


@pytest.fixture(scope="module", name="opened")
def _opened(editors: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    folder = tmp_path_factory.mktemp("first")
    project = Project(folder)
    project.commit("Add shipping rates", shop__py=BASE)
    project.ai_edit("shop.py", "    return sum(prices)\n", "    return sum(prices)\n" + RISKY)
    with workbench.running(editors, project, folder / "code", project.top / "shop.py", keep_screen=False) as code:
        code.page("marked", MARKED)
        yield code


@pytest.fixture
def code(opened: Workbench) -> Iterator[Workbench]:
    """Shared; each screen is kept, and nobody was disturbed."""
    yield opened
    opened.keep_screen()
    assert opened.page("texts", TOASTS) == []


def test_the_walkthrough_leads_to_the_hooks(code: Workbench) -> None:
    code.run("Earmark: Get Started")
    code.page("waitForText", ".getting-started-category, .gettingStartedContainer", "Get Started with Earmark")
    code.page("click", ".getting-started-step", "Let assistants report what they write")
    code.page("waitForText", ".getting-started-step.expanded", "nothing is guessed")
    code.keep_screen()
    code.page("click", ".getting-started-step.expanded .monaco-button", "Install Hooks…")
    code.page("waitFor", workbench.tab("Hooks.diff"))


def test_hooks_are_read_before_they_are_written(code: Workbench) -> None:
    settings = Path(code.project.environment["HOME"]) / ".claude" / "settings.json"
    shown = workbench.wait("the difference", lambda: code.api("offered", "Hooks.diff"))
    assert f"+++ {settings}" in shown
    assert f"+++ {code.path('.git/hooks/commit-msg')}" in shown
    assert not settings.exists()
    code.page("click", LENS, "Write These Files")
    code.page("waitForText", ".statusbar-item", "The hooks are installed.")
    assert "earmark record --agent claude" in settings.read_text()
    code.page("waitGone", workbench.tab("Hooks.diff"))
    code.run("Earmark: Install Hooks of Assistants and Git")
    code.page("waitForText", ".statusbar-item", "there is nothing to write")


@pytest.mark.parametrize(
    "theme",
    ["Default High Contrast", "Default High Contrast Light", "Default Dark Modern"],
    ids=["high-contrast", "high-contrast-light", "dark"],
)
def test_regions_are_marked_in_every_theme(code: Workbench, theme: str) -> None:
    code.api("configure", "workbench.colorTheme", theme)
    code.show("shop.py")
    code.page("marked", MARKED)


def repacked(target: Path, left_out: str = "", **manifest: Any) -> Path:
    """Our package with another manifest; a value of None takes a key out."""
    with zipfile.ZipFile(workbench.EXTENSION) as whole, zipfile.ZipFile(target, "w") as part:
        for name in whole.namelist():
            content = whole.read(name)
            if name == "extension/package.json":
                changed = json.loads(content) | manifest
                content = json.dumps({key: value for key, value in changed.items() if value is not None}).encode()
            if name != left_out:
                part.writestr(name, content)
    return target


def test_where_no_server_can_run_it_says_so(editors: Path, tmp_path: Path) -> None:
    """As in VS Code with nothing behind it: only the part for browsers is there, and runs in the page."""
    package = repacked(tmp_path / "web.vsix", "extension/out/extension.cjs", main=None, extensionKind=["web"])
    project = Project(tmp_path)
    project.commit("Add shipping rates", shop__py=BASE)
    shown = project.top / "shop.py"
    with workbench.running(editors, project, tmp_path / "code", shown, extension=package) as code:
        code.page("waitFor", ".statusbar-item[id*='earmark'] a[aria-label*='Earmark needs the files']")
        code.page("press", "F1")
        code.page("type", "Earmark: Tag This Commit")
        code.page("waitForText", ".quick-input-list .monaco-list-row.focused", "Tag This Commit")
        code.page("press", "Enter")
        code.page("waitForText", TOASTS, "Earmark needs the files and the git history on a disk")
        code.api("execute", "earmark.change.focus")
        code.page("waitForText", ".welcome-view-content", "Open the folder in VS Code itself")


def test_the_reason_of_a_change_is_used_where_vs_code_tells_it(editors: Path, tmp_path: Path) -> None:
    package = repacked(tmp_path / "proposed.vsix", enabledApiProposals=["textDocumentChangeReason"])
    project = Project(tmp_path)
    project.commit("Add prices", prices__py="VAT = 0.19\n\n\n")
    shown = project.top / "prices.py"
    options = ["--enable-proposed-api", "earmark.earmark"]
    with workbench.running(editors, project, tmp_path / "code", shown, extension=package, options=options) as code:
        code.show("prices.py", 2)
        # Whatever a command answers, it answers when the server runs.
        code.api("execute", "earmark.tagCommit", [{"message": ""}])
        code.page("type", "def ")
        code.api("offer", "net(price):\n    return price / 1.19")
        code.api("execute", "editor.action.inlineSuggest.trigger")
        code.page("waitForText", ".monaco-editor .ghost-text", "return")
        code.page("press", "Tab")
        code.api("offer", None)
        code.page("marked", ["def net(price):", "return price / 1.19"])
        code.api("execute", "workbench.action.files.save")
        [region] = workbench.wait("the save", lambda: [r for r in project.blame("prices.py") if r["kind"] == "ai"])
        # Only the reason names the extension that offered the text.
        assert (region["start"], region["end"], region["tool"]) == (3, 4, "earmark.earmark-probe")


def test_no_key_is_taken_from_vs_code(code: Workbench) -> None:
    code.api("execute", "workbench.action.openDefaultKeybindingsFile")
    text = workbench.wait("the default keys", lambda: code.api("shown"))
    bound = json.loads(re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE))
    ours = {rule["key"]: rule["command"] for rule in MANIFEST["contributes"]["keybindings"]}
    taken = {(rule["key"], rule["command"]) for rule in bound if rule["key"] in ours}
    assert taken == set(ours.items())
