"""The command line: one module a command.

Invariants
- Starting a command imports that command only: a git hook must start in milliseconds.
- Never imports `lsp`; `serve` starts it by name.
- Exit codes: 0 fine, 1 findings or violations, 2 usage or could-not-tell with one line on stderr.
"""

from __future__ import annotations

import os
import sys

COMMANDS = {
    "serve": "the language server (--stdio)",
    "init": "install git hooks and agent hooks, after showing what will be written",
    "trust": "let Earmark run the workspace's own rule packs and hooks here",
    "record": "read one agent hook payload on stdin",
    "status": "origins of the worktree and the staged change, findings, open obligations",
    "blame": "who wrote each line of a file",
    "scan": "findings in AI regions, or in all code with --all",
    "assess": "the risk of a commit range or the staged change, every term shown",
    "tag": "compute and write the provenance trailers",
    "check": "the gate",
    "policy": "what a policy would have refused, had it been in force",
    "gates": "configure other gates, and say which of them would refuse this change",
    "review": "request, follow and sign reviews",
    "notes": "share, import, export and aggregate notes",
    "explain": "why a rule exists, with examples",
    "rules": "list and test the rules",
    "doctor": "what is installed, missing or broken, and what to do",
    "demo": "the whole story in under ten seconds",
    "hook": "entry point of the installed git hooks",
}

# An assistant or git waits for these at every step of its own.
_WAITED_FOR = ("record", "hook")


def main() -> int:
    """Run one command; the console script's entry point."""
    argv = sys.argv[1:]
    name = argv[0] if argv else "--help"
    if name in ("-h", "--help", "help"):
        print("usage: earmark COMMAND [options]\n")
        print("\n".join(f"  {command:9} {does}" for command, does in COMMANDS.items()))
        return 0
    if name in ("-V", "--version"):
        from earmark import __version__

        print(f"earmark {__version__}")
        return 0
    if name not in COMMANDS:
        print(f"earmark: no command {name!r}; `earmark --help` lists them", file=sys.stderr)
        return 2
    from importlib import import_module

    if name in _WAITED_FOR:
        import gc

        gc.disable()
    try:
        code: int = import_module(f"earmark.cli.{name}").run(argv[1:])
    except KeyboardInterrupt:
        print("earmark: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except Exception as error:  # noqa: BLE001  (a defect of ours is one line for the user, and never a hook's failure)
        return _defect(name, error)
    if name in _WAITED_FOR:
        # Taking the interpreter down object by object would be a tenth of the whole run.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code


def _defect(name: str, error: Exception) -> int:
    """Say that this is our fault, in one line; the whole traceback with EARMARK_DEBUG=1."""
    if os.environ.get("EARMARK_DEBUG"):
        raise error
    what = " ".join(f"{type(error).__name__}: {error}".split())[:300]
    shown = "".join(c if c.isprintable() else "?" for c in what)
    print(f"earmark {name}: a defect of ours, please report it ({shown}); EARMARK_DEBUG=1 shows more", file=sys.stderr)
    return 2
