"""`earmark notes`: two clones and a bare remote over file://, another tool that writes beside us, traces, squashing."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker
from real_git import RealGit

from earmark.cli import notes as command
from earmark.commit import share
from earmark.git import notes as git_notes
from earmark.git import trust
from earmark.git.repository import Repository, find
from earmark.git.run import GitError
from earmark.origin import agent_trace, joined, notes, state
from earmark.origin.digest import digest
from earmark.origin.evidence import Event, FileEvent
from earmark.origin.ledger import Ledger
from earmark.origin.model import Session
from earmark.origin.recorder import record_event
from earmark.origin.settle import settle
from earmark.trailers.message import parse as parse_message

CLAUDE = Session("claude", "c1", "claude-opus-4.5", "Ada Example <ada@example.com>")
CURSOR = Session("cursor", "k1", "gpt-5", "Ada Example <ada@example.com>")
BASE = "def pay(user):\n    if not user.ok:\n        raise Denied\n    charge(user)\n"
SCHEMA = json.loads((Path(agent_trace.__file__).parent / "agent-trace.schema.json").read_text())
VALID = Draft202012Validator(SCHEMA, format_checker=FormatChecker())
Run = Callable[..., tuple[int, str, str]]


class Clone(RealGit):
    """A clone whose user trusts it, with a ledger of its own."""

    def __init__(self, top: Path, origin: str = "") -> None:
        if origin:
            top.parent.mkdir(parents=True, exist_ok=True)
            RealGit(top.parent, init=False)("clone", "-q", origin, top.name)
        super().__init__(top, init=not origin)
        found = find(top)
        assert found is not None
        trust.trust(found)
        self.repo: Repository = found._replace(trusted=True)
        Ledger.open(self.repo).close()

    def assistant(self, session: Session, path: str, text: str) -> None:
        file = self.top / path
        before = file.read_text() if file.exists() else ""
        self.write(path, text)
        with Ledger.open(self.repo) as ledger:
            event = FileEvent(path, before=before, after=text)
            record_event(self.repo, ledger, Event("after", str(self.top), session, (event,)))

    def person(self, path: str, text: str) -> None:
        """A person's save, as an editor reports it."""
        self.write(path, text)
        with Ledger.open(self.repo) as ledger:
            record_event(self.repo, ledger, Event("human", str(self.top), None, (FileEvent(path),)))

    def ai_commit(self, session: Session, path: str, text: str, message: str = "ai") -> str:
        self.assistant(session, path, text)
        id_ = self.commit(message)
        with Ledger.open(self.repo) as ledger:
            settle(self.repo, ledger)
        return id_

    def note(self, id_: str) -> bytes | None:
        return git_notes.read(self.repo, notes.REF, [id_]).get(id_)

    def put(self, id_: str, raw: bytes) -> None:
        """Store these bytes as another tool would: with git's own command."""
        self("notes", "--ref", "ai", "add", "-f", "-F", "-", id_, input=raw)

    def all(self) -> dict[str, str]:
        return git_notes.listed(self.repo, notes.REF)


@pytest.fixture
def remote(git: RealGit, tmp_path: Path) -> str:
    """The address of a bare repository with one commit."""
    git.commit("base", {"pay.py": BASE})
    git("clone", "-q", "--bare", str(git.top), str(tmp_path / "remote.git"))
    return f"file://{tmp_path}/remote.git"


@pytest.fixture
def ada(remote: str, tmp_path: Path) -> Clone:
    return Clone(tmp_path / "ada" / "repo", remote)


@pytest.fixture
def bob(remote: str, tmp_path: Path) -> Clone:
    return Clone(tmp_path / "bob" / "repo", remote)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def go(clone: Clone, *argv: str) -> tuple[int, str, str]:
        monkeypatch.chdir(clone.top)
        code = command.run(list(argv))
        told = capsys.readouterr()
        return code, told.out, told.err

    return go


