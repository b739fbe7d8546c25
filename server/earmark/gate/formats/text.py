"""The verdict for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from earmark.gate.facts import Verdict, Violation

if TYPE_CHECKING:
    from rich.text import Text

_PLACES = 8


def render(verdict: Verdict, *, color: bool = False, width: int = 100) -> str:
    """One paragraph a violation, then a line that sums up."""
    from io import StringIO

    from rich.console import Console
    from rich.text import Text

    out = StringIO()
    console = Console(
        file=out, width=width, highlight=False, markup=False, emoji=False, color_system="standard" if color else None,
        force_terminal=color, legacy_windows=False,
    )  # fmt: skip
    for style, word, violations in (
        ("bold red", "refused", verdict.violations),
        ("yellow", "warning", verdict.warnings),
        ("cyan", "open", verdict.open),
    ):
        for alike in _alike(violations):
            console.print(_paragraph(alike, word, style), soft_wrap=True)
    console.print(Text(summary(verdict), style="bold red" if not verdict.ok else "green"), soft_wrap=True)
    return out.getvalue()


def summary(verdict: Verdict) -> str:
    """One line: what was checked and what came of it."""
    counts = [(verdict.violations, "refused"), (verdict.warnings, "warned"), (verdict.open, "open")]
    said = [f"{len(found)} {word}" for found, word in counts if found]
    attested = ", ".join(f"{count} {state}" for state, count in verdict.attested._asdict().items() if count)
    commits = f"{verdict.checked} commit{'s' * (verdict.checked != 1)}"
    result = "ok" if verdict.ok else "not ok"
    return f"{result} in phase {verdict.phase}: {commits}" + "".join(f"; {part}" for part in (attested, *said) if part)


def _alike(violations: Sequence[Violation]) -> list[list[Violation]]:
    """Violations that differ in their place only, told once."""
    groups: dict[Violation, list[Violation]] = {}
    for violation in violations:
        groups.setdefault(violation._replace(path="", lines=None), []).append(violation)
    return list(groups.values())


def _paragraph(alike: Sequence[Violation], word: str, style: str) -> Text:
    from rich.text import Text

    violation = alike[0]
    places = [_place(one) for one in alike if one.path]
    where = [violation.commit[:10]] if violation.commit else []
    where += [", ".join(places[:_PLACES]) + (f" and {len(places) - _PLACES} more" if len(places) > _PLACES else "")]
    where = [part for part in where if part]
    text = Text()
    text.append(f"{word} {violation.code}", style)
    if where:
        text.append("  " + " ".join(where), "bold")
    text.append(f"\n  {display(violation.message)}")
    if violation.policy:
        text.append(f"\n  asked by {display(violation.policy)}", "dim")
    text.append(f"\n  {display(violation.fix)}", "dim")
    return text


def _place(violation: Violation) -> str:
    lines = violation.lines
    span = "" if lines is None else f":{lines[0]}" if lines[0] == lines[1] else f":{lines[0]}-{lines[1]}"
    return display(violation.path) + span


def display(text: str) -> str:
    """Foreign text for a terminal: control and bidirectional characters, and bytes that are no UTF-8, are spelled out,
    so that nothing moves the cursor, changes colours or turns a line around."""
    return "".join(char if char.isprintable() else _spelled(ord(char)) for char in text)


def _spelled(code: int) -> str:
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
