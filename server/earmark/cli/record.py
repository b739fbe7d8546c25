"""`earmark record --agent NAME [--strict]`: one hook payload from standard input into the ledger.

Invariants
- An assistant waits for this command before and after every tool call: nothing here blocks it (standard input that
  never closes included), and without `--strict` nothing fails it. What went wrong stands in the log.
- Only modules this run needs are imported; the imports inside functions are deliberate.
- Nothing is written to standard output: assistants read it.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from earmark.git.repository import Repository
    from earmark.origin.evidence import Event, FileEvent

_USAGE = "usage: earmark record --agent NAME [--strict]   (one hook payload on standard input)"
IDLE_SECONDS = 2.0
TOTAL_SECONDS = 3.0
_SETTLE_SECONDS = 0.15


def run(argv: list[str]) -> int:
    """Exit code 0 always, or with `--strict` 2 when something could not be recorded, with one line on stderr."""
    rest = [argument for argument in argv if argument != "--strict"]
    if len(rest) == 1 and rest[0].startswith("--agent="):
        rest = ["--agent", rest[0].removeprefix("--agent=")]
    if len(rest) != 2 or rest[0] != "--agent":
        print(_USAGE, file=sys.stderr)
        return 2
    problems = record(rest[1], _cwd())
    if not problems:
        return 0
    _log(rest[1], problems)
    if "--strict" not in argv:
        return 0
    print(f"earmark record: {_printable('; '.join(message for _, message in problems))}", file=sys.stderr)
    return 2


def record(agent: str, cwd: str) -> list[tuple[Repository | None, str]]:
    """Record what standard input holds; returns what could not be recorded, with the repository it concerns."""
    from earmark.origin.agents import registry
    from earmark.origin.evidence import PayloadError

    try:
        events = registry.read(agent, _payload(agent, cwd))
    except PayloadError as error:
        return [(None, str(error))]
    except OSError as error:
        return [(None, f"standard input cannot be read ({error.strerror or error})")]
    problems: list[tuple[Repository | None, str]] = []
    for event in events:
        problems += _record(event._replace(cwd=event.cwd or cwd))
    return problems


def _payload(agent: str, cwd: str) -> bytes:
    """Kiro before 1.0 leaves standard input open and empty, and puts its payload into the environment."""
    told = os.environ.get("USER_PROMPT", "") if agent == "kiro" else ""
    if not told.lstrip().startswith("{"):
        return read_input(0)
    raw = read_input(0, idle=0.1)
    if raw.strip():
        return raw
    import json

    return json.dumps({"cwd": cwd}).encode()[:-1] + b", " + told.lstrip()[1:].encode("utf-8", "surrogateescape")


def read_input(descriptor: int, idle: float = IDLE_SECONDS, total: float = TOTAL_SECONDS) -> bytes:
    """What arrives on `descriptor` until it closes, says nothing for `idle` seconds, `total` seconds are over, or the
    payload's size limit is passed (one byte more is then returned). A complete JSON object followed by silence ends
    the reading at once."""
    from earmark.origin.agents.payload import LIMIT

    if os.name == "nt":
        return os.fdopen(os.dup(descriptor), "rb").read(LIMIT + 1)
    import select
    import time

    chunks: list[bytes] = []
    size, end, tried = 0, time.monotonic() + total, -1
    while size <= LIMIT:
        looks_whole = bool(chunks) and size != tried and chunks[-1].rstrip(b"\r\n\t \0")[-1:] == b"}"
        wait = min(0.05 if looks_whole else idle, end - time.monotonic())
        if wait <= 0:
            break
        if not select.select([descriptor], [], [], wait)[0]:
            if not looks_whole or _is_whole(b"".join(chunks)):
                break
            tried = size
            continue
        chunk = os.read(descriptor, 1 << 20)
        if not chunk:
            break
        chunks.append(chunk)
        size += len(chunk)
    return b"".join(chunks)[: LIMIT + 1]


def _is_whole(raw: bytes) -> bool:
    from earmark.origin.agents import payload
    from earmark.origin.evidence import PayloadError

    try:
        payload.decode(raw)
    except PayloadError:
        return False
    return True


def _record(event: Event) -> list[tuple[Repository | None, str]]:
    """Record one event in every repository it concerns."""
    if event.session and event.phase == "after":
        from earmark.origin.agents import transcript

        event = event._replace(session=transcript.completed(event.session))
        if event.session and event.session.tool == "github-copilot":
            _settle(event)
    problems: list[tuple[Repository | None, str]] = []
    for repo, part in _parts(event):
        if repo is None:
            problems.append((None, f"{_names(part.files)}: not inside a git repository"))
        else:
            problems += [(repo, message) for message in _record_in(repo, part)]
    return problems


def _parts(event: Event) -> Iterable[tuple[Repository | None, Event]]:
    """The event, split by the repository that holds each file. A link is followed first: what an assistant writes
    through it changes the file it points to."""
    from earmark.git import repository

    if not event.files:
        found = None
        if event.command:
            from earmark.git import trust

            places = (event.cwd, *event.roots)
            found = next((repo for place in places if (repo := trust.open_repository(place))), None)
        return [(found, event)] if found else []
    parts: dict[str, tuple[Repository | None, list[FileEvent]]] = {}
    for file in event.files:
        real = os.path.realpath(os.path.join(event.cwd, file.path))
        repo = repository.find(real)
        parts.setdefault(repo.top if repo else "", (repo, []))[1].append(file._replace(path=real))
    return [(repo, event._replace(files=tuple(files))) for repo, files in parts.values()]


def _record_in(repo: Repository, event: Event) -> list[str]:
    from earmark.git.run import GitError
    from earmark.origin import recorder
    from earmark.origin.ledger import Ledger, LedgerError
    from earmark.origin.seen import Refused

    try:
        with Ledger.open(repo) as ledger:
            recorder.record_event(repo, ledger, event)
        if event.phase == "after" and event.session:
            from earmark.cli import ahead

            ahead.start(repo)
    except Refused as error:
        return [str(error)]
    except (GitError, LedgerError) as error:
        return [str(error), *_keep(repo, event)]
    except Exception as error:  # noqa: BLE001  (whatever it is, the assistant must go on and the log must say it)
        return [_located(error)]
    return []


def _keep(repo: Repository, event: Event) -> list[str]:
    """Without git or a usable ledger the event waits in the spool for a writer that has them."""
    from earmark.origin import spool
    from earmark.origin.seen import observe

    try:
        seen, _ = observe(repo, event)
        spool.put(repo, event, seen)
    except OSError as error:
        return [f"the event is lost: {error}"]
    return []


def _settle(event: Event) -> None:
    """VS Code reports an edit before it has written it: wait a moment for the text to appear on disk."""
    import time

    end = time.monotonic() + _SETTLE_SECONDS
    for file in event.files:
        wanted = (file.after or next((edit.new for edit in file.replacements), "")).strip()
        while wanted and time.monotonic() < end and not _holds(os.path.join(event.cwd, file.path), wanted):
            time.sleep(0.01)


def _holds(path: str, text: str) -> bool:
    from earmark.origin.seen import Refused, read_file

    try:
        disk = read_file(path).replace(b"\r\n", b"\n")
    except Refused:
        return True
    return text.replace("\r\n", "\n").encode() in disk


def _names(files: Iterable[FileEvent]) -> str:
    return ", ".join(file.path for file in files)


def _located(error: Exception) -> str:
    """An error of ours, with the place it came from."""
    place = error.__traceback__
    while place and place.tb_next:
        place = place.tb_next
    where = f" ({os.path.basename(place.tb_frame.f_code.co_filename)}:{place.tb_lineno})" if place else ""
    return f"internal error, {type(error).__name__}: {error}{where}"


def _cwd() -> str:
    try:
        return os.getcwd()
    except OSError:
        return os.sep


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text[:1000])


def _log(agent: str, problems: list[tuple[Repository | None, str]]) -> None:
    """Append to the log of each repository concerned. A log that cannot be written is given up: the assistant goes
    on."""
    from earmark.origin.agents import log

    for repo, message in problems:
        log.append(repo.common_dir if repo else "", f"record {_printable(agent)}: {_printable(message)}")