def shared(ada: Clone, bob: Clone) -> str:
    """A commit of ada's that both have, with a note in neither ref yet."""
    id_ = ada.commit("both", {"pay.py": BASE + "one = 1\ntwo = 2\nthree = 3\n"})
    ada("push", "-q", "origin", "main")
    bob("pull", "-q", "origin", "main")
    return id_


def test_notes_travel_to_a_clone_that_has_none(ada: Clone, bob: Clone, run: Run) -> None:
    id_ = ada.ai_commit(CLAUDE, "pay.py", BASE + "written = 1\n")
    ada("push", "-q", "origin", "main")
    assert run(ada, "sync") == (0, "origin: 0 notes taken in, ours sent\n", "")
    bob("pull", "-q", "origin", "main")
    assert run(bob, "sync") == (0, "origin: 1 note taken in, nothing to send\n", "")
    assert bob.note(id_) == ada.note(id_) is not None
    assert run(bob, "sync") == (0, "origin: 0 notes taken in, nothing to send\n", "")


def test_clones_that_diverge_end_equal_and_nothing_is_lost(ada: Clone, bob: Clone, run: Run) -> None:
    both = shared(ada, bob)
    ada.put(both, _note(both, "s_aaaaaaaaaaaaaa::t_1", "5"))
    bob.put(both, _note(both, "s_bbbbbbbbbbbbbb::t_2", "7"))
    mine = ada.ai_commit(CLAUDE, "a.py", "a = 1\nb = 2\nc = 3\n")
    theirs = bob.ai_commit(CURSOR, "b.py", "d = 1\ne = 2\nf = 3\n")
    for clone in (ada, bob, ada):
        assert run(clone, "sync")[0] == 0
    assert ada.all() == bob.all()
    assert set(ada.all()) == {both, mine, theirs}
    note = notes.parse(ada.note(both) or b"")
    assert {o.origin.author: o.lines.start for o in notes.owners(note, "pay.py")} == {
        "s_aaaaaaaaaaaaaa": 5,
        "s_bbbbbbbbbbbbbb": 7,
    }
    assert set(notes.sessions(note)) == {"s_aaaaaaaaaaaaaa", "s_bbbbbbbbbbbbbb"}


def test_a_joined_note_carries_the_digest_of_what_it_says(ada: Clone, bob: Clone, run: Run) -> None:
    both = shared(ada, bob)
    record = json.loads(_trace(both, "pay.py", 5, 5, tool="one"))
    for clone, start, tool in ((ada, 5, "one"), (bob, 7, "two")):
        record["tool"]["name"] = tool
        record["files"][0]["conversations"][0]["ranges"] = [{"start_line": start, "end_line": start}]
        file = clone.write("../trace.json", json.dumps(record))
        assert run(clone, "import", str(file))[0] == 0
    for clone in (ada, bob, ada):
        assert run(clone, "sync")[0] == 0
    assert ada.all() == bob.all()
    with Ledger.open(bob.repo) as ledger:
        [change] = state.commits(bob.repo, ledger, [both])
    assert change.ai_lines == 2
    assert notes.recorded_digest(notes.parse(bob.note(both) or b"")) == digest(change.files)


def test_both_merge_before_either_pushes(ada: Clone, bob: Clone) -> None:
    """The two merge commits differ, their notes do not."""
    both = shared(ada, bob)
    ada.put(both, _note(both, "s_aaaaaaaaaaaaaa::t_1", "5"))
    bob.put(both, _note(both, "s_bbbbbbbbbbbbbb::t_2", "5-7"))
    tips = {clone: git_notes.tip(clone.repo, notes.REF) for clone in (ada, bob)}
    for clone, other in ((ada, bob), (bob, ada)):
        clone("fetch", "-q", str(other.top), f"{tips[other]}:refs/other")
        share.merge(clone.repo, tips[other])
    assert ada.all() == bob.all()


