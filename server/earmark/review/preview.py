"""A request before it is sent: all of it on one page, and the digest by which exactly this one can be sent.

Pure. The page is Markdown for an editor; every foreign string in it passes `markdown`.
"""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from earmark.review.forges.forge import Ask, Project
from earmark.review.markdown import code
from earmark.review.routing import Choice, Route


class Preview(NamedTuple):
    """What is sent when the author agrees. `digest` is 24 hex digits of it; `requests` the steps as a dry run prints
    them; `people` are (choice, how many requests wait for them or None); `lines` explain the route; `blocked` says why
    it could not be sent now, empty when it could."""

    digest: str
    ask: Ask
    people: tuple[tuple[Choice, int | None], ...]
    teams: tuple[str, ...]
    second: tuple[Choice, ...]
    notices: tuple[str, ...]
    lines: tuple[str, ...]
    requests: tuple[dict[str, Any], ...]
    blocked: str = ""


def digest(kind: str, project: Project, ask: Ask) -> str:
    """The digest of what would be sent where: equal for equal requests only."""
    text = json.dumps([kind, project._asdict(), ask._asdict()], sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:24]


def preview(
    kind: str, project: Project, ask: Ask, route: Route, steps: Sequence[dict[str, Any]], load: Mapping[str, int],
    blocked: str = "",
) -> Preview:  # fmt: skip
    """The preview of a request; `load` are open requests by login, as far as the forge told."""
    return Preview(
        digest(kind, project, ask),
        ask,
        tuple((choice, load.get(choice.person.login)) for choice in route.people),
        route.teams,
        route.second,
        route.single + route.unmet,
        route.lines,
        tuple(steps),
        blocked,
    )


def page(shown: Preview) -> str:
    """The whole preview as Markdown, the document itself as it will stand on the forge."""
    parts = [f"# {code(shown.ask.title, 200)}", f"**Not sent: {code(shown.blocked, 400)}**" if shown.blocked else ""]
    parts += ["Nothing is sent until you say so.", "## Who would be asked", _people(shown)]
    parts += ["## The request", shown.ask.document.rstrip("\n")]
    parts += ["## Why these people", "\n".join(f"- {code(line, 400)}" for line in shown.lines)]
    steps = (f"{number}. {code(_step(step), 400)}" for number, step in enumerate(shown.requests, 1))
    parts += ["## What would be sent", "\n".join(steps)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _people(shown: Preview) -> str:
    lines = []
    for choice, load in shown.people:
        wait = "request waits" if load == 1 else "requests wait"
        queue = "their queue is not known" if load is None else f"{load} open {wait} for them"
        lines.append(f"- {code(choice.person.name)} ({code(choice.person.level or 'any level')}), {queue}")
    lines += [f"- team {code(team)}" for team in shown.teams]
    lines += [f"- if nobody answers: {code(choice.person.name)}" for choice in shown.second]
    lines += [f"- **note**: {code(notice, 400)}" for notice in shown.notices]
    return "\n".join(lines) or "Nobody could be named."


def _step(step: Mapping[str, Any]) -> str:
    return shlex.join(step["push"]) if "push" in step else f"{step['method']} {step['url']}"


def as_json(shown: Preview) -> dict[str, Any]:
    """The preview as data, with its page as `text`."""
    return {
        "digest": shown.digest,
        "key": shown.ask.key,
        "title": shown.ask.title,
        "text": page(shown),
        "document": shown.ask.document,
        "requests": list(shown.requests),
        "people": [{**_person(choice), "open": load} for choice, load in shown.people],
        "teams": list(shown.teams),
        "second": [_person(choice) for choice in shown.second],
        "notices": list(shown.notices),
        "lines": list(shown.lines),
        "blocked": shown.blocked,
    }


def _person(choice: Choice) -> dict[str, str]:
    person = choice.person
    return {"name": person.name, "level": person.level, "login": person.login, "reason": choice.reason}
