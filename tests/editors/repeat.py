"""Runs the tests of the real editors again and again and shows which cases did not always pass.

    python tests/editors/repeat.py 10 [arguments for pytest]

The exit code is 0 when every case passed every time.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from xml.etree import ElementTree

HERE = Path(__file__).parent


def run_once(arguments: list[str], report: Path) -> dict[str, bool]:
    """Each case and whether it passed."""
    command = [sys.executable, "-m", "pytest", "-q", f"--junit-xml={report}", *(arguments or [str(HERE)])]
    subprocess.run(command, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    return {
        f"{case.get('classname')}::{case.get('name')}": case.find("failure") is None and case.find("error") is None
        for case in ElementTree.parse(report).iter("testcase")
    }


def main(times: int, arguments: list[str]) -> int:
    """Print a row a run, then the cases that failed in any."""
    failed: dict[str, list[int]] = defaultdict(list)
    print("| run | cases | failed | seconds |\n| --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as name:
        for number in range(1, times + 1):
            begun = time.monotonic()
            passed = run_once(arguments, Path(name) / "report.xml")
            for case, good in passed.items():
                if not good:
                    failed[case].append(number)
            wrong = sum(not good for good in passed.values())
            print(f"| {number} | {len(passed)} | {wrong} | {time.monotonic() - begun:.0f} |", flush=True)
    for case, runs in sorted(failed.items()):
        print(f"{case} failed in {', '.join(map(str, runs))}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
