"""What a workspace answers for: packages it declares, locks or contains, and where it takes packages from."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from time import monotonic
from types import MappingProxyType
from typing import NamedTuple

from earmark.risk.dependencies import manifests
from earmark.risk.dependencies.membership import NPM, PYPI, Registry, normalised
from earmark.risk.places import regex

# Bounds on a hostile or a huge workspace.
_MOST_FILES = 60_000
_MOST_MANIFESTS = 400
_LARGEST = 12 << 20
_HIGHEST = 40
# Seconds for which one look at the disk is good: a scan takes shorter, an editor looks again.
_FRESH = 10.0
_SOURCES = (".py", ".pyi", ".pyx", ".so", ".pyd", ".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs", ".mts", ".cts", ".vue",
            ".svelte", ".d.ts")  # fmt: skip
_SKIPPED = frozenset({".git", "node_modules", ".venv", "venv", "__pycache__", ".tox", ".nox", "site-packages", ".hg"})
_ALIASES = frozenset(
    {"tsconfig.json", "tsconfig.base.json", "jsconfig.json", "vite.config.ts", "vite.config.js", "webpack.config.js",
     "vitest.config.ts", "babel.config.js", "deno.json", "import_map.json"}
)  # fmt: skip
_PROJECTS = ("pyproject.toml", "package.json", "setup.py", "setup.cfg")


class Surroundings(NamedTuple):
    """`declared` names of packages by registry key, normalised; `modules` what imports may name without a package
    (folders and files of the workspace, bundler aliases); `locked` names that a lock file holds; `manifests` says of
    which registries there is a manifest, `private` from which of them packages are taken that are not public."""

    declared: Mapping[str, frozenset[str]] = MappingProxyType({})
    modules: frozenset[str] = frozenset()
    locked: Mapping[str, frozenset[str]] = MappingProxyType({})
    manifests: frozenset[str] = frozenset()
    private: frozenset[str] = frozenset()

    def declares(self, name: str, registry: Registry) -> bool:
        """Whether a manifest or lock file names a package, normalised."""
        return name in self.declared.get(registry.key, ()) or self.locks(name, registry)

    def locks(self, name: str, registry: Registry) -> bool:
        """Whether a lock file names it: a package manager has found it somewhere."""
        return name in self.locked.get(registry.key, ())


NOWHERE = Surroundings()


def gather(paths: Iterable[str], read: Callable[[str], bytes]) -> Surroundings:
    """The surroundings that files at `paths` (relative, with `/`) make; `read` gives the content of one, empty when it
    cannot. Only manifests, lock files and a few settings are read."""
    declared: dict[str, set[str]] = {PYPI.key: set(), NPM.key: set()}
    locked: dict[str, set[str]] = {PYPI.key: set(), NPM.key: set()}
    modules: set[str] = set()
    private: set[str] = set()
    present: set[str] = set()
    budget = _MOST_MANIFESTS
    for path in paths:
        folder, _, name = path.rpartition("/")
        registry = manifests.registry_of(path)
        if name.endswith(_SOURCES):
            modules.add(name.split(".", 1)[0])
            modules.update(folder.split("/"))
        if budget and (registry or name in _ALIASES or name in _SETTINGS):
            budget -= 1
            text = read(path)[:_LARGEST]
            if registry is not None:
                names = {normalised(n, registry) for n in manifests.declared(text, path)}
                (locked if manifests.is_lock(path) else declared)[registry.key] |= names
                if not manifests.is_lock(path):
                    present.add(registry.key)
            if name in _ALIASES:
                modules |= _aliases(text)
            if manifests.names_private_index(text, path):
                private.add(registry.key if registry else _SETTINGS.get(name, NPM.key))
    return Surroundings(_frozen(declared), frozenset(modules), _frozen(locked), frozenset(present), frozenset(private))


_SETTINGS = {".npmrc": "npm", ".yarnrc": "npm", ".yarnrc.yml": "npm", "pip.conf": "pypi", "uv.toml": "pypi"}


def _frozen(found: dict[str, set[str]]) -> dict[str, frozenset[str]]:
    return {key: frozenset(names) for key, names in found.items()}


def _aliases(text: bytes) -> set[str]:
    """Names that a compiler's or bundler's settings map: every key that could be one, for these files are code."""
    source = text.decode("utf-8", "replace")
    keys = regex(r"""['"]?((?:@?[\w.-]+)(?:/[\w.-]+)?)(?:/\*)?['"]?\s*:""").findall(source)
    found = regex(r"""find:\s*['"]([^'"\n]+)['"]""").findall(source)
    return {key.rstrip("/") for key in (*keys, *found)}


def around(path: str) -> Callable[[], Surroundings]:
    """The surroundings of a file on disk, looked at when called: those of its repository, else of its project; of
    nothing for a text that has no place."""
    return lambda: _at(_root(path), int(monotonic() / _FRESH)) if os.path.isabs(path) else NOWHERE


def _root(path: str) -> str:
    """The nearest folder above with a `.git`, else the nearest with a project's manifest, else where the packages that
    hold the file begin."""
    folder = own = os.path.dirname(path)
    while os.path.exists(os.path.join(own, "__init__.py")) and os.path.dirname(own) != own:
        own = os.path.dirname(own)
    project = ""
    for _ in range(_HIGHEST):
        if os.path.exists(os.path.join(folder, ".git")):
            return folder
        if not project and any(os.path.exists(os.path.join(folder, name)) for name in _PROJECTS):
            project = folder
        if os.path.dirname(folder) == folder:
            break
        folder = os.path.dirname(folder)
    return project or own


@lru_cache(maxsize=8)
def _at(root: str, when: int) -> Surroundings:
    """What is there; `when` makes an old answer forgotten."""

    def read(path: str) -> bytes:
        try:
            with open(os.path.join(root, path), "rb") as handle:
                return handle.read(_LARGEST)
        except OSError:
            return b""

    return gather(_files(root), read)


def _files(root: str) -> Iterator[str]:
    left = _MOST_FILES
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(f for f in folders if f not in _SKIPPED)
        inside = os.path.relpath(folder, root).replace(os.sep, "/")
        for name in names:
            if not os.path.islink(os.path.join(folder, name)):
                yield name if inside == "." else f"{inside}/{name}"
        left -= len(names)
        if left < 0:
            return
