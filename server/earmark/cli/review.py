"""`earmark review request|status|approve|outbox`: asks for a review, follows it, signs it."""

from __future__ import annotations

import sys

from earmark.cli.workspace import display, guarded

_COMMANDS = {
    "request": "ask for a review of AI changes",
    "status": "how the review stands, region by region",
    "approve": "sign what is under review",
    "outbox": "what is on its way: list, send, cancel",
}


def run(argv: list[str]) -> int:
    """Exit code 0; 1 when the policy's needs could not all be asked for; 2 when it cannot be told or sent."""
    name = argv[0] if argv else "--help"
    if name in ("-h", "--help"):
        print("usage: earmark review COMMAND [options]\n")
        print("\n".join(f"  {command:9} {does}" for command, does in _COMMANDS.items()))
        return 0
    if name in _COMMANDS:
        from importlib import import_module

        command = import_module(f"earmark.cli.review_{name}")
        return guarded(f"review {name}", command.work(argv[1:]))
    print(f"earmark review: no command {display(name)!r}; one of {', '.join(_COMMANDS)}", file=sys.stderr)
    return 2
