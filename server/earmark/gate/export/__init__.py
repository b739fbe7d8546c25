"""Configuration for the gates a team already has, generated from its policy.

Invariants
- Pure: a policy and the names of its refs in, files out. Nothing is sent, and nothing is written here.
- One module a target, each with `export(policy) -> tuple[Artifact, ...]`; `targets` names them.
- A pattern is a tripwire: it refuses no message that Earmark writes, it cannot see AI text that nobody declared, and it
  takes a quotation at the start of a line for the thing itself. Enforcement is the required status, recomputed by a
  server from notes and diff.
- Where a forge's own dismissal of approvals is turned off, the same file makes our status required: it dismisses region
  by region, and alone it would be nobody's job.
- Patterns run on RE2 (no look-ahead) and stay within 511 characters, the least that a forge allows.
- Deliberately absent: tokens, host names, and whatever else only the forge knows (team and group ids).
"""