def test_a_note_that_one_side_mended_does_not_come_back_as_it_was(ada: Clone, bob: Clone, run: Run) -> None:
    both = shared(ada, bob)
    ada.put(both, _note(both, "s_aaaaaaaaaaaaaa::t_1", "5-7"))
    run(ada, "sync")
    run(bob, "sync")
    mended = _note(both, "s_aaaaaaaaaaaaaa::t_1", "5")
    ada.put(both, mended)
    bob.ai_commit(CURSOR, "b.py", "d = 1\ne = 2\nf = 3\n")
    for clone in (bob, ada, bob):
        assert run(clone, "sync")[0] == 0
    assert ada.note(both) == bob.note(both) == mended


def test_another_tool_writes_and_pushes_beside_us(ada: Clone, bob: Clone, run: Run) -> None:
    """It writes to our reference while we merge, and pushes while we push; nobody's note is lost."""
    ids = [ada.commit(str(n), {"pay.py": BASE + "x = 1\n" * n}) for n in range(1, 6)]
    ada("push", "-q", "origin", "main")
    bob("pull", "-q", "origin", "main")
    bob.put(ids[0], _note(ids[0], "s_bbbbbbbbbbbbbb::t_b0", "5"))
    bob("push", "-q", "origin", "refs/notes/ai")
    ada.put(ids[1], _note(ids[1], "s_aaaaaaaaaaaaaa::t_a1", "5"))
    real_write, real_push = git_notes.write, share._push

    def write(repo: Repository, *args: Any, **kwargs: Any) -> str:
        if ids[2] not in ada.all():
            ada.put(ids[2], _note(ids[2], "s_cccccccccccccc::t_c2", "5"))
        return real_write(repo, *args, **kwargs)

    def push(*args: Any) -> bool:
        if ids[3] not in bob.all():
            bob.put(ids[3], _note(ids[3], "s_dddddddddddddd::t_d3", "5"))
            bob("push", "-q", "origin", "refs/notes/ai")
        return real_push(*args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(git_notes, "write", write)
        patch.setattr(share, "_push", push)
        assert run(ada, "sync")[0] == 0
    assert run(bob, "sync")[0] == 0
    assert ada.all() == bob.all()
    assert set(ada.all()) == set(ids[:4])


def test_a_writer_that_never_stops_loses_nothing(ada: Clone, bob: Clone) -> None:
    """Two clones of two tools sync for a while at once, each with a commit of its own a round."""
    failures: list[BaseException] = []
    made: list[str] = []

    def work(clone: Clone, session: Session) -> None:
        try:
            for n in range(5):
                made.append(clone.ai_commit(session, f"{session.tool}.py", f"{session.tool} = 1\n" * (3 + n)))
                for _ in range(20):
                    try:
                        share.sync(clone.repo, "origin")
                    except GitError as error:
                        assert "others keep pushing" in str(error)
                        continue
                    break
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=pair) for pair in ((ada, CLAUDE), (bob, CURSOR))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    for clone in (ada, bob, ada):
        share.sync(clone.repo, "origin")
    assert ada.all() == bob.all()
    assert set(ada.all()) == set(made)


def test_a_double_note_that_git_concatenated_is_read_and_joined(ada: Clone, bob: Clone, run: Run) -> None:
    both = shared(ada, bob)
    one, two = (_note(both, f"s_{c * 14}::t_{c}", line) for c, line in (("a", "5"), ("b", "7")))
    ada.put(both, one + b"\n" + two)
    bob.put(both, _note(both, "s_cccccccccccccc::t_c", "6"))
    for clone in (ada, bob, ada):
        assert run(clone, "sync")[0] == 0
    note = notes.parse(ada.note(both) or b"")
    assert {o.origin.author[2]: o.lines.start for o in notes.owners(note, "pay.py")} == {"a": 5, "c": 6, "b": 7}
    assert ada.all() == bob.all()


