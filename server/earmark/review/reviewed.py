"""What an assistant did in a range of commits, as one change: where its lines stand at the head, what it took away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from earmark.git.changes import FileChange, tree_changes
from earmark.git.objects import Objects
from earmark.git.repository import Repository
from earmark.origin import state
from earmark.origin.blame import BlameError, blame
from earmark.origin.ledger import Ledger
from earmark.origin.model import Change, FileOrigins, LineOrigin, LineRange, RemovedLines, Session, ai
from earmark.review.request import RequestRegion, RequestRemoval
from earmark.text.diff import Hunk, diff_lines, split_lines


class Reviewed(NamedTuple):
    """A range, read: per commit (`changes`, oldest first) and as one change from base to head (`files`, sorted by
    path). `regions` are the AI lines that stand at the head, `removals` what each commit's assistant took away."""

    changes: tuple[Change, ...]
    pairs: tuple[FileChange, ...]
    files: tuple[FileOrigins, ...]
    regions: tuple[RequestRegion, ...]
    removals: tuple[RequestRemoval, ...]
    sessions: dict[str, Session]


def read(repo: Repository, ledger: Ledger, objects: Objects, base: str, head: str, commits: Sequence[str]) -> Reviewed:
    """What AI did in `commits` (ids, oldest first), which lead from `base` (empty: the empty tree) to `head`."""
    changes = tuple(state.commits(repo, ledger, list(commits)))
    pairs = tuple(p for p in tree_changes(repo, base, head) if state.is_text_change(p))
    if len(changes) == 1 and changes[0].parent == base:
        return _of_one(objects, changes[0], pairs)
    touched = {name for c in changes for f in c.files if f.ai_lines or f.ai_removed for name in (f.path, f.old_path)}
    in_range = set(commits)
    files: list[FileOrigins] = []
    regions: list[RequestRegion] = []
    for pair in pairs:
        old, new = objects.blob(pair.old), objects.blob(pair.new)
        if not state.is_text(old) or not state.is_text(new):
            continue
        before, after = split_lines(old), split_lines(new)
        hunks = diff_lines(before, after)
        mine = _ai_ranges(repo, ledger, head, pair.path, in_range) if pair.new and pair.path in touched else []
        quoted = [RequestRegion(pair.path, r, session, _text(after, r)) for r, session in mine]
        regions += quoted
        gone = [before[n] for hunk in hunks for n in range(hunk.old_start, hunk.old_end)]
        added = sum(hunk.new_end - hunk.new_start for hunk in hunks)
        written = tuple((session, after[n - 1].rstrip()) for r, session in mine for n in range(r.start, r.end + 1))
        removed = _still_removed(changes, pair, gone)
        files.append(
            FileOrigins(
                pair.path,
                pair.old_path,
                added,
                len(gone),
                tuple(LineOrigin(where, ai(session)) for where, session in mine),
                _places(removed, before, hunks, pair.old),
                written,
                removed,
            )
        )
    sessions = {key: session for change in changes for key, session in change.sessions.items() if key.startswith("s_")}
    return Reviewed(changes, pairs, tuple(files), tuple(regions), _removals(objects, changes), sessions)


def _of_one(objects: Objects, change: Change, pairs: tuple[FileChange, ...]) -> Reviewed:
    """A range of one commit is that commit's change, exactly as its note tells it."""
    news = {pair.path: pair.new for pair in pairs if pair.new}
    regions: list[RequestRegion] = []
    for file in change.files:
        owned = [owner for owner in file.owners if owner.origin.kind == "ai"]
        after = split_lines(objects.blob(news[file.path])) if owned and file.path in news else []
        regions += [RequestRegion(file.path, o.lines, o.origin.author, _text(after, o.lines)) for o in owned]
    sessions = {key: session for key, session in change.sessions.items() if key.startswith("s_")}
    return Reviewed((change,), pairs, change.files, tuple(regions), _removals(objects, (change,)), sessions)


def _ai_ranges(
    repo: Repository, ledger: Ledger, head: str, path: str, in_range: set[str]
) -> list[tuple[LineRange, str]]:
    """AI lines of `path` at `head` that a commit of the range brought, neighbours of one session joined."""
    try:
        found = blame(repo, ledger, path, head)
    except BlameError:
        return []
    out: list[tuple[LineRange, str]] = []
    for piece in found:
        if piece.kind != "ai" or piece.commit not in in_range:
            continue
        if out and out[-1][1] == piece.session and out[-1][0].end + 1 == piece.start:
            out[-1] = (LineRange(out[-1][0].start, piece.end), piece.session)
        else:
            out.append((LineRange(piece.start, piece.end), piece.session))
    return out


def _text(lines: Sequence[bytes], where: LineRange) -> tuple[str, ...]:
    return tuple(_decoded(line) for line in lines[where.start - 1 : where.end])


def _decoded(line: bytes) -> str:
    return line.rstrip(b"\r\n").decode("utf-8", "surrogateescape")


def _still_removed(changes: Sequence[Change], pair: FileChange, gone: Sequence[bytes]) -> tuple[tuple[str, bytes], ...]:
    """Lines that AI removed in some commit and that the whole range really takes out of the base, in base order."""
    names = {pair.path, pair.old_path}
    claims: dict[bytes, list[str]] = {}
    for change in changes:
        for file in change.files:
            if file.path in names or file.old_path in names:
                for session, line in file.removed_text:
                    claims.setdefault(line, []).append(session)
    out = []
    for line in gone:
        claimed = claims.get(line.rstrip())
        if claimed:
            out.append((claimed.pop(0), line.rstrip()))
    return tuple(out)


def _places(
    removed: Sequence[tuple[str, bytes]], before: Sequence[bytes], hunks: Sequence[Hunk], blob: str
) -> tuple[RemovedLines, ...]:
    """Where the base's lines that AI removed stood: one record a line, in base order."""
    left = list(removed)
    out = []
    for hunk in hunks:
        for number in range(hunk.old_start, hunk.old_end):
            if left and left[0][1] == before[number].rstrip():
                session, _ = left.pop(0)
                out.append(RemovedLines(session, blob, LineRange(number + 1, number + 1), hunk.new_start))
    return tuple(out)


def _removals(objects: Objects, changes: Sequence[Change]) -> tuple[RequestRemoval, ...]:
    out = []
    for change in changes:
        for file in change.files:
            for removal in file.removals:
                lines = split_lines(objects.blob(removal.blob)) if removal.blob else []
                out.append(
                    RequestRemoval(
                        file.old_path or file.path, removal.lines, removal.session, _text(lines, removal.lines)
                    )
                )
    return tuple(out)
