"""The request as Markdown and JSON: golden files, and what no foreign text may do to it."""

from __future__ import annotations

import json
import os
import re
import tomllib
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.origin.model import LineRange, Session
from earmark.review.document import markdown, title
from earmark.review.markdown import code, fence, link, visible
from earmark.review.request import (
    END,
    LIMIT,
    Focus,
    Incident,
    Request,
    RequestObligation,
    RequestRegion,
    RequestRemoval,
    RequestTerm,
    Reviewer,
    as_json,
    combined,
    keys_in,
    marker,
    request_key,
)
from earmark.trailers.message import parse

REVIEW = Path(__file__).parents[3] / "fixtures" / "review"
HOSTILE = [
    line.encode("ascii", "backslashreplace").decode("unicode_escape") if "\\" in line else line
    for line in (REVIEW.parent / "vectors" / "hostile.txt").read_text().splitlines()
]


def read_request(path: Path) -> Request:
    data: dict[str, Any] = tomllib.loads(path.read_text())
    sessions = tuple(Session(**s) for s in data.pop("sessions", []))
    by = sessions[0].id if sessions else "s_00000000000000"

    def quoted(kind: Any, name: str) -> Any:
        return tuple(kind(r["path"], LineRange(*r["lines"]), by, tuple(r["text"])) for r in data.pop(name, []))

    return Request(
        sessions=sessions,
        regions=quoted(RequestRegion, "regions"),
        removals=quoted(RequestRemoval, "removals"),
        terms=tuple(RequestTerm(**t) for t in data.pop("terms", [])),
        obligations=tuple(RequestObligation(**o) for o in data.pop("obligations", [])),
        incidents=tuple(Incident(**i) for i in data.pop("incidents", [])),
        reviewers=tuple(Reviewer(**r) for r in data.pop("reviewers", [])),
        focus=tuple(Focus(f["path"], LineRange(*f["lines"])) for f in data.pop("focus", [])),
        **{k: tuple(v) if isinstance(v, list) else v for k, v in data.items()},
    )


def links(path: str, lines: LineRange) -> str:
    return f"https://github.com/example/shop/blob/2222/{path}#L{lines.start}-L{lines.end}"


RETRY = read_request(REVIEW / "documents" / "retry.toml")


@pytest.mark.parametrize("name", ["retry"])
def test_golden(name: str) -> None:
    request = read_request(REVIEW / "documents" / f"{name}.toml")
    for suffix, text in ((".md", markdown(request, links)), (".json", json.dumps(as_json(request), indent=2) + "\n")):
        golden = (REVIEW / "documents" / name).with_suffix(suffix)
        if os.environ.get("UPDATE_GOLDEN"):
            golden.write_text(text)
        assert text == golden.read_text()


def test_what_stays_local_does_not_travel() -> None:
    for text in (markdown(RETRY, links), json.dumps(as_json(RETRY))):
        assert "private.jsonl" not in text
        assert "sha256:bbbb" in text
        assert "Dev <dev@example.com>" in text


def test_the_last_paragraph_is_the_trailer_block_git_reads() -> None:
    squashed = b"Retry failed charges\n\n" + markdown(RETRY, links).encode()
    declared = parse(squashed).declared
    assert (declared.assisted, declared.risk, declared.ai_lines, declared.removed) == (True, "high", 5, 2)


def everywhere(text: str) -> Request:
    """The request with `text` in every place that others can fill."""
    where = LineRange(3, 4)
    session = Session("Claude", text, text, text, text, text)
    return RETRY._replace(
        title=text,
        target=text,
        sessions=(session,),
        regions=(RequestRegion(text, where, session.id, (text, text)),),
        removals=(RequestRemoval(text, where, text, (text,)),),
        terms=(RequestTerm(text, 1, text),),
        obligations=(RequestObligation(text, text, False, 3),),
        incidents=(Incident(text, text, text), Incident(text, f"https://e.example/{text}", text)),
        reviewers=(Reviewer(text, text, text),),
        teams=(text,),
        notices=(text,),
        dependents=(text,),
        tests_changed=(text,),
        tests_removed=(text,),
        rollout=text,
        asked=text,
    )


