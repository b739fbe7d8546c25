"""What a text promises, unit by unit: the guards, locks, limits and checks whose loss a change rule looks for.

A unit is a function (the outermost around its text, by its qualified name), a test block, or the rest of the file. In
configuration there is one unit and a fact a setting.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, NamedTuple

from earmark.risk import embedded, hcl, manifests, objects
from earmark.risk.places import regex
from earmark.risk.source import Source

if TYPE_CHECKING:
    from tree_sitter import Node

_LONGEST = 300
_DEEPEST_TREE = 400

KINDS = frozenset(
    {"call", "guard", "branch", "catch", "handler", "raise", "with", "decorator", "assert", "setting", "comment",
     "test", "signature", "command", "propagate"}
)  # fmt: skip

_EXIT = (
    r"^[{(:\s]*(?://[^\n]*\n\s*|#[^\n]*\n\s*)*(?:[\w.]*(?:log|print|warn|error|flash|res\.\w+)[^\n]*\n\s*){0,3}"
    r"(?:return|raise|throw|break|continue|panic|abort|exit|die|process\.exit|os\.Exit|log\.Fatal|goto|bail!|redirect"
    r"|sys\.exit|t\.Fatal|unreachable|res\.(?:status|send|sendStatus)|next\(|fatalError|http\.Error|c\.Abort|render)"
)
_IFS = frozenset({"if_statement", "if_expression", "if", "unless", "guard_statement", "if_modifier", "unless_modifier",
                  "if_let_expression", "elif_clause"})  # fmt: skip
_DECORATORS = frozenset({"decorator", "annotation", "marker_annotation", "attribute_list", "attribute_item"})
_WITHS = frozenset({"with_statement", "synchronized_statement", "lock_statement", "using_statement"})
_RAISES = frozenset({"raise_statement", "throw_statement", "throw_expression"})
_ASSERTS = frozenset({"assert_statement"})
_TEST_CALLS = frozenset({"it", "test", "describe", "context", "specify"})


class Fact(NamedTuple):
    """One promise: its kind (of `KINDS`), the key two texts are compared by, a value, and its bytes in its text."""

    kind: str
    key: str
    value: str
    start: int
    end: int


class Unit(NamedTuple):
    """One function or the rest of the file. `name` is qualified (`Cart.total`), "" for the rest."""

    name: str
    start: int
    end: int
    facts: tuple[Fact, ...]
    text: bytes
    public: bool = False


def units(source: Source, unchanged: Collection[str] = ()) -> dict[str, Unit]:
    """The units of a text by name; a repeated name gets a number, so that none is lost.

    Units named in `unchanged` stand on the other side with the same text; they cost a walk and could tell nothing, so
    they come without facts.
    """
    if source.language in ("terraform", "yaml", "json"):
        return {"": _configuration(source)}
    if source.language == "bash":
        pieces = embedded.shell_commands(source.text, source.root)
        commands = [Fact("command", piece.line, "", piece.start, piece.end) for piece in pieces]
        return {"": Unit("", 0, len(source.text), (*commands, *_comments(source)), source.text)}
    found: dict[str, Unit] = {}
    outline = _outline(source)
    for name, node, head in outline:
        facts = () if name in unchanged else tuple(_walk(source, head))
        text = source.text[head.start_byte : head.end_byte]
        found[name] = Unit(name, node.start_byte, head.end_byte, facts, text, _is_public(source, node, name))
    inside = frozenset(head.start_byte for _, _, head in outline)
    rest = tuple(f for f in _walk(source, source.root, skip=inside) if f.kind != "signature")
    found[""] = Unit("", 0, len(source.text), rest, source.text)
    return found


def texts(source: Source) -> dict[str, bytes]:
    """The text of each function and test block by the name of its unit."""
    if source.language in ("terraform", "yaml", "json", "bash"):
        return {}
    return {name: source.text[head.start_byte : head.end_byte] for name, _, head in _outline(source)}


def _outline(source: Source) -> list[tuple[str, Node, Node]]:
    """(unique name, node, node with its decorators) of the outermost functions and test blocks, by place."""
    found: dict[str, tuple[str, Node, Node]] = {}
    end = 0
    for name, node in _functions(source):
        if node.start_byte < end:
            continue
        head = _with_decorators(source, node)
        end = head.end_byte
        unique, number = name, 2
        while unique in found:
            unique, number = f"{name}#{number}", number + 1
        found[unique] = (unique, node, head)
    return list(found.values())


def _functions(source: Source) -> Iterator[tuple[str, Node]]:
    """(qualified name, node) of functions and test blocks, outer ones first, by place."""
    kinds = source.profile.functions
    stack = [(source.root, "")]
    while stack:
        node, prefix = stack.pop()
        kind = node.type
        name = ""
        if kind in kinds or (kind in source.profile.calls and _test_name(source, node)):
            name = _test_name(source, node) if kind in source.profile.calls else _function_name(source, node)
            if name:
                yield prefix + name, node
                if not name.startswith(("describe ", "context ")):
                    continue
        named = node.child_by_field_name("name") if "class" in kind or kind in _CLASSES else None
        inner = prefix + source.of(named) + "." if named is not None else prefix
        stack.extend((child, inner) for child in reversed(node.named_children))


_CLASSES = frozenset({"impl_item", "module", "trait_item", "mod_item", "interface_declaration", "object_declaration"})


def _test_name(source: Source, node: Node) -> str:
    name = source.names(node)[0].split(".")[0]
    if name not in _TEST_CALLS:
        return ""
    arguments = source.arguments(node)
    return f"{name} {source.of(arguments[0].node)}"[:120] if len(arguments) > 1 else ""


def _function_name(source: Source, node: Node) -> str:
    named = node.child_by_field_name("name")
    if named is None and (declarator := node.child_by_field_name("declarator")) is not None:
        named = declarator
        while (deeper := named.child_by_field_name("declarator")) is not None:
            named = deeper
    if named is None:
        above = source.parent(node)
        if above is not None and above.type in ("variable_declarator", "pair", "assignment_expression", "assignment"):
            for field in ("name", "key", "left"):
                named = named or above.child_by_field_name(field)
    return "" if named is None else source.of(named)[:120]


def _with_decorators(source: Source, node: Node) -> Node:
    above = source.parent(node)
    if above is not None and above.type in ("decorated_definition", "export_statement"):
        return above
    if above is not None and above.type == "class_body" and node.prev_named_sibling is not None:
        return node
    return node


def _is_public(source: Source, node: Node, name: str) -> bool:
    last = name.rsplit(".", 1)[-1]
    language = source.language
    if last.startswith(("_", "test", "Test", "describe ", "it ")):
        return False
    if language == "go":
        return last[:1].isupper()
    if language in ("javascript", "typescript", "tsx"):
        return any(a.type == "export_statement" for a in source.ancestors(node)[:4])
    head = source.text[node.start_byte : node.start_byte + 80].split(b"(")[0]
    if language in ("java", "csharp", "kotlin", "swift", "php"):
        return b"private" not in head and b"fileprivate" not in head
    return b"pub" in head if language == "rust" else language in ("python", "ruby")


def _walk(source: Source, top: Node, skip: frozenset[int] = frozenset()) -> Iterator[Fact]:
    stack = [(top, 0)]
    while stack:
        node, depth = stack.pop()
        if skip and depth and node.start_byte in skip and (
            node.type in source.profile.functions or node.type in ("decorated_definition", "export_statement")
            or node.type in source.profile.calls
        ):  # fmt: skip
            continue
        yield from _facts(source, node)
        if depth < _DEEPEST_TREE:
            stack.extend((child, depth + 1) for child in reversed(node.named_children))


def _squeezed(text: str) -> str:
    return " ".join(text.split())[:_LONGEST]


def _fact(kind: str, key: str, node: Node, value: str = "") -> Fact:
    return Fact(kind, _squeezed(key), _squeezed(value), node.start_byte, node.end_byte)


def _facts(source: Source, node: Node) -> Iterator[Fact]:
    kind, roles = node.type, source.profile
    if kind in roles.calls:
        yield from _call_facts(source, node)
    elif kind in _IFS:
        condition = node.child_by_field_name("condition") or (
            node.named_children[0] if node.named_child_count else node
        )
        body = node.child_by_field_name("consequence") or node.child_by_field_name("body") or node.named_children[-1]
        exits = regex(_EXIT).search(source.of(body)) or kind == "guard_statement"
        yield _fact("guard" if exits else "branch", source.of(condition), condition, source.of(body))
    elif kind in roles.catches:
        yield from _catch_facts(source, node)
    elif kind in _WITHS:
        yield _fact("with", source.of(node).split("{")[0].split(":\n")[0].split("\n")[0], node)
    elif kind in _DECORATORS:
        yield _fact("decorator", source.of(node), node)
    elif kind in _ASSERTS:
        yield _fact("assert", source.of(node), node)
    elif kind in _RAISES:
        yield _fact("raise", source.of(node), node)
    elif kind in ("try_expression", "try_operator"):
        yield _fact("propagate", "?", node)
    elif kind in roles.comments:
        yield _fact("comment", source.of(node), node)
    if kind in roles.functions:
        holder = node.child_by_field_name("parameters")
        if holder is not None:
            yield _fact("signature", _function_name(source, node), holder, source.of(holder))
    for triple in roles.settings:
        if triple[0] == kind:
            yield from _setting_fact(source, node, triple[1], triple[2])


def _call_facts(source: Source, node: Node) -> Iterator[Fact]:
    name = source.names(node)[0]
    last = name.rsplit(".", 1)[-1]
    yield _fact("call", name, node, source.of(node))
    if regex(r"(?i)^(?:assert\w*!?|expect|should\w*|require|verify|check)$|^assert|^debug_assert").search(last) or (
        regex(r"(?:^|\.)(?:assert|expect|require|t\.(?:Error|Fatal)f?|should)\b").search(name)
    ):
        yield _fact("assert", source.of(node), node)
    for argument in source.arguments(node):
        if argument.name and argument.name != "**" and argument.place == -1:
            yield _fact("setting", f"{last}.{argument.name}", argument.node, source.of(argument.node))


def _setting_fact(source: Source, node: Node, key: str, value: str) -> Iterator[Fact]:
    children = node.named_children
    if node.type == "keyword_argument" or not children:
        return
    left = node.child_by_field_name(key) if key else children[0]
    right = node.child_by_field_name(value) if value else children[-1]
    if left is not None and right is not None and left.id != right.id:
        yield _fact("setting", source.of(left).strip("'\"`$@:"), right, source.of(right))


def _catch_facts(source: Source, node: Node) -> Iterator[Fact]:
    text = source.of(node)
    head = text.split("{")[0].split(":\n")[0].split("\n")[0]
    types = " ".join(regex(r"[A-Z]\w+").findall(head)) or "everything"
    yield _fact("catch", types, node)
    body = text[len(head) :].strip("{}: \n")
    yield _fact("handler", types, node, body)


def _comments(source: Source) -> list[Fact]:
    return [_fact("comment", source.of(c), c) for c in source.root.named_children if c.type == "comment"]


def _configuration(source: Source) -> Unit:
    facts: list[Fact] = []
    for number, thing in enumerate(_tops(source)):
        facts.extend(_flat(thing[0], thing[1] or str(number), 0))
    return Unit("", 0, len(source.text), tuple(facts), source.text)


def _tops(source: Source) -> Iterator[tuple[objects.Value, str]]:
    if source.language == "terraform":
        for thing in hcl.blocks(source):
            name = (thing.value.entries or {}).get("__name__")
            yield thing.value, f"{thing.kind}.{name.text if name else ''}"
        return
    for document in manifests.documents(source):
        labels = [objects.at(document, path) for path in ("kind", "metadata.name")]
        yield document, ".".join(found[0].text for found in labels if found)


def _flat(value: objects.Value, path: str, depth: int) -> Iterator[Fact]:
    if depth > 30:
        return
    if value.entries is not None:
        yield Fact("setting", path + ".{}", "", value.node.start_byte, value.node.end_byte)
        for key, inner in value.entries.items():
            if not key.startswith("__"):
                yield from _flat(inner, f"{path}.{key}", depth + 1)
    elif value.items is not None:
        for number, item in enumerate(value.items):
            named = objects.at(item, "name") if item.entries else []
            yield from _flat(item, f"{path}.{named[0].text if named else number}", depth + 1)
    else:
        yield Fact("setting", path[:_LONGEST], _squeezed(value.text), value.node.start_byte, value.node.end_byte)
