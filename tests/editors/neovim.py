"""A headless Neovim with our plugin, asked and told over its own remote interface."""

from __future__ import annotations

import contextlib
import json
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from debian import inside
from project import Project
from wire import Wire, interpreter

PLUGIN = Path(__file__).parents[2] / "clients" / "neovim"
LIMIT = 20.0


class Installed(NamedTuple):
    """One installed Neovim: its name in the table, what starts it, and a newer one that can talk to it."""

    name: str
    start: tuple[str, ...]
    remote: Path


def installed(editors: Path) -> dict[str, Installed]:
    """The versions that our plugin is for."""
    newest = editors / "venv" / "bin" / "nvim"
    trixie = (*inside(editors / "trixie"), "/usr/bin/nvim")
    kinds = (Installed("Neovim 0.11", (str(newest),), newest), Installed("Neovim 0.10", trixie, newest))
    return {kind.name: kind for kind in kinds}


class Neovim:
    """One running Neovim; `where` is a folder of its own, `wire` what it says to the server."""

    def __init__(self, program: Path, project: Project, where: Path) -> None:
        self.program, self.project, self.where = program, project, where
        self.socket, self.wire = where / "socket", Wire(where)

    def lua(self, body: str) -> Any:
        """What the Lua chunk `body` returns, through JSON."""
        chunk = self.where / "chunk.lua"
        chunk.write_text(
            f"local ok, found = pcall(function()\n{body}\nend)\nreturn vim.json.encode({{ ok = ok, found = found }})"
        )
        done = subprocess.run(
            [self.program, "--server", self.socket, "--remote-expr", f"luaeval('dofile(_A)', '{chunk}')"],
            env=self.project.environment, capture_output=True, text=True, timeout=LIMIT,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        answer = json.loads(done.stdout)
        assert answer["ok"], answer["found"]
        return answer.get("found")

    def wait(self, what: str, body: str, accept: Callable[[Any], bool] = bool) -> Any:
        """The first accepted result of `body`, asked for until the limit."""
        until = time.monotonic() + LIMIT
        while True:
            found = self.lua(body)
            if accept(found):
                return found
            assert time.monotonic() < until, f"{what}: not within {LIMIT:g} s; last seen: {found!r}\n{self.messages()}"
            time.sleep(0.02)

    def wait_after(self, action: str, body: str, accept: Callable[[Any], bool]) -> Any:
        """The first accepted result of `body`, where `action` is done until it brings that about."""
        until = time.monotonic() + LIMIT
        while True:
            self.lua(action)
            pause = time.monotonic() + 1
            while time.monotonic() < pause:
                if accept(found := self.lua(body)):
                    return found
                time.sleep(0.02)
            assert time.monotonic() < until, f"{action}: not within {LIMIT:g} s; last seen: {found!r}"

    def signs(self) -> list[int]:
        """The marked lines of the current buffer, 1-based."""
        found = self.lua(
            "local space = vim.api.nvim_create_namespace('earmark.regions')"
            " local marks = vim.api.nvim_buf_get_extmarks(0, space, 0, -1, { details = true })"
            " return vim.tbl_map(function(mark) return mark[4].sign_text and mark[2] + 1 end, marks)"
        )
        return list(found)

    def wait_signs(self, lines: list[int]) -> None:
        """Wait until exactly these lines are marked."""
        until = time.monotonic() + LIMIT
        while (found := self.signs()) != lines:
            assert time.monotonic() < until, f"marked: {found}, not {lines}\n{self.messages()}"
            time.sleep(0.02)

    def messages(self) -> str:
        """Everything Neovim said so far."""
        return str(self.lua("return vim.fn.execute('messages')"))


@contextlib.contextmanager
def running(nvim: Installed, project: Project, file: str, *first: str, **environment: str) -> Iterator[Neovim]:
    """Neovim with `file` of the project open and nothing of a user's configuration; gone afterwards. `first` are
    commands that run before plugins are loaded."""
    with tempfile.TemporaryDirectory(prefix="earmark-") as name:
        where = Path(name)
        editor = Neovim(nvim.remote, project, where)
        early = [part for command in first for part in ("--cmd", command)]
        process = subprocess.Popen(
            arguments(nvim, "--listen", str(editor.socket), *early, file),
            cwd=project.top, env=project.environment | {"EARMARK_PYTHON": str(interpreter(where))} | environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        with process:
            try:
                until = time.monotonic() + LIMIT
                while not editor.socket.exists():
                    assert process.poll() is None and time.monotonic() < until, "Neovim did not start"
                    time.sleep(0.01)
                yield editor
                editor.wire.hold_to_protocol()
            finally:
                process.kill()


def arguments(nvim: Installed, *rest: str) -> list[str]:
    """A command line that starts Neovim with the plugin alone; the LSP log tells everything."""
    return [*nvim.start, "--clean", "--headless", "-n", "--cmd", f"set runtimepath^={PLUGIN}", *rest]
