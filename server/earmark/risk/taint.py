"""Whether a value comes from outside: a request, an argument vector, the environment of a request.

As far as one function tells, like everything in `flow`; a call that makes a value safe, and a test of it against
allowed values, end the way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from earmark.risk.constants import chosen
from earmark.risk.flow import DEEPEST, WIDEST, bare, compiled, escaped, is_parameter, origins
from earmark.risk.query import returned

if TYPE_CHECKING:
    from tree_sitter import Node

    from earmark.risk.source import Source

# So many bytes before a use are searched for a test of the value.
_FAR = 8 << 10

# Expressions that hand over what a user, a client or the environment of a request chose.
_SOURCES = {
    "python": r"\b(?:request|req|self\.request|flask\.request|httprequest)\.(?:args|form|values|json|data|files|cookies"
    r"|headers|GET|POST|query_params|get_json|params|body|COOKIES|META|FILES|query|path_params|get_data|match_info|url"
    r"|query_string|path|REQUEST|getParameter|get_argument|GET_LIST|stream|matchdict)\b|\b(?:raw_)?input\s*\(|\bsys\.argv"
    r"|\bget_(?:\w+_)?(?:arguments?|parameters?)\(|\bevent(?:\[|\.get\()|parse_args\(|\bsys\.stdin|\brecv(?:from)?\(",
    "javascript": r"\b(?:req|request|context|event|ctx\.req(?:uest)?)\.(?:query|params|body|headers|cookies|param|url"
    r"|originalUrl|get|files?|queryStringParameters|pathParameters|nextUrl|payload|hostname|path)\b"
    r"|\bctx\.(?:query|params|querystring|headers|cookies)\b|\blocation\.(?:hash|search|href|pathname)"
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
_ROUTES = (
    r"(?i)\.(?:route|get|post|put|patch|delete|websocket|api_route)\s*\(|api_view|@(?:Get|Post|Put|Delete|Patch|Request)"
    r"Mapping|@(?:GET|POST|PUT|DELETE|Path)\b|\[Http(?:Get|Post|Put|Delete)"
)
# A Python view takes the request first; what follows comes from the address. A method is one by its name.
_VIEW = (
    r"^\s*(?:async\s+)?def\s+(?:[A-Za-z]\w*\s*\(\s*(?:request|req)\b"
    r"|(?:get|post|put|patch|delete|dispatch|retrieve|create|update|destroy)\s*\(\s*self\s*,\s*request\b)"
)
# Parameters of a handler that the client does not choose.
_OWN = frozenset({"self", "cls", "request", "req", "response", "resp", "db", "session", "app", "settings", "conn", "w"})
# A value that was looked up among allowed ones, or is of harmless characters, is not the attacker's any more. %s is
# the name.
_GUARDS = (
    r"\b(?:if|elif|assert|while)\b[^\n]*\b%s\s+(?:not\s+)?in\s|\b%s\.(?:isalnum|isdigit|isalpha|isnumeric|isidentifier)\("
    r"|(?i:allow|valid|permit|white|safe|known|trusted)\w*\)?(?:\[|\.(?:contains|containsKey|has|includes|get|test|match\w*)\()\s*%s\b"
    r"|(?i:is_?valid|is_?safe|is_?allowed|validate|verify|check)\w*\(\s*%s\b|(?:full)?match\([^()\n]*,\s*%s\s*\)"
    r"|\b%s\.matches\(|MatchString\(\s*%s\b"
)
_ANY_GUARD = _GUARDS.replace("%s", r"[\w.$]+")
_PARAMETERS = (
    r"@(?:RequestParam|PathVariable|RequestBody|QueryParam|PathParam|RequestHeader|CookieValue|FormParam)"
    r"|\[From(?:Query|Body|Route|Form|Header)|http\.Request|HttpServletRequest|Request\b"
)


def is_tainted(source: Source, node: Node, depth: int = 0) -> bool:
    """True when the value comes from a request, an argument vector or the like, without a call that makes it safe."""
    return depth <= DEEPEST and source.once(_comes_from_outside, node, depth)


def _comes_from_outside(source: Source, node: Node, depth: int) -> bool:
    pattern = _SOURCES.get(source.language)
    if pattern is None:
        return False
    roles = source.profile
    node = bare(node)
    kind = node.type
    if kind in roles.calls and (compiled(_CLEAN).search(source.names(node)[0]) or _drops_arguments(source, node)):
        return False
    if node.end_byte - node.start_byte < 2000 and (kind in roles.members or kind in roles.calls):
        text = source.of(node)
        if compiled(pattern).search(text) and not compiled(_CLEAN).search(text):
            return True
    node = chosen(source, node)
    if kind in roles.names:
        if compiled(pattern).search(source.of(node)):
            return True
        if _is_guarded(source, node):
            return False
        values = origins(source, node)
        if any(value.id != node.id and is_tainted(source, value, depth + 1) for value in values):
            return True
        return source.of(node) not in _OWN and is_parameter(source, node) and _is_handler(source, node)
    if kind in roles.members or kind in roles.calls:
        values = [v for v in origins(source, node) if v.id != node.id]
        if values and kind in roles.calls:
            return any(is_tainted(source, v, depth + 1) for v in values)
        if any(is_tainted(source, v, depth + 1) for v in values):
            return True
    return any(is_tainted(source, child, depth + 1) for child in node.named_children[:WIDEST] if child.is_named)


def _drops_arguments(source: Source, call: Node) -> bool:
    """The call is of a function of this file, known by its name alone, and nothing that it returns is made from its
    parameters or from outside."""
    function = source.declared(source.names(call)[0].rsplit(".", 1)[-1])
    body = function.child_by_field_name("body") if function is not None else None
    if function is None or body is None or body.end_byte - body.start_byte > _FAR:
        return False
    if body.start_byte <= call.start_byte < body.end_byte or not source.parameters(function):
        return False
    results = returned(source, function)
    return bool(results) and not any(_from_parameter(source, each, function, 0) for each in results)


def _from_parameter(source: Source, node: Node, function: Node, depth: int) -> bool:
    """The value holds a parameter of `function`, or something from outside."""
    if depth > DEEPEST:
        return True
    node = chosen(source, bare(node))
    if node.type in source.profile.names:
        values = origins(source, node)
        if len(values) == 1 and values[0].id == node.id:
            return source.of(node) in source.parameters(function)
        return any(_from_parameter(source, value, function, depth + 1) for value in values)
    if node.type in source.profile.calls and compiled(_CLEAN).search(source.names(node)[0]):
        return False
    return any(_from_parameter(source, child, function, depth + 1) for child in node.named_children[:WIDEST])


def _is_guarded(source: Source, node: Node) -> bool:
    """The function has tested the name `node` against allowed values or characters before this place."""
    scope = source.function(node)
    if scope.id == source.root.id:
        return False
    before = source.text[scope.start_byte : node.start_byte][-_FAR:].decode("utf-8", "replace")
    if not compiled(_ANY_GUARD).search(before):  # most functions have none, and each name is an expression of its own
        return False
    return bool(compiled(_GUARDS.replace("%s", escaped(source.of(node)))).search(before))


def _is_handler(source: Source, node: Node) -> bool:
    """The function around `node` answers requests, as its decorators or the annotations of its parameters say."""
    scope = source.function(node)
    above = source.parent(scope)
    body = scope.child_by_field_name("body")
    start = above.start_byte if above is not None and above.type == "decorated_definition" else scope.start_byte
    end = body.start_byte if body is not None else scope.start_byte
    head = source.text[start:end].decode("utf-8", "replace")
    if compiled(_ROUTES).search(head) or (
        source.language == "python" and compiled(_VIEW).search(source.of(scope)[:300])
    ):
        return True
    if source.language not in ("java", "csharp", "kotlin"):
        return False
    return bool(compiled(f"(?:{_PARAMETERS})" + r"[^,]*\b" + escaped(source.of(node)) + r"\b").search(head))
