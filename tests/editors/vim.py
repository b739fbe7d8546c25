"""A real Vim with ALE and our plugin, in a terminal; it is asked and told over one of its own channels."""

from __future__ import annotations

import contextlib
import json
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import terminal
from project import Project
from terminal import Terminal
from wire import Wire, interpreter

PLUGIN = Path(__file__).parents[2] / "clients" / "vim"
ALE = "/usr/share/vim-ale"
LIMIT = 20.0
VIMRC = f"""
set nocompatible shortmess+=I noswapfile encoding=utf-8 undofile&
set runtimepath^={PLUGIN},{ALE}
filetype plugin on
syntax on
let g:ale_lint_delay = 0
let g:ale_completion_enabled = 0
let g:ale_linters_explicit = 0
let g:ale_linters = {{'python': ['earmark'], 'gitcommit': ['earmark']}}
let g:test = ch_open('127.0.0.1:' . $EARMARK_TEST_PORT, {{'mode': 'json', 'waittime': 5000}})
"""


class Vim:
    """One running Vim; `talk` is its channel to us."""

    def __init__(self, screen: Terminal, wire: Wire, talk: socket.socket) -> None:
        self.screen, self.wire, self.talk = screen, wire, talk
        self.asked = 0

    def eval(self, expression: str) -> Any:
        """The value of an expression of Vim script."""
        self.asked -= 1
        self.talk.sendall(json.dumps(["expr", expression, self.asked]).encode())
        decoder, text = json.JSONDecoder(), ""
        while True:
            text += self.talk.recv(65536).decode()
            with contextlib.suppress(json.JSONDecodeError):
                number, value = decoder.decode(text)
                assert number == self.asked
                assert value != "ERROR", f"{expression}\n{self.screen.screen()}"
                return value

    def run(self, command: str) -> None:
        """Run one Ex command."""
        self.eval(f"execute({json.dumps(command)})")

    def wait(self, what: str, expression: str, accept: Callable[[Any], bool] = bool) -> Any:
        """The first accepted value of an expression."""
        until = time.monotonic() + LIMIT
        while not accept(found := self.eval(expression)):
            assert time.monotonic() < until, f"{what}: not within {LIMIT:g} s; last: {found!r}\n{self.screen.screen()}"
            time.sleep(0.03)
        return found

    def wait_after(self, command: str, expression: str, accept: Callable[[Any], bool]) -> Any:
        """The first accepted value of an expression, where a command is run until it brings that about."""
        until = time.monotonic() + LIMIT
        while True:
            self.run(f"silent {command}")
            pause = time.monotonic() + 0.5
            while time.monotonic() < pause:
                if accept(found := self.eval(expression)):
                    return found
                time.sleep(0.03)
            assert time.monotonic() < until, f"{command}: not within {LIMIT:g} s; last: {found!r}"

    def type(self, text: str, *names: str) -> None:
        """Type in Normal mode, then press keys."""
        self.screen.type(text)
        if names:
            self.screen.keys(*names)

    def shown(self) -> list[tuple[int, str]]:
        """Line and code of everything that ALE shows in this buffer."""
        found = self.eval("map(copy(ale#engine#GetLoclist(bufnr(''))), {_, d -> [d.lnum, get(d, 'code', '')]})")
        return [(line, code) for line, code in found]

    def wait_shown(self, what: str, accept: Callable[[list[tuple[int, str]]], bool]) -> list[tuple[int, str]]:
        """The first accepted state of what is shown."""
        until = time.monotonic() + LIMIT
        while not accept(found := self.shown()):
            assert time.monotonic() < until, f"{what}: not within {LIMIT:g} s; last: {found!r}\n{self.screen.screen()}"
            time.sleep(0.03)
        return found

    def regions(self) -> list[int]:
        """The lines at which a region is said to begin."""
        return [line for line, code in self.shown() if code == "ai-region"]


@contextlib.contextmanager
def begun(where: Path, project: Project, editing: Callable[[str], list[str]], **environment: str) -> Iterator[Vim]:
    """Vim within the command line `editing(how to start it)`, as soon as it can be asked."""
    vimrc = where / "vimrc"
    vimrc.write_text(VIMRC)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(LIMIT)
        settings = project.environment | {
            "EARMARK_PYTHON": str(interpreter(where)),
            "EARMARK_TEST_PORT": str(server.getsockname()[1]),
        } | environment  # fmt: skip
        with terminal.running(where, editing(f"vim -Nu {vimrc}"), project.top, settings) as screen:
            talk, _ = server.accept()
            with talk:
                talk.settimeout(LIMIT)
                yield Vim(screen, Wire(where), talk)


@contextlib.contextmanager
def running(project: Project, file: str, **environment: str) -> Iterator[Vim]:
    """Vim with `file` of the project open, gone afterwards."""
    with (
        tempfile.TemporaryDirectory(prefix="earmark-") as name,
        begun(Path(name), project, lambda start: [*start.split(), file], **environment) as editor,
    ):
        yield editor
