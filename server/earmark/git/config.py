"""The repository's configuration as git resolves it, read in one process."""

from __future__ import annotations

from typing import NamedTuple

from earmark.git.repository import Repository
from earmark.git.run import OPTIONS, run

_TRUE = frozenset({"", "true", "yes", "on", "1"})


class Setting(NamedTuple):
    """One value; `scope` is "system", "global", "local", "worktree", or "command" for a user's `git -c`."""

    scope: str
    value: str


class Config:
    """All settings, keys folded as git does (section and variable lower case, subsection as written)."""

    def __init__(self, settings: dict[str, list[Setting]]) -> None:
        self._settings = settings

    def all(self, key: str) -> list[Setting]:
        """Every value of `key`, the one that counts last."""
        return self._settings.get(_fold(key), [])

    def get(self, key: str) -> str | None:
        """The value of `key` that counts, or None."""
        settings = self.all(key)
        return settings[-1].value if settings else None

    def flag(self, key: str, default: bool = False) -> bool:
        """`key` as git reads a boolean; a key without value is true."""
        value = self.get(key)
        return default if value is None else value.lower() in _TRUE

    def subsections(self, section: str, variable: str) -> list[tuple[str, str]]:
        """(subsection, value) of every `section.<subsection>.variable`, in the order git reads them."""
        before, after = section.lower() + ".", "." + variable.lower()
        return [
            (key[len(before) : -len(after)], setting.value)
            for key, settings in self._settings.items()
            if key.startswith(before) and key.endswith(after) and len(key) > len(before) + len(after)
            for setting in settings
        ]


def read(repo: Repository) -> Config:
    """The configuration of `repo`. What this project itself passes with `-c` is left out."""
    out = run(repo, "config", "--list", "--show-scope", "--includes", "-z")
    parts = out.decode("utf-8", "surrogateescape").split("\0")
    settings: dict[str, list[Setting]] = {}
    for scope, pair in zip(parts[::2], parts[1::2], strict=False):
        key, _, value = pair.partition("\n")
        if scope == "command" and (key, value) in _OURS:
            continue
        settings.setdefault(_fold(key), []).append(Setting(scope, value))
    return Config(settings)


def _fold(key: str) -> str:
    section, _, rest = key.partition(".")
    subsection, dot, variable = rest.rpartition(".")
    return f"{section.lower()}.{subsection}{dot}{variable.lower()}"


_OURS = {(_fold(option.partition("=")[0]), option.partition("=")[2]) for option in OPTIONS}
