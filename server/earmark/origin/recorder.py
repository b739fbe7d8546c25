"""Applying one hook event to the ledger.

Invariants
- Files are read once, before the ledger is locked; decisions use those bytes.
- An edit is credited when the event shows what it changed. A shell command is credited under DESIGN §4.7; the rest
  becomes a candidate.
- What one kind of event needs is imported there: an assistant waits for every record.
- An event that cannot be written because the ledger is held goes to the spool with the contents it saw; the next
  writer drains it. Nothing waits, nothing is lost.
"""

from __future__ import annotations

import os
import sqlite3
import time

from earmark.git.objects import Objects
from earmark.git.repository import Repository
from earmark.git.run import GitError
from earmark.origin import stashed
from earmark.origin.contents import Written, distance, written
from earmark.origin.evidence import Event, FileEvent
from earmark.origin.identity import human_key, identity
from earmark.origin.ledger import Ledger, LedgerBusy, LedgerError, Stored, folder
from earmark.origin.lookup import on_disk, snapshot
from earmark.origin.model import UNKNOWN, Origin, Session, Snapshot, ai
from earmark.origin.regions import overlay
from earmark.origin.seen import Refused, Seen, committed_text, observe
from earmark.origin.transfer import transfer

# A direct event waits for the ledger this long at most (microseconds); an older one means that the clock was set back.
_OVERTAKEN = 10_000_000


def record_event(repo: Repository, ledger: Ledger, event: Event) -> None:
    """Record one event for the files of it that lie in `repo`.

    Raises `Refused` after everything else of the event is recorded when a file cannot be (outside the worktree, not a
    regular file, binary, larger than 3 MiB); the message names each.
    """
    arrived = time.time_ns() // 1000
    seen, refused = observe(repo, event)
    if event.phase == "after" and event.session and not event.session.director:
        event = event._replace(session=event.session._replace(director=_director(repo, ledger, event.session)))
    try:
        _drain(repo, ledger)
        _notice_stashes(repo, ledger)
        apply(repo, ledger, event, seen, arrived)
    except LedgerBusy:
        from earmark.origin import spool

        spool.put(repo, event, seen, arrived)
    if refused:
        raise Refused("; ".join(refused))


def _drain(repo: Repository, ledger: Ledger) -> None:
    if not os.path.isdir(os.path.join(folder(repo), "spool")):
        return
    from earmark.origin import spool

    for earlier in spool.drain(repo):
        try:
            apply(repo, ledger, earlier.event, earlier.seen, earlier.at, os.path.basename(earlier.file))
        except (LedgerError, GitError):
            raise
        except Exception:  # noqa: BLE001  (one event that cannot be applied must not keep all later ones waiting)
            spool.set_aside(earlier.file)
        else:
            spool.done(earlier)


def _notice_stashes(repo: Repository, ledger: Ledger) -> None:
    if stashed.log_mark(repo) == ledger.meta(stashed.MARK):
        return
    from earmark.origin import stashes

    stashes.notice(repo, ledger)


def _director(repo: Repository, ledger: Ledger, session: Session) -> str:
    """Who directs the session. Asking git costs a process, so its answer is kept while its configuration stands."""
    try:
        known = ledger.session(session.id)
        if known and known.director:
            return known.director
        key = f"identity:{_configuration(repo)}"
        who = ledger.cached(key)
        if who is None:
            who = identity(repo)
            ledger.cache(key, who)
    except (sqlite3.OperationalError, LedgerBusy):
        return identity(repo)
    return who


