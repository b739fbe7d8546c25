"""Which forge a remote is on, where its interface is, and which token may go there.

A token belongs to hosts: `GITHUB_TOKEN` to GitHub's own, `GITLAB_TOKEN` to gitlab.com, `GITEA_TOKEN` to gitea.com. Any
other host gets one only when the user names that host: in the environment (`EARMARK_FORGE_URL`) or in the user's own
settings (`$XDG_CONFIG_HOME/earmark/forges.toml`). No file of a repository and no answer of a server takes part.
"""

from __future__ import annotations

import base64
import ipaddress
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from earmark.review.forges.forge import Forge, Project
from earmark.review.forges.remote import Remote

KINDS: Final = ("github", "gitlab", "gerrit", "gitea", "forgejo")
VARIABLES: Final = {
    "github": ("GITHUB_TOKEN", "GH_TOKEN"), "gitlab": ("GITLAB_TOKEN",), "gitea": ("GITEA_TOKEN",),
    "forgejo": ("GITEA_TOKEN",), "gerrit": (),
}  # fmt: skip
_OWN: Final = {
    "github": ("github.com", "api.github.com"), "gitlab": ("gitlab.com",), "gitea": ("gitea.com",),
    "forgejo": (), "gerrit": (),
}  # fmt: skip
_KNOWN: Final = {"github.com": "github", "gitlab.com": "gitlab", "gitea.com": "gitea", "codeberg.org": "forgejo"}
_GITHUB_CLOUD: Final = ".ghe.com"  # GitHub Enterprise Cloud with data residency; GitHub alone gives out its names
_API: Final = {"github": "/api/v3", "gitlab": "/api/v4", "gitea": "/api/v1", "forgejo": "/api/v1", "gerrit": ""}
_GERRIT_PORT: Final = 29418


class Setting(NamedTuple):
    """What the user's own settings say about one host: kind, API base and the variable that holds its token; empty
    where they say nothing."""

    kind: str = ""
    url: str = ""
    token_variable: str = ""


class Place(NamedTuple):
    """A project on a forge of `kind`. `named_by_user` is true when the user, not the remote, names the API's host."""

    kind: str
    project: Project
    named_by_user: bool
    setting: Setting = Setting()


class Credential(NamedTuple):
    """A token for one host, or why there is none. `value` is never shown, stored or logged."""

    value: str
    why_none: str = ""

    def __repr__(self) -> str:
        return f"Credential({'***' if self.value else ''!r}, {self.why_none!r})"


class ForgeUnknown(ValueError):
    """It cannot be told which forge the remote is on, or its address is not allowed; the message says what to set."""


def place(remote: Remote | None, environ: Mapping[str, str], settings: Mapping[str, Setting]) -> Place:
    """Where the request goes. The environment overrides the user's settings, which override the remote. Raises
    `ForgeUnknown`."""
    setting = settings.get(remote.host, Setting()) if remote else Setting()
    kind = environ.get("EARMARK_FORGE", "").strip().lower() or setting.kind or (_kind(remote) if remote else "")
    if kind not in KINDS:
        said = f"{kind!r} is none" if kind else "the remote's host is not known"
        raise ForgeUnknown(f"which forge is this? {said}: set EARMARK_FORGE to one of {', '.join(KINDS)}")
    if remote is None:
        raise ForgeUnknown("there is no remote that names a project on a forge; add one with `git remote add`")
    given = environ.get("EARMARK_FORGE_URL", "").strip() or setting.url
    api = _checked(given) if given else _api(kind, remote)
    return Place(kind, Project(api, remote.path, _web(kind, remote, api, bool(given))), bool(given), setting)


def again(kind: str, project: Project, environ: Mapping[str, str], settings: Mapping[str, Setting]) -> Place:
    """The place of a request that was kept. Whether its host may get a token is decided by what the user says now,
    never by what was stored. Raises `ForgeUnknown` for an address that is not allowed."""
    if kind not in KINDS:
        raise ForgeUnknown(f"{kind!r} is no forge; one of {', '.join(KINDS)}")
    api = _checked(project.api)
    given = environ.get("EARMARK_FORGE_URL", "").strip().rstrip("/")
    by_url = next((one for one in settings.values() if one.url.rstrip("/") == api), Setting())
    by_host = settings.get(urlsplit(api).hostname or "", Setting())
    setting = by_url if by_url.url else by_host._replace(url="")
    return Place(kind, project, api in (given, by_url.url.rstrip("/")), setting)


