"""The ledger under kill, crowding, old and new versions, no room and no permission, and what it forgets."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from real_git import RealGit
from story import BASE, CLAUDE, CURSOR, Story

from earmark.git.repository import Repository, find
from earmark.origin import blame, ledger_schema, pruning, repair, settle, spool
from earmark.origin.evidence import Event, FileEvent
from earmark.origin.ledger import Ledger, LedgerBusy, LedgerError, folder
from earmark.origin.model import Region, Session, Snapshot, ai
from earmark.origin.recorder import record_event
from earmark.origin.seen import observe

WRITERS = Path(__file__).with_name("writers.py")
KILLS = 240
FIXTURE = Path(__file__).parents[3] / "fixtures" / "ledgers"


@pytest.fixture
def repo(git: RealGit) -> Repository:
    git.commit("base", {"pay.py": BASE})
    found = find(git.top)
    assert found is not None
    return found


def run_writers(*argv: str) -> str:
    done = subprocess.run([sys.executable, str(WRITERS), *argv], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def lines_of(ledger: Ledger, path: str) -> dict[str, str]:
    """Each line that the newest snapshot gives to a session: text to session."""
    last = ledger.last(path)
    assert last is not None and last.has_text
    found = {}
    for region in last.snapshot.regions:
        for line in last.snapshot.text[region.start : region.end].decode().splitlines():
            found[line] = region.origin.author
    return found


# Killed


def test_a_writer_killed_anywhere_loses_nothing_it_acknowledged(repo: Repository) -> None:
    """KILLS writers end by SIGKILL at random moments; what they had acknowledged is all there."""
    seed = int.from_bytes(os.urandom(4))
    half = KILLS // 2
    with ThreadPoolExecutor() as both:
        told = both.map(
            lambda n: run_writers("killed", repo.top, str(n * half), str(n * half + half), str(seed + n)), range(2)
        )
        done = [line.split() for out in told for line in out.splitlines() if line]
    assert len({words[0] for words in done}) == KILLS, f"seed {seed}"
    with Ledger.open(repo) as ledger:
        assert ledger.check() == []
        audited = {row.why for row in ledger.audit_rows()}
        known: dict[str, dict[str, str]] = {}
        for writer, number, *what in done:
            if what:
                assert f"{writer}-{number}" in audited, f"seed {seed}"
                continue
            path = f"w{writer}.py"
            if path not in known:
                known[path] = lines_of(ledger, path)
            session = Session("claude", f"writer {writer}").id
            assert known[path].get(f"written by {writer}, event {number}") == session, f"seed {seed}"
        assert _chained(ledger)
        assert ledger.dirty()
    # A hook looks at this file alone: it may stand for nothing, it must never be missing.
    assert (Path(folder(repo)) / "active").exists()


def _chained(ledger: Ledger) -> bool:
    import hashlib

    previous = ""
    for row in ledger.audit_rows():
        text = json.dumps([previous, row.at, row.who, row.what, row.why, row.detail], ensure_ascii=False)
        previous = hashlib.sha256(text.encode()).hexdigest()
        if row.head != previous:
            return False
    return True


def test_the_flag_for_the_hooks_stands_as_long_as_anything_is_dirty(repo: Repository) -> None:
    flag = Path(folder(repo)) / "active"
    with Ledger.open(repo) as ledger:
        ledger.mark_dirty("a.py")
        ledger.mark_dirty("b.py")
        ledger.settle(["a.py"])
        assert flag.exists()
        ledger.settle(["b.py"])
        assert not flag.exists()
        flag.touch()  # left behind by somebody who was killed
        ledger.settle([])
        assert not flag.exists()


def test_a_transaction_that_fails_leaves_nothing(repo: Repository) -> None:
    with Ledger.open(repo) as ledger:
        with pytest.raises(RuntimeError), ledger.transaction():
            ledger.put_session(CLAUDE)
            ledger.put_snapshot("a.py", Snapshot(b"x\n"), source="agent", at=1)
            raise RuntimeError
        assert ledger.session(CLAUDE.id) is None and ledger.last("a.py") is None


# Crowded


def test_sixteen_writers_at_once_lose_nothing(repo: Repository) -> None:
    Ledger.open(repo).close()
    other = sqlite3.connect(Path(folder(repo)) / "ledger.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    crowd = subprocess.Popen([sys.executable, str(WRITERS), "writers", repo.top, "16", "8"])
    place = Path(folder(repo)) / "spool"
    while crowd.poll() is None and len(list(place.glob("*.json"))) < 16:
        time.sleep(0.001)  # until every second event or so had to wait
    kept = len(list(place.glob("*.json")))
    other.close()
    assert (crowd.wait(60), kept >= 16) == (0, True)
    with Ledger.open(repo) as ledger:
        record_event(repo, ledger, Event("before", repo.top, CLAUDE, (FileEvent("pay.py"),)))
        assert list(spool.drain(repo)) == []
        assert ledger.check() == []
        for writer in range(16):
            session = Session("claude", f"writer {writer}").id
            expected = {f"written by {writer}, event {number}": session for number in range(8)}
            assert lines_of(ledger, f"w{writer}.py") == expected
        assert set(ledger.dirty()) == {f"w{writer}.py" for writer in range(16)}


@pytest.fixture
def held(story: Story, monkeypatch: pytest.MonkeyPatch) -> Iterator[sqlite3.Connection]:
    """The ledger, held by another process's connection until the test rolls it back."""
    monkeypatch.setattr("earmark.origin.ledger.BUSY_SECONDS", 0.01)
    story.ledger.close()
    story.ledger = Ledger.open(story.repo)
    other = sqlite3.connect(Path(folder(story.repo)) / "ledger.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield other
    other.close()


def waiting(story: Story) -> int:
    place = Path(folder(story.repo)) / "spool"
    return len(list(place.glob("*.json"))) if place.exists() else 0


def test_an_event_that_met_a_held_ledger_counts_as_if_it_had_not(story: Story, held: sqlite3.Connection) -> None:
    story.writes(CLAUDE, "pay.py", BASE + "written = 2\n", key="k1")
    assert waiting(story) == 2
    held.execute("ROLLBACK")
    story.writes(CURSOR, "pay.py", BASE + "written = 2\nmore = 3\n", key="k2")
    assert waiting(story) == 0
    assert story.kinds("pay.py") == "....ck"


def test_an_event_overtaken_by_a_later_one_is_laid_under_it(story: Story, held: sqlite3.Connection) -> None:
    """The first edit waits while the editor already records what a second one made of the file."""
    one, two = BASE + "first = 1\n", BASE + "first = 1\nsecond = 2\n"
    story.writes(CLAUDE, "pay.py", one, key="k1")
    held.execute("ROLLBACK")
    story.git.write("pay.py", two)
    start = len(one)
    seen = Snapshot(two.encode(), (Region(start, len(two), ai(CURSOR.id), 1),))
    story.ledger.put_session(CURSOR)
    story.ledger.put_snapshot("pay.py", seen, source="editor", at=story.ledger.now())
    story.event("before", CURSOR, FileEvent("other.py"))
    assert waiting(story) == 0
    last = story.ledger.last("pay.py")
    assert last is not None and last.snapshot.text == two.encode()
    assert story.kinds("pay.py") == "....ck"


def test_two_that_drain_at_once_write_an_event_once(story: Story, held: sqlite3.Connection) -> None:
    story.writes(CLAUDE, "pay.py", BASE + "written = 2\n")
    held.execute("ROLLBACK")
    kept = {path: path.read_bytes() for path in (Path(folder(story.repo)) / "spool").iterdir()}
    story.event("before", CURSOR, FileEvent("other.py"))
    story.git.write("pay.py", BASE)
    story.event("human", None, FileEvent("pay.py"))
    for path, data in kept.items():  # the other one had read them before they went
        path.write_bytes(data)
    story.event("before", CURSOR, FileEvent("other.py"))
    assert waiting(story) == 0
    last = story.ledger.last("pay.py")
    assert last is not None and last.snapshot.text == BASE.encode()


def test_a_kept_event_that_cannot_be_applied_is_set_aside_and_blocks_nobody(
    story: Story, held: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    story.event("before", CLAUDE, FileEvent("pay.py"))
    story.event("before", CLAUDE, FileEvent("other.py"))
    held.execute("ROLLBACK")
    place = Path(folder(story.repo)) / "spool"
    first, second = sorted(place.glob("*.json"))
    first.write_text("{")
    record = json.loads(second.read_text())
    record["files"][0][1][1] = 7
    second.write_text(json.dumps(record))
    story.writes(CLAUDE, "pay.py", BASE + "written = 2\n")
    assert story.kinds("pay.py") == "....c"
    assert sorted(path.suffix for path in place.iterdir()) == [".bad", ".bad"]


def test_a_reader_is_not_kept_waiting_by_a_writer(story: Story, held: sqlite3.Connection) -> None:
    assert story.ledger.last("pay.py") is None
    with pytest.raises(LedgerBusy, match="held by another process"):
        story.ledger.set_meta("a", "b")


# Versions


def old_ledger(repo: Repository) -> Path:
    """A ledger of version 1, as it was written by the first release."""
    path = Path(folder(repo)) / "ledger.db"
    path.parent.mkdir(exist_ok=True)
    with sqlite3.connect(path) as db:
        db.executescript((FIXTURE / "version-1.sql").read_text().replace("WORKTREE", repo.top))
    db.close()
    return path


def test_an_old_ledger_becomes_a_present_one_and_keeps_everything(repo: Repository, git: RealGit) -> None:
    path = old_ledger(repo)
    git.write("pay.py", BASE + "written = 2\n")
    with Ledger.open(repo) as ledger:
        assert ledger.candidates() == (("b.py", "make b"), ("a.py", "make a, again"))
        assert ledger.dirty() == ("pay.py",)
        assert [row.what for row in ledger.audit_rows()] == ["mark"]
        assert [r.session for r in blame.blame(repo, ledger, "pay.py") if r.kind == "ai"] == [CLAUDE.id]
        ledger.put_candidate("a.py", "make a, once more")
        assert ledger.candidates()[-1] == ("a.py", "make a, once more")
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA user_version").fetchone()[0] == ledger_schema.VERSION
        upgraded = _shape(db)
    db.close()
    path.unlink()
    Ledger.open(repo).close()
    with sqlite3.connect(path) as db:
        assert _shape(db) == upgraded
    db.close()


def _shape(db: sqlite3.Connection) -> list[tuple[str, list[tuple[object, ...]]]]:
    names = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type='table' ORDER BY name")]
    return [(name, db.execute(f"PRAGMA table_info({name})").fetchall()) for name in names]


def test_sixteen_processes_upgrade_it_once(repo: Repository) -> None:
    old_ledger(repo)
    run_writers("writers", repo.top, "16", "1")
    with Ledger.open(repo) as ledger:
        assert ledger.check() == []
        assert len(ledger.candidates()) == 2


def test_a_damaged_old_ledger_is_carried_over(repo: Repository) -> None:
    path = old_ledger(repo)
    data = bytearray(path.read_bytes())
    data[-2048:] = b"\xff" * 2048
    path.write_bytes(bytes(data))
    assert "rows that could still be read" in repair.repair(repo)
    with Ledger.open(repo) as ledger:
        assert ledger.check() == []
        assert ledger.dirty() == ("pay.py",)
        assert len(ledger.candidates()) == 2


def test_a_newer_ledger_is_refused_and_left_alone(repo: Repository) -> None:
    Ledger.open(repo).close()
    path = Path(folder(repo)) / "ledger.db"
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version={ledger_schema.VERSION + 1}")
    db.close()
    with pytest.raises(LedgerError, match=rf"schema {ledger_schema.VERSION + 1}.*update Earmark"):
        Ledger.open(repo)
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA user_version").fetchone()[0] == ledger_schema.VERSION + 1
    db.close()


# No room, no permission


def test_a_full_disk_is_one_line_and_nothing_is_half_written(repo: Repository) -> None:
    with Ledger.open(repo) as ledger:
        ledger.put_snapshot("a.py", Snapshot(b"x\n"), source="agent", at=1)
        ledger._db.execute("PRAGMA max_page_count=1")  # SQLite takes the present size, and reports a full disk beyond
        noise = os.urandom(1 << 20)
        with pytest.raises(LedgerError, match=r"is full.*make room") as told, ledger.transaction():
            ledger.put_session(CLAUDE)
            ledger.put_snapshot("b.py", Snapshot(noise), source="agent", at=2)
        assert "\n" not in str(told.value)
        assert ledger.session(CLAUDE.id) is None and ledger.last("b.py") is None
        last = ledger.last("a.py")
        assert last is not None and last.snapshot.text == b"x\n"


LIMITED = """
import resource, signal, sys
from earmark.cli import record
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))
sys.exit(record.run(["--agent", "claude", "--strict"]))
"""


def test_an_assistant_hears_one_line_when_there_is_no_room(repo: Repository, git: RealGit) -> None:
    """A process that may write files of 8 KiB only: SQLite's own error for a failed write."""
    Ledger.open(repo).close()
    text = "".join(f"line {n} {os.urandom(20).hex()}\n" for n in range(2000))
    git.write("big.py", text)
    payload = json.dumps(
        {
            "hook_event_name": "PostToolUse",
            "session_id": "c1",
            "cwd": str(git.top),
            "tool_name": "Write",
            "tool_input": {"file_path": str(git.top / "big.py"), "content": text},
            "tool_response": {"type": "create"},
        }
    )
    done = subprocess.run(
        [sys.executable, "-c", LIMITED], input=payload, capture_output=True, text=True, cwd=git.top, timeout=60
    )
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("\n") == 1
    assert "cannot be written" in done.stderr and "Traceback" not in done.stderr


READ_ONLY = """
import os, sys
from earmark.git.repository import find
from earmark.origin import ledger_schema
from earmark.origin.ledger import Ledger, LedgerError
if os.getuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
repo = find(sys.argv[1])
try:
    with Ledger.open(repo) as ledger:
        ledger.set_meta("a", "b")
except LedgerError as error:
    print(error)
"""


@pytest.mark.parametrize("state", ["no ledger", "a ledger", "an old ledger"])
def test_a_folder_that_cannot_be_written_is_one_line(git: RealGit, state: str) -> None:
    """Run as somebody who may not write there: the tests themselves may run as root, who may."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        top = RealGit(Path(name) / "repo").top
        repo = find(top)
        assert repo is not None
        if state == "a ledger":
            with Ledger.open(repo) as ledger:
                ledger.put_session(CLAUDE)
        elif state == "an old ledger":
            old_ledger(repo)
        places = [top, *top.rglob("*")]
        for place in places:
            place.chmod(stat.S_IMODE(place.stat().st_mode) & 0o555 | 0o444)
        done = subprocess.run(
            [sys.executable, "-c", READ_ONLY, str(top)], capture_output=True, text=True, timeout=60, cwd="/"
        )
        for place in places:
            place.chmod(0o755)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("\n") == 1
    assert "make the folder writable" in done.stdout


def test_an_event_that_can_be_kept_nowhere_is_told(repo: Repository) -> None:
    Path(folder(repo)).mkdir()
    (Path(folder(repo)) / "spool").write_text("a file where the folder should be")
    event = Event("before", repo.top, CLAUDE, (FileEvent("pay.py"),))
    with pytest.raises(OSError, match="spool"):
        spool.put(repo, event, observe(repo, event)[0])


# What it forgets


def test_pruning_keeps_the_newest_and_stays_below_its_limits(repo: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "SNAPSHOTS_PER_PATH", 20)
    monkeypatch.setattr(pruning, "TEXTS_PER_PATH", 5)
    with Ledger.open(repo) as ledger:
        for number in range(50):
            ledger.put_snapshot("a.py", Snapshot(b"%d\n" % number), source="agent", at=number)
        ledger.put_snapshot("b.py", Snapshot(b"once\n"), source="agent", at=60)
        ledger.audit("Ada", "mark")
        ledger.prune()
        assert _count(ledger, "snapshots") == 21
        assert _count(ledger, "contents") == 6
        assert [stored.snapshot.text for path in ("a.py", "b.py") if (stored := ledger.last(path))] == [
            b"49\n",
            b"once\n",
        ]
        earlier = ledger.exact("a.py", repo.blob_id(b"35\n"))
        assert earlier is not None and not earlier.has_text
        assert len(ledger.audit_rows()) == 1


def test_all_texts_together_are_bounded_and_the_newest_stay(repo: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "LARGEST", 5_000)
    with Ledger.open(repo) as ledger:
        for number in range(20):
            ledger.put_snapshot(f"{number}.py", Snapshot(os.urandom(1000)), source="agent", at=number)
        ledger.prune()
        kept = [number for number in range(20) if (last := ledger.last(f"{number}.py")) and last.has_text]
        assert kept == [16, 17, 18, 19]


def test_old_keys_candidates_and_cached_findings_go(repo: Repository) -> None:
    with Ledger.open(repo) as ledger:
        ledger.first_seen("old")
        ledger.put_candidate("a.py", "make")
        ledger.cache("c", "1")
        for table in ("events", "candidates"):
            ledger._db.execute(f"UPDATE {table} SET at = at - 31 * 86400 * 1000000")
        ledger._db.execute("UPDATE cache SET at = at - 31 * 86400")
        ledger.first_seen("new")
        ledger.cache("d", "1")
        ledger.prune()
        assert (ledger.first_seen("old"), ledger.first_seen("new")) == (True, False)
        assert (ledger.candidates(), ledger.cached("c"), ledger.cached("d")) == ((), None, "1")


def test_settling_prunes_once_a_day_and_a_hook_once_a_week(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    pruned = []
    monkeypatch.setattr(Ledger, "prune", lambda self: pruned.append(self) or self.set_meta("pruned", str(_now())))
    in_hook = story.repo._replace(hook_environment=(("GIT_DIR", story.repo.git_dir),))

    def commit_after(days: float, repo: Repository) -> int:
        story.ledger.set_meta("pruned", str(int(_now() - days * 86_400)))
        story.commits(CLAUDE, "pay.py", story.text("pay.py") + "written = 2\n")
        pruned.clear()
        settle.settle(repo, story.ledger)
        return len(pruned)

    asked = [(0.5, story.repo), (1.5, story.repo), (1.5, in_hook), (8, in_hook)]
    assert [commit_after(days, repo) for days, repo in asked] == [0, 1, 0, 1]


def _now() -> int:
    return int(time.time())


def _count(ledger: Ledger, table: str) -> int:
    return int(ledger._db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
