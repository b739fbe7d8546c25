"""What a staged change did to a file, kept for the next time it is asked.

Where the newest snapshot of a path has exactly the content that is staged, that row and the old content decide
everything: no content need be read and no line compared again.
"""

from __future__ import annotations

import json

from earmark.git.changes import FileChange
from earmark.origin.ledger import Ledger
from earmark.origin.model import FileOrigins, LineOrigin, LineRange, Origin, RemovedLines


def key(ledger: Ledger, change: FileChange) -> str:
    """What the origins of `change` are kept under, empty where they are not decided by a row."""
    last = ledger.last_content(change.path) if change.new else None
    return f"origins:{last[0]}:{change.old}:{change.old_path}" if last and last[1] == change.new else ""


def find(ledger: Ledger, key: str) -> FileOrigins | None:
    """The origins kept under `key`."""
    text = ledger.cached(key) if key else None
    if text is None:
        return None
    path, old_path, added, removed, owners, removals, ai_text, removed_text = json.loads(text)
    return FileOrigins(
        path,
        old_path,
        added,
        removed,
        tuple(LineOrigin(LineRange(*lines), Origin(*origin), overrode) for lines, origin, overrode in owners),
        tuple(RemovedLines(session, blob, LineRange(*lines), at) for session, blob, lines, at in removals),
        tuple((session, line.encode("latin-1")) for session, line in ai_text),
        tuple((session, line.encode("latin-1")) for session, line in removed_text),
    )


def keep(ledger: Ledger, key: str, origins: FileOrigins) -> None:
    """Keep `origins` under `key`."""
    texts = [[(key, line.decode("latin-1")) for key, line in text] for text in (origins.ai_text, origins.removed_text)]
    ledger.cache(key, json.dumps([*origins[:6], *texts]))
