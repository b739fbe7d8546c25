"""The language server over stdio.

Invariants
- Only this package imports pygls or lsprotocol, and `convert` alone turns our data into protocol types and back.
- The loop thread owns all state. Edits apply at once and in the order they came; whatever is sent is computed from
  the state of that moment, so an answer can never be of an older version than the buffer it speaks about.
- Nothing on the loop takes longer than a slice of a few milliseconds: parsing and scanning stop and go on later.
- Files, git and the ledger are read in our own pool of two threads, never by pygls's, which also reads input. A
  command that may take long uses one of them at most.
- pygls's workspace holds no text. Its own hooks that are overridden are listed, with a test each, in `protocol`.
- Raw messages instead of typed ones, for speed: `didChange` coming in, diagnostics going out, and nothing else.
- Nothing exists only as a lens, an inlay hint, a decoration or `Diagnostic.data`: some clients have none of them.
- Deliberately absent: rules, git plumbing, the arithmetic of origins, and any network access of our own.
"""
