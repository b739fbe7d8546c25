"""Where a value comes from, as far as one function tells, and whether the text fixes it.

A name is followed to what is assigned to it in the same function, and, for constants, in the file; a call only to a
function of the same file that gives back fixed values. Depth and width are bounded, so that hostile text cannot make
this slow.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from earmark.risk import constants, stores
from earmark.risk.query import returned

if TYPE_CHECKING:
    from tree_sitter import Node

    from earmark.risk.source import Source

# A name is followed through so many steps, an expression through so many levels and parts.
DEEPEST = 8
WIDEST = 12
# Calls whose result is a number, or a part of a statement or command line that is quoted for it.
_HARMLESS = (
    r"^(?:int|float|bool|len|ord|(?:Integer|Long)\.parse(?:Int|Long)|strconv\.(?:Atoi|Itoa|Quote)|parseInt|intval|Number)$"
    r"|(?:^|\.)(?:SQL|Identifier|Placeholder|quote_name|quote_ident|QuoteIdentifier|QuoteLiteral|list2cmdline|shellescape|escapeshellarg"
    r"|escape_filter_chars|escape_rdn)$|^(?:shlex|pipes)\.(?:quote|join)$"
)
_BLOCKS = frozenset(
    {"block", "module", "statement_block", "program", "compound_statement", "source_file", "statement_list",
     "function_body", "constructor_body", "translation_unit", "body_statement", "compilation_unit", "then"}
)  # fmt: skip
# An expression and a type; the expression is named, or comes first.
_CONVERSIONS = frozenset(
    {"as_expression", "satisfies_expression", "type_cast_expression", "cast_expression", "type_conversion_expression"}
)
# What the inside of a text without places is made of.
_FRAGMENTS = frozenset(
    {"string_start", "string_content", "string_end", "string_fragment", "escape_sequence", "multiline_string_fragment",
     "interpreted_string_literal_content", "raw_string_literal_content"}
)  # fmt: skip
_TRANSPARENT = frozenset(
    {"parenthesized_expression", "await_expression", "await", "as_expression", "non_null_expression", "try_expression",
     "reference_expression", "cast_expression", "argument", "value_argument", "literal_element", "satisfies_expression",
     "expression_list", "type_conversion_expression", "unary_expression", "flow_node", "block_node", "expression"}
)  # fmt: skip


@lru_cache(maxsize=2048)
def compiled(expression: str) -> Any:
    """An RE2 expression, compiled once."""
    import re2

    return re2.compile(expression)


def bare(node: Node) -> Node:
    """`node` without parentheses, awaits, casts and the like around it."""
    for _ in range(DEEPEST):
        if node.type in _CONVERSIONS and node.named_child_count == 2:
            named = node.child_by_field_name("value") or node.child_by_field_name("operand")
            node = named or node.named_children[0]
        elif node.type in _TRANSPARENT and node.named_child_count == 1:
            node = node.named_children[0]
        else:
            return node
    return node


def origins(source: Source, node: Node) -> list[Node]:
    """The expressions that may stand behind `node`: itself, or what is assigned to the name it is."""
    return source.once(_behind, bare(node), 0)


def _behind(source: Source, node: Node, _: int) -> list[Node]:
    if node.type not in source.profile.names and (held := stores.stored(source, node)):
        return held
    if node.type not in source.profile.names and node.type not in source.profile.members:
        return [node]
    name = source.of(node)
    scope = source.function(node)
    found = _reaching(source, node, source.assigned(scope).get(name, []))
    if not found and scope.id != source.root.id:
        outer = source.enclosing(scope, source.profile.functions)
        if outer is not None:
            found = source.assigned(outer).get(name, [])
        if not found and (name.isupper() or not is_parameter(source, node)):
            found = source.assigned(source.root).get(name, [])
    found = [value for value in found if not (value.start_byte <= node.start_byte < value.end_byte)]
    return [constants.chosen(source, value) for value in found[-WIDEST:]] or [constants.chosen(source, node)]


def beginning(node: Node) -> Node:
    """What a text that is put together begins with: the left end of a sum, the receiver of a `format`."""
    for _ in range(WIDEST):
        inner = node.child_by_field_name("left") or node.child_by_field_name("function")
        inner = inner or node.child_by_field_name("object")
        if inner is None:
            return node
        node = inner
    return node


def _reaching(source: Source, use: Node, values: list[Node]) -> list[Node]:
    """Those of `values`, in order of place, that may still stand at `use`: an assignment that is always passed on the
    way there, because its own block holds the use, hides the earlier ones; one that constants rule out does not count.
    Loops may bring later ones back."""
    if len(values) < 2:
        return values
    values = [value for value in values if constants.is_reachable(source, value)]
    if source.enclosing(use, source.profile.loops) is not None:
        return values
    before = [value for value in values if value.end_byte <= use.start_byte]
    for index in range(len(before) - 1, -1, -1):
        if is_appended(source, before[index]):
            continue
        block = source.enclosing(before[index], _BLOCKS)
        if block is not None and block.start_byte <= use.start_byte < block.end_byte:
            return before[index:]
    return before or values


def is_literal(source: Source, node: Node, depth: int = 0) -> bool:
    """True when the value is fixed by the text: a literal, a composition of literals, a name bound to such only."""
    roles = source.profile
    node = bare(node)
    kind = node.type
    if kind in roles.strings or kind in roles.literals or kind in roles.composites:
        if source.language == "kotlin" and kind in roles.strings and compiled(r"\$[A-Za-z_{]").search(source.of(node)):
            return False
        return _literal_parts(source, node, depth)
    if kind in roles.calls and compiled(_HARMLESS).search(source.names(node)[0]):
        return True
    if depth > DEEPEST:
        return False
    if kind in roles.calls and _is_fixed(source, node, depth):
        return True
    if kind in roles.names or (kind in (*roles.calls, *roles.members) and stores.stored(source, node)):
        values = origins(source, node)
        if len(values) == 1 and values[0].id == node.id:
            text = source.of(node)
            return text in ("true", "false", "None", "True", "False", "undefined", "iota") or (
                len(text) > 2 and text.isupper() and not is_parameter(source, node)
            )
        return all(is_literal(source, value, depth + 2) for value in values)
    if kind in roles.members:
        last = source.of(node).replace("::", ".").rsplit(".", 1)[-1]
        return len(last) > 2 and last.isupper() and last.replace("_", "").isalnum()
    return False


def _is_fixed(source: Source, call: Node, depth: int) -> bool:
    """A call that puts fixed texts together: `",".join(["?"] * n)`, `strings.Repeat("?,", n)`, a builder's own text."""
    name = source.names(call)[0]
    holder, _, last = name.rpartition(".")
    if last in ("toString", "String"):
        given = stores.given(source, call, holder)
        return bool(given) and all(is_literal(source, each, depth + 2) for each in given)
    if last not in _FIXING:
        return _answers_fixed(source, call, last, depth)
    function = call.child_by_field_name("function")
    receiver = call.child_by_field_name("object") or (function.child_by_field_name("object") if function else None)
    parts = [a.node for a in source.arguments(call)] + ([receiver] if receiver is not None else [])
    return all(is_literal(source, each, depth + 1) for each in parts)


