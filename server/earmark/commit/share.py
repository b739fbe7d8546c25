"""Sharing notes with a remote: pushed before the branch, merged commit by commit when somebody else was faster.

The remote's notes are fetched to a reference of our own and merged by meaning; nothing is forced, and no setting of
the user's remotes is changed.
"""

from __future__ import annotations

import time

from earmark.git import notes as git_notes
from earmark.git import refs
from earmark.git.objects import Objects
from earmark.git.repository import Repository
from earmark.git.run import GitError, run
from earmark.origin import notes

SECONDS = 5.0
_ATTEMPTS = 3


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
            repo, "fetch", "--no-tags", "--no-write-fetch-head", "--quiet", remote, f"+{notes.REF}:{ref}",
            network=True, timeout=_left(end),
        )  # fmt: skip
    except GitError as error:
        if "couldn't find remote ref" in str(error):
            return None
        raise
    return refs.read(repo, ref)


def merge(repo: Repository, theirs: str | None) -> None:
    """Bring the notes of commit `theirs` into ours."""
    if theirs is None:
        return
    for _ in range(_ATTEMPTS):
        ours = git_notes.tip(repo, notes.REF)
        if ours is None or _contains(repo, theirs, ours):
            if ours != theirs:
                run(repo, "update-ref", "-m", "earmark: fetched notes", notes.REF, theirs, ours or repo.zero)
            return
        if _contains(repo, ours, theirs):
            return
        try:
            git_notes.write(repo, notes.REF, _joined(repo, ours, theirs), ours, merged=theirs)
        except git_notes.NotesMoved:
            continue
        return
    raise GitError(f"{notes.REF} kept moving while notes were merged")


def _joined(repo: Repository, ours: str, theirs: str) -> dict[str, bytes | None]:
    """The notes in which `theirs` differs from `ours`: taken over, or joined where both have one."""
    mine, others = git_notes.listed(repo, ours), git_notes.listed(repo, theirs)
    ids = [id_ for id_, blob in others.items() if mine.get(id_) != blob]
    with Objects(repo) as objects:
        here = git_notes.read(repo, ours, ids, objects=objects)
        there = git_notes.read(repo, theirs, ids, objects=objects)
    return {id_: _one(here.get(id_), there[id_]) for id_ in ids if id_ in there}


def _one(mine: bytes | None, other: bytes) -> bytes:
    if mine is None:
        return other
    try:
        return notes.format_note(notes.parse(mine + b"\n" + other))
    except notes.NoteError:
        # One of them is not a note: it is neither dropped nor allowed to hide the other.
        return mine if other in mine else mine + b"\n" + other


def _push(repo: Repository, remote: str, ours: str, end: float) -> bool:
    """False when the remote has notes that we lack."""
    try:
        run(repo, "push", "--quiet", remote, f"{ours}:{notes.REF}", network=True, timeout=_left(end))
    except GitError as error:
        if any(word in str(error) for word in ("non-fast-forward", "fetch first", "stale info")):
            return False
        raise
    run(repo, "update-ref", "-m", "earmark: pushed notes", tracking(remote), ours)
    return True


def _contains(repo: Repository, tip: str, commit: str) -> bool:
    return run(repo, "merge-base", tip, commit, check=False).decode().strip() == commit


def _left(end: float) -> float:
    left = end - time.monotonic()
    if left <= 0:
        raise GitError("no time is left")
    return left
