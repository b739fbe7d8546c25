"""The story: a repository, a recorded assistant session, an editor, two commits, a gate and a request.

A session file holds the hook payloads that assistants sent, with `${REPO}`, `${HOME}`, `${ORIGINAL}` and `${CONTENT}`
(the file before and after the edit) in place of what differs from machine to machine.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

from earmark.cli.demo.editor import Editor, EditorError

_LANGUAGES = {".py": "python", ".tf": "terraform", ".js": "javascript", ".go": "go"}


class DemoError(Exception):
    """The story cannot be told here; the message says which command failed and how."""


class Chapter(NamedTuple):
    """One part of the story: `told` is plain data that came from the commands and the server."""

    name: str
    told: Any
    seconds: float


@contextmanager
def material(name: str) -> Iterator[tuple[Path, dict[str, Any]]]:
    """(folder of the service, session) of `fixtures/repos/NAME`, from the installed package or from a checkout."""
    checkout = Path(__file__).resolve().parents[4] / "fixtures" / "repos" / name
    with resources.as_file(resources.files("earmark.cli.demo") / name) as packaged:
        place = packaged if packaged.is_dir() else checkout
        if not place.is_dir():
            raise DemoError(f"the material of the demo is missing ({place}); reinstall earmark")
        yield place / "service", json.loads((place / "session.json").read_text(encoding="utf-8"))


class Story:
    """Told once, in `folder`, with a home of its own: the user's configuration is neither read nor changed."""

    def __init__(self, source: Path, session: dict[str, Any], folder: Path) -> None:
        self.session = session
        self.home = (folder / "home").resolve()
        self.repo = (folder / "repo").resolve()
        self.as_told = True
        self.home.mkdir(parents=True)
        shutil.copytree(source, self.repo)
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR", "SYSTEMROOT") if name in os.environ}
        self.env = kept | {
            "HOME": str(self.home),
            "XDG_CONFIG_HOME": str(self.home / ".config"),
            "XDG_STATE_HOME": str(self.home / ".state"),
            "GIT_CONFIG_NOSYSTEM": "1",
            "PYTHONUTF8": "1",
        }

    def chapters(self) -> Iterator[Chapter]:
        """Tell it, chapter by chapter. Raises DemoError."""
        if shutil.which("git") is None:
            raise DemoError("git is not on PATH; install git 2.36 or newer")
        try:
            yield from self._timed()
        except EditorError as error:
            raise DemoError(str(error)) from error

    def _timed(self) -> Iterator[Chapter]:
        last = time.monotonic()
        for name, told in self._told():
            now = time.monotonic()
            yield Chapter(name, told, now - last)
            last = now

    def _told(self) -> Iterator[tuple[str, Any]]:
        yield "repository", self._repository()
        first, second = self.session["commits"]
        with Editor(self.repo, self.env) as editor:
            yield "editor", self._edits(editor, first["steps"])
            yield "status", self._json("status", "--json")
            base = self._git("rev-parse", "HEAD")
            yield "commit", self._commit(first["message"])
            refused = self._gate(f"{base}..HEAD", expected=1)
            yield "refused", refused
            yield "review", self._review(f"{base}..HEAD")
            middle = self._git("rev-parse", "HEAD")
            yield "second edit", self._edits(editor, second["steps"])
            yield "second commit", self._commit(second["message"])
            yield "accepted", self._gate(f"{middle}..HEAD", expected=0)

    def _repository(self) -> dict[str, Any]:
        """A real repository with the service in it, and Earmark's hooks installed by its own command."""
        self._git("init", "-q", "-b", "main")
        self._git("config", "--global", "user.name", "Ada Example")
        self._git("config", "--global", "user.email", "ada@example.com")
        self._git("remote", "add", "origin", "https://github.com/example/orders.git")
        self._git("add", "-A")
        self._git("commit", "-q", "-m", "The order service")
        plan = self._earmark("init", "--git-hooks", "--yes")
        if self._git("status", "--porcelain"):
            self._git("commit", "-q", "-a", "-m", "Adopt Earmark")
        transcript = self.session.get("transcript")
        if transcript:
            file = self.home / transcript["path"]
            file.parent.mkdir(parents=True)
            file.write_text("".join(json.dumps(line) + "\n" for line in transcript["lines"]), encoding="utf-8")
        return {"files": self._git("ls-files").splitlines(), "init": plan.splitlines()}

    def _edits(self, editor: Editor, steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Every edit, and what the editor shows of each file once it is idle."""
        made = [self._step(editor, step) for step in steps]
        editor.idle()
        return [{**step, **self._shown(editor, step["path"])} for step in made]

    def _step(self, editor: Editor, step: dict[str, Any]) -> dict[str, Any]:
        """One edit of an assistant, with its hooks before and after through `record`; `seconds` until it is shown."""
        path = step["path"]
        file = self.repo / path
        original = file.read_text(encoding="utf-8") if file.exists() else ""
        old, new = step["edit"]["old"], step["edit"]["new"]
        if old and original.count(old) != 1:
            raise DemoError(f"the recorded edit of {path} does not fit the file")
        content = original.replace(old, new) if old else new
        uri = editor.uri(path)
        if uri not in editor.diagnostics:
            editor.open(path, _LANGUAGES.get(file.suffix, "plaintext"))
        self._record(step["agent"], step["before"], original, original)
        file.write_text(content, encoding="utf-8")
        self._record(step["agent"], step["after"], original, content)
        version = editor.reload(path)
        started = time.monotonic()
        editor.wait(lambda: editor.regions_changed.get(uri, -1) >= version, f"regions of {path}")
        seconds = time.monotonic() - started
        return {"agent": step["agent"], "path": path, "seconds": round(seconds, 3)}

    def _shown(self, editor: Editor, path: str) -> dict[str, Any]:
        document = {"textDocument": {"uri": editor.uri(path)}}
        end = len((self.repo / path).read_text(encoding="utf-8").splitlines())
        whole = {"start": {"line": 0, "character": 0}, "end": {"line": end, "character": 0}}
        regions = editor.request("earmark/regions", document)["regions"]
        hints = editor.request("textDocument/inlayHint", {**document, "range": whole}) or []
        hovers = []
        if regions:
            hover = editor.request("textDocument/hover", {**document, "position": regions[0]["range"]["start"]})
            hovers = [hover["contents"]["value"]] if hover else []
        diagnostics = editor.diagnostics[editor.uri(path)][1]
        return {"regions": regions, "hints": hints, "diagnostics": diagnostics, "hover": hovers}

    def _record(self, agent: str, payload: object, original: str, content: str) -> None:
        known = {"${REPO}": str(self.repo), "${HOME}": str(self.home), "${ORIGINAL}": original, "${CONTENT}": content}
        raw = json.dumps(_filled(payload, known))
        self._earmark("record", "--agent", agent, "--strict", stdin=raw)

    def _commit(self, message: str) -> dict[str, Any]:
        self._git("add", "-A")
        output = self._git("commit", "-m", message)
        # Reading the state derives the notes that are due, as any later command would.
        self._earmark("status")
        note = self._git("notes", "--ref", "ai", "show", "HEAD")
        return {"output": output, "message": self._git("log", "-1", "--format=%B"), "note": note}

    def _gate(self, commits: str, expected: int) -> dict[str, Any]:
        done = self._run("check", commits, "--phase", "merge", "--format", "json")
        self.as_told = self.as_told and done.returncode == expected
        if done.returncode not in (0, 1):
            raise DemoError(f"earmark check: {done.stderr.strip()}")
        return {"exit": done.returncode, **json.loads(done.stdout)}

    def _review(self, commits: str) -> dict[str, Any]:
        document = self._earmark("review", "request", commits, "--dry-run")
        requests = json.loads(self._earmark("review", "request", commits, "--dry-run", "--json"))
        return {"text": document, "requests": requests}

    def _json(self, *args: str) -> Any:
        return json.loads(self._earmark(*args))

    def _earmark(self, *args: str, stdin: str | None = None) -> str:
        done = self._run(*args, stdin=stdin)
        if done.returncode:
            raise DemoError(f"earmark {' '.join(args[:2])} ended with {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def _run(self, *args: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        return self._process([sys.executable, "-P", "-m", "earmark", *args], stdin)

    def _git(self, *args: str) -> str:
        done = self._process(["git", *args], None)
        if done.returncode:
            raise DemoError(f"git {args[0]} ended with {done.returncode}: {done.stderr.strip()}")
        return done.stdout.strip()

    def _process(self, argv: list[str], stdin: str | None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            argv, cwd=self.repo, env=self.env, input=stdin or "", capture_output=True, text=True, timeout=60,
            check=False,
        )  # fmt: skip


def _filled(value: Any, known: dict[str, str]) -> Any:
    """The payload with placeholders filled in, in every string."""
    if isinstance(value, str):
        for name, text in known.items():
            value = value.replace(name, text)
        return value
    if isinstance(value, list):
        return [_filled(item, known) for item in value]
    if isinstance(value, dict):
        return {_filled(key, known): _filled(item, known) for key, item in value.items()}
    return value
