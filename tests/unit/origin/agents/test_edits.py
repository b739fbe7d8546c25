"""What an agent says about an edit, applied to the text before it, gives the text after it."""

from __future__ import annotations

import difflib

from hypothesis import given
from hypothesis import strategies as st

from earmark.origin.agents import apply_patch, edits
from earmark.origin.evidence import Replacement

lines = st.lists(
    st.sampled_from(["", "a", "    return None", "}", "é", "+x", "-y", " z", "@@", "*** Move to: q"]), max_size=8
)


def numbered(texts: list[str]) -> list[str]:
    """Distinct lines: an envelope finds its place by text alone."""
    return [f"{text} #{position}" for position, text in enumerate(texts)]


def applied_at_line(text: str, replacement: Replacement) -> str:
    """A naive model: the old lines stand where the new ones will, in a text already edited above."""
    rows = text.splitlines(keepends=True)
    start = replacement.line - 1
    old = replacement.old.splitlines(keepends=True)
    assert rows[start : start + len(old)] == old
    return "".join(rows[:start]) + replacement.new + "".join(rows[start + len(old) :])


def structured(old: list[str], new: list[str]) -> list[dict[str, object]]:
    """Hunks as Claude Code's `structuredPatch` has them."""
    made: list[dict[str, object]] = []
    for group in difflib.SequenceMatcher(None, old, new).get_grouped_opcodes(3):
        body: list[str] = []
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                body += [f" {line}" for line in old[i1:i2]]
            else:
                body += [f"-{line}" for line in old[i1:i2]] + [f"+{line}" for line in new[j1:j2]]
        made.append({"oldStart": group[0][1] + 1, "newStart": group[0][3] + 1, "lines": body})
    return made


@given(lines, lines)
def test_structured_hunks_turn_the_old_text_into_the_new(old: list[str], new: list[str]) -> None:
    text = "".join(line + "\n" for line in old)
    for replacement in edits.hunks(structured(old, new)):
        text = applied_at_line(text, replacement)
    assert text == "".join(line + "\n" for line in new)


@given(lines, lines)
def test_a_patch_envelope_turns_the_old_text_into_the_new(old: list[str], new: list[str]) -> None:
    old, new = numbered(old), numbered(new)
    chunks = ["@@\n" + "".join(line + "\n" for line in hunk["lines"]) for hunk in structured(old, new)]  # type: ignore[attr-defined]
    (event,) = apply_patch.files("*** Begin Patch\n*** Update File: a\n" + "".join(chunks) + "*** End Patch\n")
    text = "".join(line + "\n" for line in old)
    for replacement in event.replacements:
        assert text.count(replacement.old) == 1 or not replacement.old
        text = text.replace(replacement.old, replacement.new, 1)
    assert text == "".join(line + "\n" for line in new)


@given(lines)
def test_an_added_file_has_exactly_the_lines_of_the_envelope(new: list[str]) -> None:
    body = "".join(f"+{line}\n" for line in new)
    (event,) = apply_patch.files(f"*** Begin Patch\n*** Add File: a b.py\n{body}*** End Patch")
    assert (event.path, event.after) == ("a b.py", "".join(line + "\n" for line in new))


@given(lines, lines)
def test_search_blocks_keep_their_texts(old: list[str], new: list[str]) -> None:
    old_text, new_text = ("".join(line + "\n" for line in side) for side in (old, new))
    diff = f"------- SEARCH\n{old_text}=======\n{new_text}+++++++ REPLACE\n"
    assert edits.search_blocks(diff + diff) == (Replacement(old_text, new_text),) * 2
