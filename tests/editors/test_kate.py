"""Kate, a real one with its window in memory, with our configuration and the real server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import kate
from project import BASE, RISKY, Project

Reached = Callable[[str, str, str], None]
NAME = "Kate 22"
TOTAL = "    return sum(prices)\n"
TOLD = {"ai-region", "py-retry-unbounded", "py-http-no-timeout", "py-bare-except-pass"}


def test_a_day_in_kate(other_editors: Path, tmp_path: Path, reached: Reached) -> None:
    project = Project(tmp_path)
    project.commit("Add shipping rates", shop__py=BASE)
    project.ai_edit("shop.py", TOTAL, TOTAL + RISKY)
    project.earmark("trust")
    with kate.running(project, "shop.py") as editor:
        editor.wait_told(TOLD)
        assert editor.wire.encoding() == "utf-16"
        editor.wait_lines(3)
        editor.screen.keep("kate")
        reached(NAME, "regions", "a diagnostic at their start")
        reached(NAME, "risk", "a diagnostic")
        project.git("stash", "-q")
        editor.screen.keys("F5")
        editor.wait_told(set())
        editor.wait_lines(0)
        project.git("stash", "pop", "-q")
        editor.screen.keys("F5")
        editor.wait_told(TOLD)
        editor.wait_lines(3)
        reached(NAME, "reload", "yes")
        reached(NAME, "live", "on F5")
        editor.wire.hold_to_protocol()
