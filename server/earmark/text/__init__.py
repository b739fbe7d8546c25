"""Bytes, positions, edits, diff and syntax trees.

Invariants
- Text is UTF-8 bytes. Offsets are 0-based byte offsets, ranges are half-open; lines are 0-based here and 1-based only
  in what users and notes see.
- `diff.diff_lines` is the one algorithm that decides which lines changed, for buffers, notes and the gate alike.
- Nothing here raises on malformed text: undecodable bytes stay bytes, a tree is returned for any input.
- Deliberately absent: git, the language-server protocol, and any notion of who wrote the text.
"""
