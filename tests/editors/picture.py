"""Makes docs/vscode.png, the order service of the demo as VS Code shows it after an assistant's edit,
docs/vscode-change.png, the same change by risk with its trailers in the commit box, and docs/commit.png, the message of
a commit of that edit while it is written.

    python tests/editors/picture.py [vscode | vscode-change | commit]

Needs what tests/editors/setup.sh installs. Look at the picture before it is committed.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path

import workbench
from project import Project

HERE = Path(__file__).parent
TOP = HERE.parents[1]
ORDERS = TOP / "fixtures" / "repos" / "orders"
SHOWN = "orders/payments.py"
LOOK = {
    "breadcrumbs.enabled": False,
    "editor.fontFamily": "'Fira Code', 'DejaVu Sans Mono', monospace",
    "editor.fontSize": 14,
    "editor.guides.indentation": False,
    "editor.hover.above": False,
    "editor.renderLineHighlight": "none",
    "editor.lightbulb.enabled": "off",
    "editor.occurrencesHighlight": "off",
    "editor.stickyScroll.enabled": False,
    "git.blame.statusBarItem.enabled": False,
    "window.title": "${activeEditorShort} — ${rootName}",
    "workbench.activityBar.location": "hidden",
    "workbench.colorTheme": "Default Dark Modern",
    "workbench.layoutControl.enabled": False,
    "workbench.statusBar.visible": True,
}


def orders(folder: Path) -> Project:
    """The demo's service, committed, then edited by its first assistant."""
    story = json.loads((ORDERS / "session.json").read_text())
    [step] = [step for step in story["commits"][0]["steps"] if step["path"] == SHOWN]
    project = Project(folder, "orders", step["after"]["session_id"])
    shutil.copytree(ORDERS / "service", project.top, dirs_exist_ok=True)
    project.git("config", "user.name", "Ada Example")
    project.git("config", "user.email", "ada@example.com")
    project.commit("Start the order service")
    project.ai_edit(SHOWN, step["edit"]["old"], step["edit"]["new"])
    return project


def edited(target: Path) -> None:
    """The file after the edit."""
    with tempfile.TemporaryDirectory(prefix="earmark-") as name:
        folder = Path(name)
        project = orders(folder)
        shown = project.top / SHOWN
        with workbench.running(
            HERE / ".cache", project, folder / "code", shown, settings=LOOK, keep_screen=False
        ) as code:
            code.page("resize", 1160, 720)
            code.api("execute", "workbench.action.closeSidebar")
            text = shown.read_text().splitlines()
            # The last risky line: what is said of it hides none of the others.
            line = next(n for n, content in enumerate(text) if "except Exception" in content)
            code.wait_diagnostics(SHOWN, 3)
            workbench.wait("the lens", lambda: code.api("lenses", str(shown)))
            code.show(SHOWN, line, text[line].index("Exception"))
            code.api(
                "execute", "revealLine", [{"lineNumber": text.index("class PaymentFailed(Exception):"), "at": "top"}]
            )
            code.api("execute", "notifications.clearAll")
            code.api("execute", "editor.action.showHover")
            code.page("waitForText", ".monaco-hover-content", "Still open")
            code.page("screenshot", str(target))


def message(target: Path) -> None:
    """A commit message with what will be declared, and an assistant's signature in it."""
    with tempfile.TemporaryDirectory(prefix="earmark-") as name:
        folder = Path(name)
        project = orders(folder)
        project.earmark("init", "--git-hooks", "--yes")
        project.git("add", "-A")
        file = project.top / ".git" / "COMMIT_EDITMSG"
        with workbench.running(
            HERE / ".cache", project, folder / "code", project.top / SHOWN, settings=LOOK, keep_screen=False
        ) as code:
            code.page("resize", 1160, 600)
            code.api("execute", "workbench.action.closeSidebar")
            code.run("Git: Commit")
            code.page("waitForText", ".view-line", "# earmark: declare")
            code.page("type", "Retry a payment that failed\n\nCo-Authored-By: Claude <noreply@anthropic.com>\n")
            code.wait_diagnostics(str(file), 1)
            code.page("screenshot", str(target))


def change(target: Path) -> None:
    """The change by risk, and the trailers behind a message in the commit box."""
    with tempfile.TemporaryDirectory(prefix="earmark-") as name:
        folder = Path(name)
        project = orders(folder)
        project.git("add", "-A")
        with workbench.running(
            HERE / ".cache", project, folder / "code", project.top / SHOWN, settings=LOOK, keep_screen=False
        ) as code:
            code.page("resize", 1280, 780)
            code.wait_diagnostics(SHOWN, 3)
            code.api("execute", "workbench.scm.history.removeView")
            code.api("execute", "earmark.change.focus")
            code.page("waitForText", ".monaco-list-row", "High risk")
            code.page("click", ".scm-editor .view-lines")
            code.page("type", "Retry a charge until it succeeds")
            code.page("waitForText", ".scm-editor .ghost-text-decoration, .scm-editor .ghost-text", "AI-Assisted: yes")
            code.page("screenshot", str(target))


PICTURES = {"vscode": edited, "vscode-change": change, "commit": message}

if __name__ == "__main__":
    for picture in sys.argv[1:] or PICTURES:
        PICTURES[picture](TOP / "docs" / f"{picture}.png")
