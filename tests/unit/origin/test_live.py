"""Origins of an open buffer: worked scenarios, and random edits against a model that cannot be wrong.

In the random test every character is unique, so that its content is its identity: the model is a table from character
to whoever typed, inserted or left it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.origin.live import LiveOrigins, Observed
from earmark.origin.model import HUMAN, Origin, Session, Snapshot, ai
from earmark.origin.regions import Regions, line_owners
from earmark.origin.transfer import transfer
from earmark.text.edits import Edit

CLAUDE = Session("claude", "c1").id
CURSOR = Session("cursor", "k1").id
TEXT = b"def a():\n    return 1\n"
WRITTEN = b"def a():\n    return 1\n\ndef b():\n    x = 1\n    return x\n"


@dataclass
class Buffer:
    """A buffer as an editor drives it, with an undo stack of whole changes."""

    live: LiveOrigins
    order: int = 10
    past: list[bytes] = field(default_factory=list)

    @property
    def text(self) -> bytes:
        return self.live.snapshot.text

    def edit(self, *edits: Edit, observed: Observed = "bulk") -> None:
        """Apply edits in order, each in the text left by the one before."""
        text = self.text
        for edit in edits:
            text = text[: edit.start] + edit.new + text[edit.end :]
        self.past.append(self.text)
        self.order += 1
        self.live.apply(edits, text, observed, self.order)

    def type(self, at: int, letters: bytes) -> None:
        """One keystroke a letter."""
        for offset, letter in enumerate(letters):
            self.edit(Edit(at + offset, at + offset, bytes([letter])), observed="keystroke")

    def undo(self) -> None:
        """Back to the text before the last change, sent as editors send it: one replacement of what differs."""
        before = self.past.pop()
        self.replace_by(before)
        self.past.pop()

    def replace_by(self, text: bytes) -> None:
        """One minimal replacement that leads to `text`."""
        now = self.text
        head = next((i for i, (a, b) in enumerate(zip(now, text, strict=False)) if a != b), min(len(now), len(text)))
        tail = 0
        while tail < min(len(now), len(text)) - head and now[-1 - tail] == text[-1 - tail]:
            tail += 1
        self.edit(Edit(head, len(now) - tail, text[head : len(text) - tail]))

    def kinds(self) -> str:
        """One letter a line: c and k for two assistants, h for a person, a dot for unknown."""
        letters = {CLAUDE: "c", CURSOR: "k"}
        kinds = {"human": "h", "unknown": "."}
        return "".join(letters.get(o.origin.author) or kinds[o.origin.kind] for o in line_owners(self.live.snapshot))


@pytest.fixture
def buffer() -> Buffer:
    """A buffer whose last four lines Claude wrote."""
    return Buffer(LiveOrigins(transfer(Snapshot(TEXT), WRITTEN, ai(CLAUDE), 1)))


def test_typing_inside_at_the_edges_and_beside(buffer: Buffer) -> None:
    assert buffer.kinds() == "..cccc"
    buffer.type(buffer.text.index(b"x = 1") + 5, b"0")
    assert buffer.kinds() == "..cchc"
    buffer.type(0, b"#\n")
    assert buffer.kinds() == "h..cchc"
    buffer.type(len(buffer.text), b"y\n")
    assert buffer.kinds() == "h..cchch"


def test_undo_of_a_persons_edit_makes_the_region_whole(buffer: Buffer) -> None:
    buffer.type(buffer.text.index(b"x = 1") + 5, b"0")
    buffer.undo()
    assert buffer.kinds() == "..cccc"


def test_undo_and_redo_of_an_assistants_insertion() -> None:
    buffer = Buffer(LiveOrigins(Snapshot(TEXT)))
    buffer.edit(Edit(len(TEXT), len(TEXT), WRITTEN[len(TEXT) :]))
    buffer.live.claim(len(TEXT), len(WRITTEN), CLAUDE, 50)
    assert buffer.kinds() == "..cccc"
    buffer.replace_by(TEXT)
    assert buffer.kinds() == ".."
    buffer.replace_by(WRITTEN)
    assert buffer.kinds() == "..cccc"


def test_undo_past_a_formatter_run(buffer: Buffer) -> None:
    formatted = WRITTEN.replace(b"    ", b"\t")
    buffer.replace_by(formatted)
    assert buffer.kinds() == "..cccc"
    buffer.undo()
    assert (buffer.text, buffer.kinds()) == (WRITTEN, "..cccc")


def test_typing_out_what_an_assistant_once_wrote_is_the_persons(buffer: Buffer) -> None:
    start = WRITTEN.index(b"def b")
    buffer.edit(Edit(start, len(WRITTEN), b""))
    buffer.type(start, WRITTEN[start:])
    assert buffer.text == WRITTEN
    assert buffer.kinds() == "..chhh"


def test_partial_acceptance_credits_what_was_accepted(buffer: Buffer) -> None:
    at = len(buffer.text)
    buffer.edit(Edit(at, at, b"call("))
    buffer.live.claim(at, at + 5, CURSOR, 60)
    buffer.type(at + 5, b"x)\n")
    regions = Regions(buffer.live.snapshot.regions)
    assert regions.owner(at).origin == ai(CURSOR)
    assert regions.owner(at + 5).origin == HUMAN


def test_several_cursors_in_one_change(buffer: Buffer) -> None:
    first = buffer.text.index(b"x = 1")
    second = buffer.text.index(b"return x") + 1
    buffer.edit(Edit(first, first, b"y"), Edit(second, second, b"y"), observed="keystroke")
    assert buffer.kinds() == "..cchh"


def test_a_reload_takes_in_what_the_ledger_recorded() -> None:
    buffer = Buffer(LiveOrigins(Snapshot(TEXT)))
    buffer.type(0, b"#\n")
    recorded = transfer(Snapshot(TEXT), WRITTEN, ai(CLAUDE), 5)
    buffer.replace_by(b"#\n" + WRITTEN)
    buffer.live.adopt(recorded, 90)
    assert buffer.kinds() == "h..cccc"


def test_the_ledger_may_be_faster_than_the_reload() -> None:
    buffer = Buffer(LiveOrigins(Snapshot(TEXT)))
    recorded = transfer(Snapshot(TEXT), WRITTEN, ai(CLAUDE), 5)
    buffer.live.adopt(recorded, 90)
    assert buffer.kinds() == ".."
    buffer.replace_by(WRITTEN)
    buffer.live.adopt(recorded, 91)
    assert buffer.kinds() == "..cccc"


def test_a_removed_guard_stays_removed_until_it_is_typed_again() -> None:
    removed = transfer(Snapshot(TEXT), b"def a():\n", ai(CLAUDE), 1)
    buffer = Buffer(LiveOrigins(removed))
    buffer.type(0, b"#\n")
    assert [r.at for r in buffer.live.snapshot.removals] == [len(b"#\ndef a():\n")]
    end = len(buffer.text)
    buffer.edit(Edit(end, end, b"    return 1\n"))
    assert buffer.live.snapshot.removals == ()


def test_a_state_that_was_undone_and_typed_over_is_not_mistaken_for_what_stands_in_its_place(buffer: Buffer) -> None:
    pasted = buffer.text + b"one()\ntwo()\nthree()\nfour()\n"
    buffer.replace_by(pasted)
    buffer.undo()
    buffer.edit(Edit(0, 0, b"first()\nsecond()\nthird()\n"))
    buffer.live.claim(0, 8, CURSOR, 70)
    buffer.replace_by(pasted)
    assert buffer.kinds() == "..cccc...."


def test_one_undo_of_several_keystrokes_finds_its_way_back(buffer: Buffer) -> None:
    """An editor takes a word back at once; the undo behind it must still be seen as one."""
    start = buffer.text.index(b"def b")
    whole = buffer.text
    buffer.edit(Edit(start, len(whole), b""), observed="keystroke")
    without = buffer.text
    buffer.type(start, b"ab")
    buffer.edit(Edit(start, start + 2, b""), observed="keystroke")
    assert buffer.text == without
    buffer.edit(Edit(start, start, whole[start:]), observed="keystroke")
    assert buffer.kinds() == "..cccc"


STEP = st.tuples(
    st.sampled_from(["type", "delete", "claim", "paste", "undo", "redo"]),
    st.integers(0, 10_000),
    st.integers(1, 4),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(STEP, max_size=40))
def test_every_character_keeps_whoever_wrote_it(steps: list[tuple[str, int, int]]) -> None:
    """Words are unique, so a model from word to writer says who owns each; undo and redo bring writers back."""
    owner: dict[bytes, Origin] = {}
    number = 0

    def fresh(writer: Origin, count: int) -> bytes:
        nonlocal number
        words = b""
        for _ in range(count):
            number += 1
            word = b"w%05d" % number
            owner[word] = writer
            words += word + (b"\n" if number % 3 == 0 else b" ")
        return words

    unknown = Origin("unknown")
    buffer = Buffer(LiveOrigins(Snapshot(fresh(unknown, 6))))
    future: list[bytes] = []
    for action, place, count in steps:
        at = place % (len(buffer.text) // 7 + 1) * 7
        if action in ("type", "claim", "paste"):
            future.clear()
            writer = {"type": HUMAN, "claim": ai(CLAUDE if place % 2 else CURSOR), "paste": unknown}[action]
            new = fresh(writer, 1 if action == "type" else count)
            buffer.edit(Edit(at, at, new), observed="keystroke" if action == "type" else "bulk")
            if action == "claim":
                buffer.live.claim(at, at + len(new), writer.author, buffer.order)
        elif action == "delete" and at < len(buffer.text):
            future.clear()
            buffer.edit(Edit(at, min(len(buffer.text), at + 7 * count), b""), observed="keystroke")
        elif action == "undo" and buffer.past:
            future.append(buffer.text)
            buffer.undo()
        elif action == "redo" and future:
            buffer.replace_by(future.pop())
        regions = Regions(buffer.live.snapshot.regions)
        for start in range(0, len(buffer.text), 7):
            word = buffer.text[start : start + 6]
            got = regions.owner(start).origin
            expected = owner[word]
            assert got == expected or (got.kind == "unknown" and expected.kind != "ai"), (word, got, expected)


def test_a_replacement_is_reduced_to_whole_characters() -> None:
    buffer = Buffer(LiveOrigins(Snapshot("größe\n".encode())))
    buffer.edit(Edit(0, 8, "grüße\n".encode()))
    buffer.live.claim(2, 4, CLAUDE, 60)
    assert [(r.start, r.end) for r in buffer.live.snapshot.regions if r.origin.kind == "ai"] == [(2, 4)]
    assert buffer.text[2:4].decode() == "ü"
