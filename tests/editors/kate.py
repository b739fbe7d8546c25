"""A real Kate on a screen in memory, with our configuration; what it is told is read from the wire, what it shows kept
as a picture."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from display import Display
from project import Project
from wire import Wire, interpreter

LIMIT = 20.0
PUBLISH = "textDocument/publishDiagnostics"
# What Kate's own theme paints behind a line with a diagnostic, and how much of it one line is without its text.
MARKED_LINE = (229, 255, 229)
LINE_PIXELS = 9500
SETTINGS = Path(__file__).parents[2] / "clients" / "kate" / "settings.json"


class Kate:
    """One running Kate and what it says to the server."""

    def __init__(self, screen: Display, wire: Wire) -> None:
        self.screen, self.wire = screen, wire

    def wait_told(self, codes: set[str]) -> None:
        """Wait until exactly these are what the server told last."""
        until = time.monotonic() + LIMIT
        while (told := self._told()) != codes:
            assert time.monotonic() < until, f"told {told}, not {codes}"
            time.sleep(0.05)

    def _told(self) -> set[str] | None:
        said = [m["params"]["diagnostics"] for _, m in self.wire.messages() if m.get("method") == PUBLISH]
        return {diagnostic["code"] for diagnostic in said[-1]} if said else None

    def wait_lines(self, count: int) -> None:
        """Wait until this many lines have the background of a diagnostic."""
        until = time.monotonic() + LIMIT
        while (found := round(self.screen.pixels(MARKED_LINE) / LINE_PIXELS)) != count:
            assert time.monotonic() < until, f"{found} lines are marked, not {count}"
            time.sleep(0.1)


@contextlib.contextmanager
def running(project: Project, file: str) -> Iterator[Kate]:
    """Kate with `file` of the project open, gone afterwards. That this server may run was answered beforehand, as a
    person answers once."""
    with tempfile.TemporaryDirectory(prefix="earmark-") as name, Display(Path(name)) as screen:
        where = Path(name)
        server = where / "earmark"
        server.write_text(f'#!/bin/sh\nexec "{interpreter(where)}" -P -m earmark "$@"\n')
        server.chmod(0o755)
        config = Path(project.environment["HOME"], ".config")
        (config / "kate" / "lspclient").mkdir(parents=True, exist_ok=True)
        text = SETTINGS.read_text().replace("EARMARK", str(server))
        (config / "kate" / "lspclient" / "settings.json").write_text(text)
        (config / "katerc").write_text(
            f"[lspclient]\nAllowedServerCommandLines={server} serve --stdio\n\n[Kate Plugins]\nlspclientplugin=true\n"
        )
        environment = project.environment | {"XDG_RUNTIME_DIR": name, "QT_QPA_PLATFORM": "xcb"}
        command = ["dbus-run-session", "kate", "--new", "--start", "", str(project.top / file)]
        with screen.running(command, project.top, environment):
            yield Kate(screen, Wire(where))