def outside_code(document: str) -> str:
    """The document without its fences and code spans, found as CommonMark finds them."""
    text = re.sub(r"^(`{3,})text\n.*?\n\1$", "", document, flags=re.MULTILINE | re.DOTALL)
    assert "```" not in re.sub(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", "", text)
    return re.sub(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", "", text)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_foreign_text_is_shown_and_nothing_else(hostile: str) -> None:
    document = markdown(everywhere(hostile), lambda path, lines: f"https://github.com/x/{path}")
    plain = outside_code(document)
    reference = outside_code(markdown(everywhere("harmless"), lambda path, lines: "https://github.com/x/harmless"))
    target = re.compile(r"\(https://[^()\s<>]*\)")
    assert target.sub("()", plain).replace("[]()", "") == target.sub("()", reference).replace("[]()", "")
    assert keys_in(document) == (RETRY.key,)
    assert len([line for line in document.splitlines() if line == END]) == 1
    assert all(unicodedata.category(c) not in ("Cf", "Cc", "Zl", "Zp", "Cs") for c in document.replace("\n", ""))
    document.encode()
    declared = parse(b"Title\n\n" + document.encode()).declared
    assert declared.assisted is True
    assert "\n" not in title(everywhere(hostile))


TEXT = st.text(st.characters(exclude_categories=()), max_size=40)


@given(TEXT)
def test_a_code_span_ends_where_it_should(text: str) -> None:
    span = code(text)
    assert "\n" not in span
    found = re.fullmatch(r"(`+)(.*?[^`])\1(?!`)", span)
    assert found is not None
    assert found[1] not in re.findall(r"`+", found[2])


@given(st.lists(TEXT, max_size=5))
def test_a_fence_holds_its_lines(lines: list[str]) -> None:
    block = fence(enumerate(lines, 1)).split("\n")
    assert len(block) == len(lines) + 2
    assert not any(re.match(r" {0,3}`{3,}", line) for line in block[1:-1])
    assert block[0].removesuffix("text") == block[-1]


@given(TEXT)
def test_visible_text_keeps_printable_ascii(text: str) -> None:
    assert visible(text).isprintable()
    assert visible(visible(text)) == visible(text)


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "http://evil.example/", "command:x", "//evil", "data:text/html,x"]
)
def test_only_https_is_linked(url: str) -> None:
    assert link("x", url) == "`x`"


def test_a_link_target_cannot_be_left() -> None:
    made = link("x", "https://h/a)b [c](javascript:1) <d> e\nf\u202e")
    assert re.fullmatch(r"\[`x`\]\(https://[^()\s<>]+\)", made)


@pytest.mark.parametrize("regions", [50, 4_000])
def test_a_large_change_fits_and_says_what_is_left_out(regions: int) -> None:
    many = tuple(
        RequestRegion(f"src/f{i}.py", LineRange(1, 60), "s_1", tuple("x = 1" * 8 for _ in range(60)))
        for i in range(regions)
    )
    document = markdown(RETRY._replace(regions=many), links)
    assert len(document) <= LIMIT
    assert ("do not fit here" in document) == (regions == 4_000)
    assert parse(b"T\n\n" + document.encode()).declared.assisted


def test_the_key_stays_for_the_same_request_only() -> None:
    key = request_key("github.com/o/r", "main", "feature", "dev@example.com 1700000000")
    assert re.fullmatch("[0-9a-f]{24}", key)
    assert key == request_key("GitHub.com/O/R", "main", "feature", "dev@example.com 1700000000")
    others = [("github.com/o/q", "main", "feature", "a"), ("h", "main", "f", "a"), ("h", "mainf", "", "a")]
    assert len({request_key(*other) for other in others} | {key}) == 4


def test_the_document_is_put_into_a_body_and_replaced_there() -> None:
    first = markdown(RETRY, links)
    assert combined("", first) == first
    body = combined("What this does.\n\nAnd why.\n", first)
    assert body.startswith("What this does.\n\nAnd why.\n\n" + marker(RETRY.key))
    second = markdown(RETRY._replace(score=10, level="low"), links)
    assert combined(body, second) == "What this does.\n\nAnd why.\n\n" + second
    assert combined(combined(body, second), second) == combined(body, second)
    added = body.rstrip("\n") + "\n\nA reviewer wrote this below.\n"
    assert combined(added, second) == "What this does.\n\nAnd why.\n\nA reviewer wrote this below.\n\n" + second
    windows = body.replace("\n", "\r\n")
    assert keys_in(windows) == (RETRY.key,)
    assert combined(windows, second).count("AI-Assisted") == 1
