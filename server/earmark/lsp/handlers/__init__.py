"""One file a method, named after it; each reads the request, asks the session, and converts the answer.

Invariants
- A handler keeps no state and does no work of its own beyond the asked range.
- Everything that touches a file, git or the ledger is awaited through the session's scheduler.
"""
