"""Reading our trailers from a commit message and writing them into it.

Messages are bytes in any encoding that agrees with ASCII; line numbers are 1-based.
"""

from __future__ import annotations

from typing import NamedTuple

from earmark.trailers import vocabulary as words
from earmark.trailers.paragraph import Layout, Line, layout, separator

_BY_NAME = {key.lower(): key for key in words.KEYS}
_AFTER_OURS = ("signed-off-by", "change-id")


class Trailer(NamedTuple):
    """One trailer as git reads it: folded lines joined by one space. `value` is UTF-8, other bytes as surrogates."""

    key: str
    value: str
    line: int


class Declared(NamedTuple):
    """What our trailers say; None or empty where the message says nothing, the first value where it says two."""

    assisted: bool | None = None
    tools: tuple[str, ...] = ()
    ai_lines: int | None = None
    lines: int | None = None
    removed: int = 0
    risk: str = ""
    review: bool | None = None
    rollout: str = ""
    digest: str = ""

    @property
    def is_about_no_line(self) -> bool:
        """Whether a session is declared of which no line is known: of an assistant that signed the commit."""
        return self.assisted is True and not self.ai_lines and not self.removed and self.digest == words.NOTHING


class Problem(NamedTuple):
    """What is wrong with the trailers of a message.

    `code` is "hidden" (git does not read it), "contradiction" (two statements exclude each other), "duplicate",
    "malformed" (a value outside the vocabulary), "incomplete" (a field is missing) or "order" (not contiguous in the
    fixed order, which a gate's regular expression needs).
    """

    code: str
    line: int
    message: str


class Parsed(NamedTuple):
    """A message's trailers: all that git reads, what ours declare, ours that git does not read, and the problems."""

    trailers: tuple[Trailer, ...]
    declared: Declared
    hidden: tuple[Trailer, ...]
    problems: tuple[Problem, ...]


def parse(message: bytes, comment_char: str = "#") -> Parsed:
    """Read `message` as `git interpret-trailers --parse --no-divider` does, and find our trailers that it misses."""
    comment = comment_char.encode()
    shape = layout(message, comment)
    read = _read(shape.lines, shape.first)
    ours = _ours(read)
    hidden = tuple(_hidden(shape))
    declared = declare(ours)
    problems = [Problem("hidden", t.line, f"git does not read `{t.key}`: {_why(shape, t.line)}") for t in hidden]
    problems += _clashes(ours, hidden) + _inconsistent(ours, declared)
    return Parsed(tuple(read), declared, hidden, tuple(sorted(problems, key=lambda p: p.line)))


def insert(message: bytes, block: str, comment_char: str = "#") -> bytes:
    """`message` with `block` (from `compose`) in its last paragraph, in place of the block it has.

    All other bytes stay. The block stands before `Signed-off-by` and `Change-Id`, which tools expect at the end. An
    empty `block` takes ours out. A message without text stays as it is, so that git still aborts on an empty message;
    so does one with a NUL byte, which git refuses. `Assisted-by` and `Generated-by` lines that a person wrote stay,
    and a block of a community's preset does not repeat them.
    """
    # Git forgets to end an old conflict list that opens the message; then what looks like its end is text.
    shape = layout(message, comment_char.encode(), conflict_list=not message.startswith(b"Conflicts:\n"))
    texts = [i for i, line in enumerate(shape.lines) if line.kind == "text"]
    if not texts or b"\0" in message:
        return message
    first = shape.first if shape.first >= shape.title else len(shape.lines)
    ours = _own(shape.lines, first)
    new = block if words.ASSISTED in block else _without_present(block, _read(shape.lines, first))
    if not new and not ours:
        return message
    like = shape.lines[min(ours, default=texts[0])].text
    eol = b"\r\n" if like.endswith(b"\r\n") else b"\n"
    written = new.encode("ascii").replace(b"\n", eol)
    joins = first < len(shape.lines)
    at = min(ours) if ours else _place(shape.lines, first, texts[-1])
    kept = [b"" if i in ours else line.text for i, line in enumerate(shape.lines)]
    if not new and not any(i >= first and i not in ours for i in texts):
        kept[first - 1] = b""
    before, after = b"".join(kept[:at]), b"".join(kept[at:])
    if written and not before.endswith(b"\n"):
        before += eol
    if written and not joins:
        before += eol
    return before + written + after + message[shape.end :]