def _answers_fixed(source: Source, call: Node, name: str, depth: int) -> bool:
    """The call is of a function of this file, known by its name alone, that gives back nothing but fixed values."""
    function = source.declared(name)
    body = function.child_by_field_name("body") if function is not None else None
    if function is None or body is None or body.end_byte - body.start_byte > _LONGEST_BODY:
        return False
    if body.start_byte <= call.start_byte < body.end_byte:
        return False
    results = returned(source, function)
    return bool(results) and all(is_literal(source, each, depth + 1) for each in results)


# A longer function is not looked into.
_LONGEST_BODY = 8 << 10
# Calls whose text is fixed when all they are given is.
_FIXING = frozenset(
    {"join", "format", "repeat", "Repeat", "strip", "lower", "upper", "concat", "dedent", "trim", "Join"}
)


_CHOICES = frozenset({"ternary_expression", "conditional_expression"})


def _literal_parts(source: Source, node: Node, depth: int) -> bool:
    if all(child.type in _FRAGMENTS for child in node.named_children):
        return True
    if depth > DEEPEST:
        return False
    roles = source.profile
    # What decides between two fixed values need not be fixed itself.
    deciding = node.child_by_field_name("condition") if node.type in _CHOICES else None
    for child in node.named_children:
        if deciding is not None and child.id == deciding.id:
            continue
        kind = child.type
        if kind in roles.interpolations and kind not in roles.names and kind not in roles.members:
            inside = child.named_children[0] if child.named_child_count else child
            if inside.id == child.id or not is_literal(source, inside, depth + 1):
                return False
        elif kind in roles.calls and is_literal(source, child, depth + 1):
            continue
        elif (kind in roles.names or kind in roles.members or kind in roles.calls) and not is_literal(
            source, child, depth + 1
        ):
            return False
        elif kind in roles.composites or kind in roles.strings:
            if not _literal_parts(source, child, depth + 1):
                return False
        elif kind in roles.functions or kind.endswith(("call", "call_expression", "subscript", "comprehension")):
            return False
    return True


def is_appended(source: Source, value: Node) -> bool:
    """The value is added to what the name stood for."""
    above = source.parent(value)
    return above is not None and (above.type.startswith("augmented") or source.of(above).find("+=") > 0)


def is_stringy(source: Source, node: Node) -> bool:
    """The expression is a string literal."""
    node = bare(node)
    return node.type in source.profile.strings or node.type == "concatenated_string"


