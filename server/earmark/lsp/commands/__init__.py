"""One file a command of `workspace/executeCommand`, named after it.

Invariants
- A command takes one object; what it does is also in its answer, as data, for clients that show it in their own way.
- Commands that write refuse in a workspace that nobody trusts.
- Whatever may take long, or speaks to a forge, runs in the pool or in a process of its own.
"""
