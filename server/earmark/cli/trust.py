"""`earmark trust [--undo]`: let Earmark use this workspace's own filters, rules and hooks."""

from __future__ import annotations

import sys
from argparse import ArgumentParser


def run(argv: list[str]) -> int:
    """Exit code 0; 2 outside a worktree."""
    parser = ArgumentParser(prog="earmark trust", description=__doc__.split(": ", 1)[1])
    parser.add_argument("--undo", action="store_true", help="trust it no longer")
    asked = parser.parse_args(argv)
    from earmark.cli.workspace import display
    from earmark.git import trust
    from earmark.git.repository import find
    from earmark.git.run import GitError

    repo = find(".", bare=True)
    if repo is None:
        print("earmark trust: this is not inside a git worktree; change folder", file=sys.stderr)
        return 2
    place = display(repo.top or repo.git_dir)
    try:
        if asked.undo:
            said = "is no longer trusted" if trust.distrust(repo) else "was not trusted"
        elif trust.is_trusted(repo):
            said = "is trusted already"
        else:
            trust.trust(repo)
            said = f"is trusted now (kept in {display(trust.file())})"
    except (GitError, OSError) as error:
        print(f"earmark trust: {display(str(error))}", file=sys.stderr)
        return 2
    print(f"{place} {said}")
    return 0
