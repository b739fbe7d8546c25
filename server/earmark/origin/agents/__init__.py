"""What each assistant's hook says, turned into evidence.

Invariants
- One module an agent, each with one pure function `parse(payload) -> Event | None`; `registry.read` picks the module
  and imports that one only, because a hook starts for every tool call.
- A payload is foreign text: bounded, decoded once, every field checked for its type. Whatever is wrong with it, the
  outcome is a `PayloadError` with one sentence, never another exception.
- `None` stands for an event that is known to say nothing about a file. A tool that runs a command names no files: what
  it changed is decided by the recorder's rule for commands, not guessed from the command's text.
- Tool names are those of the Git AI Standard's own recorder, so that session ids agree with notes it wrote.
- Only `transcript` opens a file of an agent, only `install` and its tables know where agents keep their configuration.
- Deliberately absent: the repository, the ledger, git, and the content of a conversation.
"""
