"""The words of DESIGN §2 as plain data."""

from __future__ import annotations

import hashlib
from typing import Literal, NamedTuple

Kind = Literal["ai", "human", "unknown"]


class Session(NamedTuple):
    """One conversation with one tool.

    `tool` and `model` are slugs (`model` is "unknown" when no payload named one); `director` is the git identity of
    the person who directed it ("Name <email>"), empty when not known. `transcript` is a local path and never leaves
    the ledger; `transcript_digest` ("sha256:<64 hex>", or empty) is what travels.
    """

    tool: str
    conversation: str
    model: str = "unknown"
    director: str = ""
    transcript: str = ""
    transcript_digest: str = ""

    @property
    def id(self) -> str:
        """The session key of the Git AI Standard: `s_` and 14 hex digits of SHA-256("tool:conversation")."""
        name = f"{self.tool}:{self.conversation}".encode("utf-8", "surrogatepass")
        return "s_" + hashlib.sha256(name).hexdigest()[:14]


class Origin(NamedTuple):
    """Who wrote a stretch of text. `author` is a session id (`s_…`) when `kind` is "ai", else a human id or empty."""

    kind: Kind
    author: str = ""


UNKNOWN = Origin("unknown")
HUMAN = Origin("human")


def ai(session: str) -> Origin:
    """The origin of text that session `session` (an id, `s_…`) wrote."""
    return Origin("ai", session)


class Region(NamedTuple):
    """Bytes `start` to `end` (0-based, half-open) of one snapshot, written by `origin`.

    `order` grows with every event of evidence: of two regions on one line the higher one is the newer.
    `overrode` is the session whose text a human replaced here, or empty.
    """

    start: int
    end: int
    origin: Origin
    order: int = 0
    overrode: str = ""


class Removal(NamedTuple):
    """Whole lines that AI session `session` deleted or replaced.

    `lines` are the removed lines without their line ends; `at` is the byte offset in the present text of the start of
    the line before which they stood (the length of the text when they stood at its end).
    """

    session: str
    at: int
    lines: tuple[bytes, ...]
    order: int = 0


class Snapshot(NamedTuple):
    """A content and its origins: regions sorted by start and disjoint, removals sorted by anchor."""

    text: bytes
    regions: tuple[Region, ...] = ()
    removals: tuple[Removal, ...] = ()


class LineRange(NamedTuple):
    """Lines `start` to `end` of a file, 1-based and inclusive, as notes and users see them."""

    start: int
    end: int


class LineOrigin(NamedTuple):
    """A run of lines with one owner. `overrode` names the session whose text a human edited on these lines."""

    lines: LineRange
    origin: Origin
    overrode: str = ""


class RemovedLines(NamedTuple):
    """Lines of the parent's blob that session `session` removed: `lines` in the parent, `at` the line of this commit
    (1-based; 0 for the top of the file) after which they stood."""

    session: str
    blob: str
    lines: LineRange
    at: int


class FileOrigins(NamedTuple):
    """What one commit (or the staged change) did to one file.

    `added` counts the lines the change adds, `removed` those of the first parent it removes; `owners` covers only
    added lines whose origin is known; `ai_text` and `removed_text` are the (session, line bytes) pairs the digest is
    computed from, in file order.
    """

    path: str
    old_path: str
    added: int
    removed: int
    owners: tuple[LineOrigin, ...] = ()
    removals: tuple[RemovedLines, ...] = ()
    ai_text: tuple[tuple[str, bytes], ...] = ()
    removed_text: tuple[tuple[str, bytes], ...] = ()

    @property
    def ai_lines(self) -> int:
        return len(self.ai_text)

    @property
    def ai_removed(self) -> int:
        return len(self.removed_text)

    @property
    def human_lines(self) -> int:
        return sum(o.lines.end - o.lines.start + 1 for o in self.owners if o.origin.kind == "human")

    @property
    def unknown_lines(self) -> int:
        return self.added - self.ai_lines - self.human_lines

    @property
    def sessions(self) -> tuple[str, ...]:
        """Ids of the AI sessions with evidence in this file, sorted."""
        return tuple(sorted({key for key, _ in self.ai_text} | {key for key, _ in self.removed_text}))


class Change(NamedTuple):
    """The origins of one commit, of the staged change, or of the worktree (`commit` is then empty).

    Files are sorted by path (byte order); `sessions` maps every id that occurs in them to its session.
    """

    commit: str
    parent: str
    files: tuple[FileOrigins, ...]
    sessions: dict[str, Session]

    @property
    def added(self) -> int:
        return sum(f.added for f in self.files)

    @property
    def ai_lines(self) -> int:
        return sum(f.ai_lines for f in self.files)

    @property
    def ai_removed(self) -> int:
        return sum(f.ai_removed for f in self.files)

    @property
    def is_ai(self) -> bool:
        """An AI change has inserted or removed AI evidence (DESIGN §2)."""
        return bool(self.ai_lines or self.ai_removed)