def credential(
    where: Place, environ: Mapping[str, str], helper: Callable[[str], str | None] | None = None
) -> Credential:
    """The token for the API's host. `helper` asks git's credential helper about an address ("user:password", or
    None); it is bound to hosts by itself and asked last."""
    host = urlsplit(where.project.api).hostname or ""
    own = host in _OWN[where.kind] or (where.kind == "github" and host.endswith(_GITHUB_CLOUD))
    allowed = own or where.named_by_user or bool(where.setting.token_variable)
    names = (where.setting.token_variable,) if where.setting.token_variable else VARIABLES[where.kind]
    present = [name for name in names if environ.get(name, "").strip()]
    if present and allowed:
        value = environ[present[0]].strip()
        broken = not (value.isascii() and value.isprintable())
        return Credential("", f"{present[0]} holds characters no token has") if broken else Credential(value)
    found = helper(_login_page(where.project)) if helper else None
    if found and ":" in found:
        if where.kind == "gerrit":
            return Credential(base64.b64encode(found.encode()).decode())
        return Credential(found.partition(":")[2])
    if present:
        return Credential(
            "", f"{present[0]} is not sent to {host}: it belongs to another host; "
            f"if {host} is yours, set EARMARK_FORGE_URL or name it in {settings_file(environ)}",
        )  # fmt: skip
    wanted = " or ".join(names) or "a git credential"
    return Credential("", f"no token for {host}: set {wanted}, or store one with git's credential helper")


def _login_page(project: Project) -> str:
    """The address that git's own credentials are kept for: GitHub's interface has a host of its own beside it."""
    api, web = urlsplit(project.api), urlsplit(project.web)
    beside = api.scheme == web.scheme and api.netloc == f"api.{web.netloc}"
    return f"{web.scheme}://{web.netloc}" if beside else f"{api.scheme}://{api.netloc}"


def forge_of(where: Place, *, with_token: bool = True) -> Forge:
    """The forge's module for this place."""
    from earmark.review.forges.gerrit import Gerrit
    from earmark.review.forges.gitea import Gitea
    from earmark.review.forges.github import GitHub
    from earmark.review.forges.gitlab import GitLab

    if where.kind == "github":
        return GitHub(where.project)
    if where.kind == "gitlab":
        return GitLab(where.project, with_token=with_token)
    if where.kind == "gerrit":
        return Gerrit(where.project, with_token=with_token)
    return Gitea(where.project, with_token=with_token)


def settings_file(environ: Mapping[str, str]) -> str:
    """The user's own settings about forges."""
    home = Path(environ.get("XDG_CONFIG_HOME", ""))
    folder = home if home.is_absolute() else Path.home() / ".config"
    return str(folder / "earmark" / "forges.toml")


def read_settings(text: str) -> dict[str, Setting]:
    """Settings by host from `["git.example.com"]` tables with `kind`, `url`, `token_variable`. Raises `ForgeUnknown`
    for a file that is not TOML."""
    import tomllib

    try:
        data: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ForgeUnknown(f"the settings about forges are not TOML: {error}") from None
    found = {}
    for host, table in data.items():
        if isinstance(table, dict):
            values = (table.get(name) for name in Setting._fields)
            found[host.lower()] = Setting(*(value if isinstance(value, str) else "" for value in values))
    return found


def is_loopback(host: str) -> bool:
    """Whether `host` (a name or an address, without brackets) never leaves this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _kind(remote: Remote) -> str:
    host = remote.host
    if host in _KNOWN:
        return _KNOWN[host]
    if host.endswith(_GITHUB_CLOUD):
        return "github"
    if remote.port == _GERRIT_PORT or host.endswith(".googlesource.com"):
        return "gerrit"
    first = host.partition(".")[0]
    return first if first in KINDS else ""


def _api(kind: str, remote: Remote) -> str:
    if kind == "github" and (remote.host == "github.com" or remote.host.endswith(_GITHUB_CLOUD)):
        return f"https://api.{remote.host}"
    return _origin(remote) + _API[kind]


def _origin(remote: Remote) -> str:
    """The web server of a remote: a port says something only about the protocol it was written with."""
    if remote.scheme == "http" and is_loopback(remote.host.strip("[]")):
        return f"http://{remote.host}" + (f":{remote.port}" if remote.port else "")
    port = f":{remote.port}" if remote.scheme == "https" and remote.port not in (None, 443) else ""
    return f"https://{remote.host}{port}"


def _web(kind: str, remote: Remote, api: str, given: bool) -> str:
    """The project's web address for links. Where the user names the API, that server's; else the remote's."""
    if not given:
        return f"{_origin(remote)}/{remote.path}"
    base = api.removesuffix(_API[kind])
    return f"{base.replace('://api.', '://', 1)}/{remote.path}"


def _checked(url: str) -> str:
    """The user's API base without a trailing slash. Raises `ForgeUnknown` unless it is HTTPS, or HTTP on loopback."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        valid = bool(host) and (parts.port is None or parts.port > 0)
    except ValueError:
        valid, host = False, ""
    if not valid or not url.isprintable() or parts.username is not None or parts.query or parts.fragment:
        raise ForgeUnknown("EARMARK_FORGE_URL must be an address such as https://git.example.com/api/v4")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise ForgeUnknown("EARMARK_FORGE_URL must be https: a token is not sent over a connection others can read")
    return url.rstrip("/")
