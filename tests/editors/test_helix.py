"""Helix 25, a real one in a terminal, with our configuration and the real server."""

from __future__ import annotations

import re
import shlex
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import helix
import pytest
import terminal
from helix import Helix
from project import BASE, RISKY, Project
from wire import Wire

Reached = Callable[[str, str, str], None]
NAME = "Helix 25"
TOTAL = "    return sum(prices)\n"
# Wide enough for a mark in the gutter and a line's number.
MARKED = "●  {} ▍"


@pytest.fixture(scope="module")
def shared(other_editors: Path, project: Project) -> Iterator[Helix]:
    """One Helix for the tests that change nothing."""
    with helix.running(other_editors, project, "shop.py") as editor:
        editor.wait_text(MARKED.format(12), MARKED.format(15))
        yield editor


def written(folder: Path) -> Project:
    """A trusted project in which an assistant has just written the risky function."""
    project = Project(folder)
    project.commit("Add shipping rates", shop__py=BASE)
    project.ai_edit("shop.py", TOTAL, TOTAL + RISKY)
    project.earmark("trust")
    return project


def test_ai_lines_and_risks_are_marked(shared: Helix, reached: Reached) -> None:
    shared.line(12)
    shared.wait_text("AI 8 lines (claude:claude-opus-4-5-20251101), not reviewed")
    reached(NAME, "regions", "a diagnostic at their start")
    shared.line(15)
    shared.screen.keys("w", "w")
    shared.wait_text("Pass", "timeout= in seconds.", "(py-http-no-timeout)")
    shared.screen.keep("helix")
    reached(NAME, "risk", "a diagnostic")


def test_hover_says_who_and_why(shared: Helix, reached: Reached) -> None:
    shared.wait_hover(12, "Written by AI: claude", "Still open: declare 8 lines of AI")
    shared.screen.keep("helix-hover")
    shared.close_hover("Written by AI")
    reached(NAME, "hover", "Space k")
    reached(NAME, "open", "Space k")


def test_utf_8_is_agreed(shared: Helix) -> None:
    assert shared.wire.encoding() == "utf-8"


def test_the_rule_of_a_line_is_explained(shared: Helix, reached: Reached) -> None:
    shared.line(15)
    shared.screen.keys("w", "w", "Space", "a")
    shared.wait_text("Earmark: why py-http-no-timeout?")
    shared.screen.keys("Down", "Down", "Return")
    shared.wait_text("Earmark: py-http-no-timeout (medium)")
    reached(NAME, "explain", "Space a")


def test_actions_fix_and_a_comment_suppresses(other_editors: Path, tmp_path: Path, reached: Reached) -> None:
    with helix.running(other_editors, written(tmp_path), "shop.py") as editor:
        editor.wait_text(MARKED.format(15), MARKED.format(16))
        editor.line(15)
        editor.screen.keys("w", "w", "Space", "a")
        editor.wait_text("Earmark: Give up after 30 seconds")
        editor.screen.keys("Return")
        editor.wait_text("timeout=30")
        editor.screen.wait("no mark on the line", lambda screen: MARKED.format(15) not in screen)
        reached(NAME, "fix", "Space a")
        # Helix shows no questions, so a reason is given in the text itself.
        editor.line(16)
        editor.screen.keys("O")
        editor.screen.type("# earmark: ignore[py-bare-except-pass] the caller retries")
        editor.screen.keys("Escape")
        editor.screen.wait("no risk", lambda s: MARKED.format(16) not in s and MARKED.format(17) not in s)
        reached(NAME, "suppress", "a comment that you type")


def test_the_next_commit_is_tagged(other_editors: Path, tmp_path: Path, reached: Reached) -> None:
    project = written(tmp_path)
    project.git("add", "-A")
    with helix.running(other_editors, project, "shop.py") as editor:
        editor.wait_text(MARKED.format(12))
        editor.command(":lsp-workspace-command earmark.tagCommit")
        editor.wait_text("8 of 8 added lines were written by an assistant; the next commit will declare it.")
        reached(NAME, "next", ":lsp-workspace-command")


def test_what_is_written_elsewhere_is_reloaded_and_undone(
    other_editors: Path, tmp_path: Path, reached: Reached
) -> None:
    project = Project(tmp_path)
    project.commit("Add shipping rates", shop__py=BASE)
    with helix.running(other_editors, project, "shop.py", formatter=True) as editor:
        editor.wait_text("return sum(prices)")
        project.ai_edit("shop.py", TOTAL, TOTAL + RISKY)
        editor.command(":reload")
        editor.wait_text(MARKED.format(12), MARKED.format(15))
        reached(NAME, "live", "on :reload")
        editor.screen.keys("u")
        editor.screen.wait("no marks", lambda screen: "●" not in screen and "def rate" not in screen)
        editor.screen.keys("U")
        editor.wait_text(MARKED.format(12), MARKED.format(15))
        reached(NAME, "undo", "yes")
        project.git("stash", "-q")
        editor.command(":reload")
        editor.screen.wait("no marks", lambda screen: "●" not in screen and "def rate" not in screen)
        project.git("stash", "pop", "-q")
        editor.command(":reload")
        editor.wait_text(MARKED.format(12))
        reached(NAME, "reload", "yes")
        editor.screen.keys("g", "g", "O")
        editor.screen.type("# Rates")
        editor.screen.keys("Escape")
        editor.wait_text("▍# Rates")
        editor.command(":write")
        editor.wait_text("def rate( country )", MARKED.format(13))
        editor.wire.wait_call("textDocument/didSave")
        ai = [(r["start"], r["end"]) for r in project.blame("shop.py") if r["kind"] == "ai"]
        assert ai == [(11, 18)]
        reached(NAME, "format", "yes")


def test_a_commit_message_gets_its_trailers(other_editors: Path, tmp_path: Path, reached: Reached) -> None:
    project = written(tmp_path)
    project.git("add", "-A")
    with tempfile.TemporaryDirectory(prefix="earmark-") as name:
        where = Path(name)
        environment = helix.settings(project, where) | {"GIT_EDITOR": shlex.join(helix.command(other_editors))}
        with terminal.running(where, ["git", "commit"], project.top, environment) as screen:
            editor = Helix(screen, Wire(where))
            opened = editor.wire.wait_call("textDocument/didOpen")
            assert opened["params"]["textDocument"]["languageId"] == "git-commit"
            screen.wait_text("# Please enter")
            editor.wait_served()
            screen.keys("i")
            screen.type("Ask the carrier for its rates")
            screen.keys("Escape")
            screen.wait_text("this message does not say so")
            screen.keys("Space", "a")
            screen.wait_text("Earmark: write the trailers")
            screen.keys("Return")
            screen.wait("the trailers", lambda text: re.search(r"\d  AI-Assisted: yes", text) is not None)
            screen.keep("helix-commit")
            screen.type(":write-quit")
            screen.keys("Return")
            project.wait_subject("Ask the carrier for its rates")
            editor.wire.hold_to_protocol()
    assert project.git("log", "-1", "--format=%(trailers:key=AI-Assisted,valueonly)") == "yes"
    reached(NAME, "tag", "Space a")
    reached(NAME, "commit", "yes")