def test_a_newer_schema_is_kept_byte_for_byte(ada: Clone, bob: Clone, run: Run) -> None:
    both = shared(ada, bob)
    newer = b'pay.py\n  s_1::t_1 5 @new\n---\n{"schema_version":"authorship/4.0.0","odd":[3,1,2]}\n'
    ada.put(both, newer)
    run(ada, "sync")
    code, _, told = run(bob, "sync")
    assert (code, bob.note(both)) == (0, newer)
    assert "authorship/4.0.0" in told and both[:12] in told
    old = _note(both, "s_aaaaaaaaaaaaaa::t_1", "5")
    bob("notes", "--ref", "ai", "remove", both)
    bob("update-ref", "-d", "refs/notes/ai")
    bob.put(both, old)
    for clone in (bob, ada, bob):
        assert run(clone, "sync")[0] == 0
    assert ada.all() == bob.all()
    assert newer in (ada.note(both) or b"") and old in (ada.note(both) or b"")


def test_bytes_that_are_no_note_are_warned_about_and_hide_nothing(ada: Clone, bob: Clone, run: Run) -> None:
    both = shared(ada, bob)
    broken = "just words, \x1b[31m and ü\n".encode()
    ada.put(both, broken)
    run(ada, "sync")
    other = bob.commit("other", {"x.py": "x = 1\n"})
    code, _, told = run(bob, "sync")
    assert (code, bob.note(both)) == (0, broken)
    assert both[:12] in told and "not a note" in told and "\x1b" not in told
    bob("update-ref", "-d", "refs/notes/ai")
    bob.put(both, _note(both, "s_aaaaaaaaaaaaaa::t_1", "5"))
    bob.put(other, b"also none\n")
    told = run(bob, "sync")[2]
    assert "are kept in it" in told
    run(ada, "sync")
    assert ada.all() == bob.all()
    note = notes.parse(ada.note(both) or b"")
    assert notes.owners(note, "pay.py")[0].origin.author == "s_aaaaaaaaaaaaaa"
    assert note.meta["earmark"]["unread"] == [broken.decode()]


@pytest.mark.parametrize("how", ["hook", "nothing there", "no remote", "an option"])
def test_a_remote_that_refuses_is_one_line_and_what_came_stays(
    ada: Clone, bob: Clone, run: Run, tmp_path: Path, how: str
) -> None:
    both = shared(ada, bob)
    bob.put(both, _note(both, "s_bbbbbbbbbbbbbb::t_1", "5"))
    run(bob, "sync")
    mine = ada.ai_commit(CLAUDE, "a.py", "a = 1\nb = 2\nc = 3\n")
    argv = ["sync"]
    if how == "hook":
        hook = tmp_path / "remote.git" / "hooks" / "pre-receive"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\necho 'no notes, please' >&2\nexit 1\n")
        hook.chmod(0o755)
    elif how == "nothing there":
        argv.append(f"file://{tmp_path}/nowhere.git")
    elif how == "no remote":
        ada("remote", "remove", "origin")
    else:
        argv += ["--", "--upload-pack=touch " + str(tmp_path / "ran")]
    code, out, told = run(ada, *argv)
    assert (code, out, told.count("\n")) == (2, "", 1)
    assert told.startswith("earmark notes: ")
    assert not (tmp_path / "ran").exists()
    assert (both in ada.all()) == (how == "hook")
    assert mine in ada.all()


def test_no_setting_of_the_users_remotes_is_touched_and_nothing_is_forced(ada: Clone, bob: Clone, run: Run) -> None:
    before = ada("config", "--list", "--local")
    ada.ai_commit(CLAUDE, "a.py", "a = 1\nb = 2\nc = 3\n")
    log = ada.top.parent / "trace"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("earmark.git.run._environment", _tracing(log))
        assert run(ada, "sync")[0] == 0
    assert ada("config", "--list", "--local") == before
    asked = [line for line in log.read_text().splitlines() if "'refs/" in line or ":refs/" in line]
    assert any(":refs/notes/ai" in line for line in asked)
    assert not any("+refs/notes/ai:refs/notes/ai" in line or "--force" in line for line in asked)


