"""What one commit's message says, against what is known of its text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from earmark.gate.facts import CommitFacts, NoteFacts, Violation
from earmark.policy.model import Declare, Policy
from earmark.policy.obligations import review_required, where
from earmark.trailers import vocabulary as words
from earmark.trailers.attribution import addresses, assistant, co_authors, names_a_tool
from earmark.trailers.message import Parsed, parse

_TAG = "run `earmark tag` (for commits that exist: `earmark tag RANGE`)"


class Judged(NamedTuple):
    """A commit with its message read. `bot` is the assistant that its addresses name, or empty; `declared`: it says yes
    in the policy's way."""

    facts: CommitFacts
    parsed: Parsed
    bot: str
    declared: bool


def read(commit: CommitFacts, declare: Declare) -> Judged:
    """`commit` with its message read as the policy's `[declare]` says."""
    parsed, known = parse(commit.message or b""), addresses(declare)
    bots = [slug for slug in (assistant(commit.author, known), *co_authors(parsed, known)) if slug]
    said = parsed.declared.assisted is True
    declared = said if declare.preset == "earmark" else said or names_a_tool(parsed)
    return Judged(commit, parsed, bots[0] if bots else "", declared)


def violations(commit: Judged, policy: Policy, declares: bool) -> Iterator[Violation]:
    """What is wrong with the trailers of `commit`. `declares`: AI changes of this range are to be declared."""
    ai = commit.facts.change.is_ai
    declares = declares or bool(commit.bot)
    if commit.facts.message is None:
        return
    if (ai or commit.bot) and not declares:
        # Under the trivial limit nothing has to be said, but what is said must hold.
        ai = commit.parsed.declared.assisted is not None
    if not (ai or commit.bot):
        yield from _without_ai(commit, policy)
    elif commit.parsed.declared.assisted is False:
        yield _violation(commit, policy, "trailer-contradiction", f"`AI-Assisted: no`, yet {_evidence(commit)}", _TAG)
    elif not commit.declared:
        yield _undeclared(commit, policy)
    else:
        yield from _block(commit, policy)
        yield from _claims(commit, policy)


def note_violations(commit: CommitFacts, policy: Policy) -> Iterator[Violation]:
    """What is wrong with the note itself."""
    note = commit.note
    if note.state == "invalid":
        fix = "restore the note (`earmark notes sync`) or write it again from the machine that made the commit"
        yield Violation("notes-invalid", commit.id, "", None, f"the note cannot be read: {note.problem}", "", fix)
    elif note.digest and note.digest != commit.digest:
        message = "the note's digest does not fit its own lines: the note, or the commit under it, was changed"
        fix = "derive the note again on the machine that made the commit (`earmark notes sync`)"
        yield Violation("digest-mismatch", commit.id, "", None, message, "", fix)


def forbidden(commit: Judged, policy: Policy) -> Violation:
    """The violation of a commit with AI evidence where none is allowed."""
    fix = "write these lines yourself, or take them out of the change"
    return _violation(commit, policy, "forbidden-ai", f"AI changes are forbidden here: {_evidence(commit)}", fix)


def _violation(commit: Judged, policy: Policy, code: str, message: str, fix: str) -> Violation:
    by_base = policy.base is not None and "declare.mode" in policy.base.given
    _, place = where(policy, "declare", "mode", base=by_base)
    path, lines = _first_place(commit.facts)
    return Violation(code, commit.facts.id, path, lines, message, place, fix)


def _first_place(commit: CommitFacts) -> tuple[str, tuple[int, int] | None]:
    """Where a reader sees the evidence first."""
    for file in commit.change.files:
        if file.ai_lines or file.ai_removed:
            owned = [owner.lines for owner in file.owners if owner.origin.kind == "ai"]
            if owned:
                return file.path, (owned[0].start, owned[0].end)
            line = max(file.removals[0].at, 1) if file.removals else 1
            return file.path, (line, line)
    return "", None


def _evidence(commit: Judged) -> str:
    change = commit.facts.change
    parts = []
    if change.ai_lines:
        parts.append(f"{change.ai_lines} line{'s' * (change.ai_lines != 1)} by AI")
    if change.ai_removed:
        parts.append(f"{change.ai_removed} line{'s' * (change.ai_removed != 1)} removed by AI")
    if not parts:
        parts.append(f"the address of an assistant ({commit.bot})")
    return "there is evidence of " + " and ".join(parts)


def _undeclared(commit: Judged, policy: Policy) -> Violation:
    hidden = [problem for problem in commit.parsed.problems if problem.code == "hidden"]
    if hidden:
        message = f"line {hidden[0].line} of the message: {hidden[0].message}"
        return _violation(commit, policy, "trailer-hidden", message, _TAG)
    if any(t.key in words.KEYS for t in commit.parsed.trailers):
        return _violation(commit, policy, "trailer-missing", "the block lacks `AI-Assisted`", _TAG)
    return _violation(commit, policy, "undeclared-ai", f"nothing is declared, yet {_evidence(commit)}", _TAG)


