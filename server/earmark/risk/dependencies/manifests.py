"""What manifests and lock files declare, by the file's name; and what install commands ask for.

Read with the standard library's parsers where a format has one; a file that does not parse declares nothing. Places
are found again in the text, because those parsers keep none.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any, NamedTuple

from earmark.risk.dependencies.membership import NPM, PYPI, Registry
from earmark.risk.places import regex

_LOCKS = frozenset(
    {"poetry.lock", "uv.lock", "pdm.lock", "pipfile.lock", "package-lock.json", "npm-shrinkwrap.json", "yarn.lock",
     "pnpm-lock.yaml", "bun.lock", "pylock.toml", "conda-lock.yml"}
)  # fmt: skip
_PYTHON = frozenset({"pyproject.toml", "setup.cfg", "setup.py", "pipfile", "environment.yml", "environment.yaml"})
_REQUIREMENTS = (
    r"(?i)(?:^|/)(?:[\w.-]*requirements[\w.-]*\.(?:txt|in|pip)|constraints[\w.-]*\.txt"
    r"|requirements/[\w.-]+\.(?:txt|in))$"
)
# A requirement of PEP 508, as far as a name and what follows it.
_REQUIREMENT = r"^\s*([A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*([^;#]*)"


class Requirement(NamedTuple):
    """A package that a text asks for, as written, at bytes `start` to `end` (0-based, half-open) of its name.

    `spec` is what follows the name (`>=2`, `^1.0`, "" for any version). `elsewhere`: it comes from a path, an address
    or the workspace, not from the registry. `wants_pin`: the place is one where exact versions belong.
    """

    name: str
    spec: str
    start: int
    end: int
    elsewhere: bool = False
    wants_pin: bool = False


def registry_of(path: str) -> Registry | None:
    """The registry whose packages a manifest or lock file names; None for any other file."""
    name = os.path.basename(path).lower()
    if name in _PYTHON or name in ("poetry.lock", "uv.lock", "pdm.lock", "pipfile.lock", "pylock.toml"):
        return PYPI
    if name == "package.json" or name in _LOCKS:
        return NPM
    return PYPI if regex(_REQUIREMENTS).search(path) else None


def is_lock(path: str) -> bool:
    """Whether a file is written by a package manager and pins what it names."""
    return os.path.basename(path).lower() in _LOCKS


def requirements(text: bytes, path: str) -> tuple[Requirement, ...]:
    """What a manifest asks for, in order of place; empty for other files and for those that do not parse."""
    name = os.path.basename(path).lower()
    source = text.decode("utf-8", "replace")
    if name == "package.json":
        found = _package_json(source)
    elif name == "pyproject.toml":
        found = _pyproject(source)
    elif name == "pipfile":
        found = _tables(_toml(source), ("packages", "dev-packages"))
    elif name == "setup.cfg":
        found = _setup_cfg(source)
    elif name == "setup.py":
        found = _setup_py(source)
    elif registry_of(path) is PYPI and not is_lock(path) and name.endswith((".txt", ".in", ".pip")):
        return _lines(text, wants_pin=not name.endswith(".in"))
    else:
        return ()
    return _placed(text, found)


def declared(text: bytes, path: str) -> set[str]:
    """Every package name in a manifest or lock file, as written."""
    source = text.decode("utf-8", "replace")
    name = os.path.basename(path).lower()
    if not is_lock(path):
        extra = regex(r"(?m)^\s*-\s*([A-Za-z0-9][\w.-]*)").findall(source) if name.startswith("environment.") else []
        return {r.name for r in requirements(text, path)} | set(extra) | own_names(source, name)
    return {m for pattern in _LOCKED.get(name, _LOCKED["toml"]) for m in regex(pattern).findall(source)}


_LOCKED = {
    "toml": (r'(?m)^name = "([^"\n]+)"',),
    "pipfile.lock": (r'(?m)^\s+"([A-Za-z0-9][\w.-]*)": \{',),
    "package-lock.json": (
        r'"(?:[^"\n]*/)?node_modules/((?:@[^"/\n]+/)?[^"/\n]+)"', r'(?m)^\s+"((?:@[\w.-]+/)?[\w.-]+)": \{',
    ),
    "npm-shrinkwrap.json": (r'(?m)^\s+"(?:node_modules/)?((?:@[\w.-]+/)?[\w.-]+)": \{',),
    "yarn.lock": (r'(?m)^"?((?:@[^@"\n/]+/)?[^@"\n\s:]+)@', r'(?m), "?((?:@[^@"\n/]+/)?[^@"\n\s,]+)@'),
    "pnpm-lock.yaml": (r"(?m)^\s+'?/?((?:@[\w.-]+/)?[\w.-]+)[@/]\d", r"(?m)^\s+'?((?:@[\w.-]+/)?[\w.-]+)'?:\s*$"),
    "bun.lock": (r'(?m)^\s+"((?:@[\w.-]+/)?[\w.-]+)": (?:\[|")',),
    "conda-lock.yml": (r"(?m)name: ([\w.-]+)",),
}  # fmt: skip


def own_names(source: str, name: str) -> set[str]:
    """What the project of a manifest calls itself."""
    if name == "package.json":
        own = _json(source).get("name")
    elif name == "pyproject.toml":
        data = _toml(source)
        own = _at(data, "project").get("name") or _at(data, "tool", "poetry").get("name")
    else:
        found = regex(r"""(?m)^\s*name\s*=\s*['"]?([\w.-]+)""").search(source) if name.startswith("setup.") else None
        own = found.group(1) if found else None
    return {own} if isinstance(own, str) else set()


def installs(text: bytes) -> Iterator[tuple[Registry, Requirement]]:
    """What `pip install`, `npm install` and their like ask for, in a shell script, a Dockerfile or a CI file."""
    source = text.decode("latin-1")
    for match in regex(_INSTALL).finditer(source):
        line = source.rfind("\n", 0, match.start()) + 1
        if regex(r"^\s*(?:#|//|(?:echo|printf)\b)").search(source[line : match.start()] + "x"):
            continue
        registry = NPM if match.group(1) else PYPI
        skip = False
        for word in regex(r"[^\s\\]+").finditer(match.group(3)):
            said = word.group(0)
            if skip or said.startswith("-"):
                skip = not skip and said in _VALUED
                continue
            name = regex(_WORD[registry.key]).search(said.strip("\"'"))
            if name is not None:
                start = match.start(3) + word.start() + len(said) - len(said.lstrip("\"'"))
                yield registry, Requirement(name.group(1), name.group(2), start, start + len(name.group(1)))


_INSTALL = (
    r"(?m)\b(?:((?:npm\s+(?:install|i|add|ci)|yarn\s+(?:global\s+)?add|pnpm\s+(?:add|install|i)|bun\s+add))"
    r"|((?:(?:uv\s+)?pip[\d.]*\s+install|uv\s+add|poetry\s+add|pipx\s+install|pipenv\s+install|pdm\s+add)))"
    r"[ \t]+((?:[^\n&|;#)\\]|\\\r?\n)+)"
)
_VALUED = frozenset(
    {"-r", "--requirement", "-c", "--constraint", "-e", "--editable", "-i", "--index-url", "--extra-index-url", "-t",
     "--target", "-f", "--find-links", "--prefix", "--registry", "-C", "--cwd", "--filter", "--root", "--src",
     "--platform", "--python", "--group", "-w", "--workspace", "--cache-dir", "--trusted-host", "--timeout"}
)  # fmt: skip
_WORD = {
    "pypi": r"^([A-Za-z][A-Za-z0-9._-]*[A-Za-z0-9])(?:\[[\w,.-]*\])?((?:[=<>~!].*)?)$",
    "npm": r"^((?:@[a-z0-9][\w.-]*/)?[a-z0-9][\w.-]*)((?:@[\w.^~*><=|-]+)?)$",
}


def names_private_index(text: bytes, path: str) -> bool:
    """Whether a file says that packages come from another index than the public one."""
    source = text.decode("utf-8", "replace")
    return bool(regex(_INDEX).search(source)) if registry_of(path) or _is_setting(path) else False


_INDEX = (
    r"(?m)--(?:extra-)?index-url|--find-links|^\s*(?:extra-)?index-url\s*=|^\s*(?:@[\w-]+:)?registry\s*=\s*https?://"
    r"|\[\[tool\.(?:uv\.index|poetry\.source|pdm\.source)\]\]|^\s*npmRegistryServer|npmScopes"
)


def _is_setting(path: str) -> bool:
    return os.path.basename(path) in (".npmrc", ".yarnrc", ".yarnrc.yml", "pip.conf", "uv.toml")


def _lines(text: bytes, *, wants_pin: bool) -> tuple[Requirement, ...]:
    """A line a requirement. Prose that happens to be in a file of that name asks for nothing."""
    found, offset, strange = [], 0, 0
    for raw in text.split(b"\n"):
        line = raw.decode("utf-8", "replace")
        match = regex(_LINE).search(line)
        if match is not None:
            spec = match.group(2).strip().rstrip("\\").strip()
            start = offset + len(line[: match.start(1)].encode())
            name = match.group(1)
            found.append(Requirement(name, spec, start, start + len(name.encode()), spec.startswith("@"), wants_pin))
        elif line.strip() and not regex(_OTHER_LINE).search(line):
            strange += 1
        offset += len(raw) + 1
    return tuple(found) if strange * 4 <= len(found) else ()


_LINE = _REQUIREMENT.replace(r"([^;#]*)", r"((?:[=<>!~(@\\][^;#]*)?)(?:;.*|\s#.*)?\s*$")
# Options, comments, paths and addresses.
_OTHER_LINE = r"^\s*(?:-|#|\.{0,2}/|[\w+]+:|[\w./-]+\.(?:whl|zip|tar\.gz)|\$\{)"


def _package_json(source: str) -> list[Requirement]:
    data = _json(source)
    found = []
    for key in ("dependencies", "devDependencies", "peerDependencies", "optionalDependencies"):
        for name, spec in _at(data, key).items():
            said = spec if isinstance(spec, str) else ""
            near = regex(r"^(?:file|link|workspace|portal|catalog|patch|npm):|^\.{0,2}/").search(said)
            far = "://" in said or regex(r"^(?:github|gitlab|bitbucket|git):|^[\w-]+/[\w.-]+").search(said)
            found.append(Requirement(name, said, 0, 0, bool(near or far), key != "peerDependencies"))
    return found


def _pyproject(source: str) -> list[Requirement]:
    data = _toml(source)
    project = _at(data, "project")
    lists = [project.get("dependencies"), *_at(project, "optional-dependencies").values()]
    lists += [_at(data, "build-system").get("requires"), *_at(data, "dependency-groups").values()]
    found = [r for listed in lists if isinstance(listed, list) for r in map(_requirement, listed) if r is not None]
    poetry = _at(data, "tool", "poetry")
    found += _tables(poetry, ("dependencies", "dev-dependencies"))
    for group in _at(poetry, "group").values():
        found += _tables(group, ("dependencies",)) if isinstance(group, dict) else []
    local = set(_at(data, "tool", "uv", "sources"))
    return [r._replace(elsewhere=True) if r.name in local else r for r in found]


def _tables(data: dict[str, Any], keys: tuple[str, ...]) -> list[Requirement]:
    """Tables of name = version, or name = {path, git, url, version}."""
    found = []
    for key in keys:
        for name, said in _at(data, key).items():
            if name == "python":
                continue
            table = said if isinstance(said, dict) else {}
            spec = said if isinstance(said, str) else str(table.get("version", ""))
            away = bool(table.keys() & {"path", "git", "url", "file", "source", "index", "editable"})
            found.append(Requirement(name, "" if spec == "*" else spec, 0, 0, away, False))
    return found


def _setup_cfg(source: str) -> list[Requirement]:
    from configparser import ConfigParser, Error

    parser = ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(source)
    except Error:
        return []
    values = [
        parser.get("options", key, fallback="") for key in ("install_requires", "setup_requires", "tests_require")
    ]
    if parser.has_section("options.extras_require"):
        values += [value for _, value in parser.items("options.extras_require")]
    found = [_requirement(line) for value in values for line in value.replace(";", "\n").split("\n")]
    return [r for r in found if r is not None]


def _setup_py(source: str) -> list[Requirement]:
    """The strings in the lists of requirements; what a script computes is not known."""
    found = []
    for block in regex(r"(?s)\w*_requires?\w*\s*=\s*[\[{(](.*?)[\]})]\s*[,)\n]").finditer(source):
        for item in regex(r"""['"]([^'"\n]+)['"]\s*(:?)""").finditer(block.group(1)):
            requirement = None if item.group(2) else _requirement(item.group(1))
            if requirement is not None:
                found.append(requirement)
    return found


def _requirement(said: Any) -> Requirement | None:
    match = regex(_REQUIREMENT).search(said) if isinstance(said, str) else None
    if match is None or "://" in match.group(1):
        return None
    spec = match.group(2).strip()
    return Requirement(match.group(1), spec, 0, 0, spec.startswith("@"), False)


def _placed(text: bytes, found: list[Requirement]) -> tuple[Requirement, ...]:
    """With their places: where the name stands quoted or as a key, else the first place it stands at all."""
    placed = []
    for requirement in found:
        name = requirement.name.encode()
        forms = (b'"' + name, b"'" + name, b"\n" + name, b" " + name, name)
        at = next((i + len(f) - len(name) for f in forms if (i := _whole(text, f)) >= 0), -1)
        if at >= 0:
            placed.append(requirement._replace(start=at, end=at + len(name)))
    return tuple(sorted(placed, key=lambda r: r.start))


def _whole(text: bytes, form: bytes) -> int:
    """Where `form` stands and the name does not go on behind it; -1 for nowhere."""
    at = text.find(form)
    while at >= 0:
        behind = text[at + len(form) : at + len(form) + 1]
        if not (behind.isalnum() or behind in (b"-", b"_", b".", b"/")) or not behind:
            return at
        at = text.find(form, at + 1)
    return -1


def _at(data: Any, *keys: str) -> dict[str, Any]:
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return data if isinstance(data, dict) else {}


def _toml(source: str) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(source)
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}


def _json(source: str) -> dict[str, Any]:
    try:
        data = json.loads(source)
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}
