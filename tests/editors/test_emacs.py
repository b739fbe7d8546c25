"""Emacs 28 and 30, real ones, with our package on eglot and on lsp-mode, against the real server."""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import emacs
import pytest
import terminal
from emacs import KINDS, Emacs, Kind, lisp
from project import BASE, RISKY, Project
from wire import interpreter

Reached = Callable[[str, str, str], None]
WRITTEN = list(range(10, 18))
TOTAL = "    return sum(prices)\n"
KIND = pytest.mark.parametrize("kind", KINDS, ids=[kind.name for kind in KINDS])
MARKS = {False: "bars in the fringe", True: "bars in the margin"}


@pytest.fixture(scope="module", params=KINDS, ids=[kind.name for kind in KINDS])
def shared(request: pytest.FixtureRequest, other_editors: Path, project: Project) -> Iterator[Emacs]:
    """One Emacs of each kind for the tests that only look."""
    with emacs.running(other_editors, request.param, project, "shop.py") as editor:
        editor.wait_marked(WRITTEN)
        editor.wait("the risks", "(earmark-test-risks)")
        yield editor
        editor.wire.hold_to_protocol()


def written(folder: Path, *, trusted: bool = False) -> Project:
    """A project in which an assistant has just written the risky function."""
    project = Project(folder)
    project.commit("Add shipping rates", shop__py=BASE)
    project.ai_edit("shop.py", TOTAL, TOTAL + RISKY)
    if trusted:
        project.earmark("trust")
    return project


def at(line: int, form: str) -> str:
    """`form` with point at the start of a line."""
    return f"(progn (goto-char (point-min)) (forward-line {line - 1}) {form} t)"


def test_ai_lines_are_marked_and_counted(shared: Emacs, reached: Reached) -> None:
    assert shared.eval("(earmark-mode-line)") == " AI 8/17"
    shared.keep(shared.kind.name.replace(", ", "-").replace(" ", "-"))
    reached(shared.kind.name, "regions", MARKS[shared.kind.other_release])


def test_a_risky_line_has_a_hint(shared: Emacs, reached: Reached) -> None:
    risks = {found["line"]: found["text"] for found in shared.eval("(earmark-test-risks)")}
    assert "timeout" in risks[15] and sorted(risks) == [13, 15, 16]
    reached(shared.kind.name, "risk", "flymake")


def test_hover_says_who_and_why(shared: Emacs, reached: Reached) -> None:
    if shared.kind.client == "eglot":
        ask = "(forward-char 5) (setq eldoc-echo-area-use-multiline-p t) (eldoc t)"
        page = '(if (buffer-live-p eldoc--doc-buffer) (with-current-buffer eldoc--doc-buffer (buffer-string)) "")'
    else:
        ask = "(forward-char 5) (save-selected-window (lsp-describe-thing-at-point))"
        page = '(if (get-buffer "*lsp-help*") (with-current-buffer "*lsp-help*" (buffer-string)) "")'
    # What is still open is known a moment after the file is.
    shared.wait_after(at(12, ask), page, lambda text: "Written by AI" in text and "Still open" in text)
    how = "eldoc" if shared.kind.client == "eglot" else "lsp-describe-thing-at-point"
    reached(shared.kind.name, "hover", how)
    reached(shared.kind.name, "open", f"{how}, list of the change")


def test_the_rule_of_a_line_is_explained(shared: Emacs, reached: Reached) -> None:
    shared.eval(at(15, "(save-selected-window (earmark-explain))"))
    page = '(if (get-buffer "*earmark*") (with-current-buffer "*earmark*" (buffer-string)) "")'
    shared.wait("the page", page, lambda text: "py-http-no-timeout" in text)
    reached(shared.kind.name, "explain", "M-x earmark-explain")


def test_the_next_region_is_found_from_anywhere(shared: Emacs) -> None:
    for start in (1, 12):
        shared.eval(at(start, "(earmark-next)"))
        assert shared.eval("(line-number-at-pos)") == 10


def test_the_riskiest_is_first_in_the_queue(shared: Emacs, reached: Reached) -> None:
    text = '(if (get-buffer "*earmark queue*") (with-current-buffer "*earmark queue*" (buffer-string)) "")'
    shared.eval("(progn (earmark-queue) t)")
    shared.wait("the queue", f"(or (> (length {text}) 9) (progn (earmark-queue) nil))")
    first = shared.eval(text).splitlines()[0]
    assert first.startswith("shop.py:13: ") and "py-retry-unbounded" in first
    shared.eval('(save-selected-window (with-current-buffer "*earmark queue*" (next-error 1 t)) t)')
    reached(shared.kind.name, "queue", "M-x earmark-queue, next-error")


