"""The message file: writing the declaration into a message that is given, previewing it in one that is asked for."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

from earmark.commit import preview
from earmark.commit.parent import Parent
from earmark.git import config
from earmark.git.repository import Repository
from earmark.text.diff import split_lines
from earmark.trailers import message as trailers
from earmark.trailers.vocabulary import ASSISTED

# With these clean-ups git keeps comment lines, so none may be put into the message.
_KEEPS_COMMENTS = ("verbatim", "whitespace")


class Manner(NamedTuple):
    """How git will treat the message: `comment` begins a comment; `editor` opens on a message that nobody gave;
    `cleanup` is git's word, empty for its default."""

    comment: str
    editor: bool
    cleanup: str

    @property
    def can_preview(self) -> bool:
        """Whether comment lines can be put into the message and will be gone from the commit."""
        return self.editor and self.cleanup not in _KEEPS_COMMENTS


def manner(repo: Repository, message: bytes, source: str, parent: Parent, environ: Mapping[str, str]) -> Manner:
    """How git will treat this message; `source` is the hook's second argument."""
    if source == "message" and all(line[:1].isalnum() or not line.strip() for line in message.split(b"\n")):
        # Nothing in it can be a comment, so there is no need to ask git how one begins.
        return Manner("#", False, parent.cleanup)
    settings = config.read(repo)
    comment = preview.comment_char(settings, message)
    editor = source in ("", "template") and environ.get("GIT_EDITOR") != ":"
    return Manner(comment, editor, parent.cleanup or settings.get("commit.cleanup") or "")


def with_block(message: bytes, block: str, comment: str = "#") -> bytes:
    """`message` with `block` as its only declaration; an empty block takes every declaration out."""
    kept = preview.remove(message, comment)
    said = trailers.blocks(kept, comment)
    hidden = any(trailer.key == ASSISTED for trailer in trailers.parse(kept, comment).hidden)
    if len(said) > 1 or hidden or not block:
        # Joined messages (squash) bring a block each, and git reads at most the last.
        kept = trailers.strip(kept, comment)
    return trailers.insert(kept, block, comment)


def with_preview(message: bytes, block: str, summary: str, how: Manner) -> bytes:
    """`message` with the commented preview."""
    below_cut = how.cleanup == "scissors" and preview.has_cut(message, how.comment)
    return preview.insert(message, block, summary, how.comment, below_cut=below_cut)


def as_committed(message: bytes, comment: str) -> bytes:
    """`message` as git's default clean-up commits it, but for blank lines: without comments and what is below the
    scissors."""
    kept = []
    for line in split_lines(message):
        if preview.is_cut(line, comment):
            break
        if not line.startswith(comment.encode()):
            kept.append(line)
    return b"".join(kept)


def has_text(message: bytes, comment: str) -> bool:
    """Whether anything of the message would be left for git to commit."""
    return trailers.insert(message, "AI-Assisted: no\n", comment) != message


def read(path: str) -> bytes:
    """The bytes of a message file."""
    with open(path, "rb") as file:
        return file.read()


def write(path: str, message: bytes) -> None:
    """Write in place: git holds no lock on the file and expects the same one."""
    with open(path, "r+b" if os.path.exists(path) else "wb") as file:
        file.write(message)
        file.truncate()
