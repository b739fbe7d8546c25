"""The part of a repository's instruction files that has assistants read findings and obligations before they finish.

It stands between two marks, so that it is found again, brought up to date and taken out; every other byte stays.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from earmark.origin.agents.files import FileChange, InstallError, read, within

# Read by Codex, Cursor, OpenCode and others; the others are read by the assistant they are named after.
AGENTS = "AGENTS.md"
KNOWN = (AGENTS, "CLAUDE.md", "GEMINI.md", ".github/copilot-instructions.md")

_BEGIN = "<!-- earmark: begin; written by `earmark init --instructions`, taken out by adding `--undo` -->"
_END = "<!-- earmark: end -->"
_TEXT = """\
## Before you finish: Earmark

This repository records which lines an assistant wrote, what is risky about them, and what the change owes. When you
believe that you are done, run `earmark status --json` and act on what it says; if there is no such program on this
machine, skip this.

- `findings`: mend those of severity `high` and `critical`; `earmark explain RULE` says why and shows how. Never
  silence one with `earmark: ignore[…]` unless the person you work for said so.
- `obligations` with `"met": false`: do what `fix` says where it is code or tests. Approvals are for people: name them
  in your closing words, do not ask anybody yourself.
- Leave the hooks, the `AI-…` trailers of a commit message and `refs/notes/ai` as they are.
"""


def plan(top: str, names: Sequence[str], undo: bool) -> list[FileChange]:
    """The changes of `names`, paths below the worktree at `top`; "auto" stands for those of `KNOWN` that exist, or
    AGENTS.md when none does. With `undo` the part is taken out, from every file of `KNOWN` for "auto"."""
    changes = []
    for name in _chosen(top, names, undo):
        path = os.path.join(top, name)
        try:
            before = read(within(path, top))
            text = "" if before is None else before.decode("utf-8")
            left = without(text) if undo else merged(text)
        except (InstallError, UnicodeDecodeError) as error:
            said = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
            changes.append(FileChange(path, None, None, problem=f"{name}: {said}"))
            continue
        after = left.encode() if left or (before is not None and left == text) else None
        if after != before:
            changes.append(FileChange(path, before, after, holds_hook=False))
    return changes


def merged(text: str) -> str:
    """`text` with our part: in the place of an older one, else at the end. Raises InstallError."""
    line_end = "\r\n" if "\r\n" in text else "\n"
    part = f"{_BEGIN}\n{_TEXT}{_END}".replace("\n", line_end)
    place = _place(text)
    if place is not None:
        return text[: place[0]] + part + text[place[1] :]
    if not text:
        return part + line_end
    # Whether the text ended its last line is told by whether ours does: that is how it comes back as it was.
    return text + line_end + part + line_end if text.endswith("\n") else text + line_end * 2 + part


def without(text: str) -> str:
    """`text` without our part and the blank line before it, if it has one. Raises InstallError."""
    place = _place(text)
    if place is None:
        return text
    line_end = "\r\n" if "\r\n" in text else "\n"
    head, tail = text[: place[0]], text[place[1] :]
    ends_line = tail.startswith(line_end)
    for _ in range(1 if ends_line else 2):
        head = head.removesuffix(line_end)
    return head + tail.removeprefix(line_end)


def _chosen(top: str, names: Sequence[str], undo: bool) -> list[str]:
    found: dict[str, None] = {}
    for name in names:
        if name != "auto":
            found[name] = None
            continue
        there = [known for known in KNOWN if os.path.lexists(os.path.join(top, known))]
        found |= dict.fromkeys(there or ([] if undo else [AGENTS]))
    return list(found)


def _place(text: str) -> tuple[int, int] | None:
    """Where our part begins and ends; raises InstallError for half of one."""
    start, end = text.find(_BEGIN), text.find(_END)
    if start < 0 and end < 0:
        return None
    if start < 0 or end < start:
        raise InstallError("one of Earmark's two marks is missing; take the rest of its part out by hand")
    return start, end + len(_END)
