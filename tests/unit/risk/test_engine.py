"""Scanning: ranges, shifting, suppression, and never an exception."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.risk.engine import is_test_path, refresh, scan
from earmark.risk.finding import Finding, shift
from earmark.risk.rules import load_default
from earmark.text.edits import Edit
from earmark.text.languages import SLUGS
from earmark.text.syntax import parse

RULES = load_default()
TEXT = b"""import subprocess as sp
import requests


def one(name):
    sp.run(f"ls {name}", shell=True, check=True)


def two(url):
    return requests.get(url)
"""


def rules_of(text: bytes, path: str = "app/a.py", **options: object) -> list[tuple[str, int]]:
    found, errors = scan(text, "python", path, rules=RULES, **options)  # type: ignore[arg-type]
    assert errors == ()
    return [(f.rule, text.count(b"\n", 0, f.start) + 1) for f in found]


def test_a_scan_resolves_imports_and_gives_places() -> None:
    assert rules_of(TEXT) == [("py-subprocess-shell-true", 6), ("py-http-no-timeout", 10)]


def test_only_ranges_are_looked_at() -> None:
    at = TEXT.index(b"requests.get")
    assert rules_of(TEXT, ranges=[(at, at + 5)]) == [("py-http-no-timeout", 10)]
    assert rules_of(TEXT, ranges=[]) == []


def test_test_code_is_quiet() -> None:
    assert rules_of(TEXT, "tests/test_a.py") == []


@pytest.mark.parametrize(
    ("path", "is_test"),
    [("tests/a.py", True), ("src/test_a.py", True), ("a_test.go", True), ("web/a.spec.ts", True),
     ("src/contest.py", False), ("src/FooTest.java", True), ("latest/a.py", False), ("src/attest.go", False),
     ("test.py", False)],
)  # fmt: skip
def test_test_paths(path: str, is_test: bool) -> None:
    assert is_test_path(path) == is_test


def test_the_test_module_of_a_rust_file_is_test_code() -> None:
    body = b"fn f() { dbg!(1); }\n"
    module = b"#[cfg(test)]\nmod tests {\n    fn g() { dbg!(2); }\n}\n"
    found, errors = scan(body + module, "rust", "src/a.rs", rules=RULES)
    assert ([f.start for f in found], errors) == ([body.index(b"dbg")], ())


@pytest.mark.parametrize(
    ("comment", "silent"),
    [
        (b"  # earmark: ignore[py-http-no-timeout] the gateway cuts at 5 s", True),
        (b"  # earmark: ignore[py-http-no-timeout]", False),
        (b"  # earmark: ignore[other] why", False),
        (b"  # earmark: ignore[other, py-http-no-timeout] why", True),
    ],
)
def test_a_suppression_needs_a_reason(comment: bytes, silent: bool) -> None:
    text = TEXT.replace(b"requests.get(url)", b"requests.get(url)" + comment)
    assert (("py-http-no-timeout", 10) not in rules_of(text)) == silent


def test_a_suppression_may_stand_above() -> None:
    text = TEXT.replace(
        b"    return", b"    # earmark: ignore[py-http-no-timeout] the caller has a deadline\n    return"
    )
    assert rules_of(text) == [("py-subprocess-shell-true", 6)]


def test_the_safe_edit_mends_the_finding() -> None:
    found, _ = scan(TEXT, "python", "a.py", rules=RULES)
    fix = found[-1].fix
    assert fix is not None
    mended = TEXT[: fix.start] + fix.new + TEXT[fix.end :]
    assert b"requests.get(url, timeout=30)" in mended
    assert rules_of(mended) == [("py-subprocess-shell-true", 6)]


EDITS = st.builds(
    lambda a, b, new: Edit(min(a, b), max(a, b), new),
    st.integers(0, len(TEXT)),
    st.integers(0, len(TEXT)),
    st.sampled_from([b"", b"x", b"\n", b"\n    pass\n", b"(", b"'", b"requests.get(u)\n"]),
)


@given(EDITS)
def test_a_shifted_finding_marks_the_same_text(edit: Edit) -> None:
    found, _ = scan(TEXT, "python", "a.py", rules=RULES)
    after = TEXT[: edit.start] + edit.new + TEXT[edit.end :]
    before = {f.rule: TEXT[f.start : f.end] for f in found}
    for finding in shift(found, edit):
        assert after[finding.start : finding.end] == before[finding.rule]
        if finding.fix is not None:
            assert finding.start <= finding.fix.start <= finding.end


@given(EDITS)
def test_shifted_findings_and_a_look_at_the_edited_function_equal_a_whole_scan(edit: Edit) -> None:
    found, _ = scan(TEXT, "python", "a.py", rules=RULES)
    after = TEXT[: edit.start] + edit.new + TEXT[edit.end :]
    tree = parse(after, "python")
    assert tree is not None
    # Imports decide names everywhere and broken syntax moves borders: such edits ask for a whole scan.
    if edit.start < TEXT.index(b"def one") or tree.root_node.has_error:
        return
    fresh, _ = refresh(found, [edit], after, "python", "a.py", tree=tree, rules=RULES)
    whole, _ = scan(after, "python", "a.py", rules=RULES)
    assert [(f.rule, f.start, f.end) for f in fresh] == [(f.rule, f.start, f.end) for f in whole]


HOSTILE = [
    b"", b"\x00" * 50, b"\xff\xfe" + TEXT, b"(" * 3000, b"a." * 4000 + b"b()", b'f"{' * 500, b"if x:\n " * 300,
    b"x = " + b"[" * 2000, b"resource " * 500, b"- - - " * 400, b"a: &a [*a, *a]\n" * 50, b"<<<<<<< HEAD\n" * 20,
]  # fmt: skip


@pytest.mark.parametrize("language", [*SLUGS, "", "cobol"])
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_any_bytes_give_findings_and_no_error(language: str, text: bytes) -> None:
    found, errors = scan(text, language, "x", rules=RULES)
    assert not any("not scanned" in error for error in errors)
    assert all(0 <= f.start <= f.end <= len(text) for f in found)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400), st.sampled_from(SLUGS))
def test_a_scan_is_deterministic(text: bytes, language: str) -> None:
    first = scan(text, language, "x", rules=RULES)
    assert first == scan(text, language, "x", rules=RULES)
    assert first[1] == ()


def test_a_slow_file_is_cut_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("earmark.risk.engine.TIME_LIMIT", 0.0)
    _, errors = scan(b"f()\n" * 500, "python", "slow.py", rules=RULES)
    assert errors == ("slow.py: scan stopped after 0 s; what follows was not looked at",)


def test_a_broken_rule_is_an_error_not_an_exception() -> None:
    rules = load_default().with_packs([("python-local.toml", "format = 1\n[[rule]]\n")])
    found, errors = scan(b"x = 1\n", "python", "a.py", rules=rules)
    assert found == ()
    assert "not scanned: RuleError" in errors[0]


def test_findings_sort_by_place() -> None:
    found, _ = scan(TEXT, "python", "a.py", rules=RULES)
    assert [f.start for f in found] == sorted(f.start for f in found)
    assert all(isinstance(f, Finding) and f.message and f.hint for f in found)
