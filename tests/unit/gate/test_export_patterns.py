"""The push-rule patterns on the engine that forges run, for every mode and preset and every kind of message."""

from __future__ import annotations

from itertools import product

import pytest
import re2
from exported import AI, HUMAN, LOW, MERGES, NAMES, POLICIES, SQUASH, message, policy

from earmark.gate.export.patterns import LONGEST, patterns
from earmark.policy.load import parse
from earmark.policy.model import Policy
from earmark.trailers.block import Declaration, compose

KINDS = {"human": None, "ai": AI, "small ai": LOW, "squash": SQUASH}


def taken(text: str, of: Policy) -> bool:
    """Whether a push rule with these patterns takes the message, as GitHub and GitLab apply them."""
    wanted = patterns(of)
    required = not wanted.require or re2.search(wanted.require, text) is not None
    return required and (not wanted.reject or re2.search(wanted.reject, text) is None)


@pytest.mark.parametrize("of", POLICIES, ids=NAMES)
def test_every_pattern_compiles_and_is_short_enough(of: Policy) -> None:
    assert all(len(pattern) <= LONGEST for pattern in patterns(of))
    for pattern in filter(None, patterns(of)):
        re2.compile(pattern)


@pytest.mark.parametrize("ends", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("of", POLICIES, ids=NAMES)
def test_what_earmark_writes(of: Policy, kind: str, ends: str) -> None:
    always = of.declare.mode == "always" and of.declare.preset == "earmark"
    declared = KINDS[kind] or (Declaration(False) if always else None)
    expected = kind == "human" or of.declare.mode != "forbid"
    assert taken(message(HUMAN, declared, of, ends), of) is expected


@pytest.mark.parametrize("text", MERGES)
@pytest.mark.parametrize("of", POLICIES, ids=NAMES)
def test_merges_that_a_forge_writes(of: Policy, text: str) -> None:
    assert taken(text, of)


@pytest.mark.parametrize("of", POLICIES, ids=NAMES)
def test_silence_is_refused_in_mode_always_only(of: Policy) -> None:
    wants_a_word = of.declare.mode == "always" and of.declare.preset == "earmark"
    assert taken(HUMAN, of) is not wants_a_word


LINES = compose(AI).splitlines()


@pytest.mark.parametrize("mode", ["ai-only", "always"])
@pytest.mark.parametrize(
    "gone", [n for n, line in enumerate(LINES) if line[:9] not in ("AI-Remove", "AI-Rollou", "AI-Assist")]
)
def test_a_block_with_a_line_missing(gone: int, mode: str) -> None:
    block = "\n".join(line for n, line in enumerate(LINES) if n != gone)
    assert not taken(f"Add\n\n{block}\n", policy(mode, "earmark"))


@pytest.mark.parametrize("mode", ["ai-only", "always"])
@pytest.mark.parametrize(
    "text",
    [
        "Add\n\nAI-Assisted: yes",
        "Add\n\nAI-Assisted: yes\n\n" + "\n".join(LINES[1:]),
        "Add\n\n" + compose(AI) + "\nAI-Assisted: no\n",
        "Add\n\nAI-Assisted: no\n\n" + compose(AI),
        "Add\n\n" + compose(AI).replace("AI-Review: required", "AI-Review: not-required"),
        "Add\n\n" + compose(AI).replace("sha256:", "sha1:"),
        "Add\n\n" + compose(AI).replace("high", "HIGH"),
    ],
)
def test_wrong_declarations(text: str, mode: str) -> None:
    assert not taken(text, policy(mode, "earmark"))


def test_which_risks_must_be_reviewed_is_the_policys_word() -> None:
    text = "Add\n\n" + compose(AI._replace(review=False))
    lenient, _ = parse(b'[[review]]\nrisk = "critical"\n')
    some_paths, _ = parse(b'[[review]]\npaths = ["deploy/**"]\n')
    strict, _ = parse(b"[[review]]\ncount = 1\n")
    assert [taken(text, of) for of in (lenient, some_paths, strict)] == [True, True, False]
    assert not taken("Add\n\n" + compose(LOW), strict)


@pytest.mark.parametrize(
    ("trailer", "expected"),
    [
        ("Co-authored-by: Claude <noreply@anthropic.com>", False),
        ("co-authored-by: x <198982749+Copilot@users.noreply.github.com>", False),
        ("Signed-off-by: aider (m) <AIDER@aider.chat>", False),
        ("Co-authored-by: Claude Dubois <claude@example.com>", True),
    ],
)
def test_assistants_are_told_by_address(trailer: str, expected: bool) -> None:
    assert taken(f"Add\n\n{trailer}\n", policy("forbid", "earmark")) is expected


@pytest.mark.parametrize(("mode", "preset"), list(product(["ai-only", "always"], ["kernel-7.3", "fedora", "apache"])))
def test_an_empty_disclosure_says_nothing(mode: str, preset: str) -> None:
    assert not taken("Add\n\nAssisted-by: \n", policy(mode, preset))
