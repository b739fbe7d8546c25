"""Deriving the notes of commits this clone made, lazily: at the next read, push or gate run.

A commit's note comes from commit objects, recorded snapshots and the notes of the commits it was rewritten from, never
from the worktree. A file whose exact blob was recorded is certain. Another one is transferred from the nearest
snapshot, but only for commits that HEAD's reflog shows as created here: a colleague's commit that arrives by fetch must
not pick up our uncommitted evidence.

The number of git processes does not depend on the number of commits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from earmark.git import notes as git_notes
from earmark.git.ahead import Ahead
from earmark.git.changes import FileChange, commit_changes
from earmark.git.history import Commit, read
from earmark.git.objects import Objects
from earmark.git.refs import head
from earmark.git.repository import Repository
from earmark.git.run import GitError, run
from earmark.origin import notes, rewrites, stashed, stashes
from earmark.origin.audit import Anchors
from earmark.origin.commit_origins import derive, is_recorded
from earmark.origin.derive import file_origins
from earmark.origin.digest import digest
from earmark.origin.ledger import Ledger
from earmark.origin.model import Change

_MOST = 2_000
_ATTEMPTS = 5
_AHEAD = 50  # commits whose blobs are held at once


class _Plan(NamedTuple):
    """`due`: commits that may get a note, oldest first; `sources`: for each, the commits it was made from;
    `created`: those HEAD's reflog shows as made here."""

    due: tuple[Commit, ...]
    sources: Mapping[str, Sequence[str]]
    created: frozenset[str]


def settle(repo: Repository, ledger: Ledger, rewritten: Mapping[str, Sequence[str]] | None = None) -> list[str]:
    """Write the notes that are due and return the commits that got one.

    `rewritten` maps a new commit to those it replaces, as git tells post-rewrite; without it they are found from HEAD's
    reflog.
    """
    if ledger.in_memory:
        return []
    stashes.notice(repo, ledger)
    here = head(repo).commit
    key = f"settled:{repo.top}"
    done = ledger.meta(key) or ledger.meta("born")
    seen = int(ledger.meta(f"reflog:{repo.top}") or 0)
    if not here or (done == here and rewrites.reflog_size(repo) == seen and not rewritten):
        return []
    with Objects(repo) as objects:
        log = rewrites.reflog(repo, done, seen)
        plan = _plan(repo, objects, here, done, log, rewritten or {})
        written = _write(repo, ledger, objects, plan) if plan.due else []
        # In the middle of a rebase the commits still to be picked are known from the reflog alone: it is read again.
        if not rewrites.in_progress(repo):
            with ledger.transaction():
                ledger.set_meta(key, here)
                ledger.set_meta(f"reflog:{repo.top}", str(log.size))
        _refresh_dirty(repo, ledger, objects)
    # git waits for its hooks: they tidy up only where nothing else ever does.
    ledger.prune_when_due(7 if repo.hook_environment else 1)
    return written


def _plan(
    repo: Repository,
    objects: Objects,
    here: str,
    done: str,
    log: rewrites.Reflog,
    rewritten: Mapping[str, Sequence[str]],
) -> _Plan:
    exclude = [f"^{done}"] if done and objects.info(done) is not None else []
    ids = _rev_list(repo, here, *exclude)
    known = set(ids)
    ids += [new for new in rewritten if new not in known and objects.info(new) is not None]
    if log.created - known:
        # Committed on a branch that HEAD has left again; what no branch holds any more needs no note.
        ids += [id_ for id_ in _rev_list(repo, "--branches", *exclude) if id_ in log.created and id_ not in known]
        known = set(ids)
    left = [id_ for id_ in log.left if id_ not in known and objects.info(id_) is not None]
    abandoned = _rev_list(repo, *left, f"^{here}") if left else []
    due = tuple(read(repo, ids, objects=objects))
    log = rewrites.with_moved(log, due)
    told = {new: tuple(old) for new, old in rewritten.items()}
    found = rewrites.sources(due, read(repo, abandoned, objects=objects), log, objects)
    return _Plan(due, {**found, **told}, frozenset(log.created | set(told)))


def _rev_list(repo: Repository, *revs: str) -> list[str]:
    out = run(repo, "rev-list", "--reverse", "--topo-order", f"--max-count={_MOST}", *revs, "--")
    return out.decode().split()


