"""`earmark demo [--json] [--keep DIR]`: the whole story on a real repository, in under ten seconds.

Every line it prints comes from the component that owns it: the installed hooks, the server over stdio, the commands as
a user would type them. Nothing here computes an origin, a finding or a verdict.
"""

from __future__ import annotations

import json
import sys


def run(argv: list[str]) -> int:
    """Exit code 0 when every chapter went as told, 1 when one did not, 2 when the demo cannot run here."""
    from argparse import ArgumentParser
    from contextlib import nullcontext
    from pathlib import Path
    from tempfile import TemporaryDirectory

    parser = ArgumentParser(prog="earmark demo", description="The whole story in under ten seconds.")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--keep", metavar="DIR", help="work in DIR (new or empty) and leave it there")
    asked = parser.parse_args(argv)

    from earmark.cli.demo.story import DemoError, Story, material

    if asked.keep and Path(asked.keep).exists() and any(Path(asked.keep).iterdir()):
        print(f"earmark demo: {asked.keep} is not empty; name a new folder", file=sys.stderr)
        return 2
    place = nullcontext(asked.keep) if asked.keep else TemporaryDirectory(prefix="earmark-demo-")
    with place as folder:
        try:
            with material("orders") as (source, session):
                story = Story(source, session, Path(folder))
                if asked.json:
                    print(json.dumps({chapter.name: chapter.told for chapter in story.chapters()}, indent=1))
                else:
                    from earmark.cli.demo.show import show

                    for chapter in story.chapters():
                        show(chapter)
        except DemoError as error:
            print(f"earmark demo: {error}", file=sys.stderr)
            return 2
    return 0 if story.as_told else 1
