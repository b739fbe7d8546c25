"""What VS Code shows beside the text: the change by risk, the commit box, a review from its request to its state."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest
import workbench
from forge_server import serving
from github_service import GitHubService
from project import BASE, RISKY, Project
from workbench import Workbench

POLICY = """\
[[review]]
risk = "medium"
level = "senior"

[roster]
levels = ["junior", "senior"]
[[roster.people]]
name = "Grace Example"
emails = ["grace@example.com"]
handles = { github = "grace" }
level = "senior"
"""
TOASTS = ".notifications-toasts .notification-list-item-message"
STATUS = ".statusbar-item[id*='earmark']"
BOX = ".scm-editor .view-lines"


def pane(view: str) -> str:
    return f".pane:has(> .pane-header[aria-label^='{view}'])"


CHANGE, REVIEWS = pane("AI in This Change"), pane("AI Reviews")
ROW = ".monaco-list-row"
Reached = Callable[[str, str, str], None]


class Desk(NamedTuple):
    """The workbench of somebody whose assistant has just written something, and the forge they share."""

    code: Workbench
    project: Project
    service: GitHubService

    def spoken(self, view: str) -> list[str]:
        """What a screen reader says of each row of a view in the side bar."""
        labels: list[str] = self.code.page("attributes", f"{view} {ROW}", "aria-label")
        return labels

    def wait_row(self, view: str, start: str) -> None:
        """Until a row of a view is spoken so."""
        self.code.page("waitFor", f"{view} {ROW}[aria-label^='{start}']")

    def read(self, name: str) -> str:
        """The text of the document that is offered under a name, once it is the active one."""
        self.code.page("waitFor", workbench.tab(name))
        return workbench.wait(name, lambda: str(self.code.api("offered", name)))


@pytest.fixture(scope="module", name="opened")
def _opened(editors: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("desk")
    project = Project(folder)
    project.commit("Add shipping rates", shop__py=BASE, **{".earmark__toml": POLICY})
    project.earmark("init", "--git-hooks")
    project.git("commit", "-qam", "Adopt Earmark")
    project.git("remote", "add", "origin", "git@github.com:o/r.git")
    project.git("update-ref", "refs/remotes/origin/main", "HEAD")
    project.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
    project.git("switch", "-q", "-c", "rates")
    project.ai_edit("shop.py", "    return sum(prices)\n", "    return sum(prices)\n" + RISKY)
    project.git("add", "shop.py")
    service = GitHubService(people=("grace",))
    with ExitStack() as stack:
        server = stack.enter_context(serving(service))
        # code-server takes GITHUB_TOKEN for itself.
        project.environment |= {"EARMARK_FORGE_URL": server.url, "GH_TOKEN": "very-secret"}
        shown = project.top / "shop.py"
        code = stack.enter_context(workbench.running(editors, project, folder / "code", shown, keep_screen=False))
        code.page("resize", 1280, 900)
        code.wait_diagnostics("shop.py", 3)
        code.api("execute", "earmark.change.focus")
        yield Desk(code, project, service)


@pytest.fixture
def desk(opened: Desk) -> Iterator[Desk]:
    """Shared by the tests of a day's work, in order; each screen is kept, and nobody was disturbed."""
    yield opened
    opened.code.keep_screen()
    assert opened.code.page("texts", TOASTS) == []


def test_the_change_is_listed_by_risk(desk: Desk, reached: Reached) -> None:
    desk.wait_row(CHANGE, "high risk on line 13")
    rows = desk.spoken(CHANGE)
    assert rows[:3] == [
        "Asked of this change, 2 open",
        "Open: Declare 8 lines of AI, by default",
        "Open: Approval by 1 × senior or above of shop.py, .earmark.toml:1",
    ]
    assert rows[3:5] == ["High risk, 1 region", "shop.py, line 10 to 17, claude:claude-opus-4-5-20251101, needs review"]
    reached("VS Code", "queue", "tree view")


def test_a_finding_in_the_tree_leads_to_its_line(desk: Desk) -> None:
    desk.code.page("click", f"{CHANGE} {ROW}", "Retrying for ever")
    desk.code.page("waitForText", ".statusbar-item", "Ln 13, Col 1")
    desk.code.page("click", f"{CHANGE} {ROW}", "Approval by 1")
    desk.code.page("waitFor", workbench.tab(".earmark.toml"))
    desk.code.page("waitForText", ".statusbar-item", "Ln 1, Col 1")
    desk.code.show("shop.py")


