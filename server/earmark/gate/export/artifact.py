"""What an exporter hands out."""

from __future__ import annotations

from typing import NamedTuple


class Artifact(NamedTuple):
    """One file: `path` relative to where the target wants it, its `text`, and `use`: what to do with it, in a line."""

    path: str
    text: str
    use: str
    executable: bool = False


CHECK = "earmark"
"""The name of the required status, job and label, the same on every forge."""
