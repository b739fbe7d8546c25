"""The owners dialects against the conformance tables, and the index against a model that tries every pattern."""

from __future__ import annotations

import re
import time
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.review import gitea, owners
from earmark.review.owners import Ownership
from earmark.review.patterns import PathIndex, glob_matches, tokens
from earmark.review.prow import ProwOwners

VECTORS = Path(__file__).parents[3] / "fixtures" / "vectors" / "owners"


def cases(dialect: str) -> list[Any]:
    table = tomllib.loads((VECTORS / f"{dialect}.toml").read_text())["case"]
    return [pytest.param(case, id=case["name"]) for case in table]


@pytest.mark.parametrize("case", cases("github"))
def test_github(case: dict[str, Any]) -> None:
    read = owners.parse_github(case["file"])
    found = {path: [owner for rule in read.of(path) for owner in rule.owners] for path in case["owners"]}
    assert found == case["owners"]
    assert [problem.line for problem in read.problems] == case.get("problems", [])


def shown(rule: Ownership) -> str:
    asks = " optional" if rule.optional else f" x{rule.approvals}" if rule.approvals > 1 else ""
    return f"{rule.section}: {' '.join(rule.owners)}{asks}"


@pytest.mark.parametrize("case", cases("gitlab"))
def test_gitlab(case: dict[str, Any]) -> None:
    read = owners.parse_gitlab(case["file"])
    assert {path: [shown(rule) for rule in read.of(path)] for path in case["owners"]} == case["owners"]
    assert [problem.line for problem in read.problems] == case.get("problems", [])


@pytest.mark.parametrize("case", cases("prow"))
def test_prow(case: dict[str, Any]) -> None:
    files = {path: text.encode() for path, text in case["files"].items()}
    read = ProwOwners(files.get)
    for path, expected in case["owners"].items():
        rules = read.of(path)
        found: dict[str, list[str]] = {}
        for rule in rules:
            if rule.section == "approvers":
                found["approvers"] = list(rule.owners)
                if rule.reviewers:
                    found["reviewers"] = list(rule.reviewers)
            else:
                found.setdefault("required", []).extend(rule.owners)
        assert found == expected, path
    assert sorted({problem.source for problem in read.problems}) == case.get("problems", [])


@pytest.mark.parametrize("case", cases("gitea"))
def test_gitea(case: dict[str, Any]) -> None:
    read = gitea.find({"CODEOWNERS": case["file"].encode()}.get, "gitea")
    assert read is not None
    found = {path: [f"{rule.line}: {' '.join(rule.owners)}" for rule in read.of(path)] for path in case["owners"]}
    assert found == case["owners"]
    assert [problem.line for problem in read.problems] == case.get("problems", [])


@pytest.mark.parametrize(
    ("kind", "path", "found"),
    [
        ("gitea", ".gitea/CODEOWNERS", True), ("gitea", "docs/CODEOWNERS", True),
        ("gitea", ".github/CODEOWNERS", False), ("gitea", ".forgejo/CODEOWNERS", False),
        ("forgejo", ".forgejo/CODEOWNERS", True),
    ],
)  # fmt: skip
def test_where_gitea_looks(kind: str, path: str, found: bool) -> None:
    assert (gitea.find({path: b".* @a"}.get, kind) is not None) is found


WORDS = st.text(st.sampled_from("ab/.*|?+()[]^$\\\\!"), min_size=1, max_size=8)


@given(st.lists(WORDS, max_size=5), st.text(st.sampled_from("ab/."), min_size=1, max_size=6))
def test_gitea_means_what_each_expression_alone_means(expressions: list[str], path: str) -> None:
    import re2

    options = re2.Options()
    options.log_errors = False
    file = "\n".join(f"{expression} @a" for expression in expressions)
    read = gitea.GiteaOwners(file)
    wanted = []
    for number, line in enumerate(file.split("\n"), 1):
        word, *owners = gitea._words(line) or [""]
        try:
            found = re2.search(f"^{word.removeprefix('!')}$", path, options) is not None
        except re2.error:
            continue
        if owners and found != word.startswith("!"):
            wanted.append(number)
    assert [rule.line for rule in read.of(path)] == wanted


@pytest.mark.parametrize("pattern", ["(a+)+$" * 5 + "b", "(" * 900, "a{1000}{1000}", "x*" * 400, "[" * 900])
def test_a_hostile_expression_costs_nothing(pattern: str) -> None:
    started = time.process_time()
    assert len(gitea.GiteaOwners(f"{pattern} @a\n.* @b").of("a" * 4_000)) <= 2
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    "raw",
    [
        b"[" * 900_000,
        b"- " * 400_000,
        b"\n".join(b" " * depth + b"a:" for depth in range(2_000)),
        b"a: &a [x, x]\n" + b"".join(b"a%d: &a%d {<<: [*a, *a]}\n" % (i, i) for i in range(1, 60)),
        b"\xff\xfe\x00",
        b"!!python/object/apply:os.system ['true']",
    ],
    ids=["flow", "compact", "indent", "merge", "bytes", "tag"],
)
def test_a_hostile_owners_file_is_left_out(raw: bytes) -> None:
    assert ProwOwners({"OWNERS": raw}.get).of("a/b") == ()


