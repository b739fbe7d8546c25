"""The predicates of `when` and `unless` that look beyond the place of a hit."""

import pytest

from earmark.risk.engine import scan
from earmark.risk.rules import load_default

HEAD = """format = 1
languages = ["LANGUAGE"]
[[rule]]
id = "x"
category = "race"
severity = "low"
why = "w"
hint = "h"
call = ["f", "new F"]
when = [CONDITION]
"""


def fires(condition: str, text: str, language: str) -> bool:
    pack = HEAD.replace("LANGUAGE", language).replace("CONDITION", condition)
    rules = load_default().with_packs([(f"{language}-local.toml", pack)])
    found, errors = scan(text.encode(), language, "src/a", rules=rules)
    assert errors == ()
    return any(finding.rule == "x" for finding in found)


@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("f(1)\n", False),
        ("function f() {}\nf(1)\n", True),
        ("class F {}\nnew F(1)\n", True),
        ("function g(f) { f(1) }\n", True),
        ("const f = g()\nf(1)\n", True),
        ("import { f } from 'a'\nf(1)\n", True),
        ("function g() { const { f } = h\nf(1) }\n", True),
    ],
)
def test_local(text: str, local: bool) -> None:
    assert fires("{local = true}", text, "javascript") == local
    assert fires("{local = false}", text, "javascript") != local


@pytest.mark.parametrize(
    ("body", "reused"),
    [
        ("f(p); g(p);", True),
        ("f(p); p = 0; g(p);", False),
        ("f(p); return; g(p);", False),
        ("if (x) { f(p); } g(p);", True),
        ("if (x) { f(p); return; } g(p);", False),
        ("f(p); g(q);", False),
        ("f(p->next); g(p);", False),
    ],
)
def test_reused(body: str, reused: bool) -> None:
    assert fires('{arg = 0, is = "reused"}', f"void t(char *p) {{ {body} }}", "c") == reused


@pytest.mark.parametrize(
    ("body", "unchecked"),
    [
        ("char *p = f(8); p[0] = 1;", True),
        ("char *p; p = (char *)f(8); g(p);", True),
        ("char *p = f(8); if (!p) return; p[0] = 1;", False),
        ("char *p; if ((p = f(8)) == 0) return; p[0] = 1;", False),
        ("char *p = f(8); assert(p); p[0] = 1;", False),
        ("char *p = f(8); return p;", False),
        ("g(f(8));", False),
    ],
)
def test_unchecked(body: str, unchecked: bool) -> None:
    assert fires('{result = "unchecked"}', f"void t(void) {{ {body} }}", "c") == unchecked


@pytest.mark.parametrize(
    ("text", "fed"),
    [
        ("function t(a) { f(a) }\n", True),
        ("function t(a) { f('x' + a) }\n", True),
        ("function t(a) { const b = `x${a}`\n f(b) }\n", True),
        ("function t(a) { f(clean(a)) }\n", False),
        ("function t(a) { f('x') }\n", False),
        ("f(a)\n", False),
    ],
)
def test_fed(text: str, fed: bool) -> None:
    assert fires('{arg = 0, is = "fed"}', text, "javascript") == fed


@pytest.mark.parametrize(
    ("body", "leaked"),
    [
        ("FILE *h = f(a); if (!h) return; fgetc(h);", True),
        ("FILE *h = f(a); if (!h) return; fclose(h);", False),
        ("FILE *h = f(a); keep(h);", False),
        ("FILE *h; if (a) { h = f(a); } fclose(h);", False),
        ("if (a) { FILE *h = f(a); } g(h);", True),
        ("return f(a);", False),
    ],
)
def test_leaked(body: str, leaked: bool) -> None:
    assert fires('{result = "leaked"}', f"void t(char *a) {{ {body} }}", "c") == leaked


PAIR = HEAD.replace('call = ["f", "new F"]', "query = '(assignment_expression left: (_) @a right: (_) @b) @match'")


@pytest.mark.parametrize(
    ("condition", "text", "holds"),
    [
        ('{same = ["a", "b"]}', "x = x\n", True),
        ('{same = ["a", "b"]}', "x = y\n", False),
        ('{of = "a", is = "outer"}', "let n = 0\nfunction t() { n = 1 }\n", True),
        ('{of = "a", is = "outer"}', "function t() { let n = 0\n n = 1 }\n", False),
        ('{of = "a", is = "outer"}', "function t(n) { n = 1 }\n", False),
        ('{of = "a", is = "outer"}', "function t(o) { o.n = 1 }\n", True),
    ],
)
def test_captures(condition: str, text: str, holds: bool) -> None:
    pack = PAIR.replace("LANGUAGE", "javascript").replace("CONDITION", condition)
    rules = load_default().with_packs([("javascript-local.toml", pack)])
    found, errors = scan(text.encode(), "javascript", "src/a", rules=rules)
    assert (errors, any(finding.rule == "x" for finding in found)) == ((), holds)