def _tracing(log: Path) -> Callable[..., dict[str, str]]:
    from earmark.git import run

    real = run._environment
    return lambda *args: {**real(*args), "GIT_TRACE": str(log)}


# Joining

KEYS = st.sampled_from(["s_1::t_1", "s_1::t_2", "s_2::t_1", "h_1", "abcdef0"])
RANGES = st.lists(st.integers(1, 12), min_size=1, max_size=4).map(
    lambda lines: ",".join(str(n) for n in sorted(set(lines)))
)
EXTRA = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | st.sampled_from(["", "unknown", "x", "é"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("pq"), inner, max_size=2),
    max_leaves=6,
)


@st.composite
def any_note(draw: st.DrawFn) -> bytes:
    lines = []
    for path in draw(st.lists(st.sampled_from(["a.py", '"b c.py"']), unique=True, max_size=2)):
        lines.append(path)
        lines += [f"  {key} {draw(RANGES)}" for key in draw(st.lists(KEYS, min_size=1, max_size=3))]
    meta = {"schema_version": notes.SCHEMA, "prompts": {}, "extra": draw(EXTRA), "earmark": {"removed": draw(EXTRA)}}
    return ("\n".join([*lines, "---", json.dumps(meta)]) + "\n").encode()


ANY = any_note() | st.sampled_from([b"words\n", b'---\n{"schema_version":"authorship/9.0.0"}\n', b"---\n{\n"])


@given(ANY, ANY)
def test_joining_does_not_depend_on_who_joins_and_happens_once(one: bytes, other: bytes) -> None:
    both = joined.join(one, other)
    assert both == joined.join(other, one)
    assert joined.join(both, both) == both


@given(any_note(), any_note(), any_note())
def test_joining_three_notes_gives_the_same_in_any_order(one: bytes, two: bytes, three: bytes) -> None:
    left = joined.join(joined.join(one, two), three)
    right = joined.join(one, joined.join(two, three))
    assert _claims(left) == _claims(right) == _claims(one) | _claims(two) | _claims(three)
    assert _claims(joined.join(left, one)) == _claims(left)


@given(ANY)
def test_what_cannot_be_read_is_still_there(other: bytes) -> None:
    mine = b'a.py\n  s_1::t_1 1\n---\n{"schema_version":"authorship/3.0.0","prompts":{}}\n'
    both = joined.join(mine, other)
    try:
        note = notes.parse(other)
    except notes.NoteError:
        assert other.decode() in notes.parse(both).meta["earmark"]["unread"]
        return
    assert other in both or not note.opaque


def _claims(raw: bytes) -> set[tuple[str, str, int]]:
    note = notes.parse(raw)
    return {
        (path, entry.key, line)
        for path, entries in note.files.items()
        for entry in entries
        for lines in entry.lines
        for line in range(lines.start, lines.end + 1)
    }


# agent-trace


def test_an_export_is_valid_and_gives_the_same_note_back(ada: Clone, bob: Clone, run: Run) -> None:
    ada.ai_commit(CLAUDE, "pay.py", BASE.replace("    if not user.ok:\n        raise Denied\n", "    audit(user)\n"))
    second = ada.ai_commit(CURSOR, "dir/my file.py", "a = 1\nb = 2\n")
    ada("push", "-q", "origin", "main")
    code, out, told = run(ada, "export", "origin/main~2..origin/main")
    assert (code, told, out.count("\n")) == (0, "", 2)
    for line in out.splitlines():
        assert [error.message for error in VALID.iter_errors(json.loads(line))] == []
    assert run(ada, "export", second)[1] == run(ada, "export")[1] == out.splitlines(keepends=True)[1]
    bob("pull", "-q", "origin", "main")
    file = bob.write("../traces.jsonl", out)
    assert run(bob, "import", str(file)) == (0, "2 records read, 3 AI lines, 2 notes changed\n", "")
    assert bob.all() == ada.all()
    assert run(bob, "import", str(file))[1] == "2 records read, 3 AI lines, 0 notes changed\n"


