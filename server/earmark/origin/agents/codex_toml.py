"""Codex reads hooks from `hooks.json` and from `config.toml` beside it, and warns about two places for one thing: where
a user keeps hooks in `config.toml`, ours go there as well. What is not ours stays byte for byte (tomlkit).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from earmark.origin.agents import entries
from earmark.origin.agents.files import FileChange, InstallError, read
from earmark.origin.agents.places import Place

if TYPE_CHECKING:
    from tomlkit import TOMLDocument


class NotToml(ValueError):
    """The file is not TOML; the message says where."""


def redirected(json_change: FileChange, undo: bool, place: Place, command: str) -> list[FileChange]:
    """The changes that give the hooks of `json_change` (to `hooks.json`), in the file where the user keeps hooks."""
    path = os.path.join(os.path.dirname(json_change.path), "config.toml")
    try:
        before = read(path)
        document = None if before is None else _parsed(before)
    except (InstallError, NotToml) as error:
        return [json_change, FileChange(path, None, None, place.agent, problem=f"{path}: {error}")]
    if before is None or document is None:
        return [json_change]
    features = document.get("features")
    if isinstance(features, dict) and features.get("hooks") is False and not undo:
        json_change = json_change._replace(then=f"hooks are switched off in {path} ([features] hooks = false)")
    if json_change.problem or not _keeps_hooks(document, place):
        return [json_change]
    _take_out(document, place)
    if not undo:
        _put_in(document, place, command)
    toml_change = json_change._replace(path=path, before=before, after=_text(document).encode())
    text = "" if json_change.before is None else json_change.before.decode()
    left = entries.without(text, place) if text else None
    return [toml_change, json_change._replace(after=left.encode() if left else None, holds_hook=False, then="")]


def _parsed(raw: bytes) -> TOMLDocument:
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document = tomlkit.parse(raw.decode("utf-8"))
    except (TOMLKitError, UnicodeDecodeError) as error:
        raise NotToml(f"not valid TOML: {error}") from None
    if _text(document).encode() != raw:
        raise NotToml("it cannot be edited without changing other lines; add the hook yourself")
    return document


def _text(document: TOMLDocument) -> str:
    import tomlkit

    return tomlkit.dumps(document)


def _keeps_hooks(document: TOMLDocument, place: Place) -> bool:
    hooks = document.get("hooks")
    return isinstance(hooks, dict) and any(name != "state" for name in hooks)


def _groups(document: TOMLDocument, event: str) -> Any:
    listed = document["hooks"].get(event)
    return listed if isinstance(listed, list) else []


def _take_out(document: TOMLDocument, place: Place) -> None:
    for event in [name for name in document["hooks"] if name != "state"]:
        groups = _groups(document, event)
        for group in [g for g in groups if isinstance(g, dict)]:
            inner = group.get("hooks")
            if not isinstance(inner, list):
                continue
            for hook in [h for h in inner if isinstance(h, dict) and entries.is_our_command(str(h.get("command", "")))]:
                inner.remove(hook)
            if not inner:
                groups.remove(group)
        if isinstance(groups, list) and event in place.events and not groups:
            del document["hooks"][event]


def _put_in(document: TOMLDocument, place: Place, command: str) -> None:
    import tomlkit

    for event in place.events:
        made = entries.entry(place, event, command)
        group, hook = tomlkit.table(), tomlkit.table()
        group.add("matcher", made["matcher"])
        hook.update(made["hooks"][0])  # type: ignore[index]
        hook.add(tomlkit.nl())
        inner = tomlkit.aot()
        inner.append(hook)
        group.add("hooks", inner)
        if event not in document["hooks"]:
            document["hooks"][event] = tomlkit.aot()
        document["hooks"][event].append(group)
