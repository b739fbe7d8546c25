"""A screen in memory (Xvfb) for a program with windows, its picture and its keys."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self

from terminal import SHOTS

LIMIT = 20.0


class Display:
    """One X server, with a number that no desktop has."""

    def __init__(self, where: Path) -> None:
        self.log = where / "xvfb.log"

    def __enter__(self) -> Self:
        reading, writing = os.pipe()
        with self.log.open("wb") as log:
            self.server = subprocess.Popen(
                ["Xvfb", f":{1000 + os.getpid() % 20000}", "-displayfd", str(writing), "-screen", "0", "1180x760x24",
                 "-nolisten", "tcp", "-noreset"],
                pass_fds=(writing,), stdout=log, stderr=log,
            )  # fmt: skip
        os.close(writing)
        with os.fdopen(reading) as number:
            self.name = f":{number.readline().strip()}"
        return self

    def __exit__(self, *exc: object) -> None:
        # An X server that is killed leaves its lock and its socket behind.
        self.server.terminate()
        self.server.wait()

    @contextlib.contextmanager
    def running(self, command: list[str], cwd: Path, environment: Mapping[str, str]) -> Iterator[None]:
        """`command` on this screen; gone afterwards."""
        # Without a window manager the keys go to the window under the pointer.
        self.xdotool("mousemove", "200", "200")
        shown = dict(environment) | {"DISPLAY": self.name}
        with self.log.with_suffix(".program").open("wb") as log:
            program = subprocess.Popen(command, cwd=cwd, env=shown, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            yield
        finally:
            program.kill()
            program.wait()

    def xdotool(self, *arguments: str) -> str:
        """Standard output of one xdotool command on this screen."""
        done = subprocess.run(
            ["xdotool", *arguments], env=os.environ | {"DISPLAY": self.name}, capture_output=True, text=True,
            timeout=LIMIT,
        )  # fmt: skip
        assert done.returncode == 0, f"xdotool {arguments}: {done.stderr}"
        return done.stdout.strip()

    def keys(self, *names: str) -> None:
        """Press keys by the names that a terminal's have too: Return, Tab, M-x."""
        self.xdotool("key", *[name.replace("M-", "alt+").replace("C-", "ctrl+") for name in names])

    def type(self, text: str) -> None:
        """Type a text."""
        self.xdotool("type", "--", text)

    def said(self) -> str:
        """What the program wrote to its standard output and error, and then the X server."""
        return self.log.with_suffix(".program").read_text() + self.log.read_text()

    def pixels(self, colour: tuple[int, int, int]) -> int:
        """How many pixels of the screen have exactly this colour (red, green, blue)."""
        done = subprocess.run(
            ["import", "-window", "root", "-depth", "8", "rgb:-"], env=os.environ | {"DISPLAY": self.name},
            capture_output=True, check=True, timeout=LIMIT,
        )  # fmt: skip
        red, green, blue = (done.stdout[n::3] for n in range(3))
        return sum(pixel == colour for pixel in zip(red, green, blue, strict=True))

    def keep(self, name: str) -> None:
        """Keep a picture of the screen."""
        SHOTS.mkdir(exist_ok=True)
        subprocess.run(
            ["import", "-window", "root", "-trim", str(SHOTS / f"{name}.png")],
            env=os.environ | {"DISPLAY": self.name}, check=True, timeout=LIMIT,
        )  # fmt: skip
