"""The note of a commit: Git AI Standard `authorship/3.0.0`, with removals and the digest in one extra JSON key.

Format (git-ai's `git_ai_standard_v3.0.0`): attestations, a line that is exactly `---`, one JSON object. A path stands
in column 0, in double quotes when it has white space; an entry is two spaces, a key, one space, 1-based inclusive
ranges. Keys are read by prefix (`s_…::t_…`, `h_…`, bare hex for the older `prompts`), never by length.

What we do not understand is kept: unknown JSON keys, unknown attestation keys, and notes of a newer schema, which are
carried as bytes (`Note.opaque`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from earmark.origin.model import Change, FileOrigins, LineOrigin, LineRange, Origin, RemovedLines, Session

SCHEMA = "authorship/3.0.0"
REF = "refs/notes/ai"
_LARGEST = 32 * 1024 * 1024


class NoteError(ValueError):
    """The bytes are not a note; the message says where they stop being one."""


class Entry(NamedTuple):
    """One attestation: `key` as written, and the lines it claims."""

    key: str
    lines: tuple[LineRange, ...]


class Note(NamedTuple):
    """One parsed note. `meta` is the JSON object; of a newer schema only the bytes are kept, in `opaque`."""

    files: dict[str, tuple[Entry, ...]]
    meta: dict[str, Any]
    opaque: bytes = b""


def parse(raw: bytes) -> Note:
    """Read one note, or several that git concatenated with a blank line; the entries of all sections are joined."""
    if len(raw) > _LARGEST:
        raise NoteError(f"note of {len(raw)} bytes is larger than {_LARGEST}")
    files: dict[str, tuple[Entry, ...]] = {}
    meta: dict[str, Any] = {}
    rest = raw.decode("utf-8", "surrogateescape")
    while rest.strip():
        head, found, tail = ("\n" + rest).partition("\n---\n")
        if not found:
            raise NoteError("no line `---` between attestations and metadata")
        try:
            section, end = json.JSONDecoder().raw_decode(tail.lstrip())
        except (ValueError, RecursionError) as error:
            raise NoteError(f"metadata is not JSON: {error}") from error
        rest = tail.lstrip()[end:]
        if not isinstance(section, dict):
            raise NoteError("metadata is not a JSON object")
        schema = str(section.get("schema_version", ""))
        if not schema.startswith("authorship/3."):
            return Note({}, {"schema_version": schema}, raw)
        for path, entries in _attestations(head).items():
            files[path] = files.get(path, ()) + entries
        meta = _merge(meta, section)
    if not meta:
        raise NoteError("the note is empty")
    return Note(files, meta)


def _attestations(head: str) -> dict[str, tuple[Entry, ...]]:
    files: dict[str, list[Entry]] = {}
    path = ""
    for line in head.split("\n"):
        if not line.strip():
            continue
        if line.startswith("  "):
            if not path:
                raise NoteError(f"attestation before any path: {line.strip()[:80]!r}")
            key, _, ranges = line.strip().partition(" ")
            files[path].append(Entry(key, _parse_ranges(ranges)))
        else:
            path = line[1:-1] if len(line) > 1 and line[0] == line[-1] == '"' else line
            files.setdefault(path, [])
    return {name: tuple(entries) for name, entries in files.items()}


def _parse_ranges(text: str) -> tuple[LineRange, ...]:
    found: list[LineRange] = []
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        try:
            start, end = int(first), int(last or first)
        except ValueError as error:
            raise NoteError(f"not a line range: {part[:40]!r}") from error
        if not 1 <= start <= end:
            raise NoteError(f"line range out of order: {part[:40]!r}")
        found.append(LineRange(start, end))
    return tuple(found)


def _merge(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """Two objects by meaning: maps are united (the first wins inside), lists of removals joined, else the first."""
    merged = dict(first)
    for key, value in second.items():
        if key not in merged:
            merged[key] = value
        elif isinstance(merged[key], dict) and isinstance(value, dict):
            merged[key] = _merge(merged[key], value)
        elif isinstance(merged[key], list) and isinstance(value, list):
            merged[key] = [*merged[key], *(item for item in value if item not in merged[key])]
    return merged


def format_note(note: Note) -> bytes:
    """The canonical bytes: paths in byte order, keys sorted, JSON on one line with sorted keys."""
    if note.opaque:
        return note.opaque
    out: list[str] = []
    for path in sorted(note.files, key=lambda p: p.encode("utf-8", "surrogateescape")):
        entries = note.files[path]
        if not entries:
            continue
        out.append(f'"{path}"' if any(c in path for c in " \t\n") else path)
        for entry in sorted(entries, key=lambda e: (e.lines, e.key)):
            ranges = ",".join(str(r.start) if r.start == r.end else f"{r.start}-{r.end}" for r in entry.lines)
            out.append(f"  {entry.key} {ranges}")
    out.append("---")
    out.append(json.dumps(note.meta, ensure_ascii=False, sort_keys=True, separators=(",", ":")))
    return ("\n".join(out) + "\n").encode("utf-8", "surrogateescape")


def from_change(change: Change, digest: str, audit: Mapping[str, str] | None = None) -> Note:
    """The note of a commit. Equal evidence gives equal bytes: trace ids are derived, not drawn. `audit` is the head of
    the audit at that commit, by chain (see `audit.Anchors`)."""
    files: dict[str, tuple[Entry, ...]] = {}
    removed: dict[str, list[dict[str, Any]]] = {}
    for file in change.files:
        entries = _entries(file)
        if entries:
            files[file.path] = entries
        if file.removals:
            removed[file.path] = [
                {"session": r.session, "blob": r.blob, "lines": list(r.lines), "at": r.at} for r in file.removals
            ]
    humans = {
        o.origin.author: {"author": change.sessions[o.origin.author].director}
        for f in change.files
        for o in f.owners
        if o.origin.kind == "human" and o.origin.author in change.sessions
    }
    used = sorted({key for f in change.files for key in f.sessions})
    meta: dict[str, Any] = {
        "schema_version": SCHEMA,
        "base_commit_sha": change.commit,
        "prompts": {},
        "sessions": {key: _session_record(change.sessions[key]) for key in used if key in change.sessions},
        "earmark": {"removed": removed, "digest": digest},
    }
    if humans:
        meta["humans"] = humans
    transcripts = {
        key: change.sessions[key].transcript_digest
        for key in used
        if key in change.sessions and change.sessions[key].transcript_digest
    }
    if transcripts:
        meta["earmark"]["transcripts"] = transcripts
    if audit:
        meta["earmark"]["audit"] = dict(audit)
    return Note(files, meta)


def _entries(file: FileOrigins) -> tuple[Entry, ...]:
    by_key: dict[str, list[LineRange]] = {}
    for owner in file.owners:
        if owner.origin.kind == "ai" or (owner.origin.kind == "human" and owner.origin.author):
            by_key.setdefault(owner.origin.author, []).append(owner.lines)
    return tuple(
        Entry(f"{key}::{_trace(file, key)}" if key.startswith("s_") else key, tuple(_joined(ranges)))
        for key, ranges in sorted(by_key.items())
    )


def _joined(ranges: Iterable[LineRange]) -> list[LineRange]:
    """Adjacent ranges collapsed, as the standard asks."""
    out: list[LineRange] = []
    for item in sorted(ranges):
        if out and out[-1].end + 1 >= item.start:
            out[-1] = LineRange(out[-1].start, max(out[-1].end, item.end))
        else:
            out.append(item)
    return out


def _trace(file: FileOrigins, key: str) -> str:
    lines = b"\n".join(line for owner, line in file.ai_text if owner == key)
    seed = key.encode() + b"\0" + file.path.encode("utf-8", "surrogateescape") + b"\0" + lines
    return "t_" + hashlib.sha256(seed).hexdigest()[:14]


def _session_record(session: Session) -> dict[str, Any]:
    record: dict[str, Any] = {
        "agent_id": {"tool": session.tool, "id": session.conversation, "model": session.model},
    }
    if session.director:
        record["human_author"] = session.director
    return record


def sessions(note: Note) -> dict[str, Session]:
    """Every session the note names, by id: `sessions`, the older `prompts`, and `humans` (tool "human")."""
    found: dict[str, Session] = {}
    for table in ("sessions", "prompts"):
        for key, record in _mapping(note.meta.get(table)).items():
            agent = _mapping(_mapping(record).get("agent_id"))
            found[key] = Session(
                str(agent.get("tool") or "unknown"),
                str(agent.get("id") or ""),
                str(agent.get("model") or "unknown"),
                str(_mapping(record).get("human_author") or ""),
            )
    for key, record in _mapping(note.meta.get("humans")).items():
        found[key] = Session("human", "", director=str(_mapping(record).get("author") or ""))
    digests = _mapping(_mapping(note.meta.get("earmark")).get("transcripts"))
    return {
        key: session._replace(transcript_digest=str(digests[key])) if key in digests else session
        for key, session in found.items()
    }


def owners(note: Note, path: str) -> tuple[LineOrigin, ...]:
    """Who owns which lines of `path`, one record a range. A key without a known prefix is a `prompts` key: AI."""
    found: list[LineOrigin] = []
    for entry in note.files.get(path, ()):
        author = entry.key.partition("::")[0]
        origin = Origin("human", author) if author.startswith("h_") else Origin("ai", author)
        found.extend(LineOrigin(lines, origin) for lines in entry.lines)
    return tuple(sorted(found))


def removals(note: Note, path: str) -> tuple[RemovedLines, ...]:
    """What sessions removed from `path`; malformed records are left out."""
    found: list[RemovedLines] = []
    table = _mapping(_mapping(note.meta.get("earmark")).get("removed"))
    records = table.get(path)
    for record in records if isinstance(records, list) else []:
        item = _mapping(record)
        lines, at = item.get("lines"), item.get("at")
        if (
            isinstance(lines, list)
            and len(lines) == 2
            and all(isinstance(n, int) for n in lines)
            and 1 <= lines[0] <= lines[1]
            and isinstance(at, int)
        ):
            found.append(RemovedLines(str(item.get("session", "")), str(item.get("blob", "")), LineRange(*lines), at))
    return tuple(found)


def recorded_digest(note: Note) -> str:
    """The digest the note carries, or empty."""
    return str(_mapping(note.meta.get("earmark")).get("digest") or "")


def audit_heads(note: Note) -> dict[str, str]:
    """The heads of the audit that the note carries, by chain."""
    heads = _mapping(_mapping(note.meta.get("earmark")).get("audit"))
    return {chain: head for chain, head in heads.items() if isinstance(head, str)}


def removed_paths(note: Note) -> tuple[str, ...]:
    """Paths with removals."""
    return tuple(_mapping(_mapping(note.meta.get("earmark")).get("removed")))


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
