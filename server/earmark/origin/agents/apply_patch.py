"""The patch envelope of OpenAI's models: `*** Begin Patch` … `*** End Patch`.

Grammar: openai/codex, codex-rs/apply-patch. It carries no line numbers; a chunk is found by its old lines.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from earmark.origin.agents import payload
from earmark.origin.evidence import FileEvent, PayloadError, Replacement

BEGIN = "*** Begin Patch"
_END = "*** End Patch"
_ADD, _DELETE, _UPDATE, _MOVE = "*** Add File: ", "*** Delete File: ", "*** Update File: ", "*** Move to: "


def arguments(data: Mapping[str, object], *names: str) -> dict[str, object]:
    """The arguments of a tool call under one of `names`; where an agent sends a bare text instead of an object, it
    becomes the argument `patch` or `command`."""
    raw = payload.get(data, *names)
    if isinstance(raw, str) and raw and not raw.lstrip().startswith("{"):
        return {"patch" if BEGIN in raw else "command": raw}
    return payload.mapping(data, *names)


def patched(arguments: Mapping[str, object]) -> tuple[FileEvent, ...]:
    """The files of the patch in a tool call's arguments, none when there is no patch."""
    patch = payload.maybe(arguments, "patch", "input", "patch_text")
    return files(patch) if patch and BEGIN in patch else ()


def files(patch: str) -> tuple[FileEvent, ...]:
    """The files that `patch` adds, deletes, updates or moves, in its order.

    A move is a deleted file and a written one. Raises PayloadError when there is no envelope or no file in it.
    """
    start = patch.find(BEGIN)
    if start < 0:
        raise PayloadError(f"the patch has no `{BEGIN}` line")
    made = [event for section in _sections(patch[start:].splitlines()[1:]) for event in _file(section)]
    if not made:
        raise PayloadError("the patch names no file")
    return tuple(made)


def _sections(lines: list[str]) -> Iterator[list[str]]:
    """The lines of each file: its header and what follows it. Only the first header may be indented: later, an
    indented line is context."""
    section: list[str] = []
    for line in lines:
        if line.strip() == _END:
            break
        header = line if section else line.strip()
        if header.startswith((_ADD, _DELETE, _UPDATE)):
            if section:
                yield section
            section = [header]
        elif section:
            section.append(line)
    if section:
        yield section


def _file(section: list[str]) -> list[FileEvent]:
    header = section[0].strip()
    if header.startswith(_ADD):
        added = [line[1:] + "\n" for line in section[1:] if line.startswith("+")]
        return [FileEvent(_path(header, _ADD), after="".join(added))]
    if header.startswith(_DELETE):
        return [FileEvent(_path(header, _DELETE), deleted=True)]
    path, body = _path(header, _UPDATE), section[1:]
    if body and body[0].strip().startswith(_MOVE):
        target = _path(body[0].strip(), _MOVE)
        return [FileEvent(path, deleted=True), FileEvent(target, replacements=_chunks(body[1:]))]
    return [FileEvent(path, replacements=_chunks(body))]


def _path(header: str, mark: str) -> str:
    return payload.path(header.removeprefix(mark).strip().strip("\"'"))


def _chunks(lines: list[str]) -> tuple[Replacement, ...]:
    made: list[Replacement] = []
    old: list[str] = []
    new: list[str] = []
    for line in [*lines, "@@"]:
        if line.startswith("@@") or line.strip() == "*** End of File":
            if old or new:
                made.append(Replacement("".join(old), "".join(new)))
            old, new = [], []
            continue
        mark, rest = (line[0], line[1:] + "\n") if line else (" ", "\n")
        if mark != "+":
            old.append(rest)
        if mark != "-":
            new.append(rest)
    return tuple(made)
