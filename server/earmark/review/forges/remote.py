"""Reading a git remote's address. A remote comes from a repository, so it may lie in every character.

Accepted: `https://`, `http://`, `ssh://`, `git://`, and `[user@]host:path`. A host is ASCII letters, digits, dots and
hyphens, or an IPv6 literal; user names, passwords, ports and `.git` are read and left out of the project's path.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

_HOST: Final = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?:\.(?!-)[A-Za-z0-9-]{1,63})*|\[[0-9A-Fa-f:.]{2,45}\]")
_URL: Final = re.compile(
    r"(https?|ssh|git)://(?:([^/@\\?#]*)@)?([^/:@\\\[\]]+|\[[^\]/@]*\])(?::([0-9]{0,5}))?/(.+)", re.IGNORECASE
)
_SCP: Final = re.compile(r"(?:([^/@:\\]+)@)?([^/:@\\\[\]]+|\[[^\]/@]*\]):(?!:|//)(.+)")
_SEGMENT: Final = re.compile(r"[^\x00-\x20\x7f-\U0010ffff\\?#%\"'<>|*`${}()!;&]+")
_ALIASES: Final = {
    "ssh.github.com": "github.com",
    "altssh.gitlab.com": "gitlab.com",
    "altssh.bitbucket.org": "bitbucket.org",
}
_HELPER: Final = re.compile(r"[A-Za-z0-9_+.-]*::")
_LIMIT: Final = 2_000


class Remote(NamedTuple):
    """`host` in lower case, without port; `port` as written, None when not; `path` of the project, without a leading
    slash and `.git`."""

    scheme: str
    host: str
    port: int | None
    path: str


class BadRemote(ValueError):
    """The address names no project on a forge; the message says why."""


def parse(url: str) -> Remote:
    """The parts of a remote's address. Raises `BadRemote` for a local path, a transport helper (`ext::`) and for
    whatever could be read in two ways."""
    if len(url) > _LIMIT or not url.isprintable() or not url.isascii():
        raise BadRemote("the remote's address holds characters that no forge's address has")
    if url.startswith("-"):
        raise BadRemote("the remote's address starts with a hyphen, which a program would take for an option")
    if _HELPER.match(url):
        raise BadRemote("the remote uses a transport helper; only HTTPS and SSH addresses name a forge")
    match = _URL.fullmatch(url)
    if match is not None:
        scheme, host, port, path = match[1].lower(), match[3], match[4], match[5]
        return _remote(scheme, host, int(port) if port else None, path)
    scp = _SCP.fullmatch(url)
    if scp is None or "://" in url or _looks_local(url):
        raise BadRemote("the remote is no address of a forge (https://HOST/PROJECT or user@HOST:PROJECT)")
    return _remote("ssh", scp[2], None, scp[3])


def _looks_local(url: str) -> bool:
    return url.startswith((".", "/", "~")) or re.match(r"[A-Za-z]:[\\/]", url) is not None


def _remote(scheme: str, host: str, port: int | None, path: str) -> Remote:
    if not _HOST.fullmatch(host) or len(host) > 253:
        raise BadRemote("the remote's host is not a plain host name")
    segments = path.strip("/").removesuffix(".git").strip("/").split("/")
    if not all(_SEGMENT.fullmatch(part) and part not in (".", "..", "~") for part in segments):
        raise BadRemote("the remote's path holds characters that no project's path has")
    if port is not None and not 0 < port < 65_536:
        raise BadRemote("the remote's port is out of range")
    host = host.lower()
    return Remote(scheme, _ALIASES.get(host, host), port, "/".join(segments))


def rewritten(url: str, instead_of: Iterable[tuple[str, str]]) -> str:
    """`url` after git's `url.BASE.insteadOf`: `instead_of` are (base, prefix) pairs; the longest prefix counts."""
    base, prefix = max(
        (pair for pair in instead_of if url.startswith(pair[1])), key=lambda p: len(p[1]), default=("", "")
    )
    return base + url[len(prefix) :]