def strip(message: bytes, comment_char: str = "#") -> bytes:
    """`message` without any of our blocks, read by git or hidden, as when a squash joined several messages.

    Only a run of well-formed lines that begins with `AI-Assisted` counts as a block, with the blank line above it.
    """
    lines = layout(message, comment_char.encode()).lines
    kept: list[bytes] = []
    index, start = 0, _behind_subject(lines)
    while index < len(lines):
        stop = _run(lines, index) if index >= start else index
        if stop == index:
            kept.append(lines[index].text)
            index += 1
            continue
        alone = lines[index - 1].kind == "blank" and (stop == len(lines) or lines[stop].kind == "blank")
        if alone and kept and not kept[-1].strip():
            kept.pop()
        index = stop
    return b"".join(kept) + message[layout(message, comment_char.encode()).end :]


def blocks(message: bytes, comment_char: str = "#") -> tuple[Declared, ...]:
    """What each of our blocks in `message` declares, hidden ones too, from top to bottom."""
    lines = layout(message, comment_char.encode()).lines
    found = []
    index = _behind_subject(lines)
    while index < len(lines):
        stop = _run(lines, index)
        if stop > index:
            found.append(declare(_ours(_read(lines[:stop], index))))
        index = max(stop, index + 1)
    return tuple(found)


def _behind_subject(lines: tuple[Line, ...]) -> int:
    """Index of the line below the first text: whatever it looks like, that is what the commit is called by."""
    return next((index + 1 for index, line in enumerate(lines) if line.kind == "text"), len(lines))


def _ours(read: list[Trailer]) -> tuple[Trailer, ...]:
    """The trailers with our keys, in our spelling. An `Assisted-by` is ours right below `AI-Assisted`; elsewhere it is
    a person's, who writes it as their community does."""
    found: list[Trailer] = []
    for trailer in read:
        key = _BY_NAME.get(trailer.key.lower(), "")
        last = found[-1] if found else None
        below = last is not None and last.line == trailer.line - 1 and last.key in (words.ASSISTED, words.ASSISTED_BY)
        if key and (key != words.ASSISTED_BY or below):
            found.append(trailer._replace(key=key))
    return tuple(found)


def declare(ours: tuple[Trailer, ...]) -> Declared:
    """What trailers with our keys say together; a malformed value says nothing."""
    said: dict[str, str] = {}
    tools = []
    for key, value, _ in ours:
        if not words.is_value(key, value):
            continue
        if key == words.ASSISTED_BY:
            tools.append(value)
        else:
            said.setdefault(key, value)
    part, _, whole = said.get(words.LINES, "").partition("/")
    return Declared(
        assisted=said[words.ASSISTED] == "yes" if words.ASSISTED in said else None,
        tools=tuple(tools),
        ai_lines=int(part) if part else None,
        lines=int(whole) if whole else None,
        removed=int(said.get(words.REMOVED, "0")),
        risk=said.get(words.RISK, ""),
        review=said[words.REVIEW] == "required" if words.REVIEW in said else None,
        rollout=said.get(words.ROLLOUT, ""),
        digest=said.get(words.PROVENANCE, ""),
    )


def _read(lines: tuple[Line, ...], first: int) -> list[Trailer]:
    """The trailers of the lines from `first` on."""
    read: list[Trailer] = []
    raw = b""
    folds = False
    for number, (_, _, kind, text) in enumerate(lines[first:], first + 1):
        if folds and text[:1] in (b" ", b"\t", b"\r", b"\n"):
            # Git trims a value before it unfolds it, and keeps blanks that stand before an inner line end.
            raw = raw.removesuffix(b"\n") + b" " + text.lstrip(b" \t\r\n")
            read[-1] = read[-1]._replace(value=_text(raw))
            continue
        at = -1 if kind == "comment" else separator(text)
        folds = at >= 1
        if folds:
            raw = text[at + 1 :].lstrip(b" \t\r\n")
            read.append(Trailer(_text(text[:at]), _text(raw), number))
    return read


def _text(raw: bytes) -> str:
    return raw.strip(b" \t\r\n").decode("utf-8", "surrogateescape")


def _key(line: Line) -> str:
    """The key of a line in our spelling, empty when the line is no trailer of ours."""
    at = separator(line.text) if line.kind == "text" else -1
    return _BY_NAME.get(_text(line.text[:at]).lower(), "") if at >= 1 else ""


def _valid(line: Line) -> str:
    key = _key(line)
    return key if key and words.is_value(key, _text(line.text[separator(line.text) + 1 :])) else ""


def _hidden(shape: Layout) -> list[Trailer]:
    """Well-formed lines of ours outside the block; the subject and a malformed value are prose."""
    found: list[Trailer] = []
    # Behind blank lines or comments git reads even the title for trailers, until its clean-up takes those away.
    start, stop = _behind_subject(shape.lines), max(shape.first, shape.title)
    for index, line in enumerate(shape.lines[start:stop], start):
        key = _valid(line)
        near = bool(found) and found[-1].line == index
        if key and (key != words.ASSISTED_BY or near):
            found.append(Trailer(key, _text(line.text[separator(line.text) + 1 :]), index + 1))
    return found


