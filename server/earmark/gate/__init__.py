"""The gate: one predicate, whoever calls it — editor, hook, CI or server.

Invariants
- `check.check` is pure: equal facts give an equal verdict, with no git, network or clock behind it.
- It derives everything again from notes, diffs and policy; a trailer is a claim to compare, never a fact.
- Policy, roster and rules come from the target before the change (`gather`). A fact that could not be had is
  `CannotTell`, never a pass and never a violation.
- A decision is kept in the audit by whoever asked for it (`cli`, the hooks); the predicate keeps nothing.
- Foreign text leaves through the `display` of the format that prints it.
- Deliberately absent: guesses about text nobody recorded (it is counted as unattested), and any way to mend a change.
"""