def test_another_tools_trace_is_evidence_for_the_lines_its_commit_added(ada: Clone, run: Run) -> None:
    id_ = ada.commit("theirs", {"pay.py": BASE + "one = 1\ntwo = 2\n"})
    file = ada.write("../trace.json", _trace(id_, "pay.py", 3, 5))
    code, out, told = run(ada, "import", str(file))
    assert (code, out) == (0, "1 records read, 1 AI lines, 1 notes changed\n")
    assert "2 claimed lines" in told
    note = notes.parse(ada.note(id_) or b"")
    [owner] = notes.owners(note, "pay.py")
    assert owner.lines == (5, 5)
    session = notes.sessions(note)[owner.origin.author]
    assert (session.tool, session.conversation, session.model) == ("cursor", "https://example.com/c/1", "openai/gpt-5")


def test_an_import_only_adds_to_the_note_of_another_tool(ada: Clone, run: Run) -> None:
    id_ = ada.commit("theirs", {"pay.py": BASE + "one = 1\ntwo = 2\n"})
    ada.put(id_, _note(id_, "s_aaaaaaaaaaaaaa::t_random", "5", git_ai_version="1.7.5"))
    assert run(ada, "import", str(ada.write("../t.json", _trace(id_, "pay.py", 6, 6))))[0] == 0
    note = notes.parse(ada.note(id_) or b"")
    assert note.meta["git_ai_version"] == "1.7.5"
    assert "s_aaaaaaaaaaaaaa::t_random" in {entry.key for entry in note.files["pay.py"]}
    assert len(notes.owners(note, "pay.py")) == 2


@pytest.mark.parametrize(("kind", "lines"), [("ai", 2), ("mixed", 0), ("unknown", 0), ("human", 0)])
def test_only_ai_contributions_become_evidence(ada: Clone, run: Run, kind: str, lines: int) -> None:
    id_ = ada.commit("theirs", {"pay.py": BASE + "one = 1\ntwo = 2\n"})
    record = json.loads(_trace(id_, "pay.py", 5, 6))
    record["files"][0]["conversations"][0]["ranges"][0]["contributor"] = {"type": kind}
    code, out, told = run(ada, "import", str(ada.write("../t.json", json.dumps([record]))))
    assert (code, f"{lines} AI lines" in out, bool(told)) == (0, True, not lines)


def test_a_revision_that_is_not_here_is_named_and_nothing_is_imported(ada: Clone, run: Run) -> None:
    id_ = ada.commit("theirs", {"pay.py": BASE + "one = 1\n"})
    text = _trace(id_, "pay.py", 5, 5) + "\n" + _trace("12" * 20, "pay.py", 5, 5)
    code, out, told = run(ada, "import", str(ada.write("../t.jsonl", text)))
    assert (code, out) == (2, "")
    assert "record 2: commit " + "12" * 20 in told and "fetch it first" in told
    assert ada.all() == {}


BROKEN: list[tuple[str, str, Any]] = [
    ("version", "version", "1.0"),
    ("version 1.0.0", "version", "1.0.0"),
    ("id", "id", "no"),
    ("timestamp", "timestamp", "yesterday"),
    ("vcs", "vcs", {"type": "git", "revision": "HEAD"}),
    ("vcs", "vcs", {"type": "cvs", "revision": "12" * 20}),
    ("files", "files", {}),
    ("no path", "files", [{"conversations": []}]),
    ("ranges", "files", [{"path": "a", "conversations": [{}]}]),
    ("start_line", "files", [{"path": "a", "conversations": [{"ranges": [{"start_line": 0, "end_line": 1}]}]}]),
    ("ends before", "files", [{"path": "a", "conversations": [{"ranges": [{"start_line": 3, "end_line": 1}]}]}]),
]