def _write(repo: Repository, ledger: Ledger, objects: Objects, plan: _Plan) -> list[str]:
    for _ in range(_ATTEMPTS):
        tip = git_notes.tip(repo, notes.REF)
        fresh = _fresh(repo, ledger, objects, plan, tip)
        if not fresh:
            return []
        try:
            git_notes.write(repo, notes.REF, fresh, tip)
        except git_notes.NotesMoved:
            continue
        return list(fresh)
    raise GitError(f"{notes.REF} kept moving while notes were written; run `earmark notes sync` again")


def _fresh(repo: Repository, ledger: Ledger, objects: Objects, plan: _Plan, tip: str | None) -> dict[str, bytes | None]:
    """The notes of the due commits that have none yet. What they were made from is derived first where it was never
    noted, and not written: nobody reads an abandoned commit."""
    due = {commit.id: commit for commit in plan.due}
    olds = dict.fromkeys(old for sources in plan.sources.values() for old in sources if old not in due)
    wanted = _sources_first([*olds, *due], plan.sources)
    stored = git_notes.read(repo, notes.REF, wanted, objects=objects) if tip else {}
    missing = [id_ for id_ in wanted if id_ not in stored and (id_ in due or objects.info(id_) is not None)]
    changes = commit_changes(repo, missing)
    fresh: dict[str, bytes | None] = {}
    anchors = Anchors(ledger.audit_rows())
    for at, commit in enumerate(read(repo, missing, objects=objects)):
        if at % _AHEAD == 0:
            names = _names(repo, ledger, plan, stored, changes, missing[at : at + _AHEAD])
            ahead = Ahead(objects, names)
        priors = [(old, stored[old]) for old in plan.sources.get(commit.id, ()) if old in stored]
        change = derive(repo, ledger, ahead, commit, changes[commit.id], priors, commit.id in plan.created)
        if change.is_ai or _names_humans(change):
            note = notes.from_change(change, digest(change.files), anchors.before(commit.committer_time))
            stored[commit.id] = notes.format_note(note)
            if commit.id in due:
                fresh[commit.id] = stored[commit.id]
    return fresh


def _names(
    repo: Repository,
    ledger: Ledger,
    plan: _Plan,
    stored: Mapping[str, bytes],
    changes: Mapping[str, Sequence[FileChange]],
    ids: Sequence[str],
) -> Iterator[str]:
    """What `derive` will ask for: nothing of files that neither the ledger nor a note knows."""
    for id_ in ids:
        olds = [old for old in plan.sources.get(id_, ()) if old in stored]
        for change in changes[id_]:
            if olds or is_recorded(repo, ledger, change):
                yield from (
                    blob
                    for blob, mode in ((change.old, change.old_mode), (change.new, change.new_mode))
                    if mode.startswith("100")
                )
            for old in olds:
                yield from (f"{old}:{change.path}", f"{old}^:{change.path}")


def _sources_first(ids: Sequence[str], sources: Mapping[str, Sequence[str]]) -> list[str]:
    """The same commits, each behind those it was made from."""
    wanted, placed = set(ids), dict[str, None]()
    for id_ in ids:
        for source in (*sources.get(id_, ()), id_):
            if source in wanted:
                placed[source] = None
    return list(placed)


def _names_humans(change: Change) -> bool:
    """Whether people were positively observed writing some of it. Keystrokes alone name nobody and need no note."""
    return any(o.origin.kind == "human" and o.origin.author for file in change.files for o in file.owners)


def _refresh_dirty(repo: Repository, ledger: Ledger, objects: Objects) -> None:
    """Forget paths whose recorded evidence is all committed; what a stash holds of them is not."""
    clean: list[str] = []
    dirty = ledger.dirty()
    held = {path for files in stashed.remembered(ledger).values() for path in files}
    for path in dirty:
        if path in held:
            continue
        last = ledger.last(path)
        if last is None or not last.has_text:
            clean.append(path)
            continue
        committed = objects.blob(f"HEAD:{path}")
        origins = file_origins(path, path, committed, "", last.snapshot)
        if not origins.ai_lines and not origins.ai_removed:
            clean.append(path)
    if clean or not dirty:
        ledger.settle(clean)
