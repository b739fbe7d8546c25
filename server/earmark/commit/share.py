"""Sharing notes with a remote: pushed before the branch, merged commit by commit when somebody else was faster.

The remote's notes are fetched to a reference of our own and merged by meaning; nothing is forced, and no setting of
the user's remotes is changed.
"""

from __future__ import annotations

import time
from typing import NamedTuple

from earmark.git import config, history, refs
from earmark.git import notes as git_notes
from earmark.git.changes import commit_changes
from earmark.git.objects import Objects
from earmark.git.repository import Repository
from earmark.git.run import GitError, run
from earmark.origin import joined, notes

SECONDS = 5.0
_ATTEMPTS = 5


class Synced(NamedTuple):
    """What `sync` did: commits whose notes are new or changed here, whether the remote got any of ours, and notes
    (commit id, reason) that were kept without being understood."""

    received: tuple[str, ...]
    sent: bool
    unread: tuple[tuple[str, str], ...]


def push(repo: Repository, remote: str, seconds: float = SECONDS) -> str:
    """Push the notes if the remote lacks any; returns one line that says what went wrong, or an empty string."""
    ours = git_notes.tip(repo, notes.REF)
    if ours is None or refs.read(repo, tracking(remote)) == ours:
        return ""
    end = time.monotonic() + seconds
    try:
        for _ in range(_ATTEMPTS):
            ours = git_notes.tip(repo, notes.REF) or ours
            if _push(repo, remote, ours, end):
                return ""
            merge(repo, fetch(repo, remote, end))
    except GitError as error:
        return f"the notes were not pushed to {remote} ({error}); `earmark notes sync` does it later"
    return f"the notes were not pushed to {remote}, others keep pushing; `earmark notes sync` does it later"


def sync(repo: Repository, remote: str, seconds: float = 120.0) -> Synced:
    """Take in the remote's notes and give it ours. What was taken in stays when the remote then refuses ours, which
    raises `GitError`."""
    end = time.monotonic() + seconds
    before = git_notes.listed(repo, notes.REF)
    for _ in range(_ATTEMPTS):
        theirs = fetch(repo, remote, end)
        merge(repo, theirs)
        ours = git_notes.tip(repo, notes.REF)
        if ours is None or ours == theirs or _push(repo, remote, ours, end):
            after = git_notes.listed(repo, notes.REF)
            received = tuple(id_ for id_, blob in after.items() if before.get(id_) != blob)
            return Synced(received, ours not in (None, theirs), _unread(repo, received))
    raise GitError(f"others keep pushing notes to {remote}; run it again")


def default_remote(repo: Repository) -> str:
    """Where the present branch is pushed to: git's own settings, else `origin`; empty when there is no remote."""
    settings = config.read(repo)
    branch = refs.head(repo).ref.removeprefix("refs/heads/")
    keys = (f"branch.{branch}.pushRemote", "remote.pushDefault", f"branch.{branch}.remote")
    named = [settings.get(key) for key in keys] + ["origin"]
    return next((name for name in named if name and settings.get(f"remote.{name}.url")), "")


def tracking(remote: str) -> str:
    """Where the notes of `remote`, a name or an address, are remembered."""
    import hashlib

    plain = remote.replace("-", "").replace("_", "").isalnum()
    return f"refs/earmark/remotes/{remote if plain else hashlib.sha256(remote.encode()).hexdigest()[:16]}/ai"


def fetch(repo: Repository, remote: str, end: float) -> str | None:
    """Fetch the remote's notes to `tracking(remote)` and return their tip, None when it has none. `end` is a time of
    `time.monotonic`."""
    ref = tracking(remote)
    try:
        run(
            repo, "fetch", "--no-tags", "--no-write-fetch-head", "--quiet", "--end-of-options", remote,
            f"+{notes.REF}:{ref}", network=True, timeout=_left(end),
        )  # fmt: skip
    except GitError as error:
        if "couldn't find remote ref" not in str(error):
            raise
        if refs.read(repo, ref):
            run(repo, "update-ref", "-d", ref)
        return None
    return refs.read(repo, ref)


