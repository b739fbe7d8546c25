"""Where a value comes from, as far as one function tells: literal, built from parts, or from outside.

A name is followed to what is assigned to it in the same function, and, for constants, in the file; nothing crosses a
call. Depth and width are bounded, so that hostile text cannot make this slow.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tree_sitter import Node

    from earmark.risk.source import Source

_DEEPEST = 6
_WIDEST = 12
# So many bytes before a use are searched for a test of the value.
_FAR = 8 << 10

# Expressions that hand over what a user, a client or the environment of a request chose.
_SOURCES = {
    "python": r"\b(?:request|req|self\.request|flask\.request|httprequest)\.(?:args|form|values|json|data|files|cookies"
    r"|headers|GET|POST|query_params|get_json|params|body|COOKIES|META|FILES|query|path_params|get_data|match_info|url"
    r"|query_string|path|REQUEST|getParameter|get_argument|GET_LIST|stream|matchdict)\b|\b(?:raw_)?input\s*\(|\bsys\.argv"
    r"|\bget_(?:\w+_)?(?:arguments?|parameters?)\(|\bevent(?:\[|\.get\()|parse_args\(|\bsys\.stdin|\brecv(?:from)?\(",
    "javascript": r"\b(?:req|request|ctx|context|event|ctx\.request)\.(?:query|params|body|headers|cookies|param|url"
    r"|originalUrl|get|files?|queryStringParameters|pathParameters|nextUrl)\b|\blocation\.(?:hash|search|href|pathname)"
    r"|document\.(?:URL|referrer|location|cookie|documentURI)|window\.(?:name|location)|process\.argv|URLSearchParams"
    r"|\b(?:e|evt|event|msg|message)\.data\b|readline|\bprompt\(|useSearchParams|searchParams",
    "go": r"\br(?:eq|equest)?\.(?:URL|Form|PostForm|Body|Header|FormValue|PostFormValue|RequestURI|Host|Cookie)\b"
    r"|FormValue\(|mux\.Vars|\bc(?:tx)?\.(?:Query|Param|PostForm|FormValue|Params|QueryParam|GetHeader)\b|os\.Args"
    r"|flag\.(?:String|Arg)|os\.Getenv|ReadString\(|\.Text\(\)|bufio\.NewReader|URL\.Query",
    "java": r"getParameter|getHeader|getQueryString|getCookies|getInputStream|getReader|\bargs\[|System\.getenv"
    r"|readLine\(|nextLine\(|getPathInfo|getRequestURI|getPart\(|getTheParameter|getProperty\(|getValue\(\)",
    "php": r"\$_(?:GET|POST|REQUEST|COOKIE|SERVER|FILES|ENV)\b|->(?:get|query|input|post|getParam|request)\(|php://input"
    r"|\$argv|getenv\(|\$request\b",
    "ruby": r"\bparams\b|\brequest\.|\bcookies\b|\bENV\[|\bARGV\b|\bgets\b",
    "csharp": r"Request\.(?:Query|Form|Headers|Cookies|Params|QueryString|Path|Body|Url)|Request\[|Console\.ReadLine"
    r"|\bargs\[|QueryString\[|GetEnvironmentVariable",
    "rust": r"env::(?:args|var)|stdin\(\)|Query\(|Path\(|read_line|\.query_string\(|\.match_info\(",
    "c": r"\bargv\b|getenv\s*\(|fgets|scanf|\brecv\b|\bread\s*\(",
    "kotlin": r"getParameter|call\.(?:parameters|receive|request)|readLine\(|intent\.|\bargs\[|System\.getenv",
    "swift": r"req\.(?:query|parameters|content)|CommandLine\.arguments|readLine\(|URLComponents|\.text\b",
}
_SOURCES["typescript"] = _SOURCES["tsx"] = _SOURCES["javascript"]
_SOURCES["cpp"] = _SOURCES["c"]
_SOURCES["php-fragment"] = _SOURCES["php"]

# Calls whose result is safe whatever went in: numbers, quoting, lookups in fixed tables, base names.
_CLEAN = (
    r"(?i)^(?:int|float|bool|len|ord|hash|uuid\.UUID|parseInt|parseFloat|Number|Boolean|strconv\.(?:Atoi|ParseInt"
    r"|ParseBool|ParseFloat)|intval|floatval|Integer\.parseInt|Long\.parseLong|UUID\.fromString|int\.Parse)$"
    r"|quote|escape|sanit|encode(?:\.?for|URI)|basename|clean|secure_filename|validate|whitelist|allow_?list"
    r"|bleach|purify|safe_join|filepath\.Base|shlex|is_?safe|to_i\b|digest|hexdigest"
)
# Calls whose result is a number, or a part of a statement or command line that is quoted for it.
_HARMLESS = (
    r"^(?:int|float|bool|len|ord|(?:Integer|Long)\.parse(?:Int|Long)|strconv\.(?:Atoi|Itoa|Quote)|parseInt|intval|Number)$"
    r"|(?:^|\.)(?:SQL|Identifier|Placeholder|quote_name|quote_ident|list2cmdline|shellescape|escapeshellarg"
    r"|escape_filter_chars|escape_rdn)$|^(?:shlex|pipes)\.(?:quote|join)$"
)
_ROUTES = (
    r"(?i)\.(?:route|get|post|put|patch|delete|websocket|api_route)\s*\(|api_view|@(?:Get|Post|Put|Delete|Patch|Request)"
    r"Mapping|@(?:GET|POST|PUT|DELETE|Path)\b|\[Http(?:Get|Post|Put|Delete)"
)
# A Python view takes the request first; what follows comes from the address.
_VIEW = r"^\s*(?:async\s+)?def\s+\w+\s*\(\s*(?:(?:self|cls)\s*,\s*)?(?:request|req)\b"
# A value that was looked up among allowed ones, or is of harmless characters, is not the attacker's any more. %s is
# the name.
_GUARDS = (
    r"\b(?:if|elif|assert|while)\b[^\n]*\b%s\s+(?:not\s+)?in\s|\b%s\.(?:isalnum|isdigit|isalpha|isnumeric|isidentifier)\("
    r"|(?i:allow|valid|permit|white|safe|known|trusted)\w*\)?(?:\[|\.(?:contains|containsKey|has|includes|get|test|match\w*)\()\s*%s\b"
    r"|(?i:is_?valid|is_?safe|is_?allowed|validate|verify|check)\w*\(\s*%s\b|(?:full)?match\([^()\n]*,\s*%s\s*\)"
    r"|\b%s\.matches\(|MatchString\(\s*%s\b"
)
_PARAMETERS = (
    r"@(?:RequestParam|PathVariable|RequestBody|QueryParam|PathParam|RequestHeader|CookieValue|FormParam)"
    r"|\[From(?:Query|Body|Route|Form|Header)|http\.Request|HttpServletRequest|Request\b"
)
_BUILDERS = (
    r"(?:^|\.)(?:format|sprintf|Sprintf|Sprint|Sprintln|concat|join|vsprintf|formatted|Format|Concat|Join|append"
    r"|replace|Appendf|StringBuilder|printf|snprintf|strcat|util\.format)$|^(?:format|concat|write)!$"
)
# A statement composed of typed parts (psycopg's `sql.SQL("…").format(sql.Identifier(name))`) is not text put together.
_COMPOSED = r"\bSQL\("
_BUILDING_OPERATORS = frozenset({"+", "%", ".", "..", "<>", "<<", ".=", "+="})
_BLOCKS = frozenset(
    {"block", "module", "statement_block", "program", "compound_statement", "source_file", "statement_list",
     "function_body", "constructor_body", "translation_unit", "body_statement", "compilation_unit", "then"}
)  # fmt: skip
_TRANSPARENT = frozenset(
    {"parenthesized_expression", "await_expression", "await", "as_expression", "non_null_expression", "try_expression",
     "reference_expression", "cast_expression", "argument", "value_argument", "literal_element", "satisfies_expression",
     "expression_list", "type_conversion_expression", "unary_expression", "flow_node", "block_node", "expression"}
)  # fmt: skip


@lru_cache(maxsize=2048)
def _re(expression: str) -> Any:
    import re2

    return re2.compile(expression)


def bare(node: Node) -> Node:
    """`node` without parentheses, awaits, casts and the like around it."""
    for _ in range(_DEEPEST):
        if node.type not in _TRANSPARENT or node.named_child_count != 1:
            return node
        node = node.named_children[0]
    return node


def origins(source: Source, node: Node) -> list[Node]:
    """The expressions that may stand behind `node`: itself, or what is assigned to the name it is."""
    node = bare(node)
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
    return found[-_WIDEST:] if found else [node]


def _reaching(source: Source, use: Node, values: list[Node]) -> list[Node]:
    """Those of `values`, in order of place, that may still stand at `use`: an assignment that is always passed on the
    way there, because its own block holds the use, hides the earlier ones. Loops may bring later ones back."""
    if len(values) < 2 or source.enclosing(use, source.profile.loops) is not None:
        return values
    before = [value for value in values if value.end_byte <= use.start_byte]
    for index in range(len(before) - 1, -1, -1):
        if _is_appended(source, before[index]):
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
        if source.language == "kotlin" and kind in roles.strings and _re(r"\$[A-Za-z_{]").search(source.of(node)):
            return False
        return _literal_parts(source, node, depth)
    if depth > _DEEPEST:
        return False
    if kind in roles.calls and _re(_HARMLESS).search(source.names(node)[0]):
        return True
    if kind in roles.names:
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


def _literal_parts(source: Source, node: Node, depth: int) -> bool:
    if depth > _DEEPEST:
        return False
    roles = source.profile
    for child in node.named_children:
        kind = child.type
        if kind in roles.interpolations and kind not in roles.names and kind not in roles.members:
            inside = child.named_children[0] if child.named_child_count else child
            if inside.id == child.id or not is_literal(source, inside, depth + 1):
                return False
        elif kind in roles.calls and _re(_HARMLESS).search(source.names(child)[0]):
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


def is_built(source: Source, node: Node, depth: int = 0) -> bool:
    """True when a string is put together from parts of which at least one is not fixed by the text."""
    roles = source.profile
    node = bare(node)
    kind = node.type
    if depth > _DEEPEST:
        return False
    if kind in roles.names:
        values = origins(source, node)
        if any(value.id != node.id and is_built(source, value, depth + 2) for value in values):
            return True
        appended = len(values) > 1 and any(_is_stringy(source, value) for value in values)
        return appended and any(_is_appended(source, v) and not is_literal(source, v, depth + 2) for v in values)
    if kind in roles.strings or kind == "concatenated_string":
        return not is_literal(source, node, depth + 1)
    if kind in roles.binaries:
        operator = node.child_by_field_name("operator")
        sign = source.of(operator) if operator else "+"
        if sign not in _BUILDING_OPERATORS or not _mentions_string(source, node, 0):
            return False
        return not is_literal(source, node, depth + 1)
    if kind in roles.calls:
        name = source.names(node)[0]
        if _re(_BUILDERS).search(name):
            arguments = source.arguments(node)
            inside = node.child_by_field_name("function") or node.child_by_field_name("object") or node
            if not _dynamic(source, arguments, depth) or _re(_COMPOSED).search(source.of(inside)):
                return False
            return name.endswith(("!", "rintf", "Format", "format")) or _mentions_string(source, inside, 0)
        if name.rsplit(".", 1)[-1] in _PASSING and source.arguments(node):
            return is_built(source, source.arguments(node)[0].node, depth + 1)
        holder = node.child_by_field_name("object")
        return holder is not None and holder.type in roles.calls and is_built(source, holder, depth + 1)
    if kind in ("conditional_expression", "ternary_expression", "boolean_operator", "binary"):
        return any(is_built(source, child, depth + 1) for child in node.named_children)
    return False


# Calls that hand their first argument on, wrapped.
_PASSING = frozenset(
    {"text", "str", "String", "raw", "RawSQL", "encode", "trim", "c_str", "Literal", "dedent", "bytes"}
)


def _dynamic(source: Source, arguments: tuple[Any, ...], depth: int) -> bool:
    return any(a.name == "**" or not is_literal(source, a.node, depth + 1) for a in arguments)


def _is_appended(source: Source, value: Node) -> bool:
    above = source.parent(value)
    return above is not None and (above.type.startswith("augmented") or source.of(above).find("+=") > 0)


def _is_stringy(source: Source, node: Node) -> bool:
    node = bare(node)
    return node.type in source.profile.strings or node.type == "concatenated_string"


def _mentions_string(source: Source, node: Node, depth: int) -> bool:
    """A string literal stands directly inside this expression, or behind a name in it."""
    if depth > _DEEPEST:
        return False
    if node.type in source.profile.strings or node.type == "concatenated_string":
        return True
    if node.type in source.profile.names:
        return any(_is_stringy(source, v) for v in origins(source, node) if v.id != node.id)
    return any(_mentions_string(source, child, depth + 1) for child in node.named_children[:_WIDEST])


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
    for _ in range(_DEEPEST):
        if scope is None:
            return False
        if name in source.parameters(scope) or name in source.assigned(scope):
            return True
        scope = source.enclosing(scope, source.profile.functions) if scope.id != source.root.id else None
    return False


def is_reused(source: Source, node: Node, depth: int = 0) -> bool:
    """True when a plain name is used again after the statement around `node`, before it is given another value."""
    node = bare(node)
    if node.type not in source.profile.names:
        return False
    at: Node | None = source.enclosing(node, source.profile.statements)
    name = escaped(source.of(node))
    fresh = _re(rf"^\W*{name}\s*=[^=]|^\w[\w\s*<>:]*\b{name}\s*=[^=]")
    leaves = _re(r"^\s*(?:return|break|continue|goto|exit|abort|throw|_exit)\b")
    for _ in range(3):
        if at is None:
            return False
        following = at.next_named_sibling
        while following is not None:
            text = source.of(following)
            if fresh.search(text) or (following.type in source.profile.functions):
                return False
            if _re(rf"\b{name}\b").search(text) and following.type not in source.profile.comments:
                return True
            if leaves.search(text) or following.type in ("else_clause", "case_statement"):
                return False
            following = following.next_named_sibling
        above = source.parent(at)
        if above is None or above.type in source.profile.functions or above.type in source.profile.loops:
            return False
        at = above
    return False


def is_parameter(source: Source, node: Node) -> bool:
    """True when the name is a parameter of the function around it."""
    return source.of(node) in source.parameters(source.function(node))


def escaped(name: str) -> str:
    """A name as a regular expression that matches it."""
    return "".join(c if c.isalnum() or c == "_" else "\\" + c for c in name[:80])


def is_tainted(source: Source, node: Node, depth: int = 0) -> bool:
    """True when the value comes from a request, an argument vector or the like, without a call that makes it safe."""
    if depth > _DEEPEST:
        return False
    pattern = _SOURCES.get(source.language)
    if pattern is None:
        return False
    roles = source.profile
    node = bare(node)
    kind = node.type
    if kind in roles.calls and _re(_CLEAN).search(source.names(node)[0]):
        return False
    if node.end_byte - node.start_byte < 2000 and (kind in roles.members or kind in roles.calls):
        text = source.of(node)
        if _re(pattern).search(text) and not _re(_CLEAN).search(text):
            return True
    if kind in roles.names:
        if _re(pattern).search(source.of(node)):
            return True
        if _is_guarded(source, node):
            return False
        values = origins(source, node)
        if any(value.id != node.id and is_tainted(source, value, depth + 1) for value in values):
            return True
        return is_parameter(source, node) and _is_handler(source, node)
    if kind in roles.members and any(
        v.id != node.id and is_tainted(source, v, depth + 1) for v in origins(source, node)
    ):
        return True
    return any(is_tainted(source, child, depth + 1) for child in node.named_children[:_WIDEST] if child.is_named)


def _is_guarded(source: Source, node: Node) -> bool:
    """The function has tested the name `node` against allowed values or characters before this place."""
    scope = source.function(node)
    if scope.id == source.root.id:
        return False
    before = source.text[scope.start_byte : node.start_byte][-_FAR:].decode("utf-8", "replace")
    name = escaped(source.of(node))
    return bool(_re(_GUARDS.replace("%s", name)).search(before))


def _is_handler(source: Source, node: Node) -> bool:
    """The function around `node` answers requests, as its decorators or the annotations of its parameters say."""
    scope = source.function(node)
    above = source.parent(scope)
    body = scope.child_by_field_name("body")
    start = above.start_byte if above is not None and above.type == "decorated_definition" else scope.start_byte
    end = body.start_byte if body is not None else scope.start_byte
    head = source.text[start:end].decode("utf-8", "replace")
    if _re(_ROUTES).search(head) or (source.language == "python" and _re(_VIEW).search(source.of(scope)[:300])):
        return True
    parameter = _re(_PARAMETERS + r"[^,]*\b" + escaped(source.of(node)) + r"\b")
    return source.language in ("java", "csharp", "kotlin") and bool(parameter.search(head))


def entropy(text: str) -> float:
    """Shannon entropy in bits a character."""
    from math import log2

    total = len(text)
    if not total:
        return 0.0
    counts = (text.count(char) for char in set(text))
    return -sum(n / total * log2(n / total) for n in counts)
