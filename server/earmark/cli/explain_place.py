"""`earmark explain PATH:LINE`: who uses the definition there, what happened to its file, which incidents it is like."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from earmark.cli.workspace import CannotTell, Workspace, display, workspace

if TYPE_CHECKING:
    from earmark.policy.background import Background


class _Place(NamedTuple):
    """A line (1-based) of a file of the worktree, by its path in the repository."""

    path: str
    line: int


def explain(asked: str, as_json: bool) -> int:
    """Print what is known; 0. Raises `CannotTell` for a place that is none."""
    with workspace(settle=False) as here:
        place = _place(here, asked)
        known = _known(here, place)
    print(json.dumps(known) if as_json else "\n".join(_lines(known)))
    return 0


def _place(here: Workspace, asked: str) -> _Place:
    from earmark.git.repository import relative

    name, _, number = asked.rpartition(":")
    path = relative(here.repo, os.path.abspath(name)) if name else None
    if path is None or not number.isdigit() or not os.path.isfile(os.path.join(here.repo.top, path)):
        raise CannotTell(f"{asked} is neither a rule nor PATH:LINE of a file in this repository")
    return _Place(path, int(number))


def _known(here: Workspace, place: _Place) -> dict[str, Any]:
    from earmark.git import config, refs
    from earmark.git.objects import Objects
    from earmark.origin.seen import Refused, read_file
    from earmark.policy.background import background
    from earmark.policy.repository_rules import repository_rules
    from earmark.risk.incidents import resembling
    from earmark.risk.symbols.tags import tags
    from earmark.text.languages import language_of

    try:
        text = read_file(os.path.join(here.repo.top, place.path))
    except Refused as problem:
        raise CannotTell(f"{place.path}: {problem}") from None
    language = language_of(place.path, text[:200].split(b"\n", 1)[0])
    inside = [d for d in tags(text, language).definitions if d.start <= place.line <= d.end]
    names = [inside[-1].name] if inside else []
    lines = text.split(b"\n")
    start = sum(len(line) + 1 for line in lines[: place.line - 1])
    spans = [(start, start + len(lines[place.line - 1]))] if place.line <= len(lines) else []
    reports = repository_rules(here.repo).incidents
    alike = resembling(text, language, place.path, reports, ranges=spans, symbols=names)
    with Objects(here.repo) as objects:
        around = background(here.repo, objects, refs.head(here.repo).commit)
        author = config.read(here.repo).get("user.email") or ""
        history = around.past.of([place.path], author.casefold(), int(time.time()))
        callers = _callers(around, place.path, names)
    return {
        "path": place.path,
        "line": place.line,
        "callers": callers,
        "history": history._asdict(),
        "incidents": [finding.detail for finding in alike],
    }


def _callers(around: Background, path: str, names: list[str]) -> dict[str, Any] | None:
    """Who uses the definition of this name in HEAD; None without one."""
    from earmark.policy.dependents import build, store, used
    from earmark.risk.symbols.index import IndexUnavailable, SymbolIndex

    try:
        if around.tip:
            build(around.repo, around.objects, around.tip, lambda done, total: True)
        with SymbolIndex.open(store(around.repo)) as index:
            found = used(index, around.files(), {path: names}).found
    except IndexUnavailable as problem:
        raise CannotTell(str(problem)) from None
    return found[0][1]._asdict() if found else None


def _lines(known: dict[str, Any]) -> Iterator[str]:
    from earmark.policy.dependents import said
    from earmark.risk.symbols.index import Users

    users, past = known["callers"], known["history"]
    yield f"{display(known['path'])}:{known['line']}" + (f", in {display(users['name'])}" if users else "")
    if users is not None:
        found = Users(users["name"], users["places"], tuple(users["paths"]), users["common"])
        yield f"  {display(said(found))}"
    yield (
        f"  changes of the file: {past['changes']}, in the last 90 days: {past['recent']}, fixes: {past['fixes']}, "
        f"taken back: {past['reverts']}, people: {past['people']}"
    )
    for incident in known["incidents"]:
        yield f"  incident {display(incident)}"
