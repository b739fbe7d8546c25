"""One text under scan: its tree, and what conditions ask of it again and again, computed once."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from earmark.risk.imports import aliases
from earmark.risk.profiles import profile

if TYPE_CHECKING:
    from tree_sitter import Node, Tree

T = TypeVar("T")

_WORD = re.compile(r"[$\w]+")
_ARGUMENT_LISTS = frozenset(
    {"value_arguments", "call_suffix", "arguments", "argument_list", "token_tree", "constructor_suffix"}
)
# A callee longer than this (a promise chain with whole functions inside) is read from its end only.
_LONGEST_NAME = 1500


class Argument(NamedTuple):
    """One argument. `name` is its keyword, the key of an options object, or "" for a positional one at `place`
    (0-based); `name` "**" is a spread, which may stand for any keyword."""

    name: str
    place: int
    node: Node


class Source:
    """Text, tree and path of one file, with caches that live as long as one scan."""

    __slots__ = (
        "_aliases",
        "_ancestors",
        "_arguments",
        "_assigned",
        "_calls",
        "_found",
        "_functions",
        "_known",
        "_memo",
        "_names",
        "_parameters",
        "language",
        "path",
        "profile",
        "root",
        "text",
        "wanted",
    )

    def __init__(self, text: bytes, tree: Tree, language: str, path: str) -> None:
        self.text = text
        self.root = tree.root_node
        self.language = language
        self.path = path
        self.profile = profile(language)
        self._aliases: dict[str, str] | None = None
        self._ancestors: dict[int, tuple[Node, ...]] = {}
        self._arguments: dict[int, tuple[Argument, ...]] = {}
        self._names: dict[int, tuple[str, ...]] = {}
        self._parameters: dict[int, frozenset[str]] = {}
        self._assigned: dict[int, dict[str, list[Node]]] = {}
        self._calls: dict[int, dict[str, list[Node]]] = {}
        self._functions: dict[str, Node | None] | None = None
        self._memo: dict[str, frozenset[str]] = {}
        self._known: dict[tuple[str, int, int], Any] = {}
        self._found: dict[tuple[str, int, int], bool] = {}
        self.wanted: dict[int, bool] = {}  # matcher by id -> worth asking here

    def of(self, node: Node) -> str:
        """The text of `node`."""
        return self.text[node.start_byte : node.end_byte].decode("utf-8", "replace")

    @property
    def aliases(self) -> dict[str, str]:
        """What imported names stand for."""
        if self._aliases is None:
            self._aliases = aliases(self.text, self.language)
        return self._aliases

    def words(self, expression: str) -> frozenset[str]:
        """What the groups of an RE2 expression caught anywhere in the text, looked for once."""
        known = self._memo.get(expression)
        if known is None:
            from earmark.risk.places import regex

            found = regex(expression).finditer(self.text)
            known = frozenset(group.decode("utf-8", "replace") for m in found for group in m.groups() if group)
            self._memo[expression] = known
        return known

    def found(self, expression: str, start: int, end: int) -> bool:
        """Whether an RE2 expression is found in bytes `start` to `end`; searched once, for many places ask it."""
        key = (expression, start, end)
        known = self._found.get(key)
        if known is None:
            from earmark.risk.places import regex

            text = self.text[start:end].decode("utf-8", "replace")
            known = self._found[key] = bool(regex(expression).search(text))
        return known

    def once(self, work: Callable[[Source, Node, int], T], node: Node, depth: int) -> T:
        """`work(self, node, depth)`, done once a scan: many rules ask the same of a node."""
        key = (work.__name__, node.id, depth)
        if key not in self._known:
            self._known[key] = work(self, node, depth)
        found: T = self._known[key]
        return found

    def ancestors(self, node: Node) -> tuple[Node, ...]:
        """The nodes that contain `node`, innermost first, without itself. One descent from the root, not one a step:
        a tree-sitter node does not know its parent."""
        known = self._ancestors.get(node.id)
        if known is None:
            path: list[Node] = []
            at: Node | None = self.root
            while at is not None and at.id != node.id:
                path.append(at)
                at = at.child_with_descendant(node)
            path.reverse()
            known = self._ancestors[node.id] = tuple(path)
        return known

    def parent(self, node: Node) -> Node | None:
        """The node that directly contains `node`."""
        above = self.ancestors(node)
        return above[0] if above else None

    def enclosing(self, node: Node, kinds: frozenset[str]) -> Node | None:
        """The nearest node around `node` of one of these types."""
        for above in self.ancestors(node):
            if above.type in kinds:
                return above
        return None

    def function(self, node: Node) -> Node:
        """The function around `node`, or the whole file."""
        return self.enclosing(node, self.profile.functions) or self.root

    def names(self, call: Node) -> tuple[str, ...]:
        """The dotted names of what `call` calls: as written, and as the file's imports resolve it."""
        known = self._names.get(call.id)
        if known is None:
            known = self._names[call.id] = self._resolve(callee(self.text, call))
        return known

    def _resolve(self, written: str) -> tuple[str, ...]:
        new = "new " if written.startswith("new ") else ""
        head, dot, rest = written[len(new) :].partition(".")
        target = self.aliases.get(head.rstrip("()[]{}!"))
        if target is None or target == head:
            return (written,)
        if target.rsplit(".", 1)[-1].rsplit("/", 1)[-1] == head and self.language not in ("go", "javascript"):
            return (new + target + dot + rest,)
        return (new + target + head[len(head.rstrip("()[]{}!")) :] + dot + rest, written)

    def arguments(self, call: Node) -> tuple[Argument, ...]:
        """The arguments of `call`, options objects taken apart into keywords."""
        known = self._arguments.get(call.id)
        if known is None:
            known = self._arguments[call.id] = tuple(_arguments(self, call))
        return known

    def parameters(self, function: Node) -> frozenset[str]:
        """The words of a function's parameter list: its parameters, and what annotates them."""
        known = self._parameters.get(function.id)
        if known is None:
            holder = function.child_by_field_name("parameters") or function.child_by_field_name("parameter")
            declarator = function.child_by_field_name("declarator")
            if holder is None and declarator is not None:
                holder = declarator.child_by_field_name("parameters")
            text = self.of(holder) if holder is not None else ""
            known = self._parameters[function.id] = frozenset(_WORD.findall(text))
        return known

    def calls(self, scope: Node) -> dict[str, list[Node]]:
        """What a call's dotted name begins with -> the calls inside `scope`, in order of place."""
        known = self._calls.get(scope.id)
        if known is None:
            from earmark.risk.query import calls_in

            known = self._calls[scope.id] = {}
            for call in calls_in(self, scope.start_byte, scope.end_byte):
                known.setdefault(self.names(call)[0].partition(".")[0], []).append(call)
        return known

    def declared(self, name: str) -> Node | None:
        """The one function of this file that is called `name`."""
        if self._functions is None:
            from earmark.risk.query import functions

            self._functions = functions(self)
        return self._functions.get(name)

    def assigned(self, scope: Node) -> dict[str, list[Node]]:
        """Name -> the expressions assigned to it inside `scope`, in order. For the whole file: outside functions
        too, so that constants are seen."""
        known = self._assigned.get(scope.id)
        if known is None:
            known = self._assigned[scope.id] = _assigned(self, scope)
        return known


