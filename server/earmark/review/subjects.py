"""What an approval covers, as digests that survive a rebase and a re-formatting, and nothing else (DESIGN §9).

- The region's digest: its lines without trailing white space, with the session that wrote them.
- The context digest: the tokens of the smallest function that encloses the region, wherever it stands in the file;
  where there is none, the ten lines on each side. In languages whose indentation means something it is a token too.
- The removals' digest: every line that an assistant took out of the file, with its session.

All are hex SHA-256, empty where there is nothing of the kind.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from earmark.origin.model import FileOrigins, LineRange
from earmark.policy.approval import Approval, Scope, Subject, stale
from earmark.text.diff import split_lines
from earmark.text.languages import language_of

if TYPE_CHECKING:
    from tree_sitter import Node

AROUND: Final = 10  # lines on each side where no function encloses the region
_INDENTED: Final = frozenset({"python", "yaml"})
_OPEN, _CLOSE = frozenset((b"(", b"[", b"{")), frozenset((b")", b"]", b"}"))


def subjects(file: FileOrigins, text: bytes) -> tuple[Subject, ...]:
    """What is to be approved of one file at the head: each AI region of `file`, with the file's removals; where only
    something was removed, that. `text` is the file's content there. Sorted by line."""
    removals = _digest(file.removed_text)
    regions = [(owner.lines, owner.origin.author) for owner in file.owners if owner.origin.kind == "ai"]
    if not regions:
        return (Subject(file.path, "", "", removals),) if removals else ()
    lines = split_lines(text)
    around = _contexts(text, lines, file.path, [where for where, _ in regions])
    return tuple(
        Subject(file.path, _region(lines, where, session), context, removals, where)
        for (where, session), context in zip(regions, around, strict=True)
    )


def of_files(files: Iterable[FileOrigins], texts: Mapping[str, bytes]) -> dict[str, tuple[Subject, ...]]:
    """The subjects of a change by path; `texts` are the contents at the head."""
    found = {file.path: subjects(file, texts.get(file.path, b"")) for file in files}
    return {path: some for path, some in found.items() if some}


def carried(subject: Subject, approvals: Sequence[Approval], scope: Scope) -> tuple[Approval | None, str]:
    """The approval that still holds for `subject`, or None and why none of its file's does (empty: there is none).

    Where several do not hold, the reason is that of the one that agrees in most.
    """
    reasons: list[tuple[int, str]] = []
    for approval in approvals:
        if approval.subject.path != subject.path:
            continue
        reason = stale(approval, subject, scope)
        if not reason:
            return approval, ""
        given = approval.subject
        same = sum(a == b for a, b in zip(given[1:4], subject[1:4], strict=True)) + 2 * (given.region == subject.region)
        reasons.append((same, reason))
    return None, max(reasons, default=(0, ""))[1]


def _digest(pairs: Iterable[tuple[str, bytes]]) -> str:
    total = hashlib.sha256()
    empty = True
    for session, line in pairs:
        empty = False
        total.update(session.encode() + b"\0" + line.rstrip() + b"\n")
    return "" if empty else total.hexdigest()


def _region(lines: Sequence[bytes], where: LineRange, session: str) -> str:
    return _digest((session, line) for line in lines[where.start - 1 : where.end])


def _contexts(text: bytes, lines: Sequence[bytes], path: str, regions: Sequence[LineRange]) -> list[str]:
    from earmark.text.syntax import parse

    language = language_of(path, lines[0] if lines else b"")
    tree = parse(text, language) if language else None
    found = []
    for where in regions:
        node = _enclosing(tree.root_node, lines, where, language) if tree else None
        parts = _tokens(node, text, language in _INDENTED) if node else _nearby(lines, where)
        found.append(hashlib.sha256(b"\0".join(parts)).hexdigest())
    return found


def _enclosing(root: Node, lines: Sequence[bytes], where: LineRange, language: str) -> Node | None:
    """The smallest function that holds the region's first and last text."""
    from earmark.risk.profiles import profile

    functions = profile(language).functions
    solid = [n for n in range(where.start - 1, min(where.end, len(lines))) if lines[n].strip()]
    if not functions or not solid:
        return None
    first = (solid[0], len(lines[solid[0]]) - len(lines[solid[0]].lstrip()))
    last = (solid[-1], len(lines[solid[-1]].rstrip()))
    node = root.descendant_for_point_range(first, last)
    while node is not None and node.type not in functions:
        node = node.parent
    return node


def _tokens(function: Node, text: bytes, indented: bool) -> Iterator[bytes]:
    """The function's leaves; with `indented`, how deep each of its lines stands, outside brackets."""
    base, row, depth = function.start_point[1], -1, 0
    stack = [function]
    while stack:
        node = stack.pop()
        if node.child_count:
            stack.extend(reversed(node.children))
            continue
        token = text[node.start_byte : node.end_byte]
        if not token:
            continue
        if indented and node.start_point[0] != row:
            if not depth:
                yield b"\1%d" % (node.start_point[1] - base)
            row = node.start_point[0]
        depth += (token in _OPEN) - (token in _CLOSE)
        yield token


def _nearby(lines: Sequence[bytes], where: LineRange) -> Iterator[bytes]:
    for number in range(max(0, where.start - 1 - AROUND), min(len(lines), where.end + AROUND)):
        yield lines[number].rstrip()
