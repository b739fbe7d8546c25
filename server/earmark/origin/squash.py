"""A range of commits as the one change it will become.

The notes of the range are replayed over its contents, commit by commit: every commit's own claims are newer than what
stood before it, and text that a later commit rewrote belongs to that commit. So a line which nobody can see any more in
the result does not count.
"""

from __future__ import annotations

from collections.abc import Sequence

from earmark.git import history
from earmark.git import notes as git_notes
from earmark.git.changes import FileChange, commit_changes, tree_changes
from earmark.git.history import Commit
from earmark.git.objects import Objects
from earmark.git.repository import Repository
from earmark.origin import notes
from earmark.origin.derive import file_origins
from earmark.origin.model import UNKNOWN, Change, FileOrigins, Session, Snapshot
from earmark.origin.regions import Regions, overlay, tidy
from earmark.origin.state import is_text, is_text_change, noted_snapshot, parsed
from earmark.origin.transfer import transfer

Files = dict[str, Snapshot]


class Replay:
    """The contents of `head` with their origins, as the notes of the commits that `base` does not have tell them."""

    def __init__(self, repo: Repository, objects: Objects, base: str, head: str) -> None:
        self.repo, self.objects, self.base, self.head = repo, objects, base, head
        self.commits = history.commits(repo, head, f"^{base}", objects=objects)
        ids = [commit.id for commit in self.commits]
        raw = git_notes.read(repo, notes.REF, ids, objects=objects)
        self.notes = {id_: note for id_, data in raw.items() if (note := parsed(data)) and not note.opaque}
        self.unread = tuple(id_ for id_ in raw if id_ not in self.notes)
        self.sessions: dict[str, Session] = {}
        for note in self.notes.values():
            self.sessions |= notes.sessions(note)
        pairs = commit_changes(repo, ids)
        self._states: dict[str, Files] = {}
        for order, commit in enumerate(self.commits, 1):
            self._states[commit.id] = self._after(commit, pairs[commit.id], 2 * order)
        self.files = self._states.get(head, {})

    def change(self, onto: Commit | None = None) -> Change:
        """The whole range as one change; of `onto`, the commit it became, when that exists already."""
        if onto:
            pairs: Sequence[FileChange] = commit_changes(self.repo, [onto.id])[onto.id]
        else:
            pairs = tree_changes(self.repo, self.base, self.head)
        files = [found for pair in pairs if (found := self._file(pair)) is not None]
        used = {key for file in files for key in file.sessions}
        used |= {owner.origin.author for file in files for owner in file.owners}
        sessions = {key: session for key, session in self.sessions.items() if key in used}
        return Change(onto.id if onto else "", onto.parent if onto else self.base, tuple(files), sessions)

    def _file(self, pair: FileChange) -> FileOrigins | None:
        if not is_text_change(pair):
            return None
        old, new = self.objects.blob(pair.old), self.objects.blob(pair.new)
        if not is_text(old) or not is_text(new):
            return None
        known = self.files.get(pair.path)
        newest = 2 * len(self.commits) + 2
        snap = transfer(known, new, UNKNOWN, newest) if known else Snapshot(new)
        return file_origins(pair.path, pair.old_path, old, pair.old, snap)

    def _after(self, commit: Commit, pairs: Sequence[FileChange], order: int) -> Files:
        files = dict(self._states.get(commit.parent, {}))
        note = self.notes.get(commit.id)
        for pair in pairs:
            moved = pair.status == "R"
            before = files.pop(pair.old_path, None) if moved else files.get(pair.path)
            if not is_text_change(pair):
                files.pop(pair.path, None)
                continue
            old, new = self.objects.blob(pair.old), self.objects.blob(pair.new)
            if not is_text(old) or not is_text(new):
                files.pop(pair.path, None)
                continue
            snap = transfer(before or Snapshot(old), new, UNKNOWN, order)
            for parent in commit.parents[1:]:
                other = self._states.get(parent, {}).get(pair.path)
                if other:
                    snap = overlay(snap, transfer(other, new, UNKNOWN, order))
            files[pair.path] = _claimed(snap, noted_snapshot(note, pair.path, new, old), order + 1) if note else snap
        return files


def _claimed(under: Snapshot, over: Snapshot, order: int) -> Snapshot:
    """`under` with everything `over` says laid on top, as the newest."""
    below, at = Regions(under.regions), 0
    pieces = []
    for region in over.regions:
        pieces += [*below.clip(at, region.start), region._replace(order=order)]
        at = region.end
    pieces += below.clip(at, len(under.text))
    removals = [*under.removals, *(removal._replace(order=order) for removal in over.removals)]
    return Snapshot(under.text, tidy(pieces, under.text), tuple(sorted(removals, key=lambda r: r.at)))
