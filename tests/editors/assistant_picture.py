"""Makes docs/assistants.png: what a terminal shows when Claude Code writes a file with our hook in place.

    python tests/editors/assistant_picture.py

Every line is what the programs printed, long ones cut and paths without what is this machine's; only the model is
answered from loopback. Needs what tests/editors/setup.sh installs. Look at the picture before it is committed.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from assistants import CLAUDE
from project import BASE, Project
from rich.console import Console
from rich.text import Text

HERE = Path(__file__).parent
TOP = HERE.parents[1]
WIDE = 98
COLOURS = {"+": "#8fc78f", "-": "#e08a8a", "@": "#7fb8c8"}
MODULES = HERE / ".cache" / "assistants" / "node_modules"


def shown(console: Console, command: str, said: str) -> None:
    """A prompt, and what came of it; a difference in its colours."""
    console.print(Text("$ ", style="bold #b185f2") + Text(command, style="bold #ffffff"))
    for line in said.rstrip().splitlines():
        console.print(Text(line, style=COLOURS.get(line[:1], "")))
    console.print()


def told() -> str:
    """The terminal as a page."""
    console = Console(record=True, width=100, file=io.StringIO(), force_terminal=True)
    with tempfile.TemporaryDirectory(prefix="earmark-") as name:
        project = Project(Path(name))
        project.commit("Add shipping rates", shop__py=BASE)
        (Path(project.environment["HOME"]) / ".claude" / "settings.json").write_text('{\n  "model": "opus"\n}\n')
        plan = project.earmark("init", "--agents", "claude", "--yes")
        plan = plan.replace(project.environment["HOME"], "~").replace(sys.executable, "~/.venv/bin/python")
        lines = [line if len(line) < WIDE else f"{line[: WIDE - 1]}…" for line in plan.splitlines()]
        shown(console, "earmark init --agents claude", "\n".join([*lines[:17], "  …", lines[-1]]))
        with CLAUDE.serving(project.top / "prices.py") as model:
            ran = CLAUDE.run(MODULES, Path("/usr/bin/node"), project, model)
        shown(console, "claude -p 'Add net prices' --permission-mode acceptEdits", ran.stdout)
        shown(console, "earmark blame prices.py", project.earmark("blame", "prices.py"))
        shown(console, "earmark status", project.earmark("status"))
    return console.export_html(code_format=PAGE, inline_styles=True)


PAGE = (
    "<meta charset=utf-8><body style='margin:0;background:#1f1f1f'><pre style='margin:24px;color:#ccc;"
    'font:14px/20px "DejaVu Sans Mono",monospace\'>{code}</pre></body>'
)


def main() -> None:
    """Write the picture."""
    chromium = shutil.which("chromium")
    assert chromium, "chromium is missing: run tests/editors/setup.sh"
    with tempfile.TemporaryDirectory(prefix="earmark-") as name:
        page = Path(name) / "page.html"
        page.write_text(told())
        subprocess.run(
            [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=920,700",
             f"--screenshot={TOP / 'docs' / 'assistants.png'}", page.as_uri()],
            check=True, capture_output=True, timeout=60,
        )  # fmt: skip


if __name__ == "__main__":
    main()
