"""`earmark review approve [RANGE] [--key FILE]`: signs what is under review."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from earmark.cli.workspace import CannotTell, display, workspace

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from earmark.git.repository import Repository
    from earmark.origin.ledger import Ledger
    from earmark.policy.approval import Subject
    from earmark.review.span import Span


def work(argv: list[str]) -> Iterator[int]:
    """Exit code 0; 1 when the approval is signed but the target does not know the key; 2 when nothing was signed."""
    asked = _parser().parse_args(argv)
    with workspace() as (repo, ledger):
        yield _approved(repo, ledger, asked)


def _parser() -> ArgumentParser:
    from argparse import ArgumentParser

    parser = ArgumentParser(prog="earmark review approve", description="Sign what is under review.")
    parser.add_argument(
        "range", nargs="?", default="", help="A..B or a commit; by default what HEAD adds to the target"
    )
    parser.add_argument("--key", default="", help="an SSH key; by default git's user.signingkey with gpg.format=ssh")
    parser.add_argument("--path", action="append", default=[], help="only what lies in this file; may be repeated")
    parser.add_argument("--target", default="", help="the branch the change goes to")
    parser.add_argument("--expires", type=int, default=0, metavar="DAYS", help="after so many days it counts no more")
    parser.add_argument("--dry-run", action="store_true", help="print what would be signed")
    parser.add_argument("--json", action="store_true", help="print the statement as JSON")
    return parser


def _approved(repo: Repository, ledger: Ledger, asked: Namespace) -> int:
    import time

    from earmark.git.objects import Objects
    from earmark.review import signing, standing
    from earmark.review.approvals import Statement
    from earmark.review.span import NoSpan, find

    if not repo.trusted:
        raise CannotTell("nothing is signed in a workspace that is not trusted; run `earmark trust` if it is yours")
    try:
        span = find(repo, asked.range, target=asked.target)
    except NoSpan as error:
        raise CannotTell(str(error)) from error
    under = standing.Range(
        span.base, span.head, tuple(c.id for c in span.commits), f"refs/heads/{span.target}", span.target_commit
    )
    with Objects(repo) as objects:
        found = standing.subjects(repo, ledger, objects, under)
        allowed = objects.get(f"{span.target_commit}:{signing.ALLOWED}") if span.target_commit else None
    subjects = tuple(s for path in sorted(found) for s in found[path] if not asked.path or path in asked.path)
    if not subjects:
        raise CannotTell("there is nothing of an assistant's to approve in this range")
    now = int(time.time())
    expires = now + asked.expires * 86_400 if asked.expires > 0 else 0
    statement = Statement(standing.scope(repo, under, 0), span.head, now, expires, subjects)
    _show(statement, as_data=asked.json)
    if asked.dry_run:
        return 0
    _refuse_own(repo, span)
    return _sign(repo, span, statement, asked.key, allowed.data if allowed else b"")


def _show(statement: object, *, as_data: bool) -> None:
    import json

    from earmark.review.approvals import Statement, statement_bytes

    assert isinstance(statement, Statement)
    if as_data:
        print(json.dumps(json.loads(statement_bytes(statement)), indent=2))
        return
    print(f"for {display(statement.scope.ref)}, as of {statement.commit[:12]}:")
    for subject in statement.subjects:
        print(f"  {display(subject.path)} {_what(subject)}")


def _what(subject: Subject) -> str:
    if not subject.region:
        return "removals"
    also = " and the file's removals" if subject.removals else ""
    return f"lines {subject.lines.start}-{subject.lines.end}{also}"


def _refuse_own(repo: Repository, span: Span) -> None:
    from earmark.git import config

    mine = (config.read(repo).get("user.email") or "").casefold()
    if mine and mine in {commit.author_email.casefold() for commit in span.commits}:
        raise CannotTell(f"{mine} wrote this change: your own approval does not count, ask somebody else")


def _sign(repo: Repository, span: Span, statement: object, key: str, allowed: bytes) -> int:
    import sys

    from earmark.review import approvals, signing

    assert isinstance(statement, approvals.Statement)
    try:
        line = approvals.signed_line(statement, key or _own_key(repo), top=repo.top)
        known = approvals.verified([line], allowed, repo.top)
    except signing.SigningError as error:
        raise CannotTell(str(error)) from error
    approvals.keep(repo, span.head, line)
    print(f"signed; share it with `git push {display(span.remote or 'REMOTE')} {approvals.REF}`", file=sys.stderr)
    if known:
        return 0
    where = f"{signing.ALLOWED} on {span.target}"
    print(f"earmark review approve: {display(where)} does not name this key, so it does not count yet", file=sys.stderr)
    return 1


def _own_key(repo: Repository) -> str:
    from earmark.git import config

    settings = config.read(repo)
    key = settings.get("user.signingkey")
    if not key or settings.get("gpg.format") != "ssh":
        raise CannotTell("which key? give --key FILE, or set git's user.signingkey and gpg.format=ssh")
    return key
