"""A real Emacs with our package and eglot or lsp-mode, on a screen of its own, asked and told over its own server."""

from __future__ import annotations

import contextlib
import json
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import terminal
from debian import inside
from display import Display
from project import Project
from terminal import Terminal
from wire import Wire, interpreter

PACKAGE = Path(__file__).parents[2] / "clients" / "emacs"
HERE = Path(__file__).parent
LIMIT = 20.0


class Kind(NamedTuple):
    """One way to run Emacs: its name in the table, the client in it, and whether it is that of the other release."""

    name: str
    client: str
    other_release: bool


KINDS = (
    Kind("Emacs 28, eglot", "eglot", False),
    Kind("Emacs 28, lsp-mode", "lsp-mode", False),
    Kind("Emacs 30, eglot", "eglot", True),
)


def lisp(text: str) -> str:
    """`text` as a string of Emacs Lisp."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


class Emacs:
    """One running Emacs; `where` is a folder of its own, `wire` what it says to the server."""

    def __init__(self, kind: Kind, project: Project, where: Path, screen: Terminal | Display) -> None:
        self.kind, self.project, self.where, self.screen = kind, project, where, screen
        self.wire = Wire(where)

    def eval(self, form: str) -> Any:
        """The value of `form` in the selected window's buffer, through JSON."""
        answer = self.where / "answer"
        code = (
            f"(with-current-buffer (window-buffer (selected-window)) (let ((it (condition-case failed (list :ok {form})"
            " (error (list :failed (error-message-string failed))))))"
            f" (with-temp-file {lisp(str(answer))} (insert (json-encode it)))))"
        )
        done = subprocess.run(
            ["emacsclient", "-s", str(self.where / "emacs"), "--eval", code],
            env=self.project.environment, capture_output=True, text=True, timeout=LIMIT,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr + self.screen.said()
        found = json.loads(answer.read_text())
        assert "ok" in found, f"{form}: {found}"
        return found["ok"]

    def wait(self, what: str, form: str, accept: Callable[[Any], bool] = bool) -> Any:
        """The first accepted value of `form`."""
        until = time.monotonic() + LIMIT
        while not accept(found := self.eval(form)):
            assert time.monotonic() < until, f"{what}: not within {LIMIT:g} s; last: {found!r}\n{self.messages()}"
            time.sleep(0.03)
        return found

    def wait_after(self, action: str, form: str, accept: Callable[[Any], bool]) -> Any:
        """The first accepted value of `form`, where `action` is done until it brings that about."""
        until = time.monotonic() + LIMIT
        while True:
            self.eval(action)
            pause = time.monotonic() + 1
            while time.monotonic() < pause:
                if accept(found := self.eval(form)):
                    return found
                time.sleep(0.03)
            assert time.monotonic() < until, f"{action}: not within {LIMIT:g} s; last: {found!r}"

    def messages(self) -> str:
        """Everything Emacs said so far."""
        return str(self.eval('(with-current-buffer "*Messages*" (buffer-string))'))

    def press(self, command: str, *answers: str) -> None:
        """Run a command as a person does, with M-x, and answer what it asks, with completion."""
        self.screen.keys("M-x")
        self.screen.type(command)
        self.screen.keys("Return")
        for answer in answers:
            self.answer(answer)

    def answer(self, start: str) -> None:
        """Pick what begins with `start` in the minibuffer."""
        self.wait("the question", "(> (minibuffer-depth) 0)")
        self.screen.type(start)
        self.screen.keys("Tab", "Return")

    def marked(self) -> list[int]:
        """The lines with a mark, 1-based."""
        return [int(line) for line in self.eval("(earmark-test-marked)") or ()]

    def wait_marked(self, lines: list[int]) -> None:
        """Wait until exactly these lines are marked."""
        self.wait(f"marks on {lines}", "(earmark-test-marked)", lambda found: (found or []) == lines)

    def keep(self, name: str) -> None:
        """Keep what the screen shows."""
        self.screen.keep(f"emacs-{name}")


def command(kind: Kind, editors: Path, *rest: str) -> list[str]:
    """A command line that starts Emacs with nothing but our package and the client."""
    start = inside(editors / "trixie") if kind.other_release else []
    program = "/usr/bin/emacs-nox" if kind.other_release else "/usr/bin/emacs-lucid"
    return [*start, program, "-q", "-L", str(PACKAGE), "-l", str(HERE / "emacs.el"), *rest]


@contextlib.contextmanager
def running(editors: Path, kind: Kind, project: Project, file: str, **environment: str) -> Iterator[Emacs]:
    """Emacs with `file` of the project open, gone afterwards: that of this release in a window, the other's in a
    terminal."""
    with tempfile.TemporaryDirectory(prefix="earmark-") as name:
        where = Path(name)
        settings = project.environment | {
            "EARMARK_PYTHON": str(interpreter(where)),
            "EARMARK_TEST_CLIENT": kind.client,
            "EARMARK_TEST_SERVER": str(where / "emacs"),
        } | environment  # fmt: skip
        line = command(kind, editors, file)
        if kind.other_release:
            with terminal.running(where, line, project.top, settings) as screen:
                yield begun(Emacs(kind, project, where, screen))
        else:
            with Display(where) as display, display.running(line, project.top, settings):
                yield begun(Emacs(kind, project, where, display))


def begun(editor: Emacs) -> Emacs:
    """`editor` as soon as it can be asked."""
    until = time.monotonic() + LIMIT
    while not (editor.where / "emacs").exists():
        assert time.monotonic() < until, f"Emacs did not start\n{editor.screen.said()}"
        time.sleep(0.02)
    return editor
