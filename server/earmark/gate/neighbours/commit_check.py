"""commit-check: what it says of the messages (`[commit] ai_attribution` and the limits of a subject)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from earmark.gate.neighbours.model import File, Finding, Message, Subject
from earmark.gate.neighbours.plain import items, line_of, load, mapping, number
from earmark.trailers.attribution import co_authors, names_a_tool
from earmark.trailers.message import parse

_NAME = "commit-check"


def findings(file: File, subject: Subject) -> tuple[Finding, ...]:
    """What `file` (cchk.toml, commit-check.toml) refuses."""
    commit = mapping(load(file).get("commit"))
    return tuple(found for message in subject.messages for found in _of(file, commit, message))


def _of(file: File, commit: Mapping[str, Any], message: Message) -> Iterator[Finding]:
    parsed = parse(message.text.encode())
    attribution = commit.get("ai_attribution", "ignore")
    line = line_of(file, "ai_attribution")
    named = names_a_tool(parsed) or bool(parsed.declared.tools)
    people = co_authors(parsed)
    if attribution == "forbid" and (named or people):
        why = f"{_about(message)}: an assistant is named, and `ai_attribution` is forbid"
        yield Finding(_NAME, file.path, line, "refuses", why, "write these lines yourself, or change that rule")
    if attribution == "disclose" and people:
        why = f"{_about(message)}: an assistant ({people[0]}) stands as co-author or sign-off"
        yield Finding(_NAME, file.path, line, "refuses", why, "delete that line; Assisted-by says it")
    if attribution == "disclose" and named:
        yield from _disclosure(file, commit, message)
    longest = number(commit.get("subject_max_length"), 80)
    length = len(message.text.split("\n", 1)[0])
    if length > longest:
        why = f"{_about(message)}: the subject has {length} characters, {longest} are allowed"
        yield Finding(_NAME, file.path, line_of(file, "subject_max_length"), "refuses", why, "shorten the subject")


def _disclosure(file: File, commit: Mapping[str, Any], message: Message) -> Iterator[Finding]:
    """A disclosure must stand in one of the accepted trailers, and each of those must have the form asked."""
    import re2

    keys = {str(key).lower() for key in items(commit.get("ai_disclosure_trailers")) or ["Assisted-by", "Generated-by"]}
    trailers = [t for t in parse(message.text.encode()).trailers if t.key.lower() in keys]
    pattern = str(commit.get("ai_disclosure_pattern", ""))
    line = line_of(file, "ai_disclosure")
    if not trailers:
        why = f"{_about(message)}: none of the trailers it accepts ({', '.join(sorted(keys))}) is there"
        yield Finding(_NAME, file.path, line, "refuses", why, "use the preset whose trailer it accepts")
    try:
        options = re2.Options()
        options.log_errors = False
        wanted = re2.compile(pattern, options)
    except re2.error:
        yield Finding(_NAME, file.path, line, "unread", "ai_disclosure_pattern does not run on RE2")
        return
    for trailer in trailers:
        if not wanted.match(trailer.value):
            why = f"{_about(message)}: `{trailer.key}: {trailer.value[:80]}` does not match ai_disclosure_pattern"
            yield Finding(_NAME, file.path, line, "refuses", why, "loosen the pattern, or choose another preset")


def _about(message: Message) -> str:
    return f"commit {message.commit[:10]}" if message.commit else "the message to come"