def _without_ai(commit: Judged, policy: Policy) -> Iterator[Violation]:
    """A commit without evidence: what it claims must be well-formed, and mode `always` wants a word."""
    if any(t.key.lower() in _LOWER_KEYS for t in commit.parsed.trailers):
        yield from _block(commit, policy)
    note = commit.facts.note
    if commit.declared and note.state == "valid" and commit.parsed.declared.digest:
        message = "AI text is declared with a digest, but the note knows of none: it was changed"
        yield _violation(commit, policy, "digest-mismatch", message, "restore the note (`earmark notes sync`)")
    silent = commit.parsed.declared.assisted is None and not commit.declared
    if policy.declare.mode != "always" or policy.declare.preset != "earmark" or not silent:
        return
    hidden = [problem for problem in commit.parsed.problems if problem.code == "hidden"]
    if hidden:
        message = f"line {hidden[0].line} of the message: {hidden[0].message}"
        yield _violation(commit, policy, "trailer-hidden", message, _TAG)
    elif note.state != "valid" and commit.facts.parents < 2:
        # A merge made by a forge cannot say anything, and its text is its parents'.
        yield _violation(commit, policy, "trailer-missing", "every commit here says `AI-Assisted: yes` or `no`", _TAG)


def _block(commit: Judged, policy: Policy) -> Iterator[Violation]:
    """What is wrong with the block by itself."""
    full = policy.declare.preset == "earmark" or commit.parsed.declared.assisted is not None
    for problem in commit.parsed.problems:
        code = {
            "contradiction": "trailer-contradiction", "malformed": "trailer-missing", "incomplete": "trailer-missing",
        }.get(problem.code)  # fmt: skip
        if code and (full or problem.code == "contradiction"):
            yield _violation(commit, policy, code, f"line {problem.line} of the message: {problem.message}", _TAG)


def _claims(commit: Judged, policy: Policy) -> Iterator[Violation]:
    """Where the block says less than what is derived. Saying more is nobody's loss: a squash sums up, a person may know
    of more risk than the rules."""
    said, facts = commit.parsed.declared, commit.facts
    if said.assisted is None or not facts.change.is_ai:
        return
    if said.digest and facts.digest and said.digest != facts.digest:
        message = "the AI text is not the declared one: it, its note or the digest was changed after tagging"
        yield _violation(commit, policy, "digest-mismatch", message, _TAG)
    less = []
    if said.ai_lines is not None and said.ai_lines < facts.change.ai_lines:
        less.append(f"`AI-Lines` says {said.ai_lines}, {facts.change.ai_lines} are known")
    if said.removed < facts.change.ai_removed:
        less.append(f"`AI-Removed` says {said.removed}, {facts.change.ai_removed} are known")
    if said.risk and facts.risk and words.RISKS.index(said.risk) < words.RISKS.index(facts.risk):
        less.append(f"`AI-Risk` says {said.risk}, the rules derive {facts.risk}")
    if said.review is False and review_required(policy, [facts.change], facts.risk):
        less.append("`AI-Review` says not-required, the policy asks for one")
    tools = _unnamed(commit)
    if tools:
        less.append(f"`Assisted-by` does not name {', '.join(tools)}")
    for message in less:
        yield _violation(commit, policy, "trailer-contradiction", message, _TAG)


def _unnamed(commit: Judged) -> list[str]:
    """Tools with evidence that no `Assisted-by` names; models are not compared, they may become known later."""
    declared = commit.parsed.declared.tools
    named = {value.partition(":")[0].lower() for value in declared}
    if "other" in named and len(declared) > words.MAX_TOOLS:
        return []  # a block names so many at most, and counts the rest
    change = commit.facts.change
    used = {key for file in change.files for key in file.sessions}
    tools = {words.tool_name(change.sessions[key].tool) for key in used if key in change.sessions}
    return sorted(tool for tool in tools if tool.lower() not in named)


def note_missing(commit: Judged, policy: Policy) -> Violation | None:
    """What `gate.missing_notes` is about: a commit that declares AI without a note or, in mode `always`, one of which
    nobody says anything. Elsewhere a commit without AI has neither note nor trailer."""
    note: NoteFacts = commit.facts.note
    if note.state in ("valid", "invalid") or not commit.facts.id:
        return None
    by_base = policy.base is not None and "gate.missing_notes" in policy.base.given
    _, place = where(policy, "gate", "missing_notes", base=by_base)
    if note.state == "newer":
        message = "the note has a newer format than this version reads; it counts as missing"
    elif commit.parsed.declared.is_about_no_line:
        return None
    elif commit.declared:
        message = "AI text is declared, but there is no note to compare it with"
    elif policy.declare.mode == "always" and commit.parsed.declared.assisted is None:
        message = "nobody recorded who wrote this commit"
    else:
        return None
    fix = "fetch the notes (`earmark notes sync`), or push them from the machine that made the commit"
    return Violation("notes-missing", commit.facts.id, "", None, message, place, fix)


_LOWER_KEYS = frozenset(key.lower() for key in words.KEYS if key != words.ASSISTED_BY)
