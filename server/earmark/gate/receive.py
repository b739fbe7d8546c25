"""The gate of a receiving repository: what a push would do to its refs, judged before it does.

A pre-receive hook gets one line `<old> <new> <ref>` for each (githooks(5)); a zero id stands for no commit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from earmark.gate import gather
from earmark.gate.check import check
from earmark.gate.facts import PHASES, Attested, CannotTell, Verdict, Violation
from earmark.gate.gather import Span, Trust
from earmark.git import notes as git_notes
from earmark.git import refs
from earmark.git.objects import Objects
from earmark.git.repository import Repository
from earmark.git.run import run
from earmark.origin import notes
from earmark.origin.ledger import Ledger
from earmark.policy import model

_HEADS = "refs/heads/"


class Update(NamedTuple):
    """One ref about to move; `old` or `new` are empty where the ref is created or deleted."""

    old: str
    new: str
    ref: str


def updates(text: str) -> tuple[Update, ...]:
    """The updates a pre-receive hook reads. Raises `CannotTell` for a line of another form."""
    found = []
    for line in text.splitlines():
        parts = line.split(" ", 2)
        if len(parts) != 3 or any(len(part) not in (40, 64) or part.strip("0123456789abcdef") for part in parts[:2]):
            raise CannotTell("the lines on standard input are not `old new ref`; is this a pre-receive hook?")
        old, new = (part if part.strip("0") else "" for part in parts[:2])
        found.append(Update(old, new, parts[2]))
    return tuple(found)


def judge(repo: Repository, ledger: Ledger, moved: Sequence[Update], trust: Trust, phase: str | None = None) -> Verdict:
    """The verdict on a whole push. Branches are judged, phase merge where the policy protects them, else push; so are
    the notes; other refs carry nothing the gate knows. Notes of the same push count."""
    here = _default_branch(repo)
    with Objects(repo) as objects:
        policy = gather.policy_at(objects, f"{here}:{model.FILE}" if here else "", trust)
    pushed_notes = [update for update in moved if update.ref == notes.REF]
    if pushed_notes and pushed_notes[0].new:
        trust = trust._replace(notes_at=pushed_notes[0].new)
    verdicts = []
    for update in moved:
        if not update.ref.startswith(_HEADS) or not update.new:
            continue
        protected = is_protected(policy, update.ref)
        asked = _span(repo, update, protected, policy, here)
        facts = gather.of_span(repo, ledger, asked, phase or ("merge" if protected else "push"), trust)
        verdicts.append(check(facts))
    forged = [found for update in pushed_notes for found in _forged(repo, update, policy)]
    if forged:
        verdicts.append(Verdict(False, phase or "merge", 0, Attested(), tuple(forged)))
    return combine(verdicts, phase or "push")


def pusher(environ: Mapping[str, str]) -> str:
    """Who pushes, in the words of whatever serves this repository: a push certificate's signer, GitLab's and Gitea's
    user, the web server's, the account. For the audit; nothing is decided by it."""
    signed = environ.get("GIT_PUSH_CERT_SIGNER", "") if environ.get("GIT_PUSH_CERT_STATUS") == "G" else ""
    names = ("GL_USERNAME", "GITEA_PUSHER_NAME", "REMOTE_USER", "LOGNAME", "USER")
    return signed or next((environ[name] for name in names if environ.get(name)), "")


def is_protected(policy: model.Policy, ref: str) -> bool:
    """Whether `ref` (a full name) is one of `gate.protected`, where `*` stands for any text."""
    return any(fnmatchcase(ref, pattern) for pattern in policy.gate.protected)