def test_the_first_place_that_has_a_file_counts() -> None:
    files = {"CODEOWNERS": b"* @root", "docs/CODEOWNERS": b"* @docs", ".gitlab/CODEOWNERS": b"* @gitlab"}
    found = owners.find(files.get, "gitlab")
    assert found is not None
    assert found.of("x")[0].owners == ("@root",)
    files[".github/CODEOWNERS"] = "\ufeff* @dotgithub".encode()
    found = owners.find(files.get, "github")
    assert found is not None
    assert found.of("x")[0] == Ownership("", ("@dotgithub",), 1, False, ".github/CODEOWNERS", 1)
    assert owners.find({}.get, "github") is None


def test_github_does_not_load_a_file_over_three_megabytes() -> None:
    read = owners.parse_github("* @all\n" + "#" * (3 * 1024 * 1024))
    assert read.of("x") == ()
    assert "3 MB" in read.problems[0].message


SEGMENTS = st.sampled_from(["a", "b", "ab", "a*", "*b", "*", "**", "?", "*a*", "[ab]", "[!a]b", "a?", "\\*"])
PATHS = st.lists(st.sampled_from(["a", "b", "ab", "ba", "aab", "*", "c"]), min_size=1, max_size=5).map("/".join)
RULES = st.lists(st.tuples(st.lists(SEGMENTS, min_size=1, max_size=4), st.booleans(), st.booleans()), max_size=8)


def model(segments: list[str], exact: bool, below: bool) -> re.Pattern[str]:
    out = ""
    for segment in segments:
        out += "(?:[^/]+/)*" if segment == "**" else one(segment) + "/"
    return re.compile(out + ("(?:[^/]+/)+" if below and not exact else "(?:[^/]+/)*" if below else ""))


def one(segment: str) -> str:
    known = {"*": "[^/]*", "?": "[^/]", "[ab]": "[ab]", "[!a]b": "[^a/]b", "\\*": "\\*"}
    if segment in known:
        return known[segment]
    return re.escape(segment).replace("\\*", "[^/]*").replace("\\?", "[^/]")


@given(RULES, PATHS)
def test_the_index_agrees_with_trying_every_pattern(rules: list[tuple[list[str], bool, bool]], path: str) -> None:
    index = PathIndex(sets=True)
    expected: dict[int, int] = {}
    for value, (segments, exact, below) in enumerate(rules):
        if segments[-1] == "**":  # dialects never end a pattern so: they write what they mean with exact and below
            segments = [*segments, "*"]
        index.add(segments, value % 2, value, exact=exact, below=below)
        if (exact or below) and model(segments, exact, below).fullmatch(path + "/"):
            expected[value % 2] = value
    assert index.lookup(path) == expected


@given(st.text("ab*?", max_size=8), st.text("ab", max_size=10))
def test_a_glob_agrees_with_its_regular_expression(pattern: str, text: str) -> None:
    parsed = tokens(pattern, sets=False)
    assert parsed is not None
    expression = "".join({"*": ".*", "?": "."}.get(char, char) for char in pattern)
    assert glob_matches(parsed, text) == (re.fullmatch(expression, text) is not None)


def test_a_glob_of_many_stars_takes_linear_steps() -> None:
    parsed = tokens("*a" * 60 + "b", sets=False)
    assert parsed is not None
    started = time.process_time()
    assert not glob_matches(parsed, "a" * 5_000)
    assert time.process_time() - started < 2


@pytest.mark.parametrize("parse", [owners.parse_github, owners.parse_gitlab])
@pytest.mark.parametrize("shape", ["/svc{i}/**/*.py @u{i}", "*_{i}.?y @u{i}", "**/a/**/b{m}/**/*{i}.py @u", "* @u{i}"])
def test_ten_thousand_rules_answer_for_a_thousand_files(parse: Any, shape: str) -> None:
    text = "\n".join(line for i in range(10_000) for line in (*["# why"] * 4, shape.format(i=i, m=i % 7)))
    paths = [f"svc{i * 7}/a/b{i % 7}/deep/x_{i}.py" for i in range(1_000)]
    spent: list[float] = []
    while len(spent) < 10 and min(spent, default=1.0) > 0.3:  # a busy machine gets more tries
        started = time.process_time()
        read = parse(text)
        answered = sum(bool(read.of(path)) for path in paths)
        spent.append(time.process_time() - started)
        assert answered == 1_000
    assert min(spent) <= 0.3
