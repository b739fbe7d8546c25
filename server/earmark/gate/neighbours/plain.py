"""JSON, YAML and TOML from a repository, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from earmark.gate.neighbours.model import MAX_BYTES, File, Unreadable

# Aliases multiply what little text stands in a file, and no gate's configuration needs many.
MAX_ALIASES = 100


def load(file: File) -> Mapping[str, Any]:
    """The file as a mapping, empty for an empty file. Scalars of YAML stay text. Raises `Unreadable`."""
    if len(file.text) > MAX_BYTES:
        raise Unreadable(f"it has {len(file.text)} bytes; at most {MAX_BYTES} are read")
    try:
        text = file.text.decode("utf-8-sig")
        data = _toml(text) if file.path.endswith(".toml") else _yaml(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable(" ".join(str(error).split())[:200]) from error
    if not isinstance(data, dict):
        raise Unreadable("it is no mapping")
    return data


def _toml(text: str) -> Any:
    import tomllib

    return tomllib.loads(text)


def _yaml(text: str) -> Any:
    """JSON is YAML, too."""
    import yaml

    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # makes text, lists and mappings, and nothing else
    try:
        if sum(isinstance(token, yaml.AliasToken) for token in yaml.scan(text, loader)) > MAX_ALIASES:
            raise Unreadable(f"it has more than {MAX_ALIASES} aliases")
        documents = list(yaml.load_all(text, loader))
    except yaml.YAMLError as error:
        raise Unreadable(str(error)) from error
    return (documents[0] if documents else {}) or {}


def mapping(value: Any) -> Mapping[str, Any]:
    """`value` if it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    """`value` if it is a list; a list of it if it is text; else an empty one."""
    return value if isinstance(value, list) else [value] if isinstance(value, str) and value else []


def number(value: Any, otherwise: int) -> int:
    """A whole number, written as text in YAML."""
    text = str(value)
    return int(text) if text.isdecimal() and len(text) < 10 and not isinstance(value, bool) else otherwise


def line_of(file: File, word: str) -> int:
    """The first line of the file that holds `word`, 0 for none; for pointing a reader there."""
    for number_, line in enumerate(file.text.split(b"\n"), 1):
        if word.encode() in line:
            return number_
    return 0