@pytest.mark.parametrize(("said", "key", "value"), BROKEN, ids=[f"{i}-{b[0]}" for i, b in enumerate(BROKEN)])
def test_a_malformed_trace_is_refused_with_its_reason(said: str, key: str, value: Any) -> None:
    record = {**json.loads(_trace("12" * 20, "a.py", 1, 2)), key: value}
    with pytest.raises(agent_trace.TraceError, match=rf"^record 1: .*{said}"):
        agent_trace.read(json.dumps(record).encode())


@pytest.mark.parametrize("text", ["", "[]", "nonsense", "[" * 100_000, "\ufeff{}", '{"a":\n1'])
def test_a_file_that_holds_no_trace_is_refused(text: str) -> None:
    with pytest.raises(agent_trace.TraceError):
        agent_trace.read(text.encode())


VALUES: list[Any] = [None, True, 0, 1, 2.5, "x", "0.1.0", [], {}, "ai", "x" * 251, [{"type": "a", "url": "b"}]]


@given(st.data())
def test_the_reader_refuses_whatever_the_schema_refuses(data: st.DataObject) -> None:
    """One place of a valid record is changed at random; where the schema says no, so does the reader."""
    record = json.loads(_trace("12" * 20, "a.py", 1, 2))
    places = list(_places(record))
    holder, key = data.draw(st.sampled_from(places))
    if data.draw(st.booleans()):
        holder.pop(key)
    else:
        holder[key] = data.draw(st.sampled_from(VALUES))
    valid = VALID.is_valid(record)
    try:
        agent_trace.read(json.dumps(record).encode())
        read = True
    except agent_trace.TraceError:
        read = False
    assert valid or not read


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    for key, inner in list(value.items() if isinstance(value, dict) else enumerate(value)):
        yield value, key
        if isinstance(inner, (dict, list)):
            yield from _places(inner)


# Squashing


def test_squash_counts_what_is_left_of_the_range(ada: Clone, run: Run) -> None:
    """Three commits: one writes three lines and drops a guard, one rewrites a line, a person retypes another."""
    start = ada("rev-parse", "HEAD")
    first = "def pay(user):\n    charge(user)\nalpha = 1\nbeta = 2\ngamma = 3\n"
    ada.ai_commit(CLAUDE, "pay.py", first, "one\n\nAI-Assisted: yes\nAI-Risk: critical\n")
    ada.ai_commit(CURSOR, "pay.py", first.replace("beta = 2", "delta = other()"))
    ada.commit("by hand", {"pay.py": first.replace("beta = 2", "delta = other()").replace("gamma = 3", "mine = 0")})
    code, out, told = run(ada, "squash", f"{start}..HEAD")
    assert (code, told) == (0, "")
    said = parse_message(b"squashed\n\n" + out.encode()).declared
    assert (said.assisted, said.ai_lines, said.lines, said.removed, said.risk) == (True, 2, 3, 2, "critical")
    assert said.tools == ("Claude:claude-opus-4.5", "Cursor:gpt-5")


def test_squash_writes_the_note_that_its_block_promises(ada: Clone, run: Run) -> None:
    start = ada("rev-parse", "HEAD")
    ada("checkout", "-q", "-b", "topic")
    ada.ai_commit(CLAUDE, "pay.py", BASE + "alpha = 1\nbeta = 2\n")
    ada("mv", "pay.py", "money.py")
    ada.commit("moved")
    ada.ai_commit(CURSOR, "money.py", BASE + "alpha = 1\nbeta = 2\ngamma = 3\n")
    ada("checkout", "-q", "--detach", start)
    tree = ada("rev-parse", "topic^{tree}")
    merged = ada("commit-tree", tree, "-p", start, "-m", "squashed on a server")
    code, out, told = run(ada, "squash", f"{start}..topic", "--write", merged)
    assert (code, told) == (0, "")
    note = notes.parse(ada.note(merged) or b"")
    assert f"AI-Provenance: {notes.recorded_digest(note)}\n" in out
    with Ledger.open(ada.repo) as ledger:
        [change] = state.commits(ada.repo, ledger, [merged])
    assert (change.ai_lines, digest(change.files)) == (3, notes.recorded_digest(note))
    assert note.meta["base_commit_sha"] == merged


