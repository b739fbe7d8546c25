"""Signatures by OpenSSH: `ssh-keygen -Y sign` and `-Y verify` (the formats of PROTOCOL.sshsig and allowed_signers)."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from typing import Final, NamedTuple

from earmark.review.markdown import visible

NAMESPACE: Final = "earmark-approval-v1"
ALLOWED: Final = ".earmark/allowed_signers"
_TIMEOUT: Final = 20.0
_LIMIT: Final = 1 << 20


class SigningError(Exception):
    """The signature could not be made; the message says why and what to do."""


class Signed(NamedTuple):
    """A verified signature: the principal that `allowed_signers` gives the key."""

    principal: str


def sign(statement: bytes, key: str, *, top: str = "") -> str:
    """The armoured signature of `statement` with `key`: a private key file, a public one whose private half an agent
    holds, or a literal (`key::ssh-ed25519 AAAA…`, as git writes it). May ask for a passphrase on the terminal."""
    program = _program(top)
    with tempfile.TemporaryDirectory(prefix="earmark-") as folder:
        agent: list[str] = []
        if key.startswith(("key::", "ssh-")):
            file = Path(folder) / "key.pub"
            file.write_text(key.removeprefix("key::") + "\n")
            key, agent = str(file), ["-U"]
        elif not Path(key).expanduser().is_file():
            raise SigningError(f"there is no key {visible(key)}; give one with --key or set user.signingkey")
        command = [program, "-Y", "sign", "-q", "-n", NAMESPACE, *agent, "-f", str(Path(key).expanduser())]
        target = Path(folder) / "statement"
        target.write_bytes(statement)
        done = subprocess.run([*command, str(target)], capture_output=True, cwd=folder, timeout=120, check=False)
        made = target.with_suffix(".sig")
        if done.returncode or not made.exists():
            said = visible(" ".join(done.stderr.decode("utf-8", "replace").split()))[:300]
            raise SigningError(f"ssh-keygen does not sign with {visible(key)}: {said}")
        return made.read_text("ascii")


def verify(statement: bytes, signature: str, allowed_signers: bytes, at: int, *, top: str = "") -> Signed | None:
    """Who signed `statement`, by `allowed_signers` (a file's content, from the target); None when nobody it names did,
    or the key was not valid at `at` (seconds since the epoch)."""
    if len(signature) > _LIMIT or len(statement) > _LIMIT or not allowed_signers.strip():
        return None
    with tempfile.TemporaryDirectory(prefix="earmark-") as folder:
        armour, signers = Path(folder) / "signature", Path(folder) / "signers"
        armour.write_text(signature, "utf-8", errors="replace")
        signers.write_bytes(allowed_signers)
        when = ["-O", f"verify-time={_stamp(at)}"] if at else []
        base = [_program(top), "-Y"]
        found = _run([*base, "find-principals", "-s", str(armour), "-f", str(signers), *when], b"", folder)
        for principal in (found or b"").decode("utf-8", "replace").splitlines():
            command = [*base, "verify", "-f", str(signers), "-I", principal, "-n", NAMESPACE, "-s", str(armour), *when]
            if principal and _run(command, statement, folder) is not None:
                return Signed(principal)
    return None


def _run(command: list[str], given: bytes, folder: str) -> bytes | None:
    try:
        done = subprocess.run(command, input=given, capture_output=True, cwd=folder, timeout=_TIMEOUT, check=False)
    except subprocess.TimeoutExpired:
        return None
    return done.stdout if done.returncode == 0 else None


def _stamp(at: int) -> str:
    """UTC, as ssh-keygen takes it."""
    import time

    return time.strftime("%Y%m%d%H%M%SZ", time.gmtime(at))


def _program(top: str) -> str:
    """The absolute path of ssh-keygen: the first on PATH that is outside the worktree `top`."""
    name = "ssh-keygen.exe" if os.name == "nt" else "ssh-keygen"
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        file = Path(folder) / name
        inside = bool(top) and Path(folder).resolve().is_relative_to(top)
        if file.is_absolute() and not inside and os.access(file, os.X_OK):
            return str(file)
    raise SigningError("no ssh-keygen found on PATH; install OpenSSH 8.2 or newer")
