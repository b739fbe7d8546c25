"""Carrying out the pushes of a conversation with the user's own git."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Final

from earmark.git.repository import Repository
from earmark.git.run import GitError, run
from earmark.review.forges.forge import Push
from earmark.review.forges.sender import PushFailed, Uncertain, Unreachable
from earmark.review.markdown import visible

_TIMEOUT: Final = 120.0
_CLOSED_PIPE: Final = -int(getattr(signal, "SIGPIPE", 13))
_UNREACHED: Final = ("Could not resolve host", "Connection refused", "Connection timed out", "unable to access")
_DECIDED: Final = ("does not support push options", "[rejected]", "[remote rejected]")
_LOST: Final = ("hung up unexpectedly", "early EOF", "Connection reset", "Broken pipe", "did not answer within")


def pusher(repo: Repository) -> Callable[[Push], str]:
    """A function that runs a push and returns what git printed. Raises `PushFailed`, `Unreachable` when nothing was
    sent, `Uncertain` when the connection broke."""

    def push(step: Push) -> str:
        try:
            out = _run(repo, step)
        except GitError as error:
            said = str(error)
            if any(text in said for text in step.same):
                return said
            if any(text in said for text in _DECIDED):
                raise PushFailed(_advice(said)) from None
            if any(text in said for text in _UNREACHED):
                raise Unreachable(said) from None
            if error.code == _CLOSED_PIPE or any(text in said for text in _LOST):
                raise Uncertain(said) from None
            raise PushFailed(_advice(said)) from None
        return out.decode("utf-8", "replace")

    return push


def _run(repo: Repository, step: Push) -> bytes:
    """A push of what is there already races with the server's end of it: git may then die of a closed pipe, without a
    word. Pushing the same again changes nothing, so it is done once more."""
    arguments = step.argv[1:]
    try:
        return run(repo, *arguments, network=True, timeout=_TIMEOUT)
    except GitError as error:
        if error.code != _CLOSED_PIPE:
            raise
    return run(repo, *arguments, network=True, timeout=_TIMEOUT)


def _advice(said: str) -> str:
    if "does not support push options" in said:
        return f"{visible(said)}; set a token so that the request can be made through the forge's interface"
    if "non-fast-forward" in said or "fetch first" in said:
        return f"{visible(said)}; the branch went elsewhere: fetch, rebase, and ask again"
    if "missing Change-Id" in said:
        return f"{visible(said)}; install Gerrit's commit-msg hook and amend the commits"
    return visible(said)


def credential_helper(repo: Repository) -> Callable[[str], str | None] | None:
    """Asks git's credential helper, which never prompts here; None in a repository nobody trusts, whose configuration
    could name any program."""
    if not repo.trusted:
        return None

    def ask(url: str) -> str | None:
        from urllib.parse import urlsplit

        parts = urlsplit(url)
        asked = f"protocol={parts.scheme}\nhost={parts.netloc}\n\n".encode()
        quiet = {"GIT_ASKPASS": "", "SSH_ASKPASS": "", "GCM_INTERACTIVE": "never"}
        out = run(repo, "credential", "fill", input=asked, check=False, timeout=10.0, environment=quiet)
        found = dict(line.partition("=")[::2] for line in out.decode("utf-8", "replace").splitlines())
        return f"{found.get('username', '')}:{found['password']}" if found.get("password") else None

    return ask
