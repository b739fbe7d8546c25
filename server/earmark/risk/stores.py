"""What a local collection or text builder holds at a place, where straight-line code with fixed keys says so.

`m.put("a", x)` … `m.get("a")`, a `ConfigParser`'s `set` and `get`, a list that is appended to and read by index.
Anything that is not so plain has no answer here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from earmark.risk.constants import value

if TYPE_CHECKING:
    from tree_sitter import Node

    from earmark.risk.source import Source

_SETTERS = frozenset({"put", "set", "setdefault", "putIfAbsent", "setProperty", "setAttribute"})
_GETTERS = frozenset({"get", "getOrDefault", "getProperty", "getAttribute"})
_APPENDERS = frozenset({"append", "add", "push"})
_REMOVERS = frozenset({"pop", "remove"})
_FILLERS = frozenset({"append", "insert", "WriteString", "write"})
_MOST = 64


def stored(source: Source, node: Node) -> list[Node]:
    """The values that the read access `node` may give, nothing when the function does not tell."""
    holder, keys = _access(source, node)
    if not holder or not keys:
        return []
    changes = _changes(source, node, holder)
    if changes is None:
        return []
    by_key = [
        arguments[-1] for name, arguments in changes if name in _SETTERS and _keys(source, arguments[:-1]) == keys
    ]
    if by_key:
        return by_key[-1:]
    return _element(source, changes, keys)


def given(source: Source, node: Node, builder: str) -> list[Node]:
    """What the text builder of this name has been given before `node`, in its function."""
    scope = source.function(node)
    made = [made for made in source.assigned(scope).get(builder, []) if made.type in source.profile.calls]
    found = [argument.node for call in made for argument in source.arguments(call)]
    for call in _calls_before(source, node, builder):
        if source.names(call)[0].rpartition(".")[2] in _FILLERS:
            found += [argument.node for argument in source.arguments(call)]
    return found


def _calls_before(source: Source, node: Node, holder: str) -> list[Node]:
    """The calls of methods of the name `holder` that end before `node`, in its function; the last ones only."""
    calls = source.calls(source.function(node)).get(holder, [])
    return [call for call in calls if call.end_byte <= node.start_byte][-_MOST:]


def _access(source: Source, node: Node) -> tuple[str, tuple[object, ...]]:
    """The plain name of the collection and the fixed keys it is read with."""
    if node.type in source.profile.calls:
        name, _, last = source.names(node)[0].rpartition(".")
        arguments = [a.node for a in source.arguments(node) if not a.name]
        return (name, _keys(source, arguments)) if last in _GETTERS and name.isidentifier() else ("", ())
    if node.type in ("subscript", "subscript_expression", "array_access") and node.named_child_count == 2:
        holder, key = node.named_children
        return (source.of(holder), _keys(source, [key])) if holder.type in source.profile.names else ("", ())
    return "", ()


def _keys(source: Source, nodes: list[Node]) -> tuple[object, ...]:
    """The fixed values of `nodes`, or nothing when one is not fixed."""
    keys = tuple(value(source, node) for node in nodes)
    return () if any(key is None for key in keys) else keys


def _changes(source: Source, node: Node, holder: str) -> list[tuple[str, list[Node]]] | None:
    """The calls that change `holder` before `node`, in order; None when a loop may repeat them, or there are many."""
    calls = _calls_before(source, node, holder)
    if len(calls) == _MOST:
        return None
    found = []
    for call in calls:
        name, _, last = source.names(call)[0].rpartition(".")
        if name != holder or last not in _SETTERS | _APPENDERS | _REMOVERS:
            continue
        if source.enclosing(call, source.profile.loops) is not None:
            return None
        found.append((last, [a.node for a in source.arguments(call)]))
    return found


def _element(source: Source, changes: list[tuple[str, list[Node]]], keys: tuple[object, ...]) -> list[Node]:
    """The element of a list that was built by `changes` alone."""
    held: list[Node] = []
    for name, arguments in changes:
        if name in _APPENDERS and len(arguments) == 1:
            held.append(arguments[0])
        elif name in _REMOVERS:
            at = value(source, arguments[0]) if arguments else len(held) - 1
            if not isinstance(at, int) or not 0 <= at < len(held):
                return []
            del held[at]
        else:
            return []
    index = keys[0] if len(keys) == 1 else None
    return [held[index]] if isinstance(index, int) and 0 <= index < len(held) else []
