"""The hooks that run while a commit is made."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from earmark.commit import declared as declaring
from earmark.commit import messages, parent, pending, preview, situation
from earmark.commit.declared import Declared
from earmark.commit.outcome import Outcome
from earmark.commit.pending import Pending
from earmark.git import refs
from earmark.git.changes import staged_changes
from earmark.git.objects import Objects
from earmark.git.repository import Repository
from earmark.origin.ledger import Ledger, folder
from earmark.policy.model import FILE
from earmark.policy.scope import ai_files
from earmark.trailers import message as trailers


def prepare_commit_msg(repo: Repository, arguments: Sequence[str], environ: Mapping[str, str]) -> Outcome:
    """Write the declaration into a message that is given, or show it in one that is asked for."""
    file, source, commit = [*arguments, "", "", ""][:3]
    pending.forget(repo)
    started_by = parent.read()
    now = situation.read(repo, source, commit, started_by, environ)
    if now.kind == "pick":
        return Outcome()
    with Ledger.open(repo) as ledger:
        message = messages.read(file)
        found = declaring.staged(repo, ledger, now, environ, message)
        _look_at_policy(repo, found)
        kept = pending.take(repo, "next")
        if kept and kept.fingerprint == found.fingerprint:
            found = found._replace(block=kept.block)
        if found.policy.declare.mode == "forbid" and found.change.is_ai:
            lines = [*found.problems, *_forbidden(found), *_kept(repo, ledger, "gate refused", "forbidden-ai", found)]
            return Outcome(tuple(lines), refused=True)
        how = messages.manner(repo, message, source, started_by, environ)
        lines = list(found.problems)
        if found.block and how.editor:
            _ask(repo, file, message, found, how)
        elif found.unexplained and trailers.blocks(message, how.comment):
            lines.append(
                f"the declaration is kept as it is: the note of {found.unexplained[:10]} is not here; "
                "run `earmark notes sync`, then `earmark tag HEAD~1..HEAD`"
            )
        elif found.block or (now.sources and not found.unexplained):
            written = messages.with_block(message, found.block, how.comment)
            if written != message:
                messages.write(file, written)
                lines += _kept(repo, ledger, "declared" if found.block else "declaration withdrawn", "", found)
        if not found.change.is_ai and not now.sources:
            # Nothing to declare, so there is time to write the notes that are due and to put the flag down.
            from earmark.origin.settle import settle

            settle(repo, ledger)
    return Outcome(tuple(lines))


def commit_msg(repo: Repository, arguments: Sequence[str]) -> Outcome:
    """Carry out what the user left standing in the editor."""
    kept = pending.take(repo)
    head = refs.head(repo).commit
    if kept is None or kept.fingerprint != pending.fingerprint(head, staged_changes(repo)):
        return Outcome()
    file = arguments[0]
    message = messages.read(file)
    agreed = not kept.asked or preview.agreed(message, kept.comment)
    plain = preview.remove(message, kept.comment)
    if not messages.has_text(plain, kept.comment):
        return Outcome()
    if agreed:
        _update(file, message, messages.with_block(plain, kept.block, kept.comment))
        with Ledger.open(repo) as ledger:
            said = _kept(repo, ledger, "declared", "", kept)
        if not kept.asked:
            said = [f"{kept.evidence}; declared:", *kept.block.splitlines(), *said]
        return Outcome(tuple(said))
    _update(file, message, plain)
    if trailers.blocks(plain, kept.comment):
        return Outcome()
    return _declined(repo, kept)


def _ask(repo: Repository, file: str, message: bytes, found: Declared, how: messages.Manner) -> None:
    quiet = list(declaring.suppressed(repo, found))
    kept = Pending(found.fingerprint, found.block, how.comment, how.can_preview, found.summary, quiet)
    pending.write(repo, kept)
    if how.can_preview:
        _update(file, message, messages.with_preview(message, found.block, found.summary, how))


def _update(file: str, old: bytes, new: bytes) -> None:
    if new != old:
        messages.write(file, new)


def _declined(repo: Repository, kept: Pending) -> Outcome:
    with Ledger.open(repo) as ledger:
        said = _kept(repo, ledger, "declined", "the line was deleted in the commit message", kept)
    with Objects(repo) as objects:
        policy, _ = declaring.policy_of(repo, objects, os.environ)
    if policy.gate.enforce_locally:
        line = f"{kept.evidence}; this repository's policy wants that declared: commit again and leave the line"
        return Outcome((line, *said), refused=True)
    line = f"{kept.evidence}; not declared, as you decided (kept in `earmark status --audit`)"
    return Outcome((line, *said))


def _kept(repo: Repository, ledger: Ledger, what: str, why: str, about: Declared | Pending) -> list[str]:
    """Make the decision a row of the audit; a sentence for the user when that cannot be."""
    from earmark.origin import audit

    detail: dict[str, object] = {
        "parent": refs.head(repo).commit, "change": about.fingerprint, "block": about.block.splitlines(),
    }  # fmt: skip
    quiet = about.suppressed if isinstance(about, Pending) else list(declaring.suppressed(repo, about))
    if quiet:
        detail["suppressed"] = list(quiet)
    problem = audit.keep(repo, ledger, what, why, detail)
    return [problem] if problem else []


def _forbidden(found: Declared) -> list[str]:
    files = [f"  {file.path}: {file.ai_lines} lines, {file.ai_removed} removed" for file in ai_files([found.change])]
    return [
        f"{FILE} forbids AI changes here, and {found.summary}:",
        *files[:10],
        "write these lines yourself, take them out of the commit, or talk to whoever owns the policy",
    ]


def _mode_on_disk(repo: Repository) -> str:
    if not os.path.exists(os.path.join(repo.top, FILE)):
        return ""
    from earmark.git.worktree import read_file
    from earmark.policy.load import MAX_BYTES, parse

    return parse(read_file(repo, FILE, MAX_BYTES) or b"")[0].declare.mode


def _look_at_policy(repo: Repository, found: Declared) -> None:
    """Leave for the shell part of the hook what it cannot read itself: that this policy was looked at, and whether it
    declares every commit."""
    ours = folder(repo)
    always = os.path.join(ours, "always")
    with open(os.path.join(ours, "policy"), "wb"):
        pass
    # The file on disk may be the one about to be committed, and the shell part will not see it change any more.
    if found.policy.base is None and "always" in (found.policy.declare.mode, _mode_on_disk(repo)):
        with open(always, "wb"):
            pass
    elif os.path.exists(always):
        os.unlink(always)