def mentions_string(source: Source, node: Node, depth: int) -> bool:
    """A string literal stands directly inside this expression, or behind a name in it."""
    if depth > DEEPEST:
        return False
    if node.type in source.profile.strings or node.type == "concatenated_string":
        return True
    if node.type in source.profile.names:
        return any(is_stringy(source, v) for v in origins(source, node) if v.id != node.id)
    return any(mentions_string(source, child, depth + 1) for child in node.named_children[:WIDEST])


_DECLARED = (
    r"\b(?:function\s*\*?|class|fn|def|func|fun|struct|import)\s+([\w$]+)|\bimport\s*\{[^}]*?(\w+)\s*\}"
    r"|\bimport\s*\{\s*(\w+)"
)


def is_declared(source: Source, node: Node, name: str) -> bool:
    """True when the file itself says what `name` is, at `node`: a function, a class, a parameter or a variable."""
    if not name:
        return False
    if name in source.words(_DECLARED):
        return True
    scope: Node | None = source.function(node)
    for _ in range(DEEPEST):
        if scope is None:
            return False
        if name in source.parameters(scope) or name in source.assigned(scope):
            return True
        scope = source.enclosing(scope, source.profile.functions) if scope.id != source.root.id else None
    return False


def is_outer(source: Source, node: Node) -> bool:
    """True for a member of something, and for a variable that is declared in the file but outside the function."""
    if node.type in source.profile.members:
        return True
    scope, name = source.function(node), source.of(node)
    own = compiled(rf"\b(?:let|var|const)\b[^;=()]*\b{escaped(name)}\b").search(source.of(scope))
    return own is None and name not in source.parameters(scope) and name in source.words(_VARIABLE)


_VARIABLE = r"\b(?:let|var)\s+([\w$]+)"


# Where another way through the function joins: what follows is no longer after the statement alone.
_JOINS = frozenset({"else_clause", "case_statement", "labeled_statement"})


def is_reused(source: Source, node: Node) -> bool:
    """True when a plain name is used again after the statement around `node`, before it is given another value."""
    node = bare(node)
    if node.type not in source.profile.names:
        return False
    at: Node | None = source.enclosing(node, source.profile.statements)
    name = escaped(source.of(node))
    barriers = source.profile.functions | source.profile.loops
    for _ in range(3):
        if at is None:
            return False
        known = _reuse_after(source, at, name)
        if known is not None:
            return known
        at = source.parent(at)
        if at is None or at.type in barriers:
            return False
    return False


def _reuse_after(source: Source, statement: Node, name: str) -> bool | None:
    """Whether the statements after this one use the name; None when they end without saying."""
    fresh = compiled(rf"^[\s(]*{name}\s*=[^=]|^\w[\w\s*<>:]*\b{name}\s*=[^=]")
    used = compiled(rf"\b{name}\b")
    leaves = compiled(r"^\s*(?:return|break|continue|goto|exit|abort|throw|_exit)\b")
    following = statement.next_named_sibling
    while following is not None:
        text = source.of(following)
        if following.type in _JOINS or following.type in source.profile.functions or fresh.search(text):
            return False
        if following.type not in source.profile.comments and used.search(text):
            return True
        if leaves.search(text):
            return False
        following = following.next_named_sibling
    return None


def captured(source: Source, call: Node) -> frozenset[str]:
    """The names that a format macro of Rust takes from around it, as `{name}` in its text."""
    if source.language != "rust" or not source.names(call)[0].endswith("!"):
        return frozenset()
    texts = [source.of(a.node) for a in source.arguments(call) if is_stringy(source, a.node)]
    return frozenset(name for text in texts for name in compiled(r"\{([a-z_]\w*)(?::[^{}]*)?\}").findall(text))


def is_fed(source: Source, node: Node, depth: int = 0) -> bool:
    """True when a parameter of the function around goes into the value, with no call in between but a format macro."""
    node = bare(node)
    if depth > DEEPEST:
        return False
    if node.type in source.profile.calls:
        if not source.names(node)[0].endswith("format!"):
            return False
        if captured(source, node) & source.parameters(source.function(node)):
            return True
        return any(is_fed(source, a.node, depth + 1) for a in source.arguments(node))
    if node.type in source.profile.names:
        values = [value for value in origins(source, node) if value.id != node.id]
        return any(is_fed(source, value, depth + 2) for value in values) if values else is_parameter(source, node)
    return any(is_fed(source, child, depth + 1) for child in node.named_children[:WIDEST])


def is_parameter(source: Source, node: Node) -> bool:
    """True when the name is a parameter of the function around it."""
    return source.of(node) in source.parameters(source.function(node))


def escaped(name: str) -> str:
    """A name as a regular expression that matches it."""
    return "".join(c if c.isalnum() or c == "_" else "\\" + c for c in name[:80])


def entropy(text: str) -> float:
    """Shannon entropy in bits a character."""
    from math import log2

    total = len(text)
    if not total:
        return 0.0
    counts = (text.count(char) for char in set(text))
    return -sum(n / total * log2(n / total) for n in counts)
