"""What DESIGN promises a person in their editor, and by which channel each client was seen to keep it.

    python tests/editors/promises.py          # writes the table into clients/README.md

`measured.json` is written by `pytest tests/editors --measure`: a cell is there only because a test saw it. To measure
all anew, remove the file first.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
MEASURED = HERE / "measured.json"
README = HERE.parents[1] / "clients" / "README.md"
BEGIN, END = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"

PROMISES = {
    "regions": "lines that an assistant wrote are marked",
    "risk": "a risky line has a hint",
    "hover": "who wrote it, when, why it is risky",
    "explain": "the rule is explained",
    "fix": "a safe fix, by an action",
    "suppress": "a finding is suppressed, with a reason",
    "mark": "a person says who wrote it, with a reason",
    "open": "what is still asked of the change",
    "queue": "what there is to look at, the riskiest first",
    "tag": "the trailers are written into the message",
    "next": "the next commit is tagged from the code",
    "review": "the review is asked for",
    "live": "what another process records appears",
    "completion": "an accepted completion is its tool's",
    "missing": "a missing server is named",
}
CASES = {
    "undo": "undo of an insertion removes the mark, redo brings it back",
    "format": "format on save after an assistant's write keeps its owner",
    "reload": "a reload from disk keeps the owners",
    "stale": "a lens clicked after an edit still does its work",
    "commit": "a real git commit through the editor carries the trailers",
}


class Measured(NamedTuple):
    """One thing seen: in this client this promise (or case) reaches the person by this channel."""

    client: str
    promise: str
    channel: str


def read() -> dict[str, dict[str, str]]:
    """Client to promise to channel, as kept."""
    found: dict[str, dict[str, str]] = json.loads(MEASURED.read_text()) if MEASURED.exists() else {}
    return found


def merged(before: dict[str, dict[str, str]], seen: set[Measured]) -> dict[str, dict[str, str]]:
    """`before` with what was seen now, which may be the tests of one client, or a few of them."""
    after = {client: dict(cells) for client, cells in before.items()}
    for item in sorted(seen):
        after.setdefault(item.client, {})[item.promise] = item.channel
    return dict(sorted(after.items()))


def table(measured: dict[str, dict[str, str]]) -> str:
    """The Markdown table: a column a client, a row a promise; a dash where nothing was seen."""
    clients = list(measured)

    def row(*cells: str) -> str:
        return "| " + " | ".join(cells) + " |\n"

    lines = row("", *clients) + row(*["---"] * (len(clients) + 1))
    for key, words in (PROMISES | CASES).items():
        lines += row(words, *(measured[client].get(key, "–") for client in clients))
    return lines


def with_table(text: str, measured: dict[str, dict[str, str]]) -> str:
    """A README with the table in its place."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + "\n" + table(measured) + "\n" + END + after


def write(measured: dict[str, dict[str, str]]) -> None:
    """Keep what was measured, and show it."""
    MEASURED.write_text(json.dumps(measured, indent=1, ensure_ascii=False) + "\n")
    README.write_text(with_table(README.read_text(), measured))


if __name__ == "__main__":
    write(read())
    sys.exit(0)
