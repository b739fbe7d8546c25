"""Dockerfiles as objects: their stages, each with what it builds on and how it ends.

A `stage` says `image` (the whole reference), `name`, `tag`, `digest`, `alias`, `earlier` (true when it builds on one
above it), `final`, `twice` (its alias was taken before), `user` (the last one), `itself` (true when it copies from
itself), and counts as `cmds`, `entrypoints` and `healthchecks`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from earmark.risk.objects import Object, Value

if TYPE_CHECKING:
    from tree_sitter import Node

    from earmark.risk.source import Source

_COUNTED = {
    "cmd_instruction": "cmds",
    "entrypoint_instruction": "entrypoints",
    "healthcheck_instruction": "healthchecks",
}


def objects(source: Source) -> Iterator[Object]:
    """The stages of a Dockerfile, in order of place."""
    stages: list[list[Node]] = []
    for node in source.root.named_children:
        if node.type == "from_instruction":
            stages.append([node])
        elif stages:
            stages[-1].append(node)
    aliases: set[str] = set()
    for number, nodes in enumerate(stages):
        said = _from(source, nodes[0], aliases) | _ended(source, nodes)
        alias = said.get("alias", "")
        said |= {"final": "true"} if number == len(stages) - 1 else {}
        said |= {"itself": "true"} if alias and any(_copies(source, node) == alias for node in nodes) else {}
        if alias:
            aliases.add(alias)
        entries = {key: Value(nodes[0], text=text) for key, text in said.items()}
        yield Object("stage", Value(nodes[0], entries=entries), nodes[0], "dockerfile")


def _from(source: Source, node: Node, aliases: set[str]) -> dict[str, str]:
    said = {}
    for child in node.named_children:
        if child.type == "image_spec":
            said["image"] = source.of(child)
            for field in ("name", "tag", "digest"):
                part = child.child_by_field_name(field)
                said |= {field: source.of(part)} if part is not None else {}
        elif child.type == "image_alias":
            said["alias"] = source.of(child).lower()
    if said.get("name", "").lower() in aliases:
        said["earlier"] = "true"
    if said.get("alias") in aliases:
        said["twice"] = "true"
    return said


def _ended(source: Source, nodes: list[Node]) -> dict[str, str]:
    counts: dict[str, int] = {}
    user = ""
    for node in nodes:
        if node.type == "user_instruction":
            user = source.of(node).partition(" ")[2].strip()
        elif node.type in _COUNTED:
            counts[_COUNTED[node.type]] = counts.get(_COUNTED[node.type], 0) + 1
    return {key: str(count) for key, count in counts.items()} | ({"user": user} if user else {})


def _copies(source: Source, node: Node) -> str:
    """What a COPY copies from, "" when from the build context."""
    if node.type != "copy_instruction":
        return ""
    flags = [source.of(child) for child in node.named_children if child.type == "param"]
    return next((flag.removeprefix("--from=").lower() for flag in flags if flag.startswith("--from=")), "")
