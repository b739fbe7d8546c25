"""Which definitions a repository has and where their names are used.

Invariants
- By name, not by type: a name that many files define, or that every other file uses, says nothing and does not count.
- What a text defines and uses depends on its bytes alone and is kept by blob id; a look at a revision is a look at the
  blobs of its tree. Nothing is ever invalidated, only left out and, in the end, dropped.
- Built off the hot path, in portions, with a word on progress after each, and may be stopped after any.
- Deliberately absent: git. Callers bring paths, blob ids and contents.
"""