def combine(verdicts: Iterable[Verdict], phase: str) -> Verdict:
    """Several verdicts as one, in the latest of their phases; `phase` where there is none."""
    found = list(verdicts)
    return Verdict(
        ok=all(verdict.ok for verdict in found),
        phase=max((verdict.phase for verdict in found), key=PHASES.index, default=phase),
        checked=sum(verdict.checked for verdict in found),
        attested=Attested(*map(sum, zip(*(verdict.attested for verdict in found), strict=True)) if found else ()),
        violations=tuple(v for verdict in found for v in verdict.violations),
        warnings=tuple(v for verdict in found for v in verdict.warnings),
        open=tuple(v for verdict in found for v in verdict.open),
    )


def _default_branch(repo: Repository) -> str:
    """The commit of the default branch, empty in an empty repository: whose policy says what is protected."""
    for name in ("HEAD", *model.DEFAULT.gate.protected):
        found = refs.read(repo, name)
        if found:
            return found
    return ""


def _span(repo: Repository, update: Update, protected: bool, policy: model.Policy, default: str) -> Span:
    """What to judge of one update.

    A protected ref is judged from where it stood: that its new commits are known from another branch is no excuse. On
    any other ref only what the repository has never seen is judged, by the default branch's policy.
    """
    if protected:
        others = [] if update.old else _protected_tips(repo, policy)
        return Span(update.new, tuple([update.old] if update.old else others), update.old or default, update.ref)
    out = run(repo, "for-each-ref", "--format=%(objectname) %(objecttype)", "refs/heads", "refs/tags").decode()
    known = [line.split(" ")[0] for line in out.splitlines() if line.endswith(("commit", "tag"))]
    return Span(update.new, tuple(dict.fromkeys(known)), default or update.old, update.ref)


def _protected_tips(repo: Repository, policy: model.Policy) -> list[str]:
    out = run(repo, "for-each-ref", "--format=%(objectname) %(refname)", "refs/heads").decode()
    pairs = (line.split(" ", 1) for line in out.splitlines())
    return [id_ for id_, ref in pairs if is_protected(policy, ref)]


def _forged(repo: Repository, update: Update, policy: model.Policy) -> list[Violation]:
    """Notes of protected commits that the push takes away or lessens; a note may only be added to."""
    before = git_notes.listed(repo, update.old) if update.old else {}
    after = git_notes.listed(repo, update.new) if update.new else {}
    changed = sorted(id_ for id_, blob in before.items() if after.get(id_) != blob)
    tips = _protected_tips(repo, policy)
    if not changed or not tips:
        return []
    merged = set(run(repo, "rev-list", *tips, "--").decode().split())
    changed = [id_ for id_ in changed if id_ in merged]
    old = git_notes.read(repo, update.old, changed) if changed else {}
    new = git_notes.read(repo, update.new, changed) if changed and update.new else {}
    found = []
    for id_ in changed:
        lost = _lost(old.get(id_, b""), new.get(id_))
        if lost:
            fix = "push notes that keep what was recorded (`earmark notes sync` merges them)"
            found.append(Violation("notes-invalid", id_, "", None, lost, "", fix))
    return found


def _lost(before: bytes, after: bytes | None) -> str:
    """What the new note of a merged commit no longer says, empty when it says all the old one did."""
    if after is None:
        return "the note of a protected commit is removed"
    try:
        was = _claims(notes.parse(before))
    except notes.NoteError:
        return ""
    try:
        now = _claims(notes.parse(after))
    except notes.NoteError as error:
        return f"the note of a protected commit is replaced by one that cannot be read: {error}"
    return "" if was <= now else "the note of a protected commit is changed: evidence of AI text is gone from it"


def _claims(note: notes.Note) -> set[tuple[str, str, int]]:
    """Who owns which line, and who removed which, as a set; lines of the parent are negative."""
    claims = set()
    for path in note.files:
        for owner in notes.owners(note, path):
            claims |= {(path, owner.origin.author, n) for n in range(owner.lines.start, owner.lines.end + 1)}
    for path in notes.removed_paths(note):
        for gone in notes.removals(note, path):
            claims |= {(path, gone.session, -n) for n in range(gone.lines.start, gone.lines.end + 1)}
    return claims
