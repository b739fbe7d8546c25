"""The contracts written by hand say what GitHub's published description says, as far as a request goes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi import CACHE, closed, sliced

BY_HAND = Path(__file__).parents[3] / "fixtures" / "review" / "contracts" / "github.json"
SOURCES = [BY_HAND, *([CACHE] if CACHE.exists() else [])]
PULLS = "POST /repos/{owner}/{repo}/pulls"
ASK = "POST /repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers"
LABELS = "POST /repos/{owner}/{repo}/issues/{issue_number}/labels"
CHANGE = "PATCH /repos/{owner}/{repo}/pulls/{pull_number}"
LIST = "GET /repos/{owner}/{repo}/pulls"
SEARCH = "GET /search/issues"
MEMBERS = "GET /orgs/{org}/teams/{team_slug}/members"
BODIES: list[tuple[str, Any, bool]] = [
    (PULLS, {"title": "t", "head": "h", "base": "b", "body": "x", "draft": False}, True),
    (PULLS, {"title": "t", "head": "h", "base": "b", "boddy": "x"}, False),
    (PULLS, {"title": "t", "base": "b"}, False),
    (CHANGE, {"body": "x"}, True),
    (CHANGE, {"boddy": "x"}, False),
    (ASK, {"reviewers": ["a"], "team_reviewers": ["t"]}, True),
    (ASK, {"reviewers": ["a"]}, True),
    (ASK, {"reviewers": "a"}, False),
    (ASK, {"team_reviewer": ["t"]}, False),
    (LABELS, {"labels": ["a:b"]}, True),
    (LABELS, {"labels": []}, False),
    (LIST, {"state": "all", "head": "o:h", "base": "b", "per_page": 100, "page": 2}, True),
    (LIST, {"states": "all"}, False),
    (LIST, {"state": "merged"}, False),
    (SEARCH, {"q": "is:open", "per_page": 1}, True),
    (SEARCH, {"per_page": 1}, False),
    (MEMBERS, {"per_page": 100}, True),
    (MEMBERS, {"limit": 100}, False),
]


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.parent.name)
@pytest.mark.parametrize(("route", "body", "valid"), BODIES)
def test_a_contract_takes_what_the_forge_takes(source: Path, route: str, body: Any, valid: bool) -> None:
    schema = json.loads(source.read_text())[route]
    assert Draft202012Validator(schema).is_valid(body) is valid


def test_a_slice_resolves_references_and_closes_objects() -> None:
    body = {"type": "object", "properties": {"a": {"$ref": "#/components/schemas/A"}}}
    content = {"application/json": {"schema": body}}
    spec = {
        "paths": {"/x": {"post": {"requestBody": {"content": content}}}},
        "components": {"schemas": {"A": {"type": "object", "properties": {"b": {"type": "string", "example": "c"}}}}},
    }
    inner = {"type": "object", "properties": {"b": {"type": "string"}}, "additionalProperties": False}
    outer = {"type": "object", "properties": {"a": inner}, "additionalProperties": False}
    assert sliced(spec, ["POST /x"]) == {"POST /x": outer}
    assert closed(spec, [1, "x", None]) == [1, "x", None]
