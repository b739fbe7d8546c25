"""Install the test set-up and run the tests: `python3 tests/run.py [unit|habits|editors|fuzz] [options]`.

Without a word: the environment in `.venv`, everything pinned, then all tests that need no editor. Downloads happen in
the install step only. `habits` runs formatting, linting, types and import contracts; `editors` the real editors, which
`tests/editors/setup.sh` installs; `fuzz` random edits, random git and random messages, with fixed seeds and one drawn.
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
HOME = TOP / ".venv"
BIN = HOME / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / "python"
PINS = TOP / "tests" / "pins.txt"
SOURCES = TOP / "tests" / "sources.txt"
STAMP = HOME / "installed"


def main(argv: list[str]) -> int:
    """Exit code of the first step that fails, 0 when none does."""
    if sys.version_info < (3, 11):  # noqa: UP036  (this file is run by whatever Python the user has)
        print("earmark needs Python 3.11 or newer; run this file with that interpreter", file=sys.stderr)
        return 2
    what = argv[0] if argv and argv[0] in ("unit", "habits", "editors", "fuzz") else "unit"
    rest = argv[1:] if argv and argv[0] == what else argv
    install()
    os.chdir(TOP)
    if what == "habits":
        return habits()
    if what == "editors":
        return run(PYTHON, "-m", "pytest", "tests/editors", *rest)
    if what == "fuzz":
        return fuzz()
    return run(PYTHON, "-m", "pytest", "--numprocesses", "auto", *rest)


def install() -> None:
    """The pinned environment and the pinned sources, when they are not there yet."""
    wanted = "\n".join(file.read_text() for file in (PINS, SOURCES, TOP / "pyproject.toml"))
    if STAMP.exists() and STAMP.read_text() == wanted:
        return
    try:
        venv.create(HOME, with_pip=True)
    except (subprocess.CalledProcessError, OSError):
        sys.exit("no virtual environment could be made: on Debian install python3-venv, then run this again")
    pip = (PYTHON, "-m", "pip", "--disable-pip-version-check", "--quiet")
    must(*pip, "install", "--constraint", PINS, "--editable", f"{TOP}[test]")
    must(
        *pip, "download", "--require-hashes", "--no-deps", "--no-binary", ":all:",
        "--dest", HOME / "sources", "--requirement", SOURCES,
    )  # fmt: skip
    STAMP.write_text(wanted)


def habits() -> int:
    """Formatting, lint, types, import contracts; all of them run, the first failure is the exit code."""
    checks = (
        (BIN / "ruff", "format", "--check", "."),
        (BIN / "ruff", "check", "."),
        (BIN / "mypy",),
        (BIN / "lint-imports", "--no-cache"),
    )
    return next((code for code in [run(*check) for check in checks] if code), 0)


def fuzz() -> int:
    """Fixed seeds, so that a failure comes back, and a random one, which is printed."""
    return run(PYTHON, "tests/fuzz/origin_fuzz.py", "0", "1", "42", "99", "1337", "random") or run(
        PYTHON, "tests/fuzz/message_fuzz.py"
    )


def must(*command: str | Path) -> None:
    """Run a step of the installation; stop when it fails."""
    if code := run(*command):
        sys.exit(code)


def run(*command: str | Path) -> int:
    """The exit code of `command`."""
    print("+", " ".join(Path(part).name if part is command[0] else str(part) for part in command), flush=True)
    # No test may wait for a person.
    return subprocess.run(command, check=False, stdin=subprocess.DEVNULL).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
