"""Vim 9 with ALE, a real one in a terminal, with our plugin and the real server."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import vim
from project import BASE, RISKY, Project
from vim import Vim

Reached = Callable[[str, str, str], None]
NAME = "Vim 9, ALE"
TOTAL = "    return sum(prices)\n"
MESSAGES = "execute('messages')"
PREVIEW = (
    "join(map(filter(getwininfo(), {_, w -> getwinvar(w.winid, '&previewwindow')}),"
    " {_, w -> join(getbufline(w.bufnr, 1, '$'))}))"
)


@pytest.fixture(scope="module")
def shared(other_editors: Path, project: Project) -> Iterator[Vim]:
    """One Vim for the tests that change nothing."""
    with vim.running(project, "shop.py") as editor:
        editor.wait_shown("the risks", lambda shown: len(shown) >= 4)
        yield editor
        editor.wire.hold_to_protocol()


def written(folder: Path) -> Project:
    """A trusted project in which an assistant has just written the risky function."""
    project = Project(folder)
    project.commit("Add shipping rates", shop__py=BASE)
    project.ai_edit("shop.py", TOTAL, TOTAL + RISKY)
    project.earmark("trust")
    return project


def test_ai_lines_and_risks_are_marked(shared: Vim, reached: Reached) -> None:
    assert shared.regions() == [12]
    shared.screen.wait_text("AI 8 lines (claude:claude-opus-4-5-20251101), not reviewed")
    assert (15, "py-http-no-timeout") in shared.shown()
    shared.screen.keep("vim")
    reached(NAME, "regions", "a diagnostic at their start")
    reached(NAME, "risk", "a diagnostic")


def test_hover_says_who_and_why(shared: Vim, reached: Reached) -> None:
    shared.run("call cursor(12, 5)")
    # What is still open is known a moment after the file is.
    shared.wait_after("ALEHover", PREVIEW, lambda text: "Written by AI: claude" in text and "Still open" in text)
    shared.run("pclose")
    reached(NAME, "hover", ":ALEHover")
    reached(NAME, "open", ":ALEHover")


def test_the_rule_of_a_line_is_explained(shared: Vim, reached: Reached) -> None:
    shared.run("15EarmarkExplain")
    shared.wait("the page", PREVIEW, lambda text: "py-http-no-timeout" in text)
    shared.run("pclose")
    reached(NAME, "explain", ":EarmarkExplain")


def test_the_queue_begins_with_the_riskiest(shared: Vim, reached: Reached) -> None:
    items = "map(getqflist(), {_, i -> [i.lnum, i.text]})"
    first = shared.wait_after("EarmarkQueue", items, lambda found: len(found) >= 3)[0]
    assert first[0] == 13 and "py-retry-unbounded" in first[1]
    shared.run("cclose")
    reached(NAME, "queue", ":EarmarkQueue, quickfix")


def test_an_action_fixes_and_a_comment_suppresses(other_editors: Path, tmp_path: Path, reached: Reached) -> None:
    with vim.running(written(tmp_path), "shop.py") as editor:
        editor.wait_shown("the risks", lambda shown: len(shown) >= 4)
        editor.run("call cursor(15, 24)")
        editor.screen.type(":ALECodeAction")
        editor.screen.keys("Return")
        editor.screen.wait_text("1) Earmark: Give up after 30 seconds")
        editor.screen.type("1")
        editor.screen.keys("Return")
        editor.wait("the fix", "getline(15) =~ 'timeout=30'")
        editor.wait_shown("no risk", lambda shown: 15 not in [line for line, _ in shown])
        reached(NAME, "fix", ":ALECodeAction")
        editor.type("15Go# earmark: ignore[py-bare-except-pass] the caller retries", "Escape")
        editor.wait_shown("no risk", lambda shown: "py-bare-except-pass" not in [code for _, code in shown])
        reached(NAME, "suppress", "a comment that you type")


def test_a_person_can_say_they_wrote_it(other_editors: Path, tmp_path: Path, reached: Reached) -> None:
    with vim.running(written(tmp_path), "shop.py") as editor:
        editor.wait_shown("the region", lambda _: editor.regions() == [12])
        editor.run("10,17EarmarkMark human I typed this myself")
        editor.wait_shown("no region", lambda _: editor.regions() == [])
        reached(NAME, "mark", ":EarmarkMark")


def test_the_next_commit_is_tagged(other_editors: Path, tmp_path: Path, reached: Reached) -> None:
    project = written(tmp_path)
    project.git("add", "-A")
    with vim.running(project, "shop.py") as editor:
        editor.wait_shown("the region", lambda _: editor.regions() == [12])
        editor.run("EarmarkTag")
        editor.screen.wait_text("8 of 8 added lines were written by an assistant; the next commit will declare it.")
        reached(NAME, "next", ":EarmarkTag")
        editor.run("EarmarkReview")
        editor.wait("an answer", f"{MESSAGES} =~ 'Earmark: HEAD adds nothing to main'")
        reached(NAME, "review", ":EarmarkReview")


def test_what_is_written_elsewhere_is_reloaded_and_undone(
    other_editors: Path, tmp_path: Path, reached: Reached
) -> None:
    project = Project(tmp_path)
    project.commit("Add shipping rates", shop__py=BASE)
    with vim.running(project, "shop.py") as editor:
        editor.wire.wait_call("textDocument/didOpen")
        project.ai_edit("shop.py", TOTAL, TOTAL + RISKY)
        editor.run("silent edit")
        editor.wait_shown("the region", lambda _: editor.regions() == [12])
        reached(NAME, "live", "on :edit or :checktime")
        editor.type("u")
        editor.wait_shown("nothing", lambda shown: shown == [])
        editor.screen.keys("C-r")
        editor.wait_shown("the region", lambda _: editor.regions() == [12])
        reached(NAME, "undo", "yes")
        project.git("stash", "-q")
        editor.run("silent edit!")
        editor.wait_shown("nothing", lambda shown: shown == [])
        project.git("stash", "pop", "-q")
        editor.run("silent edit!")
        editor.wait_shown("the region", lambda _: editor.regions() == [12])
        reached(NAME, "reload", "yes")
        editor.run("autocmd BufWritePre <buffer> %s/(country)/( country )/e")
        editor.type("ggO# Rates", "Escape")
        editor.wait("the line", "getline(1) ==# '# Rates'")
        editor.run("silent write")
        editor.wait_shown("the region", lambda _: editor.regions() == [13])
        assert "rate( country )" in (project.top / "shop.py").read_text()
        ai = [(r["start"], r["end"]) for r in project.blame("shop.py") if r["kind"] == "ai"]
        assert ai == [(11, 18)]
        reached(NAME, "format", "yes")


def test_a_commit_message_gets_its_trailers(other_editors: Path, tmp_path: Path, reached: Reached) -> None:
    project = written(tmp_path)
    project.git("add", "-A")

    def commit(start: str) -> list[str]:
        return ["env", f"GIT_EDITOR={start}", "git", "commit"]

    with tempfile.TemporaryDirectory(prefix="earmark-") as name, vim.begun(Path(name), project, commit) as editor:
        assert editor.wire.wait_call("textDocument/didOpen")["params"]["textDocument"]["languageId"] == "gitcommit"
        editor.run("call setline(1, 'Ask the carrier for its rates')")
        editor.wait_shown("what is missing", lambda shown: "undeclared-ai" in [code for _, code in shown])
        editor.run("EarmarkTag")
        editor.wait("the trailers", "search('^AI-Assisted: yes$', 'nw')")
        editor.screen.keep("vim-commit")
        editor.screen.type(":wq")
        editor.screen.keys("Return")
        project.wait_subject("Ask the carrier for its rates")
        editor.wire.hold_to_protocol()
    assert project.git("log", "-1", "--format=%(trailers:key=AI-Assisted,valueonly)") == "yes"
    reached(NAME, "tag", ":EarmarkTag")
    reached(NAME, "commit", "yes")


def test_a_missing_server_is_named(other_editors: Path, project: Project, reached: Reached) -> None:
    with vim.running(project, "shop.py", EARMARK_PYTHON="/nowhere/python") as editor:
        said = editor.wait("the message", MESSAGES, lambda text: "Earmark" in text)
        assert 'Earmark: not running. "/nowhere/python" is not there' in said
        reached(NAME, "missing", "a message")