def argument_list(call: Node) -> Node | None:
    """The node that holds the arguments of `call`, if there is one."""
    found = call.child_by_field_name("arguments")
    if found is None and call.type == "composite_literal":
        return call.child_by_field_name("body")
    if found is None:
        for child in reversed(call.named_children):
            if child.type in _ARGUMENT_LISTS:
                return child
    return found


def callee(text: bytes, call: Node) -> str:
    """The dotted name `call` is written with: `a?.b`, `a::b` and `a->b` become `a.b`, calls inside become `()`,
    subscripts `[]`, a composite literal ends in `{}`, a constructor begins with `new `."""
    arguments = argument_list(call)
    end = call.end_byte if arguments is None else arguments.start_byte
    if arguments is None:
        for child in call.named_children:
            if child.type in ("block", "do_block", "annotated_lambda"):
                end = child.start_byte
                break
    start = max(call.start_byte, end - _LONGEST_NAME)
    name = dotted(text[start:end].decode("utf-8", "replace"))
    return name + "{}" if call.type == "composite_literal" else name


_CLOSERS = {")": "()", "]": "[]", "}": "{}", ">": ""}
_OPENERS = frozenset("([{<")


def dotted(raw: str) -> str:
    """Source text of a callee as a dotted name; what stands in brackets is dropped."""
    raw = raw.strip()
    new = raw.startswith(("new ", "new\n"))
    if new:
        raw = raw[4:]
    if "::" in raw or "->" in raw or "?." in raw or "!" in raw or "\\" in raw:
        raw = raw.replace("?.", ".").replace("::", ".").replace("->", ".").replace("!!", "").replace("\\", ".")
        raw = raw.replace("!.", ".")
    if not any(c in raw for c in ")]}> \n\t"):
        raw = raw.rstrip(".")
        return "new " + raw if new else raw
    if "require" in raw:
        raw = _inline_require(raw)
    out: list[str] = []
    depth = 0
    for char in reversed(raw):
        if char in _CLOSERS:
            if not depth:
                out.append(_CLOSERS[char])
            depth += 1
        elif char in _OPENERS:
            depth = max(0, depth - 1)
        elif not depth and not char.isspace():
            out.append(char)
    name = "".join(reversed(out)).strip(".")
    return "new " + name if new else name