def test_a_line_that_was_deleted_and_typed_again_is_not_the_assistants(ada: Clone, run: Run) -> None:
    start = ada("rev-parse", "HEAD")
    ada.ai_commit(CLAUDE, "pay.py", BASE + "alpha = 1\nbeta = 2\n")
    ada.person("pay.py", BASE)
    ada.commit("taken out")
    assert run(ada, "squash", f"{start}..HEAD") == (0, "", "")
    ada.person("pay.py", BASE + "alpha = 1\n")
    ada.commit("typed")
    assert run(ada, "squash", f"{start}..HEAD") == (0, "", "")


def test_squash_sees_through_merges_inside_the_range(ada: Clone, run: Run) -> None:
    start = ada("rev-parse", "HEAD")
    ada("checkout", "-q", "-b", "side")
    ada.ai_commit(CURSOR, "pay.py", "import side\n" + BASE)
    ada("checkout", "-q", "main")
    ada.ai_commit(CLAUDE, "pay.py", BASE + "alpha = 1\n")
    ada("merge", "-q", "--no-edit", "side")
    said = parse_message(b"x\n\n" + run(ada, "squash", f"{start}..HEAD")[1].encode()).declared
    assert (said.ai_lines, said.lines) == (2, 2)


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("squash", "nonsense..HEAD"), "nonsense names no commit"),
        (("squash", "HEAD"), "holds no commit"),
        (("squash", "HEAD~1..HEAD", "--write", "HEAD"), "a commit of the range itself"),
        (("export", "nonsense"), "names no commit"),
        (("import", "missing.json"), "No such file"),
    ],
)
def test_what_cannot_be_done_is_one_line(ada: Clone, run: Run, argv: tuple[str, ...], said: str) -> None:
    ada.ai_commit(CLAUDE, "pay.py", BASE + "alpha = 1\n")
    code, out, told = run(ada, *argv)
    assert (code, out, told.count("\n")) == (2, "", 1)
    assert said in told


def test_squash_says_when_a_declaration_has_no_note_here(ada: Clone, run: Run) -> None:
    start = ada("rev-parse", "HEAD")
    ada.commit("x\n\nAI-Assisted: yes\nAI-Risk: high\n", {"pay.py": BASE + "alpha = 1\n"})
    code, out, told = run(ada, "squash", f"{start}..HEAD")
    assert (code, out) == (2, "")
    assert "notes sync" in told


def _note(commit: str, key: str, ranges: str, **extra: str) -> bytes:
    """A note as git-ai writes it."""
    meta = {
        "schema_version": "authorship/3.0.0",
        "base_commit_sha": commit,
        "prompts": {},
        "sessions": {key.partition("::")[0]: {"agent_id": {"tool": "cursor", "id": key, "model": "m"}}},
        **extra,
    }
    return f"pay.py\n  {key} {ranges}\n---\n{json.dumps(meta)}\n".encode()


def _trace(commit: str, path: str, start: int, end: int, tool: str = "cursor") -> str:
    return json.dumps(
        {
            "version": "0.1.0",
            "id": "550e8400-e29b-41d4-a716-446655440000",
            "timestamp": "2026-01-23T14:30:00Z",
            "vcs": {"type": "git", "revision": commit},
            "tool": {"name": tool, "version": "2.4.0"},
            "files": [
                {
                    "path": path,
                    "conversations": [
                        {
                            "url": "https://example.com/c/1",
                            "contributor": {"type": "ai", "model_id": "openai/gpt-5"},
                            "ranges": [{"start_line": start, "end_line": end, "content_hash": "murmur3:9f2e8a1b"}],
                            "related": [{"type": "session", "url": "https://example.com/s"}],
                        }
                    ],
                }
            ],
            "metadata": {"confidence": 0.95},
        }
    )