def merge(repo: Repository, theirs: str | None) -> None:
    """Bring the notes of commit `theirs` into ours."""
    if theirs is None:
        return
    for _ in range(_ATTEMPTS):
        ours = git_notes.tip(repo, notes.REF)
        try:
            if ours is None or (base := _base(repo, ours, theirs)) == ours:
                if ours != theirs:
                    _forward(repo, ours, theirs)
            elif base != theirs:
                git_notes.write(repo, notes.REF, _merged(repo, base, ours, theirs), ours, merged=theirs)
        except git_notes.NotesMoved:
            continue
        return
    raise GitError(f"{notes.REF} kept moving while notes were merged")


def _forward(repo: Repository, ours: str | None, theirs: str) -> None:
    try:
        run(repo, "update-ref", "-m", "earmark: fetched notes", notes.REF, theirs, ours or repo.zero)
    except GitError as error:
        if git_notes.tip(repo, notes.REF) == ours:
            raise
        raise git_notes.NotesMoved(str(error)) from None


def _merged(repo: Repository, base: str, ours: str, theirs: str) -> dict[str, bytes | None]:
    """The notes that `theirs` changed: taken over where we did not, joined where both did. Notes are never deleted."""
    common = git_notes.listed(repo, base) if base else {}
    mine, others = git_notes.listed(repo, ours), git_notes.listed(repo, theirs)
    ids = [id_ for id_, blob in others.items() if blob not in (mine.get(id_), common.get(id_))]
    both = [id_ for id_ in ids if id_ in mine and mine[id_] != common.get(id_)]
    with Objects(repo) as objects:
        there = git_notes.read(repo, theirs, ids, objects=objects)
        here = git_notes.read(repo, ours, both, objects=objects)
        changed: dict[str, bytes | None] = {**there}
        known = [id_ for id_ in both if (info := objects.info(id_)) is not None and info.kind == "commit"]
        pairs = commit_changes(repo, known)
        commits = {commit.id: commit for commit in history.read(repo, known, objects=objects)}
        for id_ in both:
            one = joined.join(here[id_], there[id_])
            changed[id_] = joined.redigested(objects, commits[id_], pairs[id_], one) if id_ in commits else one
    return changed


def _unread(repo: Repository, ids: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    for id_, raw in git_notes.read(repo, notes.REF, ids).items():
        try:
            note = notes.parse(raw)
        except notes.NoteError as error:
            found.append((id_, f"is not a note ({error}) and is kept as it is"))
            continue
        ours = note.meta.get("earmark")
        if note.opaque:
            schema = note.meta["schema_version"]
            found.append((id_, f"has schema {schema!r}, which this Earmark does not know; it is kept byte for byte"))
        elif isinstance(ours, dict) and ours.get("unread"):
            found.append((id_, "holds bytes that somebody stored and that are not a note; they are kept in it"))
    return tuple(found)


def _push(repo: Repository, remote: str, ours: str, end: float) -> bool:
    """False when the remote has notes that we lack."""
    try:
        run(
            repo, "push", "--quiet", "--end-of-options", remote, f"{ours}:{notes.REF}",
            network=True, timeout=_left(end),
        )  # fmt: skip
    except GitError as error:
        if any(word in str(error) for word in ("non-fast-forward", "fetch first", "stale info", "cannot lock ref")):
            return False
        raise
    run(repo, "update-ref", "-m", "earmark: pushed notes", tracking(remote), ours)
    return True


def _base(repo: Repository, one: str, other: str) -> str:
    """The commit that both tips grew from, empty when they share none."""
    return run(repo, "merge-base", one, other, check=False).decode().strip()


def _left(end: float) -> float:
    left = end - time.monotonic()
    if left <= 0:
        raise GitError("no time is left")
    return left
