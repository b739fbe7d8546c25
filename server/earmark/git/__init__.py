"""Reading and writing git repositories through git itself.

Invariants
- `run.run` and `run.start` are the only places that start git; everything they pass neutralises what a cloned
  repository's configuration could execute or change in the output.
- A repository is untrusted unless its user said otherwise. In an untrusted one no git command touches the worktree:
  `run` refuses every command that could, and `worktree` compares file bytes read by us with object ids computed by us.
- The number of processes never grows with the number of commits, files or notes.
- `repository` and `refs` start no process at all: agent hooks and git hooks depend on it.
- Object ids are hexadecimal `str` (40 or 64 digits); paths are repo-relative `str` with `/`, undecodable bytes kept as
  surrogate escapes; contents and messages are bytes.
- Replacement objects and grafts are ignored: everyone decides about the same history.
- Deliberately absent: who wrote what, which lines changed (git is asked for file pairs only), policy, and any network
  traffic that the caller did not name.
"""
