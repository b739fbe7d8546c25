"""agent-trace 0.1: one JSON record about the lines of one revision, read from and written for other tools.

The facts of its published format stand beside this file as `agent-trace.schema.json`, in our own words. Lines are those
of the recorded revision. What the format has no place for (removals, session ids, who directed a session) travels under
`metadata.earmark`, so that an export read back is the same note. `content_hash` is neither written nor trusted: the
format names no algorithm and no normalisation.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from earmark.git.history import Commit
from earmark.origin import notes
from earmark.origin.model import LineRange, Session
from earmark.origin.notes import Entry, Note

VERSION = "0.1.0"
LARGEST = 32 * 1024 * 1024
_URN = "urn:earmark:session:"
_MOST_PROBLEMS = 5
_CARRIED = ("sessions", "prompts", "humans")
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_REVISION = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?", re.ASCII)
_KEY = re.compile(r"[sh]_[0-9a-f]{7,64}|[0-9a-f]{7,64}", re.ASCII)
_VCS = ("git", "jj", "hg", "svn")
_KINDS = ("human", "ai", "mixed", "unknown")


class TraceError(ValueError):
    """The text is not a trace that can be taken in; the message names the record and what is wrong with it."""


class Trace(NamedTuple):
    """One record. `note` says what it says of `revision` (40 or 64 hex digits) in a note's terms; `claimed` counts its
    AI lines, `unsaid` the lines it calls mixed or unknown, or human without saying who."""

    where: str
    revision: str
    note: Note
    claimed: int
    unsaid: int


def export(commit: Commit, note: Note, version: str) -> dict[str, Any]:
    """The record of one commit's note; `version` is the one of this program. Equal notes give equal records."""
    known = notes.sessions(note)
    files = []
    for path in sorted(note.files, key=lambda p: p.encode("utf-8", "surrogateescape")):
        by_author: dict[str, list[LineRange]] = {}
        for owner in notes.owners(note, path):
            by_author.setdefault(owner.origin.author, []).append(owner.lines)
        talks = [_conversation(key, known.get(key), lines) for key, lines in sorted(by_author.items())]
        files.append({"path": path, "conversations": talks})
    ours = note.meta.get("earmark")
    own = {name: note.meta[name] for name in _CARRIED if note.meta.get(name)}
    if isinstance(ours, dict):
        own |= {name: ours[name] for name in ("removed", "transcripts", "digest") if ours.get(name)}
    seed = f"{commit.id}\0{json.dumps([files, own], sort_keys=True)}"
    return {
        "version": VERSION,
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, seed)),
        "timestamp": datetime.fromtimestamp(commit.committer_time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "vcs": {"type": "git", "revision": commit.id},
        "tool": {"name": "earmark", "version": version},
        "files": files,
        "metadata": {"earmark": own},
    }


def _conversation(key: str, session: Session | None, lines: list[LineRange]) -> dict[str, Any]:
    contributor = {"type": "human" if key.startswith("h_") else "ai"}
    if session and contributor["type"] == "ai" and session.model != "unknown":
        contributor["model_id"] = session.model[:250]
    return {
        "contributor": contributor,
        "ranges": [{"start_line": r.start, "end_line": r.end} for r in lines],
        "related": [{"type": "session", "url": _URN + key}],
    }


def read(raw: bytes) -> list[Trace]:
    """The records of a file: one JSON object, a list of them, or one on each line.

    Raises `TraceError` when any of them is malformed, is not of version 0.1, or names no git revision.
    """
    if len(raw) > LARGEST:
        raise TraceError(f"{len(raw)} bytes, more than the {LARGEST} that are read")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TraceError(f"not UTF-8 text: {error.reason} at byte {error.start}") from error
    traces: list[Trace] = []
    for number, record in enumerate(_records(text), 1):
        problems = list(_problems(record))[:_MOST_PROBLEMS]
        if problems:
            raise TraceError(f"record {number}: {'; '.join(problems)}")
        traces.append(_trace(f"record {number}", record))
    if not traces:
        raise TraceError("there is no record in it")
    return traces


def _records(text: str) -> Iterator[Any]:
    try:
        whole = json.loads(text)
    except RecursionError as error:
        raise TraceError("nested too deeply") from error
    except ValueError:
        for number, line in enumerate(text.split("\n"), 1):
            if line.strip():
                try:
                    yield json.loads(line)
                except (ValueError, RecursionError) as error:
                    raise TraceError(f"line {number} is not JSON: {error}") from error
        return
    yield from whole if isinstance(whole, list) else [whole]


def _problems(record: Any) -> Iterator[str]:
    """What the published format does not allow, and what this reader cannot use."""
    if not isinstance(record, dict):
        yield "not an object"
        return
    version = record.get("version")
    if not isinstance(version, str) or not re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+", version):
        yield "`version` is not of the form 0.1.0"
    elif not version.startswith("0.1."):
        yield f"version {version} is not known here, 0.1 is"
    for name, pattern in (("id", _ID), ("timestamp", _TIME)):
        value = record.get(name)
        if not isinstance(value, str) or not pattern.fullmatch(value):
            yield f"`{name}` is missing or malformed"
    yield from _typed(record, "tool", dict)
    tool = record.get("tool")
    for name in ("name", "version"):
        yield from _typed(tool if isinstance(tool, dict) else {}, name, str, "tool.")
    yield from _typed(record, "metadata", dict)
    vcs = record.get("vcs")
    if not isinstance(vcs, dict) or vcs.get("type") not in _VCS or not isinstance(vcs.get("revision"), str):
        yield "`vcs` names no system and revision, so nobody can tell whose lines these are"
    elif vcs["type"] != "git" or not _REVISION.fullmatch(vcs["revision"]):
        yield "`vcs` names no git commit by its full id"
    if not isinstance(record.get("files"), list):
        yield "`files` is not a list"
        return
    for index, file in enumerate(record["files"]):
        yield from _file_problems(file, f"files[{index}]")


