"""Suppression in the text: `earmark: ignore[RULE] reason`, in a comment on the line or alone on the line above.

Without a reason a suppression does nothing: the point is that the next reader learns why.
"""

from __future__ import annotations

from typing import NamedTuple

_MARK = b"earmark: ignore["


class Suppression(NamedTuple):
    """One suppressing comment: its line (0-based), the rules it names and the reason given."""

    line: int
    rules: tuple[str, ...]
    reason: str


def read(line: bytes, number: int = 0) -> Suppression | None:
    """The suppression on one line, or None when there is none or it gives no reason."""
    at = line.find(_MARK)
    if at < 0:
        return None
    names, closed, reason = line[at + len(_MARK) :].partition(b"]")
    words = reason.decode("utf-8", "replace").strip().rstrip("*/->").strip(" :-")
    rules = tuple(name.strip() for name in names.decode("utf-8", "replace").split(",") if name.strip())
    return Suppression(number, rules, words) if closed and rules and words else None


def suppressed(text: bytes, rule: str, start: int) -> bool:
    """Whether a comment on the line of byte `start`, or alone on the line above, switches `rule` off there."""
    if _MARK not in text:
        return False
    begin = text.rfind(b"\n", 0, start) + 1
    end = text.find(b"\n", start)
    here = read(text[begin : end if end >= 0 else len(text)])
    if here is not None and rule in here.rules:
        return True
    above = text[text.rfind(b"\n", 0, max(0, begin - 1)) + 1 : max(0, begin - 1)]
    alone = above.lstrip()[:2] in (b"# ", b"//", b"/*", b"--", b"<!") or above.lstrip()[:1] == b"#"
    found = read(above) if alone else None
    return found is not None and rule in found.rules


def suppressions(text: bytes) -> tuple[Suppression, ...]:
    """Every suppression in a text, for the audit."""
    if _MARK not in text:
        return ()
    found = (read(line, number) for number, line in enumerate(text.split(b"\n")))
    return tuple(s for s in found if s is not None)
