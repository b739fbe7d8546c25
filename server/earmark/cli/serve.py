"""`earmark serve`: the language server over standard input and output."""

from __future__ import annotations

import sys

_USAGE = """usage: earmark serve [--stdio]

Speaks the Language Server Protocol over standard input and output; an editor starts it.
Flags it does not know are ignored, because editors add their own."""


def run(argv: list[str]) -> int:
    """Serve until the client is done; 0 after an orderly shutdown, else 1."""
    if "-h" in argv or "--help" in argv:
        print(_USAGE)
        return 0
    if sys.stdin is not None and sys.stdin.isatty() and "--stdio" not in argv:
        print("earmark serve: an editor starts this command; see `earmark serve --help`", file=sys.stderr)
        return 2
    from importlib import import_module

    # By name: the command line never imports the server's package, so that no hook pays for the protocol's types.
    code: int = import_module("earmark.lsp.server").serve()
    return code
