"""Prow's OWNERS files (Kubernetes): one a directory, inherited from the folders above.

Rules (prow `repoowners`): `approvers`, `reviewers` and `required_reviewers` at the top level, or under `filters`, whose
keys are regular expressions searched in the path relative to the file's folder; `filters` count only where the top
level names nobody; `options.no_parent_owners` ends the climb; names are logins without regard to case, or aliases of
the root's OWNERS_ALIASES.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from earmark.review.owners import Ownership, Problem

NAME: Final = "OWNERS"
ALIASES: Final = "OWNERS_ALIASES"
_LIMIT: Final = 1024 * 1024
_DEPTH: Final = 200
_MARKER: Final = re.compile(rb"[-?:](?=\s)")
_ROLES: Final = ("approvers", "reviewers", "required_reviewers")


class _Block(NamedTuple):
    """One filter of one file; `pattern` is None for the whole folder."""

    pattern: Any
    people: dict[str, tuple[str, ...]]


class _File(NamedTuple):
    blocks: tuple[_Block, ...]
    stops: bool


class ProwOwners:
    """The OWNERS files of a tree, read when a path asks for them. `read` gives a file's bytes, or None."""

    def __init__(self, read: Callable[[str], bytes | None]) -> None:
        self._read = read
        self._files: dict[str, _File | None] = {}
        self._problems: list[Problem] = []
        self._aliases = self._load_aliases()

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Problems of the files read so far."""
        return tuple(self._problems)

    def of(self, path: str) -> tuple[Ownership, ...]:
        """Approvers of the nearest folder upwards and all it inherits, and each required reviewer of the path."""
        approvers: dict[str, None] = {}
        reviewers: dict[str, None] = {}
        required: dict[str, str] = {}
        nearest = ""
        folder = path.rpartition("/")[0]
        while True:
            source = f"{folder}/{NAME}" if folder else NAME
            file = self._file(source)
            if file is not None:
                relative = path[len(folder) + 1 :] if folder else path
                for block in file.blocks:
                    if block.pattern is not None and not block.pattern.search(relative):
                        continue
                    approvers.update(dict.fromkeys(block.people["approvers"]))
                    reviewers.update(dict.fromkeys(block.people["reviewers"]))
                    for owner in block.people["required_reviewers"]:
                        required.setdefault(owner, source)
                    nearest = nearest or (source if block.people["approvers"] else "")
            if not folder or (file is not None and file.stops):
                break
            folder = folder.rpartition("/")[0]
        out = [Ownership("required_reviewers", (owner,), 1, False, source, 0) for owner, source in required.items()]
        if approvers:
            out.insert(0, Ownership("approvers", tuple(approvers), 1, False, nearest, 0, tuple(reviewers)))
        return tuple(out)

    def _load_aliases(self) -> dict[str, tuple[str, ...]]:
        data = self._yaml(ALIASES)
        aliases = data.get("aliases") if data is not None else None
        if not isinstance(aliases, Mapping):
            return {}
        return {str(name).casefold(): _names(people) for name, people in aliases.items()}

    def _file(self, source: str) -> _File | None:
        if source not in self._files:
            data = self._yaml(source)
            self._files[source] = None if data is None else self._parse(source, data)
        return self._files[source]

    def _yaml(self, source: str) -> Mapping[Any, Any] | None:
        import yaml

        raw = self._read(source)
        if raw is None:
            return None
        if len(raw) > _LIMIT:
            self._problems.append(Problem(source, 1, "larger than 1 MB: not read"))
            return None
        if _nested(raw):
            self._problems.append(Problem(source, 1, "nested too deeply: the file is left out"))
            return None
        try:
            # The base loader makes strings, lists and mappings only: no tags, no merge keys that could multiply.
            data = yaml.load(raw, Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader))  # noqa: S506
        except (yaml.YAMLError, RecursionError, ValueError) as error:
            mark = getattr(error, "problem_mark", None)
            self._problems.append(Problem(source, mark.line + 1 if mark else 1, "not YAML: the file is left out"))
            return None
        if data is None:
            return {}
        if not isinstance(data, Mapping):
            self._problems.append(Problem(source, 1, "not a mapping of keys such as `approvers`: the file is left out"))
            return None
        return data

    def _parse(self, source: str, data: Mapping[Any, Any]) -> _File:
        options = data.get("options")
        stops = isinstance(options, Mapping) and str(options.get("no_parent_owners")).lower() == "true"
        plain = self._people(data)
        if any(plain.values()):
            return _File((_Block(None, plain),), stops)
        filters = data.get("filters")
        if not isinstance(filters, Mapping):
            return _File((), stops)
        import re2

        blocks: list[_Block] = []
        for key, value in filters.items():
            if not isinstance(value, Mapping):
                continue
            try:
                blocks.append(_Block(re2.compile(str(key), _quiet(re2)), self._people(value)))
            except re2.error:
                self._problems.append(Problem(source, 1, f"filter {str(key)[:80]!r} is not a regular expression"))
        return _File(tuple(blocks), stops)

    def _people(self, data: Mapping[Any, Any]) -> dict[str, tuple[str, ...]]:
        return {role: self._resolve(_names(data.get(role))) for role in _ROLES}

    def _resolve(self, names: tuple[str, ...]) -> tuple[str, ...]:
        out: dict[str, None] = {}
        for name in names:
            out.update(dict.fromkeys(f"@{member}" for member in self._aliases.get(name, (name,))))
        return tuple(out)


def _nested(raw: bytes) -> bool:
    """Whether the text could nest deeper than any OWNERS file does: the C loader has no bound of its own and would
    take the process with it. Depth grows only by flow openers, by indentation and by markers such as `- - -`."""
    if raw.count(b"[") + raw.count(b"{") > _DEPTH:
        return True
    return any(
        len(line) - len(line.lstrip()) > _DEPTH or len(_MARKER.findall(line)) > _DEPTH for line in raw.splitlines()
    )


def _names(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        return ()
    return tuple(item.strip().lstrip("@").casefold() for item in value if isinstance(item, str) and item.strip())


def _quiet(re2: Any) -> Any:
    options = re2.Options()
    options.log_errors = False
    return options
