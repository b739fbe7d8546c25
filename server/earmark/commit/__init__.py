"""The way of a declaration into a commit: git hooks, the message, and rewriting messages of commits already made.

Invariants
- A hook of ours never fails a commit by accident: the shell part ends with 0 whatever happens in Python, except for
  the one exit code that says a policy forbids this change and there is evidence.
- Where no AI text waits and nothing is rewritten, a hook leaves in the shell, without starting a process.
- A hook starts the interpreter it was installed with, by absolute path and without the worktree on the module path.
- What is written into a message was computed from the index git prepared (`GIT_INDEX_FILE`) and is shown first where
  git opens an editor on an empty message.
- A declaration found in a message is taken out only when everything it rests on is known here.
- What a hook writes, withdraws or refuses, and what a person declines, is a row of the audit.
- Installing shows its plan first and can be undone byte for byte; `core.hooksPath` is never changed.
- Deliberately absent: what the words of a declaration are (trailers), what must be declared (policy), judging (gate).
"""
