"""Loops that cannot end, by what they say themselves."""

import pytest

from earmark.risk.loops import is_backwards, is_stuck
from earmark.risk.source import Source
from earmark.text.syntax import parse


def loop_of(text: str, language: str) -> tuple[Source, object]:
    tree = parse(text.encode(), language)
    assert tree is not None
    source = Source(text.encode(), tree, language, "a")
    todo = [source.root]
    while todo:
        node = todo.pop(0)
        if node.type in source.profile.loops:
            return source, node
        todo += node.named_children
    raise AssertionError(f"no loop in {text!r}")


@pytest.mark.parametrize(
    ("head", "language", "away"),
    [
        ("for (let i = 0; i < 9; i--) {}", "javascript", True),
        ("for (let i = 9; i >= 0; i++) {}", "javascript", True),
        ("for (let i = 9; 0 <= i; i++) {}", "javascript", True),
        ("for (let i = 0; 9 > i; (j++, i--)) {}", "javascript", True),
        ("for (let i = 0; i < 9; i += -1) {}", "javascript", True),
        ("for (let i = 0n; i < n; i -= 1n) {}", "javascript", True),
        ("for (let i = 0; i < 9; i++) {}", "javascript", False),
        ("for (let i = 9; i > 0; i -= 2) {}", "javascript", False),
        ("for (let i = 0; i < 9; j--) {}", "javascript", False),
        ("for (let i = 0; i < 9; i += step) {}", "javascript", False),
        ("for (let i = 0; i < 9; i++, i--) {}", "javascript", False),
        ("for (let i = 0; i !== 9; i--) {}", "javascript", False),
        ("void f(void) { for (int i = 0; i < 9; --i) {} }", "c", True),
        ("class A { void f() { for (int i = 9; i > 0; i += 2) {} } }", "java", True),
        ("package a\nfunc f() { for i := 0; i < 9; i-- {} }", "go", True),
        ("package a\nfunc f() { for i := 0; i < 9; i++ {} }", "go", False),
    ],
)
def test_a_counter_that_runs_away(head: str, language: str, away: bool) -> None:
    assert is_backwards(*loop_of(head, language)) == away  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "language", "stuck"),
    [
        ("function f() { let n = 3; while (n > 0) { g(); } }", "javascript", True),
        ("function f() { let n = 3; while (n > 0) { n--; } }", "javascript", False),
        ("function f() { let n = 3; while (n > 0) { if (g()) break; } }", "javascript", False),
        ("function f() { let n = 3; while (n > 0) { [n, m] = g(); } }", "javascript", False),
        ("function f() { let n = 3; on(() => { n = 0 }); while (n > 0) { g(); } }", "javascript", False),
        ("function f() { while (n > 0) { g(); } }", "javascript", False),
        ("function f(q) { while (q.size()) { g(); } }", "javascript", False),
        ("fn f() { let mut i = 0; while i < 3 { g(); } }", "rust", True),
        ("fn f() { let mut i = 0; while i < 3 { g(&mut i); } }", "rust", False),
        ("fn f() -> R { let mut i = 0; while i < 3 { g()?; } }", "rust", False),
        ("void f(void) { int n = 3; while (n) { g(); } }", "c", True),
        ("void f(void) { int n = 3; while (n) { g(&n); } }", "c", False),
        ("void f(void) { volatile int n = 3; while (n) { g(); } }", "c", False),
        ("void f(int *p) { while (*p) { g(); } }", "c", False),
        ("void f() { int n = 3; while (n) { g(n); } }", "cpp", False),
    ],
)
def test_a_condition_that_nothing_changes(text: str, language: str, stuck: bool) -> None:
    assert is_stuck(*loop_of(text, language)) == stuck  # type: ignore[arg-type]
