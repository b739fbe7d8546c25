"""Writing a request as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from earmark.origin.model import LineRange, Session
from earmark.review.markdown import clipped, code, fence, link, visible
from earmark.review.request import (
    CHECKLIST,
    END,
    LIMIT,
    QUOTED_LINES,
    Request,
    RequestRegion,
    RequestRemoval,
    marker,
)
from earmark.trailers.vocabulary import display as slug
from earmark.trailers.vocabulary import tool_name

Links = Callable[[str, LineRange], str]


def no_links(path: str, lines: LineRange) -> str:
    """For a repository that no web address is known of."""
    return ""


def markdown(request: Request, links: Links = no_links) -> str:
    """The document. `links` gives the web address of lines of a path at the head, or an empty string. What does not
    fit a forge's limit is counted, quotes first."""
    for quoted in (QUOTED_LINES, 8, 0):
        text = _whole(request, links, quoted, len(request.regions))
        if len(text) <= LIMIT:
            return text
    shown = len(request.regions)
    while len(text) > LIMIT and shown:
        shown //= 2
        text = _whole(request, links, 0, shown)
    return text


def _whole(request: Request, links: Links, quoted: int, shown: int) -> str:
    parts = [marker(request.key), *_head(request), *_focus(request, links), *_asked(request)]
    parts += _regions(request, links, quoted, shown)
    parts += _removals(request, quoted, shown)
    parts += [
        *_risk(request),
        *_context(request),
        *_tests(request),
        *_open(request),
        *_checklist(),
        *_sessions(request),
    ]
    parts.append(END)
    if request.trailers:
        parts.append(request.trailers.rstrip("\n"))
    return "\n\n".join(parts) + "\n"


def _head(request: Request) -> list[str]:
    who = ", ".join(code(pair) for pair in sorted({_pair(s) for s in request.sessions})) or "an assistant"
    written = f"{request.ai_lines} of {request.added} added lines were written by {who}"
    if request.ai_removed:
        written += f", which also removed {_count(request.ai_removed, 'line')}"
    places = len({region.path for region in request.regions} | {removal.path for removal in request.removals})
    return [
        f"## Review request: {request.level} risk ({request.score} of 100)",
        f"{written}, in {_count(places, 'file')} and {_count(len(request.sessions), 'session')}. "
        f"Commits {code(request.base[:12])} to {code(request.head[:12])}, for {code(request.target)}.",
    ]


def _focus(request: Request, links: Links) -> list[str]:
    lines = []
    for focus in request.focus:
        label = f"{focus.path} {_lines(focus.lines)}" if focus.lines.start else focus.path
        lines.append(f"- {link(label, links(focus.path, focus.lines if focus.lines.start else LineRange(1, 1)))}")
    return ["### Look at this first", "\n".join(lines)] if lines else []


def _pair(session: Session) -> str:
    """`tool:model` as the trailers write it."""
    return f"{tool_name(session.tool)}:{slug(session.model)}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _asked(request: Request) -> list[str]:
    lines = [f"- {code(r.name)} ({code(r.level)}): {_sentence(r.reason)}" for r in request.reviewers]
    lines += [f"- team {code(team)}" for team in request.teams]
    lines += [f"- **note**: {_sentence(notice)}" for notice in request.notices]
    parts = (
        ["### Who is asked", "\n".join(lines)] if lines else ["### Who is asked", "Nobody could be named; see below."]
    )
    if request.asked:
        parts += ["### What the session was asked (the author's words)", _quoted(request.asked)]
    return parts


def _sentence(reason: str) -> str:
    """A sentence of ours that may hold foreign names: shown as code, which nothing interprets."""
    return code(reason, 400)


def _quoted(text: str) -> str:
    return fence(enumerate(text.splitlines(), 1))


def _regions(request: Request, links: Links, quoted: int, shown: int) -> list[str]:
    if not request.regions:
        return []
    tools = {s.id: _pair(s) for s in request.sessions}
    parts = ["### What the assistant wrote"]
    for region in request.regions[:shown]:
        label = f"{region.path} {_lines(region.lines)}"
        by = f"{code(tools.get(region.session, 'unknown'))}, session {code(region.session)}"
        parts.append(f"- {link(label, links(region.path, region.lines))} by {by}")
        parts += _quote(region, quoted, "|")
    if shown < len(request.regions):
        left = len(request.regions) - shown
        parts.append(f"{left} more regions do not fit here; `earmark review request --dry-run` lists all.")
    return parts


