"""Notes and the digest: vectors in fixtures/vectors/{notes,digest}, and round trips."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from earmark.origin import notes
from earmark.origin.derive import file_origins
from earmark.origin.digest import digest
from earmark.origin.model import Change, FileOrigins, LineOrigin, LineRange, Origin, Session, Snapshot, ai
from earmark.origin.transfer import transfer

VECTORS = Path(__file__).parents[3] / "fixtures" / "vectors"


@pytest.mark.parametrize("path", sorted((VECTORS / "digest").glob("*.json")), ids=lambda path: path.stem)
def test_digest_vector(path: Path) -> None:
    vector = json.loads(path.read_text())
    files = [
        FileOrigins(
            file["path"],
            "",
            0,
            0,
            ai_text=tuple((key, line.encode()) for key, line in file["added"]),
            removed_text=tuple((key, line.encode()) for key, line in file["removed"]),
        )
        for file in vector["files"]
    ]
    assert digest(files) == vector["digest"]
    assert digest(reversed(files)) == vector["digest"]


def test_the_digest_is_the_documented_concatenation() -> None:
    files = [FileOrigins("b.py", "", 1, 1, ai_text=(("s_1", b"x = 1 \r"),), removed_text=(("s_2", b"y"),))]
    stream = b"b.py\0" + b"s_1\0x = 1\n" + b"\0" + b"s_2\0y\n" + b"\0"
    assert digest(files) == "v1:sha256:" + hashlib.sha256(stream).hexdigest()


@pytest.mark.parametrize("path", sorted((VECTORS / "notes").glob("*.note")), ids=lambda path: path.stem)
def test_note_vector(path: Path) -> None:
    expected = json.loads(path.with_suffix(".json").read_text())
    raw = path.read_bytes()
    if "error" in expected:
        with pytest.raises(notes.NoteError, match=expected["error"]):
            notes.parse(raw)
        return
    note = notes.parse(raw)
    assert {
        p: [[o.origin.kind, o.origin.author, *o.lines] for o in notes.owners(note, p)] for p in note.files
    } == expected["owners"]
    assert {key: [s.tool, s.model] for key, s in notes.sessions(note).items()} == expected["sessions"]
    if expected.get("unchanged"):
        assert notes.format_note(note) == raw
    again = notes.format_note(note)
    assert notes.format_note(notes.parse(again)) == again


LINES = st.lists(st.sampled_from(["a", "b", "c", "}", ""]), max_size=8).map(
    lambda x: "".join(f"{y}\n" for y in x).encode()
)


@example(b"a\nb\na\nb\na\na\n", b"b\n", b"a\n")
@given(LINES, LINES, LINES)
def test_a_change_survives_its_note(base: bytes, written: bytes, typed: bytes) -> None:
    """What a note says of a commit is what was derived: same lines, same removals, same digest."""
    from earmark.origin.state import noted_snapshot

    session = Session("claude", "c1")
    snapshot = transfer(Snapshot(base), written, ai(session.id), 1)
    snapshot = transfer(snapshot, typed, Origin("human", "h_1"), 2)
    file = file_origins("a b.py", "", base, "0" * 40, snapshot)
    change = Change("1" * 40, "", (file,), {session.id: session})
    note = notes.parse(notes.format_note(notes.from_change(change, digest([file]))))
    again = file_origins("a b.py", "", base, "0" * 40, noted_snapshot(note, "a b.py", typed, base))
    assert (again.ai_text, again.removals, again.human_lines) == (file.ai_text, file.removals, file.human_lines)
    assert digest([again]) == notes.recorded_digest(note) == digest([file])


def test_equal_evidence_gives_equal_bytes() -> None:
    session = Session("claude", "c1")
    file = FileOrigins(
        "a.py",
        "",
        2,
        0,
        (LineOrigin(LineRange(1, 2), ai(session.id)),),
        ai_text=((session.id, b"x"), (session.id, b"y")),
    )
    change = Change("1" * 40, "", (file,), {session.id: session})
    assert notes.format_note(notes.from_change(change, "d")) == notes.format_note(notes.from_change(change, "d"))