def _configuration(repo: Repository) -> str:
    """Changes whenever the files do from which git takes an identity, and every hour for those they include."""
    home = os.path.expanduser("~")
    config = os.environ.get("XDG_CONFIG_HOME") or os.path.join(home, ".config")
    marks = [str(int(time.time()) // 3600)]
    for path in (os.path.join(home, ".gitconfig"), os.path.join(config, "git", "config"), f"{repo.common_dir}/config"):
        try:
            marks.append(str(os.stat(path).st_mtime_ns))
        except OSError:
            marks.append("")
    told = (os.environ.get(name, "") for name in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "EMAIL", "HOME"))
    return ":".join([*marks, *told])


def apply(repo: Repository, ledger: Ledger, event: Event, seen: list[Seen], at: int, spooled: str = "") -> None:
    """Write the event in one transaction. `at` is when it arrived, as an order; `spooled` names the file it waited in
    and is written once."""
    with Objects(repo) as objects, ledger.transaction():
        if spooled and not ledger.first_seen(f"spool:{spooled}"):
            return
        # Two hook systems may report one edit; the key is the tool call's own id.
        if event.key and event.phase == "after" and not ledger.first_seen(f"{event.key}:{event.phase}"):
            return
        order = ledger.now(at)
        if event.session:
            ledger.put_session(event.session)
        if event.command:
            from earmark.origin import shell

            shell.apply(repo, ledger, objects, event, order)
        overtaken = {file.path for file in seen if _is_overtaken(ledger.last_at(file.path), at, bool(spooled))}
        for index, file in enumerate(seen):
            last = ledger.last(file.path)
            if last and file.path in overtaken:
                _apply_late(repo, ledger, objects, event, file, last, at)
            else:
                _apply_file(repo, ledger, objects, event, file, last, order + 4 * index)


def _is_overtaken(last: int, at: int, spooled: bool) -> bool:
    return last > at and (spooled or last - at < _OVERTAKEN)


def _apply_late(
    repo: Repository, ledger: Ledger, objects: Objects, event: Event, seen: Seen, last: Stored, at: int
) -> None:
    """An event that others overtook: what it saw is older than what is recorded. An assistant's evidence is worked out
    at its own time and laid over the present state; what else it saw is history."""
    if event.phase != "after" or not event.session or not last.has_text:
        return
    snap = _credited(repo, ledger, objects, event.session, seen, ledger.last_before(seen.path, at), at)
    if snap is not None:
        now = overlay(last.snapshot, transfer(snap, last.snapshot.text, UNKNOWN, last.at))
        ledger.put_snapshot(seen.path, now, source="agent", at=ledger.now())
        ledger.mark_dirty(seen.path)


def _apply_file(
    repo: Repository, ledger: Ledger, objects: Objects, event: Event, seen: Seen, last: Stored | None, order: int
) -> None:
    if event.phase == "before":
        text = seen.disk if seen.event.before is None else seen.event.before.encode("utf-8", "surrogatepass")
        snap = _arrived(repo, ledger, objects, last, seen.path, text, UNKNOWN, order)
        ledger.put_snapshot(seen.path, snap, source="before", at=order)
    elif event.phase == "human":
        who = identity(repo)
        key = human_key(who)
        ledger.put_human(key, who)
        text = seen.disk if seen.event.after is None else seen.event.after.encode("utf-8", "surrogatepass")
        snap = _arrived(repo, ledger, objects, last, seen.path, text, Origin("human", key), order)
        ledger.put_snapshot(seen.path, snap, source="human", at=order)
    elif event.session:
        result = _credited(repo, ledger, objects, event.session, seen, last, order)
        if result is not None:
            ledger.put_snapshot(seen.path, result, source="agent", at=order + 2)
            ledger.mark_dirty(seen.path)


def _arrived(
    repo: Repository,
    ledger: Ledger,
    objects: Objects,
    last: Stored | None,
    path: str,
    text: bytes,
    writer: Origin,
    order: int,
) -> Snapshot:
    """`text` as `writer` made it of the last known state (of HEAD's content when nothing is recorded)."""
    if last is None or not last.has_text:
        if writer.kind == "unknown":
            return Snapshot(text)
        committed = committed_text(objects, "HEAD", path)
        return transfer(Snapshot(committed or b""), text, writer, order) if committed is not None else Snapshot(text)
    if writer.kind == "unknown":
        return on_disk(repo, ledger, path, text)
    return transfer(last.snapshot, text, writer, order)


def _credited(
    repo: Repository,
    ledger: Ledger,
    objects: Objects,
    session: Session,
    seen: Seen,
    last: Stored | None,
    order: int,
) -> Snapshot | None:
    """The file as it was when the event saw it, `last` being what was known before; None for a mere candidate."""
    known = last.snapshot if last and last.has_text else None
    text = known.text if known else committed_text(objects, "HEAD", seen.path)
    edit = written(seen.event, seen.disk, text)
    if edit is None or (seen.event == FileEvent(seen.event.path) and not (last and last.source == "before")):
        ledger.put_candidate(seen.path, f"{session.tool} reported an edit without saying what it changed")
        return None
    base = _base(repo, ledger, seen, edit, known)
    return credited(base, edit, seen.disk, session.id, order)


def _base(repo: Repository, ledger: Ledger, seen: Seen, edit: Written, known: Snapshot | None) -> Snapshot:
    if known is None:
        return Snapshot(edit.before)
    if known.text in (seen.disk, edit.before, edit.after):
        return known
    earlier = snapshot(repo, ledger, seen.path, edit.before)
    return earlier if distance(known.text, edit.before) <= distance(known.text, edit.after) else known


def credited(base: Snapshot, edit: Written, disk: bytes, session: str, order: int) -> Snapshot:
    """The state of the file after `session` turned `edit.before` into `edit.after` and others left `disk`.

    `base` is what was known. When it stands nearer to the state before the edit, the edit follows it. When it is what
    is on disk, or already holds the edit (a late or repeated event, a save listener that was faster than the hook), the
    evidence is laid over it: it wins over what nobody or a human was thought to have written, never over another
    session.
    """
    origin = ai(session)
    if base.text != disk and distance(base.text, edit.before) <= distance(base.text, edit.after):
        before = transfer(base, edit.before, UNKNOWN, order)
        return transfer(transfer(before, edit.after, origin, order + 1), disk, UNKNOWN, order + 2)
    evidence = transfer(Snapshot(edit.before), edit.after, origin, order + 1)
    return overlay(transfer(base, disk, UNKNOWN, order + 2), transfer(evidence, disk, UNKNOWN, order + 2))