def _file_problems(file: Any, where: str) -> Iterator[str]:
    if not isinstance(file, dict) or not isinstance(file.get("path"), str):
        yield f"{where} has no path"
        return
    if not isinstance(file.get("conversations"), list):
        yield f"{where}.conversations is not a list"
        return
    for index, talk in enumerate(file["conversations"]):
        here = f"{where}.conversations[{index}]"
        if not isinstance(talk, dict) or not isinstance(talk.get("ranges"), list):
            yield f"{here} has no ranges"
            continue
        yield from _typed(talk, "url", str, f"{here}.")
        yield from _contributor_problems(talk, here)
        yield from _typed(talk, "related", list, f"{here}.")
        related = talk.get("related")
        for link in related if isinstance(related, list) else []:
            if not isinstance(link, dict) or not isinstance(link.get("type"), str) or not _is_str(link.get("url")):
                yield f"{here}.related has an entry without type and url"
        for place, item in enumerate(talk["ranges"]):
            yield from _range_problems(item, f"{here}.ranges[{place}]")


def _range_problems(item: Any, where: str) -> Iterator[str]:
    if not isinstance(item, dict) or not all(_is_line(item.get(name)) for name in ("start_line", "end_line")):
        yield f"{where} has no start_line and end_line of at least 1"
        return
    if item["end_line"] < item["start_line"]:
        yield f"{where} ends before it starts"
    yield from _typed(item, "content_hash", str, f"{where}.")
    yield from _contributor_problems(item, where)


def _contributor_problems(holder: Mapping[str, Any], where: str) -> Iterator[str]:
    if "contributor" not in holder:
        return
    who = holder["contributor"]
    if not isinstance(who, dict) or who.get("type") not in _KINDS:
        yield f"{where}.contributor is none of {', '.join(_KINDS)}"
    elif "model_id" in who and (not _is_str(who["model_id"]) or len(who["model_id"]) > 250):
        yield f"{where}.contributor.model_id is no text of at most 250 characters"


def _typed(holder: Mapping[str, Any], name: str, kind: type, prefix: str = "") -> Iterator[str]:
    if name in holder and not isinstance(holder[name], kind):
        yield f"`{prefix}{name}` has the wrong type"


def _is_str(value: Any) -> bool:
    return isinstance(value, str)


def _is_line(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _trace(where: str, record: Mapping[str, Any]) -> Trace:
    metadata = record.get("metadata", {})
    own = metadata.get("earmark") if isinstance(metadata.get("earmark"), dict) else {}
    tables = {name: dict(own[name]) for name in _CARRIED if isinstance(own.get(name), dict)}
    meta: dict[str, Any] = {"schema_version": notes.SCHEMA, "prompts": {}, "sessions": {}, **tables}
    meta["earmark"] = {name: own[name] for name in ("removed", "transcripts") if isinstance(own.get(name), dict)}
    named = {key for table in tables.values() for key in table}
    files: dict[str, dict[str, list[LineRange]]] = {}
    claimed = unsaid = 0
    for path, talk, item in _ranges(record):
        kind = (item.get("contributor") or talk.get("contributor") or {}).get("type", "unknown")
        lines = LineRange(item["start_line"], item["end_line"])
        key = _key(talk, named)
        if kind == "ai" and not key.startswith("h_"):
            session = _session(record, talk, item)
            if not key:
                key = session.id
                agent = {"tool": session.tool, "id": session.conversation, "model": session.model}
                meta["sessions"].setdefault(key, {"agent_id": agent})
            claimed += lines.end - lines.start + 1
        elif kind != "human" or not key.startswith("h_"):
            unsaid += lines.end - lines.start + 1
            continue
        files.setdefault(path, {}).setdefault(key, []).append(lines)
    entries = {
        path: tuple(Entry(key, tuple(sorted(lines))) for key, lines in by_key.items()) for path, by_key in files.items()
    }
    return Trace(where, record["vcs"]["revision"], Note(entries, meta), claimed, unsaid)


def _ranges(record: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any], Mapping[str, Any]]]:
    for file in record["files"]:
        for talk in file["conversations"]:
            for item in talk["ranges"]:
                yield file["path"], talk, item


def _key(talk: Mapping[str, Any], named: set[str]) -> str:
    """The session key that an export of ours wrote and described; empty for other tools' records."""
    for link in talk.get("related", ()):
        key = link["url"].removeprefix(_URN)
        if key != link["url"] and key in named and _KEY.fullmatch(key):
            return str(key)
    return ""


def _session(record: Mapping[str, Any], talk: Mapping[str, Any], item: Mapping[str, Any]) -> Session:
    who = {**talk.get("contributor", {}), **item.get("contributor", {})}
    tool = (record.get("tool") or {}).get("name") or "unknown"
    return Session(str(tool)[:250], str(talk.get("url") or record["id"])[:2000], str(who.get("model_id") or "unknown"))
