"""What a hook of ours leaves behind."""

from __future__ import annotations

from typing import NamedTuple


class Outcome(NamedTuple):
    """`lines` are for the user's terminal; with `refused` the git command fails."""

    lines: tuple[str, ...] = ()
    refused: bool = False
