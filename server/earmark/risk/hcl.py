"""Terraform as objects: blocks, their attributes, and what a local or a variable's default stands for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from earmark.risk.objects import COMPANION, DEEPEST, Object, Value

if TYPE_CHECKING:
    from tree_sitter import Node

    from earmark.risk.source import Source

_WRAPPERS = frozenset({"expression", "literal_value", "collection_value", "template_expr"})
# Functions that hand their first argument on, as far as a rule is concerned.
_TRANSPARENT = ("jsonencode(", "merge(", "concat(", "tolist(", "toset(")
_REFERENCE = re.compile(r"\b([a-z][a-z0-9]*_\w+)\.([A-Za-z_][\w-]*)")
_LITERALS = frozenset({"numeric_lit", "bool_lit", "null_lit", "string_lit", "quoted_template", "heredoc_template"})


def blocks(source: Source) -> list[Object]:
    """The blocks of a Terraform file, in order of place: a resource under its type, `data.TYPE`, `provider.NAME`, and
    `module`, `variable` and the rest under their own word."""
    body = next((c for c in source.root.named_children if c.type == "body"), source.root)
    return [_object(source, block) for block in _blocks(body, 0)]


def objects(source: Source) -> Iterator[Object]:
    """The same blocks, with what their names stand for in this file put in."""
    found = blocks(source)
    constants = _constants(found)
    referred = _referred(source, found)
    for thing in found:
        value = _resolved(thing.value, constants, 0) if constants else thing.value
        if (thing.kind, _name(thing)) in referred:
            value = value._replace(entries={COMPANION: Value(thing.head)} | (value.entries or {}))
        yield thing._replace(value=value)


def _name(thing: Object) -> str:
    return (thing.value.entries or {})["__name__"].text


def _service(kind: str) -> str:
    # Application load balancers go by two names.
    return "_".join(kind.replace("aws_alb", "aws_lb").split("_")[:2])


def _referred(source: Source, found: list[Object]) -> set[tuple[str, str]]:
    """(type, name) of the resources that another resource of the same service refers to."""
    named = {(thing.kind, _name(thing)) for thing in found}
    return {
        target
        for thing in found
        for target in _REFERENCE.findall(source.of(thing.head))
        if target in named and target[0] != thing.kind and _service(target[0]) == _service(thing.kind)
    }


def _object(source: Source, block: Node) -> Object:
    labels = [source.of(c).strip('"') for c in block.named_children if c.type in ("identifier", "string_lit")]
    inside = _body(block)
    value = _block_body(source, inside, 0) if inside is not None else Value(block, entries={})
    first, second = (*labels, "", "")[:2]
    kind = second if first == "resource" else f"{first}.{second}" if first in ("data", "provider") else first
    named = {"__name__": Value(block, text=labels[-1] if len(labels) > 1 else "")}
    return Object(kind, value._replace(node=block, entries=named | (value.entries or {})), block, "terraform")


def _body(block: Node) -> Node | None:
    return next((c for c in block.named_children if c.type == "body"), None)


def _blocks(node: Node, depth: int) -> Iterator[Node]:
    for child in node.named_children:
        if child.type == "block":
            yield child
        elif child.type in ("ERROR", "body") and depth < 3:
            yield from _blocks(child, depth + 1)


def _block_body(source: Source, body: Node, depth: int) -> Value:
    entries: dict[str, Value] = {}
    for child in body.named_children if depth < DEEPEST else ():
        if child.type == "attribute" and child.named_child_count > 1:
            entries[source.of(child.named_children[0])] = _value(source, child.named_children[-1], depth + 1)
        elif child.type == "block":
            _add_block(source, child, entries, depth)
    return Value(body, entries=entries)


def _add_block(source: Source, block: Node, entries: dict[str, Value], depth: int) -> None:
    words = [c for c in block.named_children if c.type in ("identifier", "string_lit")]
    name = source.of(words[0]) if words else ""
    inside = _body(block)
    value = _block_body(source, inside, depth + 1) if inside is not None else Value(block, entries={})
    if name == "dynamic" and len(words) > 1:
        name = source.of(words[1]).strip('"')
        content = (value.entries or {}).get("content")
        value = content.items[0] if content and content.items else value
    earlier = entries.get(name)
    before = earlier.items if earlier is not None and earlier.items is not None else ()
    entries[name] = Value(block, items=(*before, value._replace(node=block)))


def _value(source: Source, node: Node, depth: int) -> Value:
    holder = node
    while holder.type in _WRAPPERS and holder.named_child_count == 1 and depth < DEEPEST:
        holder = holder.named_children[0]
    if holder.type == "tuple":
        parts = [c for c in holder.named_children if c.type == "expression"]
        return Value(node, items=tuple(_value(source, c, depth + 1) for c in parts))
    if holder.type == "object":
        return Value(node, entries=_map(source, holder, depth))
    text = source.of(holder).strip()
    if holder.type == "function_call" and text.startswith(_TRANSPARENT):
        arguments = next((c for c in holder.named_children if c.type == "function_arguments"), None)
        if arguments is not None and arguments.named_child_count:
            return _value(source, arguments.named_children[0], depth + 1)._replace(node=node)
    known = (holder.type in _LITERALS and "${" not in text) or text.lstrip("-").isdigit()
    return Value(node, text=text.strip('"'), known=known)


def _map(source: Source, holder: Node, depth: int) -> dict[str, Value]:
    entries = {}
    for child in holder.named_children:
        key, value = child.child_by_field_name("key"), child.child_by_field_name("val")
        if child.type == "object_elem" and key is not None and value is not None:
            entries[source.of(key).strip('"')] = _value(source, value, depth + 1)
    return entries


def _constants(found: list[Object]) -> dict[str, Value]:
    """What `local.NAME` and `var.NAME` stand for in this file: a local's value, a variable's default."""
    constants: dict[str, Value] = {}
    for thing in found:
        entries = thing.value.entries or {}
        if thing.kind == "locals":
            constants |= {f"local.{name}": value for name, value in entries.items() if not name.startswith("__")}
        elif thing.kind == "variable" and "default" in entries:
            constants[f"var.{entries['__name__'].text}"] = entries["default"]
    return constants


def _resolved(value: Value, constants: dict[str, Value], depth: int) -> Value:
    """`value` with names replaced by what they stand for, once; it stays where it is written."""
    if depth > DEEPEST:
        return value
    if value.entries is not None:
        return value._replace(entries={k: _resolved(v, constants, depth + 1) for k, v in value.entries.items()})
    if value.items is not None:
        return value._replace(items=tuple(_resolved(v, constants, depth + 1) for v in value.items))
    constant = constants.get(value.text.removeprefix("${").removesuffix("}"))
    return value if value.known or constant is None else constant._replace(node=value.node)
