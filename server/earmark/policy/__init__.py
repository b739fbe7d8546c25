"""The team's policy: what to declare, which paths are production, who must agree; and what it asks of a change.

Invariants
- Reading a policy never raises and runs nothing: a broken file gives defaults and problems with their places. Globs run
  on RE2; every list and text is bounded.
- An organisation's base policy can only be tightened by the repository's: no key of the file loosens it.
- Who wrote a policy, and at which commit it counts, is the gate's business; this package is given bytes.
- Lines are 1-based; columns count characters from 1. Paths are repo-relative with `/`.
- Deliberately absent: git, trailers, forges, and what to do about an obligation that is not met.
"""
