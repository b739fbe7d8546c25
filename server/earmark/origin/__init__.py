"""Who wrote what: regions, removals, transfer, evidence, the ledger, notes and the digest.

Invariants
- Evidence or `unknown`: no function here turns size, speed or likeness into an `ai` origin.
- Text whose origin is unknown has no region; a `Region` is never empty, never unknown, and never overlaps another.
- What an assistant removed is a `Removal`, carried with the text until it returns.
- Decisions come from blobs, notes and ledger rows, never from a worktree looked at after the fact.
- Deliberately absent: risk, policy, trailers, and the language-server protocol.
"""
