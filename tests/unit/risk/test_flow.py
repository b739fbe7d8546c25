"""Where a value comes from: literal, put together, or from outside, as far as one function tells."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tree_sitter import Node

from earmark.risk import built, constants, flow, taint
from earmark.risk.query import calls_in
from earmark.risk.source import Source
from earmark.text.syntax import parse


def argument(text: str, language: str = "python") -> tuple[Source, Node]:
    """The first argument of the call of `sink` in `text`."""
    data = text.encode()
    tree = parse(data, language)
    assert tree is not None
    source = Source(data, tree, language, "a")
    call = next(c for c in calls_in(source, 0, len(data)) if source.names(c)[0] == "sink")
    return source, source.arguments(call)[0].node


def lines(*body: str) -> str:
    return "def f(request, x):\n" + "".join(f"    {line}\n" for line in body)


@pytest.mark.parametrize(
    ("text", "tainted"),
    [
        (lines("sink(request.args['n'])"), True),
        (lines("n = request.args['n']", "sink('/srv/' + n)"), True),
        (lines("n = request.args['n']", "n = 'fixed'", "sink(n)"), False),
        (lines("n = 'fixed'", "n = request.args['n']", "sink(n)"), True),
        (lines("n = 'fixed'", "if x:", "    n = request.args['n']", "sink(n)"), True),
        (lines("for i in x:", "    sink(n)", "    n = request.args['n']"), True),
        (lines("m['a'] = 'x'", "m['b'] = request.args['n']", "n = m['b']", "sink(n)"), True),
        (lines("m['a'] = 'x'", "m['b'] = request.args['n']", "n = m['a']", "sink(n)"), False),
        (lines("n = int(request.args['n'])", "sink(n)"), False),
        (lines("n = request.args['n']", "if n not in ('a', 'b'):", "    return", "sink(n)"), False),
        (lines("n = request.args['n']", "if not n.isalnum():", "    return", "sink(n)"), False),
        (lines("n = request.args['n']", "if other in n:", "    return", "sink(n)"), True),
        (lines("n = 'a' if 7 * 42 - 106 > 100 else x", "sink(n)"), False),
        (lines("n = 'a' if 7 * 42 - 106 < 100 else x", "sink(n)"), True),
        (lines("k = 106", "if 7 * 18 + k > 200:", "    n = 'a'", "else:", "    n = x", "sink(n)"), False),
        (lines("k = 106", "if 7 * 18 + k < 200:", "    n = 'a'", "else:", "    n = x", "sink(n)"), True),
        (
            lines(
                "g = 'ABC'[1]",
                "match g:",
                "    case 'A':",
                "        n = x",
                "    case 'B':",
                "        n = 'b'",
                "sink(n)",
            ),
            False,
        ),
        (
            lines(
                "g = 'ABC'[0]",
                "match g:",
                "    case 'A':",
                "        n = x",
                "    case 'B':",
                "        n = 'b'",
                "sink(n)",
            ),
            True,
        ),
        (
            lines("g = 'Z'", "match g:", "    case 'A':", "        n = x", "    case _:", "        n = 'b'", "sink(n)"),
            False,
        ),
        (lines("c.set('s', 'a', 'v')", "c.set('s', 'b', x)", "sink(c.get('s', 'a'))"), False),
        (lines("c.set('s', 'a', 'v')", "c.set('s', 'b', x)", "sink(c.get('s', 'b'))"), True),
        (lines("l = []", "l.append('a')", "l.append(x)", "l.append('b')", "l.pop(0)", "sink(l[1])"), False),
        (lines("l = []", "l.append('a')", "l.append(x)", "l.append('b')", "l.pop(0)", "sink(l[0])"), True),
        ("def name(v):\n    return 'fixed'\n" + lines("sink(name(x))"), False),
        ("def name(v):\n    return v + '.txt'\n" + lines("sink(name(x))"), True),
        ("def name(v):\n    w = v\n    return w\n" + lines("sink(name(x))"), True),
        (lines("sink(x)"), True),
        ("def f(x):\n    sink(x)\n", False),
    ],
)
def test_what_comes_from_outside(text: str, tainted: bool) -> None:
    assert taint.is_tainted(*argument(text)) == tainted


@pytest.mark.parametrize(
    ("expression", "value"),
    [("7 * (3 + 2)", 35), ("'abc'[2]", "c"), ("'abc'[9]", None), ("2 > 1", True), ("'a' == 'b'", False), ("x", None),
     ("'a' * 9", None), ("1 + 'a'", None), ("9 ** 99", None), ("n", 4)],
)  # fmt: skip
def test_the_value_that_a_text_fixes(expression: str, value: object) -> None:
    assert constants.value(*argument(f"n = 4\nsink({expression})\n")) == value


@pytest.mark.parametrize(("label", "tainted"), [("'A'", True), ("'B'", False), ("'C'", True)])
def test_a_switch_falls_through(label: str, tainted: bool) -> None:
    """In Java a case without a body goes on into the next one."""
    cases = "case 'B': n = \"b\"; break; case 'C': case 'A': n = r.getParameter(\"n\"); break; default: n = \"z\";"
    body = f'char g = {label}; String n = ""; switch (g) {{ {cases} }} sink(n);'
    assert taint.is_tainted(*argument(f"class A {{ void f(HttpServletRequest r) {{ {body} }} }}", "java")) == tainted


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (lines("sink('a' + x)"), True),
        (lines("q = 'a %s' % x", "sink(q)"), True),
        (lines("q = 'a'", "q += x", "sink(q)"), True),
        (lines("q = 'a' + x", "q = 'a'", "sink(q)"), False),
        (lines("sink(f'a {int(x)}')"), False),
        (lines("sink('a ' + shlex.quote(x))"), False),
        (lines("sink(sql.SQL('a {}').format(sql.Identifier(x)))"), False),
        (lines("t = 'a {}'", "sink(t.format(x))"), True),
    ],
)
def test_what_is_put_together(text: str, expected: bool) -> None:
    assert built.is_built(*argument(text)) == expected


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        (lines("sink('a')"), True),
        (lines("n = 'a'", "sink(n)"), True),
        (lines("n = x", "n = 'a'", "sink(n)"), True),
        (lines("n = 'a'", "if x:", "    n = x", "sink(n)"), False),
        ("NAME = 'a'\ndef f():\n    sink(NAME)\n", True),
        (lines("sink(['ls', x])"), False),
    ],
)
def test_what_is_fixed_by_the_text(text: str, literal: bool) -> None:
    assert flow.is_literal(*argument(text)) == literal


PIECES = st.lists(
    st.sampled_from(
        ["x", " = ", "+", "f'{x}'", "\n    ", "sink(", ")", "[0]", "'a'", "if x:", "for i in x:", "request.args", "("]
    ),
    max_size=40,
)


@settings(max_examples=200, deadline=None)
@given(PIECES, st.sampled_from(["python", "go", "java", "javascript"]))
def test_any_text_has_an_answer(pieces: list[str], language: str) -> None:
    data = ("def f(x):\n    " + "".join(pieces)).encode()
    tree = parse(data, language)
    assert tree is not None
    source = Source(data, tree, language, "a")
    for call in calls_in(source, 0, len(data)):
        for each in source.arguments(call):
            for asked in (taint.is_tainted, built.is_built, flow.is_literal):
                assert asked(source, each.node) in (True, False)
