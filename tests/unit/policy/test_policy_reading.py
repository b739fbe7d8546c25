"""Reading a policy never raises, agrees with the published schema, and points at the right place."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_policy_vectors import cases

from earmark.policy import model, schema
from earmark.policy.load import MAX_BYTES, parse
from earmark.policy.positions import places

PUBLISHED = Path(schema.__file__).with_name("policy.schema.json")
LINES = [
    "[declare]", 'mode = "always"', "mode = 3", "trivial_lines = 3", "[[paths]]", 'match = ["a/**", "[", "!"]',
    "max_ai_lines = -3", "[[review]]", 'level = "senior"', 'level = "none"', "[roster]", 'levels = ["é", ""]',
    "[[roster.people]]", 'name = "x"', "handles = { a = 1, b = \"c\" }", "[roster.people.handles]", "x = [[[1]]]",
    'a."b.c".d = 1', "paths = 1", "# comment", "", "[", '"""', "\ufeff", "\0", "since = \"abc\"",
    "away_until = 2026-01-01",
]  # fmt: skip


@given(st.one_of(st.binary(max_size=300), st.lists(st.sampled_from(LINES), max_size=12).map("\n".join).map(str.encode)))
@settings(max_examples=300)
def test_nothing_raises_and_places_are_in_the_file(text: bytes) -> None:
    policy, problems = parse(text)
    lines = text.decode("utf-8", "replace").split("\n")
    for problem in problems:
        assert 1 <= problem.line <= len(lines)
        assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1
        assert problem.message.isprintable()
    assert policy.declare.mode in model.MODES
    assert all(rule.level in ("", *policy.roster.levels) for rule in policy.review)


@pytest.mark.parametrize(
    "text",
    [b"a = " + b"[" * 100_000, b"a" + b".a" * 50_000 + b" = 1", b"\xff", b"#" * (MAX_BYTES + 1), b"[[paths]]\n" * 1500],
    ids=["nested arrays", "nested keys", "not UTF-8", "too large", "too many rules"],
)
def test_a_hostile_file_gives_defaults_and_a_problem(text: bytes) -> None:
    policy, problems = parse(text)
    assert problems
    assert policy._replace(text=b"", given=frozenset()) == model.DEFAULT


def test_long_keys_on_many_lines_are_read_in_time() -> None:
    text = b"\n".join(b"k%d" % n + b".a" * 190 + b" = 1" for n in range(1200))
    start = time.process_time()
    assert parse(text)[1]
    assert time.process_time() - start < 20


def test_the_published_schema_is_what_the_fields_say() -> None:
    assert PUBLISHED.read_text(encoding="utf-8") == schema.text()
    jsonschema.Draft202012Validator.check_schema(json.loads(schema.text()))


@pytest.mark.parametrize("case", [c for c in cases("parse") if "not TOML" not in str(c)])
def test_schema_and_reader_agree(case: dict[str, Any]) -> None:
    """What the schema refuses the reader reports; what the reader alone can see is about more than one key."""
    text = case["text"].removeprefix("\n")
    data = json.loads(json.dumps(tomllib.loads(text.removeprefix("\ufeff")), default=str))
    refused = list(jsonschema.Draft202012Validator(json.loads(schema.text())).iter_errors(data))
    problems = parse(text.encode())[1]
    if refused:
        assert problems
    beyond = ("no level", "needs `mode", "glob", "a date", "on one line")
    if any(not any(word in problem.message for word in beyond) for problem in problems):
        assert refused


def test_places_of_nested_tables() -> None:
    text = b"""[[roster.people]]
name = "a"
[roster.people.handles]
github = "x"
[[roster.people]]
handles = { gitlab = "y" }
"""
    found = places(text)
    assert found["roster", "people", 0, "handles", "github"][:2] == (4, 1)
    assert found["roster", "people", 1][:2] == (5, 3)
    assert found["roster", "people", 1, "handles", "gitlab"] == (6, 13, 6, 22)


def test_a_sound_policy_is_read_without_the_heavy_libraries() -> None:
    """The commit hook reads a policy: neither the glob library nor a grammar may be loaded for it."""
    code = (
        "import sys; from earmark.policy.load import parse; "
        'policy, problems = parse(b\'[declare]\\nmode = "always"\\n[[paths]]\\nmatch = ["a/**"]\\n\'); '
        "assert not problems; print([m for m in ('pathspec', 'tree_sitter', 'difflib', 're2') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