def test_the_status_bar_says_what_is_open(desk: Desk, reached: Reached) -> None:
    desk.code.page("waitForText", STATUS, "AI 8/17 · 2 open")
    [spoken] = desk.code.page("attributes", f"{STATUS} a", "aria-label")
    said = "8 of 17 lines of this file written by AI, 2 obligations of this change are open"
    assert spoken == f"Earmark: {said}"
    desk.code.page("click", STATUS)
    desk.code.page("waitFor", f"{CHANGE} .monaco-list:focus")
    reached("VS Code", "open", "status bar, tree view, code lens")


def test_a_commit_from_the_box_declares_what_was_previewed(desk: Desk, reached: Reached) -> None:
    code = desk.code
    code.page("click", BOX)
    code.page("type", "Ask the carrier for its rates")
    code.page("waitForText", ".scm-editor .ghost-text-decoration, .scm-editor .ghost-text", "AI-Assisted: yes")
    code.keep_screen()
    code.page("press", "Tab")
    code.page("waitForText", f"{BOX} .view-line", "AI-Review: required")
    code.page("press", "Control+Enter")
    workbench.wait(
        "the commit", lambda: desk.project.git("log", "-1", "--format=%s") == "Ask the carrier for its rates"
    )
    # VS Code empties the box once its own part is done.
    code.page("waitGone", f"{BOX}:has-text('Ask the carrier')")
    message = desk.project.git("log", "-1", "--format=%B")
    assert message.count("AI-Assisted: yes") == 1
    assert desk.project.git("log", "-1", "--format=%(trailers:key=AI-Lines,valueonly)") == "8/8"
    code.page("waitForText", f"{CHANGE} .welcome-view-content", "No assistant has touched")
    reached("VS Code", "tag", "commit box, ghost text")
    reached("VS Code", "commit", "yes")


def told(message: str) -> str:
    return message if "AI-Assisted" in message else ""


def test_the_button_writes_the_trailers_into_the_box(desk: Desk) -> None:
    code, project = desk.code, desk.project
    project.ai_edit("shop.py", "params={", "timeout=5, params={")
    project.git("add", "shop.py")
    code.page("click", BOX)
    code.page("type", "Give up after five seconds")
    workbench.wait("what was typed", lambda: code.api("commitBox") == "Give up after five seconds")
    code.api("execute", "earmark.writeTrailers")
    message = workbench.wait("the trailers", lambda: told(code.api("commitBox")))
    assert message.startswith("Give up after five seconds\n\nAI-Assisted: yes\n")
    assert "\nAI-Lines: 1/1\n" in message
    project.git("commit", "-qm", "Give up after five seconds")
    code.page("click", BOX)
    code.page("press", "Control+a")
    code.page("press", "Delete")


def test_a_request_is_read_before_it_is_sent(desk: Desk, reached: Reached) -> None:
    code = desk.code
    desk.project.git("update-ref", "refs/remotes/origin/rates", "HEAD")
    code.show("shop.py")
    code.run("Earmark: Request Review…")
    page = desk.read("Review Request.md")
    assert "Grace" in page
    assert "shop.py" in page
    assert desk.service.pulls == []
    code.page("waitForText", ".contentWidgets .codelens-decoration", "Send This Request")
    code.keep_screen()
    code.page("click", ".contentWidgets .codelens-decoration a", "Send This Request")
    [pull] = workbench.wait("the request", lambda: desk.service.pulls)
    workbench.wait("the reviewer", lambda: pull["waiting"] == ["grace"])
    workbench.wait("the page closes", lambda: code.page("count", workbench.tab("Review Request.md")) == 0)
    reached("VS Code", "review", "virtual document")


def test_the_review_s_state_is_a_view(desk: Desk) -> None:
    code = desk.code
    code.api("execute", "earmark.reviews.focus")
    code.api("execute", "earmark.refreshReviews")
    desk.wait_row(REVIEWS, "This change")
    assert any(row.startswith("shop.py") and "waiting" in row for row in desk.spoken(REVIEWS))
