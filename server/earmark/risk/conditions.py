"""The predicates a rule may ask beyond tree-sitter's own: the vocabulary of `when` and `unless`.

A condition is one table with a subject and tests; `name`, `inside`, `path` and `result` may stand beside another
subject and must then hold too. Subjects:

    arg = 0 | "name" | "*"            an argument by place, by keyword (options objects count), or any; a list is "or"
    of = "capture"                    a capture of the query; "value" and "key" of a setting; "match" is the hit itself
    name = REGEX                      the dotted name of what is called, imports resolved
    inside = ROLE | [ROLE, …]         loop function async catch try finally test class with lock, or node types
    calls = [NAME, …] + where         a call of one of these in: function (default), after, before, match, file, loop
    scope = WHERE + matches           the text of: match, line, statement, block, function, file, before, after, parent,
                                      rest (of the block)
    path = REGEX                      the path of the file
    result = "unused" | "assigned" | "awaited" | "leaked" (bound to a name that the function never closes or hands on)
           | "unchecked" (bound to a name whose first use is no test of it)
    loop = "stuck" | "backwards"      nothing in the loop changes what its condition reads; its counter runs away
         | "mutated" | "captured"     changes the collection that a loop around goes through; a function that reads a
                                      loop's variable later
         | "endless"                  a function whose body comes to itself again whatever happens
    local = true                      the function that is called is declared in this file, or a parameter
    same = ["capture", "capture"]     both captures have the same text
    reaches = ["capture", "capture"]  the first is a number that is at least the second
    use = "overwritten"               the variable that the capture `name` is gets another value before it is read
        | "though_nil"                is dereferenced although the `if` that is hit has found it to be nil, or before
        | "field" | "volatile"        is a field of the class; one that is volatile

Tests on `arg` and `of`: `is` (one or a list of: absent present literal dynamic string number true false null empty
built tainted parameter name call function promise floating reused outer fed), `matches`, `lacks` (RE2 on the source),
`min`, `max` (numbers), `entropy` (at least so many bits a character). Without a test the subject need only be there. A
spread argument makes every keyword "present". A `floating` promise is one whose failure nobody handles; a `reused` name
is used again after the statement, before it gets another value; `outer` is what is declared outside the function.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from earmark.risk import built, flow, iteration, loops, promises, results, taint, uses
from earmark.risk.places import (
    SCOPES,
    ConditionError,
    Hit,
    expand,
    inside_role,
    last_segment,
    name_matches,
    regex,
    scope_bytes,
)

if TYPE_CHECKING:
    from tree_sitter import Node

    from earmark.risk.source import Source


Test = Callable[["Source", Hit], bool]
_SUBJECTS = frozenset(
    {"arg", "of", "name", "inside", "calls", "scope", "path", "result", "loop", "local", "same", "use", "reaches"}
)
_TESTS = frozenset({"is", "matches", "lacks", "min", "max", "entropy", "where"})


def compile_condition(table: dict[str, Any]) -> Test:
    """The test for one table; raises ConditionError."""
    unknown = set(table) - _SUBJECTS - _TESTS
    subjects = [key for key in table if key in _SUBJECTS]
    tested = [key for key in subjects if key in ("arg", "of", "scope", "calls")]
    if unknown or not subjects or len(tested) > 1:
        raise ConditionError(f"a condition needs one of {sorted(_SUBJECTS)}; found {sorted(table)}")
    tests = [_COMPILERS[subject](table) for subject in subjects]
    return tests[0] if len(tests) == 1 else lambda source, hit: all(test(source, hit) for test in tests)


def _names(table: dict[str, Any]) -> Test:
    pattern = regex(table["name"])
    return lambda source, hit: hit.is_call and any(pattern.search(n) for n in source.names(hit.node))


def _path(table: dict[str, Any]) -> Test:
    pattern = regex(table["path"])
    return lambda source, hit: bool(pattern.search(source.path))


def _argument(table: dict[str, Any]) -> Test:
    wanted = table["arg"] if isinstance(table["arg"], list) else [table["arg"]]
    test = value_test(table)
    absent_ok = "absent" in _listed(table.get("is"))

    def check(source: Source, hit: Hit) -> bool:
        if not hit.is_call:
            return False
        found = []
        for argument in source.arguments(hit.node):
            if "*" in wanted and argument.place != -2:
                found.append(argument.node)
            elif argument.name == "**" and any(isinstance(w, str) for w in wanted):
                # A spread may hold the keyword: it is neither absent nor known.
                if absent_ok or not _tested(table):
                    return not absent_ok
            elif (argument.name and argument.name in wanted) or argument.place in wanted:
                found.append(argument.node)
        if not found:
            return absent_ok
        return any(test(source, node) for node in found)

    return check


def _tested(table: dict[str, Any]) -> bool:
    return bool(set(table) & {"is", "matches", "lacks", "min", "max", "entropy"})


def _capture(table: dict[str, Any]) -> Test:
    # Only a value is followed to what stands behind its name; other captures are the text they are.
    name, test = table["of"], value_test(table, follow=table["of"] == "value")
    absent_ok = "absent" in _listed(table.get("is"))

    def check(source: Source, hit: Hit) -> bool:
        node = hit.node if name == "match" else hit.captures.get(name)
        return absent_ok if node is None else test(source, node)

    return check


def _listed(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]


def value_test(table: dict[str, Any], follow: bool = True) -> Callable[[Source, Node], bool]:
    """All tests of a table on one expression; with `follow` the text of what a name stands for counts too."""
    texts = _with_origins if follow else _alone
    tests: list[Callable[[Source, Node], bool]] = []
    kinds = _listed(table.get("is"))
    unknown = [kind for kind in kinds if kind not in _KINDS]
    if unknown:
        raise ConditionError(f"is = {unknown[0]!r} is not one of {sorted(_KINDS)}")
    if kinds:
        tests.append(lambda source, node: any(_KINDS[kind](source, node) for kind in kinds))
    if "matches" in table:
        wanted = regex(table["matches"])
        tests.append(lambda source, node: any(wanted.search(source.of(n)) for n in texts(source, node)))
    if "lacks" in table:
        unwanted = regex(table["lacks"])
        tests.append(lambda source, node: not any(unwanted.search(source.of(n)) for n in texts(source, node)))
    if "min" in table or "max" in table:
        low, high = table.get("min", float("-inf")), table.get("max", float("inf"))
        tests.append(lambda source, node: (n := number(source, node)) is not None and low <= n <= high)
    if "entropy" in table:
        least = float(table["entropy"])
        tests.append(lambda source, node: flow.entropy(source.of(node).strip("\"'`")) >= least)
    return lambda source, node: all(test(source, node) for test in tests)


def _alone(source: Source, node: Node) -> list[Node]:
    return [node]


def _with_origins(source: Source, node: Node) -> list[Node]:
    behind = flow.origins(source, node)
    heads = [flow.beginning(value) for value in behind]
    begins = [n for h in heads if h.type in source.profile.names for n in flow.origins(source, h) if n.id != h.id]
    return list({n.id: n for n in (node, *behind, *begins)}.values())


def number(source: Source, node: Node) -> float | None:
    """The number an expression is, following a name; digit separators, hex, octal and type suffixes are read."""
    for behind in flow.origins(source, node):
        text = source.of(behind).replace("_", "").strip("\"'() ").lower()
        text = text.rstrip("lufn") if not text.startswith("0x") else text
        try:
            if text.startswith(("0x", "0o", "0b")):
                return float(int(text, 0))
            if len(text) > 1 and text[0] == "0" and text.isdigit():
                return float(int(text, 8)) if not set(text) & {"8", "9"} else float(text)
            return float(text)
        except ValueError:
            continue
    return None


def _says(*words: str) -> Callable[[Source, Node], bool]:
    return lambda source, node: any(source.of(n).lower().strip("'\"") in words for n in flow.origins(source, node))


def _is_string(source: Source, node: Node) -> bool:
    return any(
        flow.bare(n).type in (*source.profile.strings, "concatenated_string") for n in flow.origins(source, node)
    )


def _is_function(source: Source, node: Node) -> bool:
    return flow.bare(node).type in source.profile.functions


_KINDS: dict[str, Callable[[Source, Node], bool]] = {
    "absent": lambda source, node: False,
    "present": lambda source, node: True,
    "literal": flow.is_literal,
    "dynamic": lambda source, node: not flow.is_literal(source, node),
    "string": _is_string,
    "number": lambda source, node: number(source, node) is not None,
    "true": _says("true", "1", "yes", "on"),
    "false": _says("false", "0", "no", "off"),
    "null": _says("none", "null", "nil", "undefined", "nullptr"),
    "empty": _says("", "[]", "{}", "()"),
    "built": built.is_built,
    "tainted": taint.is_tainted,
    "parameter": lambda source, node: flow.bare(node).type in source.profile.names and flow.is_parameter(source, node),
    "name": lambda source, node: flow.bare(node).type in source.profile.names,
    "call": lambda source, node: flow.bare(node).type in source.profile.calls,
    "function": _is_function,
    "promise": promises.is_promise,
    "floating": promises.is_floating,
    "outer": flow.is_outer,
    "fed": flow.is_fed,
    "reused": flow.is_reused,
}


def _inside(table: dict[str, Any]) -> Test:
    roles = _listed(table["inside"])

    def check(source: Source, hit: Hit) -> bool:
        return any(inside_role(source, hit.node, role) for role in roles)

    return check


def cost(table: dict[str, Any]) -> int:
    """Roughly what asking costs: what decides by a look at the node comes first, what follows a value through the
    function last. Conditions have no effects, so their order is nobody's business but time's."""
    if {"tainted", "built", "dynamic"} & set(_listed(table.get("is"))):
        return 2
    return int(bool({"scope", "calls", "loop", "use", "result"} & set(table)))


def _scope(table: dict[str, Any]) -> Test:
    where = table["scope"]
    if where not in SCOPES or not set(table) & {"matches", "lacks"}:
        raise ConditionError(f"scope is one of {sorted(SCOPES)}, with matches or lacks")
    wanted, unwanted = table.get("matches"), table.get("lacks")
    for expression in (wanted, unwanted):
        regex(expression or "")

    def check(source: Source, hit: Hit) -> bool:
        start, end = scope_bytes(source, hit, where)
        return (not wanted or source.found(wanted, start, end)) and not (
            unwanted and source.found(unwanted, start, end)
        )

    return check


def _calls(table: dict[str, Any]) -> Test:
    where = table.get("where", "function")
    if where not in SCOPES:
        raise ConditionError(f"where is one of {sorted(SCOPES)}")
    patterns = [full for name in table["calls"] for full in expand(name)]
    lasts = {last_segment(p) for p in patterns}
    needles = [last.rstrip("(){}![]").encode() for last in lasts]

    def check(source: Source, hit: Hit) -> bool:
        from earmark.risk.query import calls_in

        start, end = scope_bytes(source, hit, where)
        text = source.text[start:end]
        if not any(needle in text for needle in needles):
            return False
        for call in calls_in(source, start, end):
            names = source.names(call)
            if last_segment(names[0]) not in lasts and last_segment(names[-1]) not in lasts:
                continue
            if any(name_matches(p, names, source.profile.suffix_names) for p in patterns) and call.id != hit.node.id:
                return True
        return False

    return check


def _loop(table: dict[str, Any]) -> Test:
    kinds = {
        "stuck": loops.is_stuck,
        "backwards": loops.is_backwards,
        "mutated": iteration.changes_iterated,
        "captured": iteration.captures_variable,
        "endless": iteration.calls_itself_always,
    }
    if table["loop"] not in kinds:
        raise ConditionError(f"loop is one of {sorted(kinds)}")
    test = kinds[table["loop"]]
    return lambda source, hit: test(source, hit.node)


def _local(table: dict[str, Any]) -> Test:
    wanted = bool(table["local"])

    def check(source: Source, hit: Hit) -> bool:
        head = source.names(hit.node)[-1].removeprefix("new ").partition(".")[0] if hit.is_call else source.of(hit.node)
        return flow.is_declared(source, hit.node, head.rstrip("()[]{}!")) == wanted

    return check


def _reaches(table: dict[str, Any]) -> Test:
    first, second = table["reaches"]

    def check(source: Source, hit: Hit) -> bool:
        one, other = (hit.captures.get(name) for name in (first, second))
        high, low = (None if node is None else number(source, node) for node in (one, other))
        return high is not None and low is not None and high >= low

    return check


def _same(table: dict[str, Any]) -> Test:
    first, second = table["same"]

    def check(source: Source, hit: Hit) -> bool:
        one, other = hit.captures.get(first), hit.captures.get(second)
        return one is not None and other is not None and source.of(one) == source.of(other)

    return check


_COMPILERS: dict[str, Callable[[dict[str, Any]], Test]] = {
    "arg": _argument,
    "of": _capture,
    "name": _names,
    "inside": _inside,
    "calls": _calls,
    "scope": _scope,
    "path": _path,
    "result": lambda table: results.compile_result(table["result"]),
    "loop": _loop,
    "local": _local,
    "same": _same,
    "reaches": _reaches,
    "use": lambda table: uses.compile_use(table["use"]),
}