def _inline_require(raw: str) -> str:
    before, _, after = raw.partition("require(")
    module, closed, rest = after.partition(")")
    name = module.strip().strip("'\"`").removeprefix("node:")
    if closed and name.replace("-", "").replace("_", "").replace("/", "").isalnum():
        return before + name + rest
    return raw


def _arguments(source: Source, call: Node) -> list[Argument]:
    holder = argument_list(call)
    if holder is None:
        return []
    if holder.type == "call_suffix":
        holder = next((c for c in holder.named_children if c.type == "value_arguments"), holder)
    if holder.type == "token_tree":
        return _macro_arguments(holder)
    found: list[Argument] = []
    index = 0
    for child in holder.named_children:
        kind = child.type
        if kind in source.profile.comments or child.is_extra:
            continue
        if kind in (
            "keyword_argument",
            "pair",
            "keyed_element",
            "argument",
            "value_argument",
            "array_element_initializer",
        ):
            name, value = _keyed(source, child)
            found.append(Argument(name, -1 if name else index, value))
            index += not name
        elif kind in (
            "dictionary_splat",
            "hash_splat_argument",
            "spread_element",
            "variadic_unpacking",
            "list_splat",
            "splat_argument",
        ):
            found.append(Argument("**", -1, child))
        else:
            found.append(Argument("", index, child))
            index += 1
        value = found[-1].node
        if value.type in ("object", "hash", "array_creation_expression", "dictionary"):
            found.extend(_options(source, value))
    return found


def _options(source: Source, holder: Node) -> list[Argument]:
    """The entries of an options object as keywords (their place is -2: they are nested)."""
    found = []
    for child in holder.named_children:
        if child.type in ("pair", "array_element_initializer"):
            name, value = _keyed(source, child)
            if name:
                found.append(Argument(name, -2, value))
        elif child.type == "shorthand_property_identifier":
            found.append(Argument(source.of(child), -2, child))
        elif child.type == "method_definition":
            named = child.child_by_field_name("name")
            found.append(Argument(source.of(named) if named else "", -2, child))
        elif child.type in ("spread_element", "dictionary_splat", "hash_splat_argument"):
            found.append(Argument("**", -2, child))
    return found


def _keyed(source: Source, node: Node) -> tuple[str, Node]:
    """Name and value of a keyword argument or pair; the name is "" when the argument has none."""
    children = [c for c in node.named_children if not c.is_extra]
    value = node.child_by_field_name("value") or (children[-1] if children else node)
    key = node.child_by_field_name("name") or node.child_by_field_name("key")
    if key is None and len(children) > 1:
        key = children[0]
    if key is None or key.id == value.id:
        return "", value
    if value.type == "literal_element" and value.named_child_count == 1:
        value = value.named_children[0]
    return source.of(key).strip("'\"`:@ "), value


def _macro_arguments(tree: Node) -> list[Argument]:
    """Arguments of a Rust macro: the first token of each comma-separated run stands for it."""
    found: list[Argument] = []
    fresh = True
    for child in tree.children[1:-1]:
        if child.type == ",":
            fresh = True
        elif fresh and child.is_named:
            found.append(Argument("", len(found), child))
            fresh = False
    return found


def _assigned(source: Source, scope: Node) -> dict[str, list[Node]]:
    from earmark.risk.query import assignments

    found: dict[str, list[Node]] = {}
    for name, value in assignments(source.language, scope, whole_file=scope.id == source.root.id):
        found.setdefault(source.of(name).strip(), []).append(value)
        if name.type in ("expression_list", "pattern_list", "tuple_pattern", "tuple", "left_assignment_list"):
            values = value.named_children if value.type in ("expression_list", "tuple") else []
            names = name.named_children
            for index, each in enumerate(names):
                one = values[index] if len(values) == len(names) else value
                found.setdefault(source.of(each), []).append(one)
        elif name.type in ("object_pattern", "array_pattern"):
            for each in _pattern_names(name):
                found.setdefault(source.of(each), []).append(value)
    return found


def _pattern_names(pattern: Node) -> list[Node]:
    """The names that a JavaScript destructuring pattern binds; each stands for a part of the value."""
    names: list[Node] = []
    todo = list(pattern.named_children)
    while todo:
        node = todo.pop()
        if node.type in ("identifier", "shorthand_property_identifier_pattern"):
            names.append(node)
        elif node.type == "pair_pattern":
            todo += [c for c in (node.child_by_field_name("value"),) if c is not None]
        elif node.type in ("object_pattern", "array_pattern", "rest_pattern"):
            todo += node.named_children
        elif node.type in ("assignment_pattern", "object_assignment_pattern"):
            todo += [c for c in (node.child_by_field_name("left"),) if c is not None]
    return names