def _why(shape: Layout, line: int) -> str:
    if line <= shape.title:
        return "a blank line must stand between the subject and the trailers"
    rest = shape.lines[line:]
    gap = next((i for i, other in enumerate(rest) if other.kind == "blank"), len(rest))
    if any(other.kind == "text" for other in rest[gap:]):
        return "another paragraph follows it, and only the last one counts"
    return "its paragraph holds lines that are no trailers"


def _clashes(ours: tuple[Trailer, ...], hidden: tuple[Trailer, ...]) -> list[Problem]:
    problems = []
    said: dict[str, str] = {}
    for key, value, line in ours:
        if not words.is_value(key, value):
            problems.append(Problem("malformed", line, f"`{key}` has no such value"))
        elif key != words.ASSISTED_BY:
            first = said.setdefault(key, value)
            if first != value:
                problems.append(Problem("contradiction", line, f"`{key}` is both {first} and {value}"))
            elif any(t.key == key and t.line < line for t in ours):
                problems.append(Problem("duplicate", line, f"`{key}` stands twice"))
    for key, value, line in hidden:
        if key == words.ASSISTED and said.get(key, value) != value:
            text = f"`{key}` is {value} here and {said[key]} in the last paragraph"
            problems.append(Problem("contradiction", line, text))
    return problems


def _inconsistent(ours: tuple[Trailer, ...], declared: Declared) -> list[Problem]:
    if not ours or all(t.key == words.ASSISTED_BY for t in ours):
        return []
    line = ours[0].line
    present = {t.key for t in ours}
    if declared.assisted is False and present & {*words.KEYS[2:]}:
        text = f"`{words.ASSISTED}: no` stands alone, but other fields speak of AI text"
        return [Problem("contradiction", line, text)]
    if declared.assisted is False:
        return []
    problems = []
    missing = [key for key in words.REQUIRED if key not in present]
    if missing:
        problems.append(Problem("incomplete", line, f"the block lacks {', '.join(f'`{key}`' for key in missing)}"))
    if declared.ai_lines is not None and declared.lines is not None:
        if declared.ai_lines > declared.lines:
            text = f"`{words.LINES}` counts more AI lines than lines"
            problems.append(Problem("contradiction", line, text))
        elif not declared.ai_lines and not declared.removed and not declared.is_about_no_line:
            text = f"`{words.ASSISTED}: yes`, yet no line is said to be added or removed by AI"
            problems.append(Problem("contradiction", line, text))
    order = [words.KEYS.index(t.key) for t in ours]
    if order != sorted(order) or ours[-1].line - line != len(ours) - 1:
        problems.append(Problem("order", line, f"the order is {', '.join(words.KEYS)}, with nothing between"))
    return problems


def _own(lines: tuple[Line, ...], first: int) -> set[int]:
    """Indexes of our lines in the block from `first`: AI keys, `Assisted-by` right below `AI-Assisted`, where a person
    would not put one, and their folded lines."""
    keys = [_key(line) for line in lines]
    own = {i for i in range(first, len(lines)) if keys[i] and keys[i] != words.ASSISTED_BY}
    for start in sorted(i for i in own if keys[i] == words.ASSISTED):
        i = start + 1
        while i < len(lines) and _valid(lines[i]) == words.ASSISTED_BY:
            own.add(i)
            i += 1
    for start in sorted(own):
        i = start + 1
        while i < len(lines) and lines[i].kind == "text" and lines[i].text[:1] in (b" ", b"\t"):
            own.add(i)
            i += 1
    return own


def _run(lines: tuple[Line, ...], index: int) -> int:
    """The end of the block of ours that begins at `index`, or `index`."""
    if _valid(lines[index]) != words.ASSISTED:
        return index
    stop = index + 1
    while stop < len(lines) and _valid(lines[stop]) not in ("", words.ASSISTED):
        stop += 1
    return stop


def _place(lines: tuple[Line, ...], first: int, last: int) -> int:
    """Index before which a new block stands: the first line that must end a message, else behind the last text."""
    for index in range(first, len(lines)):
        line = lines[index]
        at = separator(line.text) if line.kind == "text" else -1
        if at >= 1 and _text(line.text[:at]).lower() in _AFTER_OURS:
            return index
    return last + 1


def _without_present(block: str, read: list[Trailer]) -> str:
    """The lines of a preset's block that the message does not have yet; it may name analysis tools behind ours."""
    have = [f"{t.key}: {t.value} ".lower() for t in read]
    lines = block.splitlines(keepends=True)
    return "".join(line for line in lines if not any(h.startswith(f"{line.strip()} ".lower()) for h in have))