@KIND
def test_actions_fix_and_suppress(other_editors: Path, tmp_path: Path, kind: Kind, reached: Reached) -> None:
    project = written(tmp_path, trusted=True)
    with emacs.running(other_editors, kind, project, "shop.py") as editor:
        editor.wait("the risks", "(earmark-test-risks)")
        menu = "eglot-code-actions" if kind.client == "eglot" else "lsp-execute-code-action"
        editor.eval(at(15, '(search-forward "requests")'))
        editor.press(menu, "Earmark: Give")
        editor.wait("the fix", '(save-excursion (goto-char (point-min)) (search-forward "timeout=30" nil t))')
        reached(kind.name, "fix", f"M-x {menu}")
        editor.wait("what is left", "(earmark-test-risks)", lambda risks: 15 not in [r["line"] for r in risks])
        editor.eval(at(16, '(search-forward "except")'))
        editor.press(menu, "Earmark: suppress")
        # The server asks for the reason, and offers some.
        editor.wire.wait_call("window/showMessageRequest", "server")
        # eglot puts the first of them into the minibuffer.
        editor.wait("the question", "(> (minibuffer-depth) 0)")
        editor.screen.keys("C-a", "C-k")
        editor.answer("Accepted")
        comment = lisp("ignore[py-bare-except-pass] Accepted for now")
        editor.wait("the comment", f"(save-excursion (goto-char (point-min)) (search-forward {comment} nil t))")
        reached(kind.name, "suppress", f"M-x {menu}")
        editor.wire.hold_to_protocol()


@KIND
def test_a_person_can_say_they_wrote_it(other_editors: Path, tmp_path: Path, kind: Kind, reached: Reached) -> None:
    with emacs.running(other_editors, kind, written(tmp_path, trusted=True), "shop.py") as editor:
        editor.wait_marked(WRITTEN)
        select = (
            "(progn (transient-mark-mode 1) (goto-char (point-max)) (push-mark (point) t t) (goto-char (point-min)))"
        )
        editor.eval(f'(progn {select} (forward-line 9) (earmark-mark "human" "I typed this myself") t)')
        editor.wait_marked([])
        reached(kind.name, "mark", "M-x earmark-mark")


@KIND
def test_the_next_commit_is_tagged(other_editors: Path, tmp_path: Path, kind: Kind, reached: Reached) -> None:
    project = written(tmp_path, trusted=True)
    project.git("add", "-A")
    with emacs.running(other_editors, kind, project, "shop.py") as editor:
        editor.wait_marked(WRITTEN)
        editor.eval("(progn (earmark-tag) t)")
        editor.wait("what will be declared", f"(string-search {lisp('the next commit will declare it')} {MESSAGES})")
        reached(kind.name, "next", "M-x earmark-tag")
        editor.eval("(progn (earmark-review) t)")
        # There is nothing to ask about here; that is the server's answer, in its words.
        editor.wait("an answer", f"(string-search {lisp('Earmark: HEAD adds nothing to main')} {MESSAGES})")
        reached(kind.name, "review", "M-x earmark-review")


MESSAGES = '(with-current-buffer "*Messages*" (buffer-string))'


@KIND
def test_undo_and_redo_of_a_completion(other_editors: Path, tmp_path: Path, kind: Kind, reached: Reached) -> None:
    project = Project(tmp_path)
    project.commit("Add prices", prices__py="# Größe 😀\nVAT = 0.19\n")
    with emacs.running(other_editors, kind, project, "prices.py") as editor:
        editor.wait("the server", "(bound-and-true-p earmark-mode)")
        editor.eval(
            '(progn (defun probe-accept () (interactive) (insert "NET = 100\\nGROSS = NET\\n"))'
            ' (earmark-accepting \'probe-accept \'(:tool "Probe" :model "probe-1"))'
            " (goto-char (point-max)) (undo-boundary) (probe-accept) (undo-boundary) t)"
        )
        editor.wait_marked([3, 4])
        assert editor.eval("(plist-get (car (earmark--ai-regions)) :tool)") == "Probe"
        editor.press("undo-only")
        editor.wait_marked([])
        editor.press("undo-redo")
        editor.wait_marked([3, 4])
        reached(kind.name, "undo", "yes")
        editor.eval("(progn (save-buffer) t)")
        project.wait_kinds("prices.py", ["unknown", "ai"])
        reached(kind.name, "completion", "earmark-accepting")
        editor.wire.hold_to_protocol()


