"""Foreign text in Markdown: shown as written, never interpreted.

Escaping is not enough on a forge: mentions, issue references, bare links and quick actions are found after escapes are
resolved. Only code is left alone by all of them, so foreign text stands in code spans and in fences, with every control
and bidirectional character made visible. (CommonMark 0.31 §6.1 code spans, §4.5 fenced code blocks.)
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

LIMIT: Final = 300
_HIDDEN: Final = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))


def visible(text: str) -> str:
    """`text` on one line with every control, format (bidirectional, zero-width) and unassigned character written as
    `\\u{…}`; a tab becomes spaces, a lone byte (surrogate escape) `\\x…`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_seen, text.expandtabs(4)))


def _seen(char: str) -> str:
    if "\udc80" <= char <= "\udcff":
        return f"\\x{ord(char) - 0xDC00:02x}"
    if unicodedata.category(char) in _HIDDEN:
        return f"\\u{{{ord(char):04x}}}"
    return " " if unicodedata.category(char) == "Zs" else char


def code(text: str, limit: int = LIMIT) -> str:
    """A code span that shows `text`, cut to `limit` characters; nothing in it is markup, a link or a mention."""
    shown = clipped(visible(text), limit).strip()
    if not shown:
        return "` `"
    ticks = "`" * (_longest_run(shown) + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{ticks}{pad}{shown}{pad}{ticks}"


def clipped(text: str, limit: int) -> str:
    """At most `limit` characters, the last one "…" where something was cut."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def fence(numbered: Iterable[tuple[int, str]], *, sign: str = "|", limit: int = LIMIT) -> str:
    """A fenced block of lines with their numbers before `sign`. Every line starts with its number, so that no line can
    close the fence, start a comment or look like a quick action."""
    lines = list(numbered)
    width = len(str(max((number for number, _ in lines), default=0)))
    body = [f"{number:>{width}} {sign} {clipped(visible(line), limit)}".rstrip() for number, line in lines]
    ticks = "`" * max(3, *(_longest_run(line) + 1 for line in body), 3)
    return "\n".join((f"{ticks}text", *body, ticks))


def link(label: str, url: str) -> str:
    """`label` as code, linked to `url`, when that is HTTPS (HTTP on a loopback address); else the label alone. The
    target keeps only characters that cannot end it."""
    safe = quote(url.encode("utf-8", "surrogatepass"), safe="/:#?&=%+,;@~._-")
    if not safe.startswith(("https://", "http://127.0.0.1:", "http://localhost:", "http://[::1]:")):
        return code(label)
    return f"[{code(label)}]({safe})"


def _longest_run(text: str) -> int:
    best = run = 0
    for char in text:
        run = run + 1 if char == "`" else 0
        best = max(best, run)
    return best
