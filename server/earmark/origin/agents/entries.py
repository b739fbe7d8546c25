"""Our entries in an assistant's JSON settings."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator

from earmark.origin.agents import jsonc
from earmark.origin.agents.jsonc import Node
from earmark.origin.agents.places import Place


def is_our_command(command: str) -> bool:
    """Whether a hook's command starts our `record`."""
    return " record --agent " in command and ("-m earmark record" in command or "/earmark/run" in command)


def is_our_file(text: str) -> bool:
    """Whether a whole file is one of ours: a script or plugin that says so, or a list of our commands."""
    return "Written by `earmark init --agents " in text or is_our_command(text)


def entry(place: Place, event: str, command: str) -> dict[str, object]:
    """What stands in the list of `event`."""
    hook: dict[str, object] = {**place.extra, "command": command}
    if "timeout" in hook:
        hook["timeout"] = hook.pop("timeout")
    matcher = {"matcher": place.matchers[event]} if event in place.matchers else {}
    return {**matcher, "hooks": [hook]} if place.shape == "groups" else {**hook, **matcher}


def merged(text: str, place: Place, command: str) -> str:
    """`text` with one entry of ours for every event. Raises jsonc.NotJson."""
    if place.version is not None and (not text.strip() or jsonc.parse(text).get("version") is None):
        text = jsonc.put(text, "version", place.version)
    text = _without(text, keep=_wanted(place, command))
    for event in place.events:
        if not any(name == event for name, _, _ in _entries(text)):
            text = jsonc.append(text, ("hooks", event), entry(place, event, command))
    return text


def without(text: str, place: Place) -> str | None:
    """`text` without any entry of ours; None when nothing of a user's is left. Raises jsonc.NotJson."""
    left = _without(text, keep={})
    if left == text:
        return text
    nothing = {} if place.version is None else {"version": place.version}
    root = jsonc.parse(left)
    only = not (left[: root.start] + left[root.end :]).strip("\ufeff \t\r\n") and "//" not in left and "/*" not in left
    return None if only and root.value in ({}, nothing) else left


def commands(text: str) -> list[str]:
    """The commands of ours in any file that can hold one: JSON, TOML, a script or the plugin."""
    if text.startswith("#!"):
        return [line for line in text.splitlines() if is_our_command(line)]
    if is_our_file(text) and "const fixed = " in text:
        argv = json.loads(text.partition("const fixed = ")[2].partition("\n")[0])
        return [shlex.join(argv) if argv else "/earmark/run record --agent "]
    try:
        value: object = jsonc.parse(text).value
    except jsonc.NotJson:
        import tomllib

        try:
            value = tomllib.loads(text)
        except tomllib.TOMLDecodeError:
            return []
    return [command for command in _texts(value) if is_our_command(command)]


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)


def kiro(place: Place, command: str) -> str:
    """The whole hook file of Kiro."""
    hooks = [
        {
            "name": f"earmark-{event}",
            "trigger": event,
            "matcher": place.matchers[event],
            "action": {"type": "command", "command": command},
            **place.extra,
        }
        for event in place.events
    ]
    return json.dumps({"version": place.version, "hooks": hooks}, indent=2) + "\n"


def _wanted(place: Place, command: str) -> dict[str, object]:
    return {event: entry(place, event, command) for event in place.events}


def _entries(text: str) -> Iterator[tuple[str, tuple[int, ...], object]]:
    """(event, place below `hooks`, value) of every entry of ours: a whole element where it is all ours, else the
    single hook inside a group."""
    hooks = jsonc.parse(text).get("hooks") if text.strip() else None
    for position, (event, _, listed) in enumerate(hooks.items if hooks and hooks.kind == "object" else ()):
        for index, (_, _, element) in enumerate(listed.items if listed.kind == "array" else ()):
            inner = element.get("hooks") if element.kind == "object" else None
            group = inner.items if inner is not None and inner.kind == "array" else ()
            ours = [number for number, (_, _, hook) in enumerate(group) if _starts_ours(hook)]
            if _starts_ours(element) or (ours and len(ours) == len(group)):
                yield event or "", (position, index), element.value
            else:
                for number in ours:
                    yield event or "", (position, index, number), group[number][2].value


def _starts_ours(node: Node) -> bool:
    return node.kind == "object" and "hooks" not in node.value and any(map(is_our_command, _commands(node.value)))


def _commands(value: object) -> list[str]:
    """Every command in an entry."""
    if isinstance(value, dict):
        own = [text for key in ("command", "bash") if isinstance(text := value.get(key), str)]
        return own + [text for item in value.get("hooks", []) or [] for text in _commands(item)]
    return []


def _without(text: str, keep: dict[str, object]) -> str:
    """`text` without our entries, save the first of each event that is exactly the one in `keep`."""
    if not text.strip("\ufeff \t\r\n"):
        return text
    while True:
        kept: set[str] = set()
        for event, place, value in _entries(text):
            if event in keep and event not in kept and value == keep[event]:
                kept.add(event)
                continue
            text = _taken_out(text, place)
            break
        else:
            return text


def _taken_out(text: str, place: tuple[int, ...]) -> str:
    """Remove the element at `place`, and every list or object that it leaves empty."""
    node = jsonc.parse(text)
    keys: list[int | str] = ["hooks", *place[:2], *(("hooks", place[2]) if len(place) > 2 else ())]
    chain: list[tuple[Node, int]] = []
    for key in keys:
        index = node.position(key) if isinstance(key, str) else key
        chain.append((node, index))
        node = node.items[index][2]
    container, index = chain.pop()
    while len(container.items) == 1 and chain:
        container, index = chain.pop()
    return jsonc.remove(text, container, index)