@KIND
def test_what_another_process_writes_is_reloaded_and_formatted(
    other_editors: Path, tmp_path: Path, kind: Kind, reached: Reached
) -> None:
    project = Project(tmp_path)
    project.commit("Add shipping rates", shop__py=BASE)
    with emacs.running(other_editors, kind, project, "shop.py") as editor:
        editor.wait("the server", "(bound-and-true-p earmark-mode)")
        project.ai_edit("shop.py", TOTAL, TOTAL + RISKY)
        editor.eval("(progn (revert-buffer t t t) t)")
        editor.wait_marked(WRITTEN)
        reached(kind.name, "live", "at once")
        project.git("stash", "-q")
        editor.eval("(progn (revert-buffer t t t) t)")
        editor.wait_marked([])
        project.git("stash", "pop", "-q")
        editor.eval("(progn (revert-buffer t t t) t)")
        editor.wait_marked(WRITTEN)
        reached(kind.name, "reload", "yes")
        editor.eval(
            "(progn (add-hook 'before-save-hook (lambda () (save-excursion (goto-char (point-min))"
            ' (while (re-search-forward "(\\\\(country\\\\))" nil t) (replace-match "( \\\\1 )")))) nil t)'
            ' (goto-char (point-min)) (insert "#\\n") (save-buffer) t)'
        )
        assert "rate( country )" in (project.top / "shop.py").read_text()
        editor.wait_marked([line + 1 for line in WRITTEN])
        ai = [(r["start"], r["end"]) for r in project.blame("shop.py") if r["kind"] == "ai"]
        assert ai == [(WRITTEN[0] + 1, WRITTEN[-1] + 1)]
        reached(kind.name, "format", "yes")


@KIND
def test_a_commit_message_gets_its_trailers(other_editors: Path, tmp_path: Path, kind: Kind, reached: Reached) -> None:
    project = written(tmp_path, trusted=True)
    project.git("add", "-A")
    with tempfile.TemporaryDirectory(prefix="earmark-") as name:
        where = Path(name)
        settings = project.environment | {
            "EARMARK_PYTHON": str(interpreter(where)),
            "EARMARK_TEST_CLIENT": kind.client,
            "EARMARK_TEST_SERVER": str(where / "emacs"),
            "GIT_EDITOR": shlex.join(emacs.command(kind, other_editors, "-nw")),
        }
        with terminal.running(where, ["git", "commit"], project.top, settings) as screen:
            editor = Emacs(kind, project, where, screen)
            emacs.begun(editor)
            editor.wait("the server", "(bound-and-true-p earmark-mode)")
            assert editor.wire.wait_call("textDocument/didOpen")["params"]["textDocument"]["languageId"] == "git-commit"
            editor.wait("what is missing", "(earmark-test-risks)")
            editor.eval('(progn (goto-char (point-min)) (insert "Ask the carrier for its rates") (earmark-tag) t)')
            editor.wait(
                "the trailers", '(save-excursion (goto-char (point-min)) (search-forward "AI-Assisted: yes" nil t))'
            )
            editor.keep(f"{kind.name}-commit".replace(", ", "-").replace(" ", "-"))
            screen.keys("C-x", "C-s", "C-x", "C-c")
            project.wait_subject("Ask the carrier for its rates")
            editor.wire.hold_to_protocol()
    assert project.git("log", "-1", "--format=%(trailers:key=AI-Assisted,valueonly)") == "yes"
    reached(kind.name, "tag", "M-x earmark-tag")
    reached(kind.name, "commit", "yes")


@KIND
def test_a_missing_server_is_named(other_editors: Path, project: Project, kind: Kind, reached: Reached) -> None:
    with emacs.running(other_editors, kind, project, "shop.py", EARMARK_PYTHON="/nowhere/python") as editor:
        said = f"(string-search {lisp('/nowhere/python')} {MESSAGES})"
        editor.wait("the message", said)
        assert not editor.eval("(bound-and-true-p earmark-mode)")
        reached(kind.name, "missing", "echo area")
