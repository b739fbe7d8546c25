"""Makes docs/review-request.png, the request before it is sent, and docs/review-before.png and docs/review-after.png, a
region before and after its approval.

    python tests/editors/review_pictures.py

Needs what tests/editors/setup.sh installs. Look at the pictures before they are committed.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
TOP = HERE.parents[1]
sys.path[:0] = [str(TOP / "tests" / "unit"), str(TOP / "tests" / "unit" / "review")]

import workbench  # noqa: E402
from picture import LOOK  # noqa: E402
from reviewing import SHOWN, Review, under_review  # noqa: E402
from workbench import Workbench  # noqa: E402


def lens(code: Workbench, start: str) -> None:
    """Wait until the region's lens says so."""
    workbench.wait(start, lambda: [x for x in code.api("lenses", code.path(SHOWN)) if x["title"].startswith(start)])


def region(code: Workbench, review: Review, target: Path) -> None:
    """The region with its lens and its hover."""
    line = next(n for n, text in enumerate(review.text) if "while True" in text)
    code.show(SHOWN, line, review.text[line].index("while"))
    code.api("execute", "revealLine", [{"lineNumber": line - 9, "at": "top"}])
    code.api("execute", "notifications.clearAll")
    code.api("execute", "editor.action.showHover")
    code.page("waitForText", ".monaco-hover-content", "Review: ")
    code.page("screenshot", str(target))
    code.page("press", "Escape")


def main(folder: Path) -> None:
    """The request first: afterwards it is made, and signed."""
    with (
        tempfile.TemporaryDirectory(prefix="earmark-") as name,
        under_review(Path(name)) as review,
        workbench.running(
            HERE / ".cache", review.project, Path(name) / "code", review.project.top / SHOWN, settings=LOOK,
            keep_screen=False,
        ) as code,
    ):  # fmt: skip
        code.page("resize", 1160, 860)
        code.api("execute", "workbench.action.closeSidebar")
        lens(code, "Review: not reviewed")
        code.api("execute", "earmark.requestReview")
        workbench.wait("the request", lambda: code.api("offered", "Review Request.md"))
        code.page("waitForText", ".view-line", "Nothing is sent until you say so.")
        code.api("execute", "markdown.showPreview")
        code.page("waitFor", "iframe.webview.ready")
        time.sleep(3)  # nothing outside the frame says that its page is drawn
        code.page("screenshot", str(folder / "review-request.png"))
        code.api("execute", "workbench.action.closeAllEditors")
        review.request()
        code.show(SHOWN)
        lens(code, "Review: waits for grace")
        code.page("resize", 1160, 640)
        region(code, review, folder / "review-before.png")
        review.sign()
        lens(code, "Review: approved by Grace Example")
        region(code, review, folder / "review-after.png")


if __name__ == "__main__":
    main(TOP / "docs")
