"""A real Helix in a terminal, with our configuration, told by its keys and read from its screen."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import terminal
from debian import inside
from project import Project
from terminal import Terminal
from wire import Wire, interpreter

LANGUAGES = Path(__file__).parents[2] / "clients" / "helix" / "languages.toml"
FORMATTER = """
[[language]]
name = "python"
auto-format = true
formatter = { command = "sed", args = ["s/(country)/( country )/"] }
language-servers = ["earmark"]
"""


class Helix:
    """One running Helix and what it says to the server."""

    def __init__(self, screen: Terminal, wire: Wire) -> None:
        self.screen, self.wire = screen, wire

    def wait_served(self) -> None:
        """Wait until the server has said its first word: what is typed before that, Helix 25.01 sends out of order."""
        self.wire.wait_call("textDocument/publishDiagnostics", "server")

    def command(self, line: str) -> None:
        """Run a typed command, as `:write`."""
        self.screen.type(line)
        self.screen.keys("Return")

    def line(self, number: int) -> None:
        """Go to the first character that is no blank on a line, 1-based."""
        self.command(f":{number}")
        self.screen.keys("g", "s")

    def wait_hover(self, line: int, *texts: str) -> None:
        """Ask for what hovers on a line until it has all of these texts: some are known a moment after the file is."""
        until = time.monotonic() + terminal.LIMIT
        while True:
            self.line(line)
            self.screen.keys("Space", "k")
            self.screen.wait_text(texts[0])
            pause = time.monotonic() + 1
            while time.monotonic() < pause:
                if all(text in self.screen.screen() for text in texts):
                    return
                time.sleep(0.05)
            assert time.monotonic() < until, self.screen.screen()
            self.close_hover(texts[0])

    def close_hover(self, text: str) -> None:
        """Close what hovers."""
        self.screen.keys("Escape")
        self.screen.wait("no hover", lambda screen: text not in screen)

    def wait_text(self, *texts: str) -> str:
        """The first screen with all of these texts."""
        return self.screen.wait_text(*texts)


def command(editors: Path) -> list[str]:
    """A command line that starts Helix, files to follow."""
    return [*inside(editors / "trixie"), "/usr/bin/hx"]


def settings(project: Project, where: Path, *, formatter: bool = False) -> dict[str, str]:
    """The environment in which Helix finds our configuration, with the server's place filled in as README.md says."""
    server = where / "earmark"
    server.write_text(f'#!/bin/sh\nexec "{interpreter(where)}" -P -m earmark "$@"\n')
    server.chmod(0o755)
    folder = Path(project.environment["HOME"], ".config", "helix")
    folder.mkdir(parents=True, exist_ok=True)
    languages = LANGUAGES.read_text().replace("EARMARK", str(server))
    if formatter:
        python = languages.index('[[language]]\nname = "python"')
        languages = languages[:python] + FORMATTER + languages[languages.index("[[language]]", python + 1) :]
    (folder / "languages.toml").write_text(languages)
    return project.environment


@contextlib.contextmanager
def running(editors: Path, project: Project, file: str, *, formatter: bool = False) -> Iterator[Helix]:
    """Helix with `file` of the project open, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="earmark-") as name:
        where = Path(name)
        environment = settings(project, where, formatter=formatter)
        with terminal.running(where, [*command(editors), file], project.top, environment) as screen:
            editor = Helix(screen, Wire(where))
            editor.wait_served()
            yield editor
            editor.wire.hold_to_protocol()
