"""The provenance trailers: their words, composing them, reading and writing them in a commit message.

Invariants
- What counts as a trailer is what git counts: the reading of `git interpret-trailers --parse --no-divider`, done
  here without starting git and held to it by tests against the real one.
- Writing changes our own lines and nothing else: every other byte of the message stays, and writing twice is
  writing once.
- No foreign text reaches a message unless it is a slug; no value of ours spans lines.
- Deliberately absent: `Signed-off-by`, `Reviewed-by`, `Approved-by` and `Co-authored-by`, which only a person may give;
  where the facts come from (origin, risk, policy); when to write (commit); git processes.
"""
