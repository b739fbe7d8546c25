"""A program in a real terminal (tmux), its screen and its keys."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

LIMIT = 20.0
SHOTS = Path(__file__).parent / "shots"
WIDTH, HEIGHT = 132, 40


class Terminal:
    """One terminal; `socket` is that of its own tmux server."""

    def __init__(self, socket: Path) -> None:
        self.socket = socket

    def tmux(self, *arguments: str) -> str:
        """Standard output of one tmux command."""
        done = subprocess.run(
            ["tmux", "-S", str(self.socket), *arguments], capture_output=True, text=True, timeout=LIMIT
        )
        assert done.returncode == 0, f"tmux {arguments}: {done.stderr}"
        return done.stdout

    def screen(self) -> str:
        """The text on the screen now."""
        return self.tmux("capture-pane", "-p", "-t", "e")

    said = screen

    def keys(self, *names: str) -> None:
        """Press keys by the names tmux has for them, like Escape or C-s; Return is one too."""
        self.tmux("send-keys", "-t", "e", *["Enter" if name == "Return" else name for name in names])

    def type(self, text: str) -> None:
        """Type a text."""
        self.tmux("send-keys", "-t", "e", "-l", text)

    def wait(self, what: str, accept: Callable[[str], bool]) -> str:
        """The first screen that is accepted."""
        until = time.monotonic() + LIMIT
        while not accept(screen := self.screen()):
            assert time.monotonic() < until, f"{what}: not on the screen within {LIMIT:g} s\n{screen}"
            time.sleep(0.03)
        return screen

    def wait_text(self, *texts: str) -> str:
        """The first screen with all of these texts."""
        return self.wait(" and ".join(texts), lambda screen: all(text in screen for text in texts))

    def keep(self, name: str) -> None:
        """Keep the screen as a picture in text, with its colours."""
        SHOTS.mkdir(exist_ok=True)
        (SHOTS / f"{name}.ansi").write_text(self.tmux("capture-pane", "-p", "-e", "-t", "e"))


@contextlib.contextmanager
def running(folder: Path, command: list[str], cwd: Path, environment: Mapping[str, str]) -> Iterator[Terminal]:
    """`command` in a terminal, in `cwd`; gone afterwards."""
    terminal = Terminal(folder / "tmux")
    subprocess.run(
        ["tmux", "-S", str(terminal.socket), "-f", "/dev/null", "new-session", "-d", "-s", "e",
         "-x", str(WIDTH), "-y", str(HEIGHT), "-c", str(cwd), *command],
        env=dict(environment) | {"TERM": "screen-256color"}, check=True, timeout=LIMIT,
    )  # fmt: skip
    try:
        yield terminal
    finally:
        subprocess.run(["tmux", "-S", str(terminal.socket), "kill-server"], check=False, timeout=LIMIT)
