"""The exported pre-receive hook in a real bare repository, reached over a file path, HTTP and SSH."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from gated import SAFE, Gated
from smart_http import SmartHttp
from ssh_git import over_ssh

from earmark.gate.export.pre_receive import export
from earmark.policy.model import DEFAULT

EARMARK = Path(sys.executable).with_name("earmark")
POLICY = '[[review]]\nrisk = "critical"\n'


class Server:
    """A bare repository with the exported hook, and how a client reaches it."""

    def __init__(self, repo: Gated) -> None:
        self.repo = repo
        self.path = repo.top.parent / "served" / "server.git"
        repo("init", "-q", "--bare", "-b", "main", str(self.path))
        repo("push", "-q", f"file://{self.path}", "main")
        (hook,) = export(DEFAULT)
        file = self.path / "hooks" / hook.path
        file.write_text(hook.text)
        file.chmod(0o755)
        self.config("http.receivepack", "true")
        self.config("earmark.command", str(EARMARK))

    def config(self, *args: str) -> None:
        self.repo("-C", str(self.path), "config", *args)

    def push(self, url: str, *refs: str, **env: str) -> tuple[bool, str]:
        """(whether the server took it, what it said)."""
        done = self.repo.run("push", url, *refs, **env)
        return done.returncode == 0, done.stderr.decode()


@pytest.fixture
def server(home: Path, tmp_path: Path) -> Server:
    return Server(Gated(tmp_path / "repo", POLICY))


@contextmanager
def by_file(server: Server) -> Iterator[tuple[str, dict[str, str]]]:
    yield f"file://{server.path}", {}


@contextmanager
def by_http(server: Server) -> Iterator[tuple[str, dict[str, str]]]:
    handler = type("Here", (SmartHttp,), {"root": str(server.path.parent)})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as web:
        threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{web.server_address[1]}/server.git", {}
        web.shutdown()


@contextmanager
def by_ssh(server: Server) -> Iterator[tuple[str, dict[str, str]]]:
    with over_ssh(server.path.parent) as (address, client):
        yield f"{address}{server.path}", {"GIT_SSH_COMMAND": client}


WAYS = pytest.mark.parametrize("way", [by_file, by_http, by_ssh])


@WAYS
def test_an_honest_push_is_taken(way: object, server: Server) -> None:
    assert callable(way)
    server.repo.declared("a.py", SAFE)
    with way(server) as (url, env):
        taken, said = server.push(url, "main", "refs/notes/ai", **env)
    assert taken, said
    assert "ok in phase merge: 1 commit; 1 declared" in said


@WAYS
def test_stripped_trailers_are_refused(way: object, server: Server) -> None:
    assert callable(way)
    server.repo.declared("a.py", SAFE)
    server.repo.amended(b"Add\n")
    before = server.repo("-C", str(server.path), "rev-parse", "main")
    with way(server) as (url, env):
        taken, said = server.push(url, "main", "refs/notes/ai", **env)
    assert not taken
    assert "undeclared-ai" in said
    assert server.repo("-C", str(server.path), "for-each-ref", "--format=%(objectname) %(refname)") == (
        f"{before} refs/heads/main"
    ), "a push is taken whole or not at all"


@WAYS
def test_the_organisations_policy_holds(way: object, server: Server, tmp_path: Path) -> None:
    assert callable(way)
    (tmp_path / "base.toml").write_text('[declare]\nmode = "forbid"\n')
    server.config("earmark.basePolicy", str(tmp_path / "base.toml"))
    server.repo.declared("a.py", SAFE)
    with way(server) as (url, env):
        taken, said = server.push(url, "main", "refs/notes/ai", **env)
    assert not taken
    assert "forbidden-ai" in said


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (("--unset", "earmark.command"), "earmark.command is not set to an absolute path"),
        (("earmark.command", "earmark"), "earmark.command is not set to an absolute path"),
        (("earmark.command", "/nonexistent/earmark"), "/nonexistent/earmark cannot be run"),
        (("earmark.basePolicy", "/nonexistent/base.toml"), "the base policy /nonexistent/base.toml cannot be read"),
    ],
)
def test_a_server_that_cannot_judge_takes_nothing(settings: tuple[str, ...], expected: str, server: Server) -> None:
    server.config(*settings)
    server.repo.commit("Add", {"b.py": "x = 1\n"})
    taken, said = server.push(f"file://{server.path}", "main", PATH=f"{EARMARK.parent}:{os.environ['PATH']}")
    assert not taken
    assert expected in said
