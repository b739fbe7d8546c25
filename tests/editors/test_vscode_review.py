"""A review in VS Code: the request is read before it is sent, and each region says how its review stands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import workbench
from reviewing import SHOWN, Review, under_review
from workbench import Workbench


@pytest.fixture(scope="module")
def review(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Review]:
    with under_review(tmp_path_factory.mktemp("review")) as found:
        yield found


@pytest.fixture(scope="module")
def code(editors: Path, review: Review, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    top = review.project.top
    with workbench.running(editors, review.project, tmp_path_factory.mktemp("vscode"), top / SHOWN) as found:
        yield found


def said(code: Workbench) -> list[str]:
    return [lens["title"] for lens in code.api("lenses", code.path(SHOWN)) if lens["title"].startswith("Review: ")]


def until(code: Workbench, title: str) -> None:
    def found() -> list[str]:
        seen.append(said(code))
        return seen[-1] if seen[-1] == [f"Review: {title}"] else []

    seen: list[list[str]] = []
    try:
        workbench.wait(f"the lens {title!r}", found)
    except AssertionError:
        pytest.fail(f"{title!r} expected, seen were {[s for n, s in enumerate(seen) if seen[n - 1] != s or not n]}")


def test_the_request_is_read_before_it_is_sent(code: Workbench, review: Review) -> None:
    until(code, "not reviewed, and not asked for from here")
    code.api("execute", "earmark.requestReview")
    shown = workbench.wait("the preview", lambda: code.api("offered", "Review Request.md"))
    for part in ("Nothing is sent until you say so.", "`Grace Example`", "### Risk:", "### What depends on it"):
        assert part in shown
    assert review.forge.pulls == []


def test_a_region_says_who_is_asked_and_who_approved(code: Workbench, review: Review) -> None:
    code.show(SHOWN)
    review.request()
    until(code, "waits for grace, orders")
    review.sign()
    until(code, "approved by Grace Example (principal)")
    line = next(n for n, text in enumerate(review.text) if "while True" in text)
    hover = "\n".join(code.api("hover", code.path(SHOWN), line, 6))
    assert "Review: approved by Grace Example (principal)" in hover
