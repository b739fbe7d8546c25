"""The vectors under fixtures/vectors/trailers, against our code and the installed git."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from git_reads import trailers as git_trailers

from earmark.trailers import message as trailers
from earmark.trailers import vocabulary
from earmark.trailers.block import Declaration, compose

VECTORS = Path(__file__).parents[3] / "fixtures" / "vectors" / "trailers"
BLOCK = compose(
    Declaration(
        assisted=True,
        tools=(("claude", "claude-opus-4.5"),),
        ai_lines=42,
        lines=60,
        risk="high",
        review=True,
        digest="v1:sha256:" + "0" * 64,
    )
)


def cases(name: str) -> list[Any]:
    found = tomllib.loads((VECTORS / f"{name}.toml").read_text())["case"]
    return [pytest.param(case, id=case["name"]) for case in found]


def as_bytes(text: str) -> bytes:
    return text.encode("latin-1")


def expected(text: str) -> bytes:
    return as_bytes(text.replace("{block}", BLOCK).replace("{block-crlf}", BLOCK.replace("\n", "\r\n")))


@pytest.mark.parametrize("case", cases("compose"))
def test_compose(case: dict[str, Any]) -> None:
    fields = {k: v for k, v in case.items() if k not in ("name", "preset", "block")}
    fields["tools"] = tuple((tool, model) for tool, model in fields.get("tools", ()))
    fields.setdefault("digest", "v1:sha256:" + "0" * 64)
    assert compose(Declaration(**fields), case.get("preset", "earmark")) == case["block"].lstrip("\n")


@pytest.mark.parametrize(
    "wrong",
    [{"risk": "awful"}, {"rollout": "hope"}, {"digest": "v1:sha256:0"}, {"digest": ""}, {"ai_lines": -1}],
    ids=str,
)
def test_compose_refuses_values_outside_the_vocabulary(wrong: dict[str, Any]) -> None:
    good = Declaration(assisted=True, ai_lines=1, lines=1, digest="v1:sha256:" + "0" * 64)
    with pytest.raises(ValueError, match="is no value of the trailer"):
        compose(good._replace(**wrong))


def test_compose_refuses_an_unknown_preset() -> None:
    with pytest.raises(ValueError, match="no trailer preset 'gnu'"):
        compose(Declaration(assisted=False), "gnu")


HOSTILE = [
    line.encode("ascii", "backslashreplace").decode("unicode_escape") if "\\" in line else line
    for line in (VECTORS.parent / "hostile.txt").read_text(encoding="utf-8").splitlines()
]


@pytest.mark.parametrize("foreign", HOSTILE)
def test_foreign_names_are_one_token_on_one_line(foreign: str) -> None:
    declared = Declaration(True, ((foreign, foreign),), 1, 1, digest="v1:sha256:" + "0" * 64)
    for preset in vocabulary.PRESETS:
        lines = compose(declared, preset).splitlines()
        assert len(lines) == (6 if preset == "earmark" else 1)
        assert all(line.isascii() and line.isprintable() for line in lines)
    assert vocabulary.is_slug(vocabulary.display(foreign))
    assert vocabulary.is_value("Assisted-by", compose(declared).splitlines()[1].removeprefix("Assisted-by: "))


@pytest.mark.parametrize("case", cases("insert"))
def test_insert(case: dict[str, Any], tmp_path: Path) -> None:
    comment = case.get("comment_char", "#")
    written = trailers.insert(as_bytes(case["message"]), BLOCK, comment)
    assert written == expected(case["expect"])
    assert trailers.insert(written, BLOCK, comment) == written
    [read] = git_trailers([written], tmp_path, comment)
    ours = [line for line in read if line in BLOCK.splitlines()]
    assert ours == (BLOCK.splitlines() if case.get("read_back", True) else [])


@pytest.mark.parametrize("case", cases("parse"))
def test_parse(case: dict[str, Any], tmp_path: Path) -> None:
    message = as_bytes(case["message"].removeprefix("\n"))
    parsed = trailers.parse(message)
    assert [t.key for t in parsed.trailers] == case["read"]
    assert sorted([p.code, p.line] for p in parsed.problems) == sorted(case["problems"])
    [read] = git_trailers([message], tmp_path)
    assert [f"{t.key}: {t.value}" for t in parsed.trailers] == read


@pytest.mark.parametrize("case", cases("strip"))
def test_strip(case: dict[str, Any]) -> None:
    message = as_bytes(case["message"])
    assert [found.assisted for found in trailers.blocks(message)] == case["assisted"]
    assert trailers.strip(message) == as_bytes(case["expect"])
