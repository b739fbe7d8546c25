"""The ways agents describe an edit of a file, as `Replacement`s."""

from __future__ import annotations

from collections.abc import Mapping

from earmark.origin.agents import payload
from earmark.origin.evidence import PayloadError, Replacement

_OLD = ("old_string", "old_str", "old_text")
_NEW = ("new_string", "new_str", "new_text")


def replacement(edit: Mapping[str, object]) -> Replacement | None:
    """The replacement that `edit` states, or None when it states none (neither an old nor a new text)."""
    old, new = payload.get(edit, *_OLD), payload.get(edit, *_NEW)
    if old is None and new is None:
        return None
    every = payload.flag(edit, "replace_all", "allow_multiple") or payload.number(edit, "expected_replacements") > 1
    return Replacement(payload.text(edit, *_OLD), payload.text(edit, *_NEW), every)


def replacements(tool_input: Mapping[str, object]) -> tuple[Replacement, ...]:
    """The replacements of a tool call, in order: its list `edits`, or the one it states itself."""
    listed = payload.objects(tool_input, "edits")
    stated = [replacement(edit) for edit in listed] if listed else [replacement(tool_input)]
    return tuple(made for made in stated if made is not None)


def hunks(patch: list[dict[str, object]]) -> tuple[Replacement, ...]:
    """The hunks of a structured patch (`newStart` 1-based, `lines` with a leading space, minus or plus), each as the
    replacement of whole lines at its place in the new text."""
    made: list[Replacement] = []
    for hunk in patch:
        old: list[str] = []
        new: list[str] = []
        for line in payload.texts(hunk, "lines"):
            if line[:1] in (" ", "-"):
                old.append(line[1:] + "\n")
            if line[:1] in (" ", "+"):
                new.append(line[1:] + "\n")
            if line.startswith("\\"):
                _without_line_end(old, new)
        made.append(Replacement("".join(old), "".join(new), line=max(payload.number(hunk, "new_start"), 1)))
    return tuple(made)


def _without_line_end(old: list[str], new: list[str]) -> None:
    """`\\ No newline at end of file` speaks of the line above it, in whichever text that line stands."""
    for lines in (old, new):
        if lines:
            lines[-1] = lines[-1].removesuffix("\n")


def placed(edits: list[dict[str, object]]) -> tuple[Replacement, ...]:
    """Edits with a `range` in the text before all of them (lines and columns 1-based), with their place in the text
    after all of them. Where an edit keeps within one line, the whole line is replaced: it names one place only."""
    ordered = sorted((payload.number(payload.fields(edit, "range"), "start_line_number"), edit_number, edit)
                     for edit_number, edit in enumerate(edits))  # fmt: skip
    made: list[Replacement] = []
    shift = 0
    for start, _, edit in ordered:
        stated = replacement(edit)
        if stated is None:
            raise PayloadError("an edit has neither `old_string` nor `new_string`")
        line = start + shift if start > 0 else 0
        shift += stated.new.count("\n") - stated.old.count("\n")
        made.append(_whole_line(stated, edit)._replace(line=line))
    return tuple(made)


def _whole_line(stated: Replacement, edit: Mapping[str, object]) -> Replacement:
    old_line, new_line = payload.maybe(edit, "old_line"), payload.maybe(edit, "new_line")
    if old_line is None or new_line is None or "\n" in stated.old + stated.new + old_line + new_line:
        return stated
    if stated.old in old_line and stated.new in new_line:
        return Replacement(old_line, new_line)
    return stated


def search_blocks(diff: str) -> tuple[Replacement, ...]:
    """The blocks `------- SEARCH`, `=======`, `+++++++ REPLACE` (older: `<<<<<<<`, `>>>>>>>`) of a diff, in order."""
    made: list[Replacement] = []
    old: list[str] = []
    new: list[str] = []
    side: list[str] | None = None
    for line in diff.splitlines(keepends=True):
        mark = line.strip()
        if side is None and mark.endswith("SEARCH") and mark[:3] in ("---", "<<<"):
            old, new = [], []
            side = old
        elif side is old and len(mark) >= 7 and not mark.strip("="):
            side = new
        elif side is new and mark.endswith("REPLACE") and mark[:3] in ("+++", ">>>"):
            made.append(Replacement("".join(old), "".join(new)))
            side = None
        elif side is not None:
            side.append(line)
    return tuple(made)
