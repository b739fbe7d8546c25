"""`earmark check [RANGE | --staged | --pre-receive]`: the gate."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from earmark.cli import workspace
from earmark.cli.workspace import guarded

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from earmark.gate.facts import Verdict
    from earmark.gate.gather import Trust


def run(argv: list[str]) -> int:
    """Exit code 0 when nothing is refused, 1 for violations, 2 when a fact is missing."""
    asked = _parser().parse_args(argv)
    return guarded("check", _checked(asked))


def _parser() -> ArgumentParser:
    from argparse import ArgumentParser

    from earmark.gate.facts import PHASES
    from earmark.gate.formats import FORMATS

    parser = ArgumentParser(prog="earmark check", description="Judge a change by the policy of where it goes.")
    parser.add_argument("range", nargs="?", help="A..B (judged by A's policy), or a commit: what it adds to the target")
    parser.add_argument("--staged", action="store_true", help="the staged change")
    parser.add_argument("--pre-receive", action="store_true", help="a push: `old new ref` lines on standard input")
    parser.add_argument("--phase", choices=PHASES, help="how far the change has come; by default what fits")
    parser.add_argument("--format", choices=FORMATS, default="text")
    parser.add_argument(
        "--reviews", action="store_true", help="count the approvals given on the forge (needs its token)"
    )
    parser.add_argument("--base-policy", metavar="FILE", help="the organisation's policy, which can only be tightened")
    return parser


def _checked(asked: Namespace) -> Iterator[int]:
    from earmark.gate import formats
    from earmark.gate.facts import CannotTell
    from earmark.gate.formats import json

    phase = asked.phase or ("draft" if asked.staged else "push")
    try:
        verdict = _verdict(asked, phase)
    except CannotTell as reason:
        if asked.format == "json":
            sys.stdout.write(json.cannot_tell(phase, reason))
        raise workspace.CannotTell(str(reason)) from reason
    if asked.format == "text":
        from earmark.gate.formats import text

        color = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        sys.stdout.write(text.render(verdict, color=color))
    else:
        sys.stdout.write(formats.render(verdict, asked.format))
    yield 0 if verdict.ok else 1


def _verdict(asked: Namespace, phase: str) -> Verdict:
    from earmark.gate import gather
    from earmark.gate.check import check
    from earmark.gate.facts import CannotTell

    if sum((asked.range is not None, asked.staged, asked.pre_receive)) > 1:
        raise CannotTell("a RANGE, --staged and --pre-receive exclude each other; give one")
    trust = gather.Trust(gather.base_policy(asked.base_policy, os.environ))
    if asked.pre_receive:
        return _push(asked, trust)
    with workspace.workspace() as here:
        repo, ledger = here
        if asked.staged:
            return _kept(here, check(gather.of_staged(repo, ledger, phase, trust)), "staged")
        span = gather.span(repo, asked.range) if ".." in (asked.range or "") else gather.added(repo, asked.range or "")
        facts = gather.of_span(repo, ledger, span, phase, trust)
        if asked.reviews:
            from earmark.cli.review_gate import with_reviews

            facts = with_reviews(repo, ledger, asked.range or "", facts)
        return _kept(here, check(facts), span.head)


def _kept(here: workspace.Workspace, verdict: Verdict, about: object, who: str = "") -> Verdict:
    """The verdict, once it is a row of the audit."""
    codes = sorted({violation.code for violation in verdict.violations})
    detail = {"about": about, "phase": verdict.phase, "checked": verdict.checked, "attested": list(verdict.attested)}
    workspace.audited(here, "gate passed" if verdict.ok else "gate refused", ", ".join(codes), detail, who)
    return verdict


def _push(asked: Namespace, trust: Trust) -> Verdict:
    """The hook of a receiving repository: nothing but its notes is evidence, and nothing but the audit is written."""
    from earmark.gate import receive
    from earmark.gate.facts import CannotTell
    from earmark.git.repository import from_hook
    from earmark.origin.ledger import Ledger, LedgerError

    repo = from_hook(os.environ, os.getcwd())
    if repo is None:
        raise CannotTell("this is not a git repository; --pre-receive runs as its hook")
    moved = receive.updates(sys.stdin.buffer.read().decode("utf-8", "surrogateescape"))
    with Ledger.open(repo, create=False) as ledger:
        verdict = receive.judge(repo, ledger, moved, trust, asked.phase)
    try:
        with Ledger.open(repo) as ledger:
            about = [list(update) for update in moved]
            return _kept(workspace.Workspace(repo, ledger), verdict, about, receive.pusher(os.environ))
    except LedgerError as error:
        print(f"earmark check: not kept for the audit: {workspace.display(str(error))}", file=sys.stderr)
        return verdict
