"""One open document: its text, its tree, and what is known about both."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from earmark.lsp.findings import FindingList
from earmark.lsp.identity import moved
from earmark.lsp.on_disk import OnDisk
from earmark.lsp.ranges import Ranges
from earmark.policy.model import FILE
from earmark.text.document import ByteDocument, Encoding, encode, replacement
from earmark.text.edits import Edit
from earmark.text.incremental import IncrementalTree
from earmark.text.languages import language_of

if TYPE_CHECKING:
    from earmark.git.repository import Repository
    from earmark.lsp.around import Callers
    from earmark.lsp.tracking import Tracking
    from earmark.origin.model import Session

Observed = Literal["keystroke", "bulk"]

COMMIT_LANGUAGES = frozenset({"gitcommit", "git-commit"})

# Editors that wait before they send (Neovim: 150 ms) join a few characters of typing; more at once is not typing.
_TYPED = 4

# An `earmark/didInsert` may speak of a version that has passed; this many are remembered.
_REMEMBERED = 256
_REMEMBERED_BYTES = 4 << 20
_CLAIMS = 64


class Place(NamedTuple):
    """Where a buffer's file is: its repository and its path relative to the worktree's top, with `/`."""

    repo: Repository
    path: str


class Step(NamedTuple):
    """The edits that led to `version`, each in the text that the one before it left, and the bytes each replaced."""

    version: int
    edits: tuple[Edit, ...]
    replaced: tuple[bytes, ...]


class Claim(NamedTuple):
    """An insertion by `session`, reported for `version`; `locate` gives its byte range in the text of that version."""

    version: int
    locate: Callable[[ByteDocument], tuple[int, int]]
    session: Session


class MalformedChange(ValueError):
    """A content change lacks its text or holds a range that is none."""


class Buffer:
    """One open document. The loop thread alone reads and writes it.

    `found` holds the findings of text rules, `compared` those of change rules and of packages, `changed` the parts not
    looked at since they were edited. `looked` says whether the text was ever scanned whole; `ready` is set once it was
    and its origins are known, or the buffer is closed. `scans_locally` says whether a scan of a few lines costs about
    that.

    `file` is None for what is no file; `place` and `tracking` are None until they are known, and `place` stays so for a
    document outside any repository. `base` is the committed text. `callers` says who uses the definitions that the
    change touches, at the lines they had when that was last looked at.
    """

    def __init__(self, uri: str, language_id: str, version: int, text: str, name: str) -> None:
        self.uri = uri
        self.language_id = language_id
        self.version = version
        self.document = ByteDocument(encode(text))
        first_line = self.document.text[: self.document.line_end(0)]
        self.language = "" if language_id in COMMIT_LANGUAGES else language_of(name, first_line, language_id)
        self.name = name
        self.tree = IncrementalTree.of(self.language) if self.language else None
        self.found = FindingList(len(self.document.text))
        self.compared = FindingList(len(self.document.text))
        self.changed = Ranges()
        self.looked = False
        self.scans_locally = True
        self.ready = asyncio.Event()
        self.file: OnDisk | None = None
        self.place: Place | None = None
        self.tracking: Tracking | None = None
        self.base: bytes | None = None
        self.callers: tuple[Callers, ...] = ()
        self.closed = False
        self.claims: deque[Claim] = deque(maxlen=_CLAIMS)
        self.history: deque[Step] = deque()
        self._history_bytes = 0
        self._forgotten = False

    @property
    def text(self) -> bytes:
        """The present text, UTF-8."""
        return self.document.text

    @property
    def is_commit_message(self) -> bool:
        """Whether an editor shows this buffer for writing a commit message."""
        return self.language_id in COMMIT_LANGUAGES

    @property
    def is_policy(self) -> bool:
        """Whether this is a repository's policy file."""
        return self.place is not None and self.place.path == FILE

    def change(self, version: int, changes: Sequence[Any], encoding: Encoding) -> Observed:
        """Apply the content changes of one `didChange`, in order, and say whether a person can have typed them.

        Raises MalformedChange before the first bad one.

        The changes before a bad one stay applied, as the client believes them to be.
        """
        edits: list[Edit] = []
        replaced: list[bytes] = []
        observed: Observed = "keystroke"
        try:
            for change in changes if isinstance(changes, list) else ():
                edit = self._edit_of(change, encoding)
                if not _is_typing(edit, self.text):
                    observed = "bulk"
                replaced.append(self.text[edit.start : edit.end])
                self._apply(edit)
                edits.append(edit)
        finally:
            self.version = version
            self._remember(Step(version, tuple(edits), tuple(replaced)))
            if observed == "keystroke" and self.file is not None and self.file.brought(self.text):
                observed = "bulk"
            if self.tracking is not None and edits:
                self.tracking.apply(edits, self.text, observed)
        return observed

    def now(self, version: int, locate: Callable[[ByteDocument], tuple[int, int]]) -> tuple[int, int] | None:
        """Where the bytes that `locate` finds in the text of `version` stand now; None when that is too long ago."""
        if version == self.version:
            return locate(self.document)
        later = [step for step in self.history if step.version > version]
        if len(later) == len(self.history) and self._forgotten:
            return None
        text = self.text
        for step in reversed(later):
            for edit, before in zip(reversed(step.edits), reversed(step.replaced), strict=True):
                text = text[: edit.start] + before + text[edit.start + len(edit.new) :]
        start, end = locate(ByteDocument(text))
        return moved(start, end, [edit for step in later for edit in step.edits])

    def _remember(self, step: Step) -> None:
        self.history.append(step)
        self._history_bytes += sum(map(len, step.replaced))
        while self._history_bytes > _REMEMBERED_BYTES or len(self.history) > _REMEMBERED:
            self._history_bytes -= sum(map(len, self.history.popleft().replaced))
            self._forgotten = True

    def _edit_of(self, change: Any, encoding: Encoding) -> Edit:
        if not isinstance(change, Mapping) or not isinstance(change.get("text"), str):
            raise MalformedChange("a content change has no text")
        text = encode(change["text"])
        if change.get("range") is None:
            return replacement(self.text, text)
        try:
            start, end = (
                self.document.offset(int(place["line"]), int(place["character"]), encoding)
                for place in (change["range"]["start"], change["range"]["end"])
            )
        except (KeyError, TypeError, ValueError) as error:
            raise MalformedChange("a content change has a malformed range") from error
        return Edit(min(start, end), max(start, end), text)

    def _apply(self, edit: Edit) -> None:
        before = self.text
        if self.tree is not None:
            # The protocol's lines are the grammar's rows unless a lone CR ends one.
            row = -1 if b"\r" in before else self.document.line_at(edit.start)
            self.tree.edit(edit, before, row)
        self.found.edit(edit)
        self.compared.edit(edit)
        self.changed.edit(edit)
        self.document.apply(edit)


def _is_typing(edit: Edit, before: bytes) -> bool:
    """Whether one key can have made this edit: a few characters, a line break with its indentation, a deletion."""
    if b"\n" in before[edit.start : edit.end].strip():
        return False
    return len(edit.new.decode("utf-8", "replace").strip(" \t\r\n")) <= _TYPED and edit.new.count(b"\n") <= 2
