"""The forges: how a review is asked for on each, as conversations that do no IO.

Invariants
- A forge module yields requests and reads answers (`forge.Exchange`); it opens no connection and sees no token. The
  same conversation, driven by imagined answers, is what `--dry-run` prints.
- Every conversation looks the request up by its marker before it creates anything.
- `sender` is the only place that knows httpx and tokens: HTTPS except on loopback, no redirect to another host.
- Which host a token goes to is decided in `hosts` from the environment and the user's own settings, never from a
  repository's files or a server's answer.
- Deliberately absent: merging, approving, and changing anything another person wrote.
"""
