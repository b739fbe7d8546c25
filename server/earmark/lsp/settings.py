"""What a user may set: `initializationOptions`, then `workspace/configuration` section `earmark`; the later wins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

SEVERITIES = ("low", "medium", "high", "critical")


class Settings(NamedTuple):
    """`minimum_severity` is the least a finding needs to be shown.

    `trusted` is what the client says about the workspace and None when it says nothing. It comes from
    `initializationOptions` alone: a configuration may be a file of the repository, which must not vouch for itself.
    """

    minimum_severity: str = "medium"
    code_lenses: bool = True
    inlay_hints: bool = True
    decorations: bool = False
    trusted: bool | None = None


class Read(NamedTuple):
    """Settings and what was wrong with those given, one sentence each."""

    settings: Settings
    problems: tuple[str, ...] = ()


_FLAGS = {"codeLens": "code_lenses", "inlayHints": "inlay_hints", "decorations": "decorations", "trusted": "trusted"}
_AT_START_ONLY = frozenset({"trusted", "decorations"})


def read(given: Any, before: Settings, *, at_start: bool) -> Read:
    """`before` with the keys of `given` applied; keys that are malformed or unknown keep the old value.

    `at_start` tells `initializationOptions` from a later configuration. A value of None means "not set", as editors
    send it.
    """
    if given is None:
        return Read(before)
    if not isinstance(given, Mapping):
        return Read(before, (f"Earmark settings must be an object, got {type(given).__name__}; they are ignored.",))
    changes: dict[str, Any] = {}
    problems = []
    for key, value in given.items():
        if value is None or (key in _AT_START_ONLY and not at_start):
            continue
        if key == "minimumSeverity" and value in SEVERITIES:
            changes["minimum_severity"] = value
        elif key in _FLAGS and isinstance(value, bool):
            changes[_FLAGS[key]] = value
        elif key == "minimumSeverity":
            problems.append(f"Setting minimumSeverity must be one of {', '.join(SEVERITIES)}; it is ignored.")
        elif key in _FLAGS:
            problems.append(f"Setting {key} must be true or false; it is ignored.")
        else:
            problems.append(f"Unknown setting {str(key)[:60]!r}; it is ignored.")
    return Read(before._replace(**changes), tuple(problems))