def _lines(lines: LineRange) -> str:
    return f"line {lines.start}" if lines.start == lines.end else f"lines {lines.start}–{lines.end}"


def _quote(part: RequestRegion | RequestRemoval, limit: int, sign: str) -> list[str]:
    if not part.text or not limit:
        return []
    cut = len(part.text) - limit
    quoted = [fence(((part.lines.start + i, line) for i, line in enumerate(part.text[:limit])), sign=sign)]
    return quoted if cut <= 0 else [*quoted, f"and {_count(cut, 'more line')}"]


def _removals(request: Request, quoted: int, shown: int) -> list[str]:
    if not request.removals:
        return []
    parts = ["### What the assistant removed"]
    for removal in request.removals[:shown]:
        label = f"{removal.path} {_lines(removal.lines)}"
        parts.append(f"- {code(label)} (of the base), session {code(removal.session)}")
        parts += _quote(removal, quoted, "-")
    if shown < len(request.removals):
        parts.append(f"{len(request.removals) - shown} more removals do not fit here.")
    return parts


def _risk(request: Request) -> list[str]:
    terms = [f"- {code(t.name)} {t.value:+g}: {code(t.evidence, 400)}" for t in request.terms]
    return [f"### Risk: {request.level}, {request.score} of 100", "\n".join(terms) or "No term adds to it."]


def _context(request: Request) -> list[str]:
    parts: list[str] = []
    if request.dependents is not None:
        parts += ["### What depends on it", _list(request.dependents) or "Nothing in this repository."]
    if request.incidents:
        found = (f"- {link(i.title, i.url) if i.url else code(i.title)}: {code(i.why, 400)}" for i in request.incidents)
        parts += ["### Incidents it resembles", "\n".join(found)]
    return parts


def _list(items: Iterable[str], limit: int = 20) -> str:
    listed = list(items)
    lines = [f"- {code(item)}" for item in listed[:limit]]
    return "\n".join([*lines, f"- and {len(listed) - limit} more"] if len(listed) > limit else lines)


def _tests(request: Request) -> list[str]:
    parts = ["### Tests"]
    if request.tests_changed:
        parts += ["Touched:", _list(request.tests_changed)]
    if request.tests_removed:
        parts += ["**Removed or shortened:**", _list(request.tests_removed)]
    if len(parts) == 1:
        parts.append("No test was touched.")
    if request.rollout or request.promised:
        wanted = f"{code(request.rollout)} is required" if request.rollout else "None is required"
        promised = f"the commits promise {code(request.promised)}" if request.promised else "the commits promise none"
        parts += ["### Rollout", f"{wanted}; {promised}."]
    return parts


def _open(request: Request) -> list[str]:
    lines = []
    for item in request.obligations:
        where = f" (policy line {item.policy_line})" if item.policy_line else ""
        lines.append(f"- [{'x' if item.met else ' '}] {code(item.code)}: {code(item.message, 400)}{where}")
    return ["### What the policy asks", "\n".join(lines)] if lines else []


def _checklist() -> list[str]:
    return ["### For the reviewer to answer", "\n".join(f"- [ ] {question}" for question in CHECKLIST)]


def _sessions(request: Request) -> list[str]:
    lines = []
    for session in request.sessions:
        facts = [_pair(session), f"conversation {session.conversation}"]
        facts += [f"directed by {session.director}"] if session.director else []
        facts += [f"transcript {session.transcript_digest}"] if session.transcript_digest else []
        lines.append(f"- {code(session.id)}: {code(', '.join(facts), 500)}")
    return ["### Sessions", "\n".join(lines)] if lines else []


def title(request: Request) -> str:
    """The author's title on one line, at most 200 characters."""
    return clipped(" ".join(visible(request.title).split()), 200) or f"Review of {request.head[:12]}"


def summary(request: Request) -> str:
    """The request in one line, for a channel that takes no more."""
    tools = ", ".join(sorted({_pair(s) for s in request.sessions})) or "an assistant"
    said = f"Review request: {request.level} risk ({request.score} of 100); {request.ai_lines} of {request.added} added"
    return f"{said} lines by {tools}; {_count(request.ai_removed, 'line')} removed by it"
