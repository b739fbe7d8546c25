"""The transfer kernel: worked cases in fixtures/vectors/transfer, and its laws as properties."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.origin.model import HUMAN, UNKNOWN, Origin, Session, Snapshot, ai
from earmark.origin.regions import line_owners, overlay
from earmark.origin.transfer import transfer
from earmark.text.diff import split_lines

VECTORS = Path(__file__).parents[3] / "fixtures" / "vectors" / "transfer"
SESSIONS = {name: Session(name, "conversation").id for name in ("claude", "cursor")}
NAMES = {key: name for name, key in SESSIONS.items()}


def sections(text: str) -> list[tuple[str, str]]:
    """(heading, body) of each `== heading`; the text before the first one says what the case is about."""
    parts = text.split("== ")[1:]
    return [(part.partition("\n")[0], part.partition("\n")[2]) for part in parts]


def writer(heading: str) -> Origin:
    kind, _, name = heading.partition(" ")
    return {"human": HUMAN, "unknown": UNKNOWN}.get(kind) or ai(SESSIONS[name])


def described(snapshot: Snapshot) -> list[str]:
    rows = []
    for owner, line in zip(line_owners(snapshot), split_lines(snapshot.text), strict=True):
        kind = f"ai {NAMES[owner.origin.author]}" if owner.origin.kind == "ai" else owner.origin.kind
        over = f" over {NAMES[owner.overrode]}" if owner.overrode else ""
        rows.append(f"{kind}{over} | {line.decode().rstrip()}".rstrip())
    return rows


def squeezed(body: str) -> list[str]:
    rows = []
    for row in body.splitlines():
        owner, _, line = row.partition("|")
        rows.append(f"{owner.strip()} | {line[1:].rstrip()}".rstrip())
    return rows


@pytest.mark.parametrize("path", sorted(VECTORS.glob("*.txt")), ids=lambda path: path.stem)
def test_vector(path: Path) -> None:
    with path.open(newline="") as file:
        steps = sections(file.read())
    snapshot = Snapshot(steps[0][1].encode())
    expected: dict[str, list[str]] = {"owners": [], "removed": []}
    for order, (heading, body) in enumerate(steps[1:], 1):
        if heading in expected:
            expected[heading] = squeezed(body)
        else:
            snapshot = transfer(snapshot, body.encode(), writer(heading), order)
    assert described(snapshot) == expected["owners"]
    removed = [f"{NAMES[r.session]} | {line.decode()}" for r in snapshot.removals for line in r.lines]
    assert removed == expected["removed"]


LINE = st.sampled_from(["a = 1", "b = 2", "    c()", "}", "", "return x", "if y:", "d(e, f)", "a=1"])
TEXT = st.lists(LINE, max_size=10).map(lambda lines: "".join(line + "\n" for line in lines).encode())
WRITER = st.sampled_from([HUMAN, UNKNOWN, ai(SESSIONS["claude"]), ai(SESSIONS["cursor"])])
STEPS = st.lists(st.tuples(TEXT, WRITER), max_size=5)


def follow(base: bytes, steps: list[tuple[bytes, Origin]]) -> Snapshot:
    snapshot = Snapshot(base)
    for order, (text, origin) in enumerate(steps, 1):
        snapshot = transfer(snapshot, text, origin, order)
    return snapshot


@given(TEXT, STEPS)
def test_regions_lie_inside_the_text_and_never_overlap(base: bytes, steps: list[tuple[bytes, Origin]]) -> None:
    snapshot = follow(base, steps)
    at = 0
    for region in snapshot.regions:
        assert at <= region.start < region.end <= len(snapshot.text)
        at = region.end
    for removal in snapshot.removals:
        assert removal.lines
        assert (
            removal.at == len(snapshot.text) or removal.at == 0 or snapshot.text[removal.at - 1 : removal.at] == b"\n"
        )


@given(TEXT, STEPS, WRITER)
def test_equal_content_changes_nothing(base: bytes, steps: list[tuple[bytes, Origin]], last: Origin) -> None:
    snapshot = follow(base, steps)
    assert transfer(snapshot, snapshot.text, last, 99) is snapshot


@given(TEXT, STEPS)
def test_no_origin_is_invented(base: bytes, steps: list[tuple[bytes, Origin]]) -> None:
    writers = {origin for _, origin in steps} | {UNKNOWN}
    snapshot = follow(base, steps)
    assert {region.origin for region in snapshot.regions} <= writers
    assert {removal.session for removal in snapshot.removals} <= {origin.author for origin in writers}


@given(TEXT, STEPS, TEXT, WRITER)
def test_unchanged_head_and_tail_keep_their_owners(
    base: bytes, steps: list[tuple[bytes, Origin]], middle: bytes, last: Origin
) -> None:
    fence = b"### unique fence %d\n"
    before = follow(base + fence % 1 + fence % 2 + base, [(t + fence % 1 + fence % 2 + t, o) for t, o in steps])
    head, _, tail = before.text.partition(fence % 2)
    after = transfer(before, head + middle + fence % 2 + tail, last, 99)
    owners, count = line_owners(before), len(split_lines(head))
    assert [o.origin for o in line_owners(after)[:count]] == [o.origin for o in owners[:count]]
    kept = len(owners) - count
    assert [o.origin for o in line_owners(after)[-kept:]] == [o.origin for o in owners[-kept:]]


@given(TEXT, STEPS, st.sampled_from([HUMAN, UNKNOWN]))
def test_token_equal_reformatting_keeps_owners(base: bytes, steps: list[tuple[bytes, Origin]], last: Origin) -> None:
    before = follow(base, steps)
    indented = b"".join((b"\t" + line if line.strip() else line) for line in split_lines(before.text))
    after = transfer(before, indented, last, 99)
    solid = [line.strip() != b"" for line in split_lines(indented)]
    pairs = zip(line_owners(before), line_owners(after), solid, strict=True)
    assert all(a.origin == b.origin for a, b, is_solid in pairs if is_solid)


@given(TEXT, TEXT, TEXT)
def test_only_an_ai_writer_makes_ai_text(base: bytes, first: bytes, second: bytes) -> None:
    snapshot = follow(base, [(first, HUMAN), (second, UNKNOWN)])
    assert not any(region.origin.kind == "ai" for region in snapshot.regions) and not snapshot.removals


@given(st.lists(st.integers(), unique=True, max_size=10), st.data())
def test_taking_an_ai_deletion_back_leaves_no_removal(numbers: list[int], data: st.DataObject) -> None:
    lines = [b"line %d\n" % number for number in numbers]
    kept = [line for line in lines if data.draw(st.booleans())]
    there = transfer(Snapshot(b"".join(lines)), b"".join(kept), ai(SESSIONS["claude"]), 1)
    assert sum(len(removal.lines) for removal in there.removals) == len(lines) - len(kept)
    back = transfer(there, b"".join(lines), HUMAN, 2)
    assert back.removals == ()


@given(TEXT, STEPS, STEPS)
def test_overlay_never_takes_text_from_a_session(
    base: bytes, one: list[tuple[bytes, Origin]], two: list[tuple[bytes, Origin]]
) -> None:
    under = follow(base, one)
    over = transfer(follow(base, two), under.text, UNKNOWN, 99)
    both = overlay(under, over)
    for region in under.regions:
        if region.origin.kind == "ai":
            middle = (region.start + region.end) // 2
            assert any(r.start <= middle < r.end and r.origin == region.origin for r in both.regions)
    assert overlay(both, over).regions == both.regions


def test_a_large_file_rewritten_in_the_middle_is_bounded() -> None:
    lines = [b"    value_%d = compute(%d)\n" % (i, i) for i in range(50_000)]
    before = transfer(Snapshot(b""), b"".join(lines), ai(SESSIONS["claude"]), 1)
    lines[20_000:30_000] = [b"    other_%d = compute(%d)\n" % (i, i) for i in range(10_000)]
    after = transfer(before, b"".join(lines), ai(SESSIONS["cursor"]), 2)
    assert [region.origin.author for region in after.regions] == [
        SESSIONS["claude"],
        SESSIONS["cursor"],
        SESSIONS["claude"],
    ]
