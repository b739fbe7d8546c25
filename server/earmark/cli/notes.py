"""`earmark notes sync | import | export | squash`: share notes, trade traces with other tools, sum up a range."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING

from earmark.cli.workspace import CannotTell, Workspace, display, guarded, workspace

if TYPE_CHECKING:
    from earmark.git.history import Commit
    from earmark.origin.model import Change
    from earmark.origin.squash import Replay


def run(argv: list[str]) -> int:
    """Exit code 0, or 2 with one line on standard error when it could not be done."""
    return guarded("notes", _notes(argv))


def _notes(argv: list[str]) -> Iterator[int]:
    asked = _parser().parse_args(argv)
    work = {"sync": _sync, "import": _import, "export": _export, "squash": _squash}[asked.action]
    with workspace() as here:
        work(here, asked)
    yield 0


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="earmark notes", description="Share, import, export and aggregate the notes.")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    sync = actions.add_parser("sync", help="take in a remote's notes and give it ours")
    sync.add_argument("remote", nargs="?", default="", help="a remote's name or address; default where git pushes to")
    take = actions.add_parser("import", help="add what agent-trace 0.1 records say to the notes")
    take.add_argument("file", help="a JSON record, a list of them, or one a line; - is standard input")
    give = actions.add_parser("export", help="print the notes of commits as agent-trace records, one a line")
    give.add_argument("range", nargs="?", default="HEAD", metavar="REV|RANGE")
    squash = actions.add_parser("squash", help="print the trailers of the one commit that a range becomes")
    squash.add_argument("range", metavar="RANGE", help="BASE..HEAD, or a branch's name for what HEAD has beyond it")
    squash.add_argument(
        "--write",
        metavar="COMMIT",
        help="also write the note of the commit that the range became, or the notes of those it became one by one",
    )
    return parser


def _sync(here: Workspace, asked: Namespace) -> None:
    from earmark.commit import share

    remote = asked.remote or share.default_remote(here.repo)
    if not remote:
        raise CannotTell("this repository has no remote; name one: `earmark notes sync REMOTE`")
    done = share.sync(here.repo, remote)
    for id_, why in done.unread:
        _warn(f"the note of {id_[:12]} {why}")
    got = f"{len(done.received)} note{'s' if len(done.received) != 1 else ''} taken in"
    print(f"{display(remote)}: {got}, {'ours sent' if done.sent else 'nothing to send'}")


def _import(here: Workspace, asked: Namespace) -> None:
    from earmark.origin import agent_trace, traces

    try:
        if asked.file == "-":
            raw = sys.stdin.buffer.read(agent_trace.LARGEST + 1)
        else:
            with open(asked.file, "rb") as file:
                raw = file.read(agent_trace.LARGEST + 1)
        read = agent_trace.read(raw)
        taken = traces.take(here.repo, read)
    except (agent_trace.TraceError, OSError) as error:
        what = error.strerror if isinstance(error, OSError) else str(error)
        raise CannotTell(f"{asked.file}: {what}; nothing was imported") from error
    if taken.elsewhere:
        _warn(f"{taken.elsewhere} claimed lines were not added by the commits they are claimed of, and are left out")
    unsaid = sum(trace.unsaid for trace in read)
    if unsaid:
        _warn(f"{unsaid} lines are called mixed, unknown or human without a name, which is no evidence of a writer")
    print(f"{len(read)} records read, {taken.lines} AI lines, {len(taken.commits)} notes changed")


def _export(here: Workspace, asked: Namespace) -> None:
    import json

    from earmark import __version__
    from earmark.git import notes as git_notes
    from earmark.origin import agent_trace, notes

    commits = _commits(here, asked.range)
    stored = git_notes.read(here.repo, notes.REF, [commit.id for commit in commits])
    for commit in commits:
        if commit.id not in stored:
            continue
        try:
            note = notes.parse(stored[commit.id])
        except notes.NoteError as error:
            _warn(f"the note of {commit.id[:12]} is not a note ({error}) and is left out")
            continue
        if note.opaque:
            _warn(f"the note of {commit.id[:12]} has a schema that this Earmark does not know, and is left out")
            continue
        print(json.dumps(agent_trace.export(commit, note, __version__)))


def _commits(here: Workspace, asked: str) -> list[Commit]:
    """The commits of a range, oldest first, or the one a revision names."""
    from earmark.git import history

    if asked.startswith("-"):
        raise CannotTell(f"{asked} is no revision")
    if ".." in asked:
        return history.commits(here.repo, asked)
    found = history.resolve(here.repo, asked)
    if found is None:
        raise CannotTell(f"{asked} names no commit here")
    return history.read(here.repo, [found])


def _squash(here: Workspace, asked: Namespace) -> None:
    from earmark.git.objects import Objects
    from earmark.origin.squash import Replay

    base, head = _ends(here, asked.range)
    with Objects(here.repo) as objects:
        replay = Replay(here.repo, objects, base, head)
        for id_ in replay.unread:
            _warn(f"the note of {id_[:12]} cannot be read and does not count")
        if asked.write:
            _write(here, replay, asked.write)
        sys.stdout.write(_block(here, replay))


def _ends(here: Workspace, asked: str) -> tuple[str, str]:
    """(where the range forked, its head); BASE alone stands for BASE..HEAD."""
    from earmark.git import history
    from earmark.git.run import run as git

    first, dots, last = asked.partition("...") if "..." in asked else asked.partition("..")
    ends = []
    for name in (first or "HEAD", last or "HEAD"):
        found = history.resolve(here.repo, name)
        if found is None:
            raise CannotTell(f"{name} names no commit here")
        ends.append(found)
    base = git(here.repo, "merge-base", *ends, check=False).decode().strip()
    if not base:
        raise CannotTell(f"{asked}: the two ends share no commit; is this a shallow clone?")
    if base == ends[1]:
        raise CannotTell(f"{asked} holds no commit" + ("" if dots else "; give it as BASE..HEAD"))
    return base, ends[1]


def _block(here: Workspace, replay: Replay) -> str:
    """The one block for the message. A commit of the range that declares AI text without having a note here still
    counts: yes wins, and the highest risk does."""
    import os

    from earmark.commit.declared import policy_of
    from earmark.git.changes import tree_changes
    from earmark.policy.assessed import assessed
    from earmark.trailers import block as trailers
    from earmark.trailers import declare

    change = replay.change()
    pairs = tree_changes(here.repo, replay.base, replay.head)
    blob = replay.objects.blob
    policy, problems = policy_of(here.repo, replay.objects, os.environ)
    risk = assessed(here.ledger, change, pairs, lambda pair: (blob(pair.old), blob(pair.new)), policy)
    for problem in (*problems, *risk.errors, *(f"{path} took too long to be assessed" for path in risk.late)):
        _warn(problem)
    touched = [name for pair in pairs for name in (pair.path, pair.old_path) if name]
    level, unexplained = _declared(replay, risk.level)
    for id_ in unexplained:
        _warn(f"{id_[:12]} declares AI text and has no note here; run `earmark notes sync` first")
    made = declare.declaration(policy, [change], level or "low", touched)
    if unexplained and policy.declare.mode != "forbid" and not (made and made.assisted):
        raise CannotTell("the range declares AI text that no note here accounts for; run `earmark notes sync` first")
    return trailers.compose(made, policy.declare.preset) if made else ""


def _declared(replay: Replay, level: str) -> tuple[str, list[str]]:
    """The highest risk that the range's own trailers or its result have, and the commits that declare AI text of which
    nothing is noted here."""
    from earmark.trailers import vocabulary
    from earmark.trailers.message import blocks

    unexplained = []
    for commit in replay.commits:
        for said in blocks(commit.message):
            if said.assisted:
                level = max(level, said.risk, key=lambda risk: (*vocabulary.RISKS, "").index(risk) if risk else -1)
                if commit.id not in replay.notes:
                    unexplained.append(commit.id)
    return level, list(dict.fromkeys(unexplained))


def _write(here: Workspace, replay: Replay, rev: str) -> None:
    """Add what the range says of the commit it became to that commit's note."""
    from earmark.git.changes import commit_changes
    from earmark.origin import notes, traces
    from earmark.origin.digest import digest

    [commit] = _commits(here, rev)
    if commit.id in {known.id for known in replay.commits}:
        raise CannotTell(f"{rev} is a commit of the range itself, not what the range became")
    if repeats := _one_by_one(here, replay, commit):
        _carry(here, replay, repeats)
        return
    change: Change = replay.change(commit)
    if not change.is_ai:
        _warn(f"nothing of what assistants wrote in the range stands in {commit.id[:12]}; no note is written")
        return
    raw = notes.format_note(notes.from_change(change, digest(change.files)))
    pairs = commit_changes(here.repo, [commit.id])
    traces.add(here.repo, replay.objects, {commit.id: raw}, {commit.id: commit}, pairs)


