"""The pre-receive hook of a server of one's own (githooks(5)), which refuses when it cannot tell."""

from __future__ import annotations

from earmark.gate.export.artifact import Artifact
from earmark.policy.model import Policy


def export(policy: Policy) -> tuple[Artifact, ...]:
    """The hook. Policy and protected refs are read from the receiving repository, so it is the same for everybody."""
    use = "put it into hooks/ of the bare repository, then `git config earmark.command /absolute/path/to/earmark`"
    return (Artifact("pre-receive", _HOOK, use, executable=True),)


_HOOK = """\
#!/bin/sh
# The gate of this repository. Settings, in its own configuration:
#   earmark.command      the program, by its absolute path
#   earmark.basePolicy   the organisation's policy, which no pushed policy can loosen (optional)
earmark=$(git config --type=path --get earmark.command)
case $earmark in
/*) ;;
*)
	echo 'earmark: earmark.command is not set to an absolute path here; nothing is taken until it is' >&2
	exit 1
	;;
esac
if [ ! -x "$earmark" ]; then
	echo "earmark: $earmark cannot be run; nothing is taken until it can" >&2
	exit 1
fi
base=$(git config --type=path --get earmark.basePolicy)
if [ -n "$base" ]; then
	exec "$earmark" check --pre-receive --base-policy "$base"
fi
exec "$earmark" check --pre-receive
"""
