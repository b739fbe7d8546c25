"""Small edits of JSON with comments, every other byte kept.

Accepts what editors and agents accept in their settings: line and block comments, trailing commas, a byte-order mark.
Offsets are 0-based positions in the decoded text. Nothing here reads or writes a file.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

_DEPTH = 100
_SPACE = " \t\r\n\ufeff"


class NotJson(ValueError):
    """The text is not JSON with comments; the message says where (line and column, 1-based)."""


class Node(NamedTuple):
    """A value at `start`..`end`. An object's items carry their key, an array's items have None there."""

    kind: Literal["object", "array", "plain"]
    start: int
    end: int
    value: Any
    items: tuple[tuple[str | None, int, Node], ...] = ()

    def position(self, key: str) -> int:
        """The index of the item under `key`, the last of duplicates; -1 when there is none."""
        return max((index for index, (name, _, _) in enumerate(self.items) if name == key), default=-1)

    def get(self, key: str) -> Node | None:
        """The value under `key`, the last of duplicates."""
        index = self.position(key)
        return None if index < 0 else self.items[index][2]


def parse(text: str) -> Node:
    """The one value of `text`. Raises NotJson."""
    reader = _Reader(text)
    node = reader.value(reader.blank(0), 0)
    if reader.blank(node.end) != len(text):
        raise reader.error(node.end)
    return node


def append(text: str, path: Sequence[str], entry: object) -> str:
    """`text` with `entry` at the end of the array that `path` leads to; missing objects and the array are made."""
    if not text.strip(_SPACE):
        text = "{}\n"
    node = parse(text)
    for depth, key in enumerate(path):
        if node.kind != "object":
            raise NotJson(f"`{'.'.join(path[:depth]) or 'the file'}` is not an object")
        inner = node.get(key)
        if inner is None:
            made: object = [entry]
            for name in reversed(path[depth + 1 :]):
                made = {name: made}
            return _insert(text, node, json.dumps(key, ensure_ascii=False) + ": ", made)
        node = inner
    if node.kind != "array":
        raise NotJson(f"`{'.'.join(path)}` is not a list")
    return _insert(text, node, "", entry)


def put(text: str, key: str, value: object) -> str:
    """`text`, an object, with `key` at its end."""
    if not text.strip(_SPACE):
        text = "{}\n"
    return _insert(text, parse(text), json.dumps(key, ensure_ascii=False) + ": ", value)


def replace(text: str, node: Node, value: object) -> str:
    """`text` with `value` in the place of `node`."""
    return text[: node.start] + json.dumps(value, ensure_ascii=False) + text[node.end :]


def remove(text: str, container: Node, index: int) -> str:
    """`text` without item `index` of `container`, with the comma and the white space that belonged to it. Comments
    stay."""
    _, start, node = container.items[index]
    begin = len(text[:start].rstrip(_SPACE))
    previous = container.items[index - 1][2].end if index else container.start + 1
    comma = _comma(text, previous) if index else None
    head, rest = text[:begin], text[node.end :]
    after = _comma(text, node.end)
    if after is not None:
        # A comment between the item and its comma stays where it was.
        rest = text[node.end : after] + text[after + 1 :]
    elif comma is not None:
        head = text[:comma] + text[comma + 1 : begin]
    elif not text[previous:begin].strip(_SPACE) and not text[node.end : container.end - 1].strip(_SPACE):
        rest = text[container.end - 1 :]
    return head + _line_end_for_comment(text[previous:begin], rest) + rest


def _line_end_for_comment(gap: str, rest: str) -> str:
    """A line end when `gap` ends in a `//` comment that would swallow `rest`."""
    at, open_line = 0, False
    while at < len(gap):
        if gap.startswith("/*", at):
            at, open_line = gap.index("*/", at + 2) + 2, False
        elif gap.startswith("//", at):
            end = gap.find("\n", at)
            at, open_line = (len(gap), True) if end < 0 else (end, False)
        else:
            at += 1
    return "\n" if open_line and rest.lstrip(" \t")[:1] not in ("\n", "\r") else ""


def _insert(text: str, container: Node, prefix: str, value: object) -> str:
    line_end = "\r\n" if "\r\n" in text else "\n"
    outer = _indent(text, container.start)
    inner = _inner_indent(text, container, outer)
    unit = inner[len(outer) :] or "  "
    entry = json.dumps(value, indent=unit, ensure_ascii=False).replace("\n", line_end + inner)
    entry = f"{line_end}{inner}{prefix}{entry}"
    close = container.end - 1
    if not container.items:
        content = len(text[:close].rstrip(_SPACE))
        return (
            text[:content]
            + entry
            + (text[content:close] if "\n" in text[content:close] else line_end + outer)
            + text[close:]
        )
    last = container.items[-1][2].end
    comma = _comma(text, last)
    content = len(text[:close].rstrip(_SPACE))
    tail = text[content:]
    if comma is not None:
        return text[:content] + entry + "," + tail
    return text[:last] + "," + text[last:content] + entry + tail


def _comma(text: str, at: int) -> int | None:
    """Where the comma after `at` stands, comments skipped; None when something else comes first."""
    at = _Reader(text).blank(at)
    return at if text[at : at + 1] == "," else None


def _indent(text: str, at: int) -> str:
    """The white space at the beginning of the line of `at`."""
    line = text[text.rfind("\n", 0, at) + 1 : at].lstrip("\ufeff")
    return line[: len(line) - len(line.lstrip(" \t"))]


def _inner_indent(text: str, container: Node, outer: str) -> str:
    for _, start, _ in container.items:
        line = text[text.rfind("\n", 0, start) + 1 : start]
        if line and not line.strip(" \t") and len(line) > len(outer):
            return line
    tabs = "\n\t" in text
    return outer + ("\t" if tabs else _unit(text))


def _unit(text: str) -> str:
    """The indentation of the first indented line, two spaces when there is none."""
    for line in text.splitlines():
        blank = len(line) - len(line.lstrip(" "))
        if 0 < blank <= 8 and line.strip():
            return " " * blank
    return "  "


class _Reader:
    """Recursive descent over one text."""

    def __init__(self, text: str) -> None:
        self.text = text

    def error(self, at: int) -> NotJson:
        line = self.text.count("\n", 0, at) + 1
        return NotJson(f"not valid JSON at line {line}, column {at - self.text.rfind(chr(10), 0, at)}")

    def blank(self, at: int) -> int:
        """The first position from `at` that is neither white space nor comment."""
        text = self.text
        while at < len(text):
            if text[at] in _SPACE:
                at += 1
            elif text.startswith("//", at):
                end = text.find("\n", at)
                at = len(text) if end < 0 else end
            elif text.startswith("/*", at):
                end = text.find("*/", at + 2)
                if end < 0:
                    raise self.error(at)
                at = end + 2
            else:
                break
        return at

    def value(self, at: int, depth: int) -> Node:
        opening = self.text[at : at + 1]
        if depth > _DEPTH or not opening:
            raise self.error(at)
        if opening in "{[":
            return self.container(at, depth)
        end = self.string_end(at) if opening == '"' else self.word_end(at)
        try:
            return Node("plain", at, end, json.loads(self.text[at:end]))
        except ValueError:
            raise self.error(at) from None

    def container(self, at: int, depth: int) -> Node:
        is_object = self.text[at] == "{"
        closing = "}" if is_object else "]"
        items: list[tuple[str | None, int, Node]] = []
        here = self.blank(at + 1)
        while self.text[here : here + 1] != closing:
            start, key = here, None
            if is_object:
                name = self.value(here, _DEPTH)
                colon = self.blank(name.end)
                if not isinstance(name.value, str) or self.text[colon : colon + 1] != ":":
                    raise self.error(here)
                key, here = name.value, self.blank(colon + 1)
            node = self.value(here, depth + 1)
            items.append((key, start, node))
            here = self.blank(node.end)
            if self.text[here : here + 1] == ",":
                here = self.blank(here + 1)
            elif self.text[here : here + 1] != closing:
                raise self.error(here)
        plain: Any = {k: n.value for k, _, n in items} if is_object else [n.value for _, _, n in items]
        return Node("object" if is_object else "array", at, here + 1, plain, tuple(items))

    def string_end(self, at: int) -> int:
        end = at + 1
        while end < len(self.text) and self.text[end] not in '"\n':
            end += 2 if self.text[end] == "\\" else 1
        if self.text[end : end + 1] != '"':
            raise self.error(at)
        return end + 1

    def word_end(self, at: int) -> int:
        end = at
        while end < len(self.text) and (self.text[end].isalnum() or self.text[end] in "+-."):
            end += 1
        return end
