"""Build a membership file: `python -m earmark.risk.dependencies.build REGISTRY DATE NAMES.gz POPULAR`.

NAMES.gz holds one name a line, POPULAR the most downloaded ones, most popular first; neither is kept. `--partial` says
that NAMES lacks rarely used packages. The file is written beside this module, where the wheel takes it from.
"""

from __future__ import annotations

import gzip
import sys
from argparse import ArgumentParser
from pathlib import Path

from earmark.risk.dependencies.membership import NPM, PYPI, Membership, build


def main(argv: list[str]) -> int:
    """Write the file and say what is in it."""
    parser = ArgumentParser(prog="build", description="Build the set of existing package names of a registry.")
    parser.add_argument("registry", choices=(PYPI.key, NPM.key))
    parser.add_argument("date", help="when the list was taken, as users shall read it: 2026-11 or 2026-11-20")
    parser.add_argument("names", type=Path)
    parser.add_argument("popular", type=Path)
    parser.add_argument("--partial", action="store_true", help="the list lacks rarely used packages")
    asked = parser.parse_args(argv)
    registry = PYPI if asked.registry == PYPI.key else NPM
    with gzip.open(asked.names, "rt", encoding="utf-8") as handle:
        names = handle.read().splitlines()
    popular = asked.popular.read_text("utf-8").splitlines()
    data = build(names, popular, registry, asked.date, complete=not asked.partial)
    target = Path(__file__).with_name(f"{registry.key}.names")
    target.write_bytes(data)
    built = Membership(data)
    missed = sum(name not in built for name in built.popular)
    print(f"{target.name}: {built.names} names, {len(data)} bytes, one false answer in {2**32 // built.names}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