def _one_by_one(here: Workspace, replay: Replay, last: Commit) -> list[Commit]:
    """The commits up to `last` where each repeats one of the range, as a forge's rebase merge leaves them; else none.
    A repeated commit keeps its author, the author's time, and its message."""
    from earmark.git import history

    olds = [commit for commit in replay.commits if len(commit.parents) < 2]
    line = history.commits(here.repo, f"--max-count={len(olds)}", "--first-parent", last.id)
    same = [(c.author_email, c.author_time, c.message) for c in line]
    # One commit, squashed, repeats itself too; but then its message is the forge's.
    return line if same == [(c.author_email, c.author_time, c.message) for c in olds] else []


def _carry(here: Workspace, replay: Replay, line: list[Commit]) -> None:
    """Give each commit of `line` the note of the one it repeats."""
    from earmark.git.changes import commit_changes
    from earmark.origin import notes, traces
    from earmark.origin.commit_origins import derive
    from earmark.origin.digest import digest

    pairs = commit_changes(here.repo, [commit.id for commit in line])
    made = {}
    olds = [commit for commit in replay.commits if len(commit.parents) < 2]
    for old, new in zip(olds, line, strict=True):
        if note := replay.notes.get(old.id):
            prior = [(old.id, notes.format_note(note))]
            change = derive(here.repo, here.ledger, replay.objects, new, pairs[new.id], prior, False)
            made[new.id] = notes.format_note(notes.from_change(change, digest(change.files)))
    traces.add(here.repo, replay.objects, made, {commit.id: commit for commit in line}, pairs)


def _warn(text: str) -> None:
    print(f"earmark notes: {display(text)}", file=sys.stderr)
