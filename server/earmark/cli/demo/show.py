"""The chapters on a terminal. Layout and colour only: what is said comes from the commands and the server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from earmark.cli.demo.story import Chapter
from earmark.cli.workspace import display

_SEVERITIES = {1: ("error", "bold red"), 2: ("warning", "yellow"), 3: ("info", "cyan"), 4: ("hint", "dim")}
_console = Console(highlight=False)


def show(chapter: Chapter) -> None:
    """Print one chapter."""
    title, body = _CHAPTERS[chapter.name](chapter.told)
    _console.print()
    _console.rule(Text(title, style="bold"), align="left", style="dim")
    _console.print(body)
    _console.print(Text(f"{chapter.seconds:.1f} s", style="dim"), justify="right")


def _repository(told: dict[str, Any]) -> tuple[str, Group]:
    files = Text(f"{len(told['files'])} files in a new git repository; then: earmark init --git-hooks", style="dim")
    # The plan holds every line that was written; a summary is enough here.
    plan = [Text("  " + display(line)) for line in told["init"] if line.startswith(("+++ ", "* "))]
    return "A service, a repository, Earmark's hooks", Group(files, *plan)


def _editor(told: list[dict[str, Any]]) -> tuple[str, Group]:
    return "Three assistants edit; this is what the editor shows", Group(*[_edit(step) for step in told])


def _edit(step: dict[str, Any]) -> Panel:
    table = Table.grid(padding=(0, 1))
    for region in step["regions"]:
        span = region["range"]
        last = span["end"]["line"] + (1 if span["end"]["character"] else 0)
        where = f"{span['start']['line'] + 1}-{max(last, span['start']['line'] + 1)}"
        who = f"{region['kind']} {region['tool']}:{region['model']}"
        table.add_row(Text("▌", style="magenta"), Text(where, style="bold"), Text(display(who), style="magenta"))
    for hint in step["hints"]:
        line = str(hint["position"]["line"] + 1)
        table.add_row(Text("▸", style="cyan"), Text(line), Text(display(_label(hint)), style="cyan"))
    for found in step["diagnostics"]:
        name, style = _SEVERITIES[found.get("severity", 3)]
        line = str(found["range"]["start"]["line"] + 1)
        table.add_row(Text("●", style=style), Text(line), Text(display(found["message"]), style=style))
        table.add_row("", "", Text(f"{name} {found.get('code', '')}", style="dim"))
    title = f"{display(step['path'])}   {step['agent']}, shown {step['seconds']:.2f} s after its hook"
    return Panel(table, title=Text(title), title_align="left", border_style="dim")


def _label(hint: dict[str, Any]) -> str:
    label = hint["label"]
    return label if isinstance(label, str) else "".join(part["value"] for part in label)


def _status(told: dict[str, Any]) -> tuple[str, Group]:
    table = Table("file", "AI lines", "AI removed", "human", "unknown", box=None, header_style="dim")
    for file in told["files"]:
        counts = (file["ai_lines"], file["ai_removed"], file["human_lines"], file["unknown_lines"])
        table.add_row(display(file["path"]), *(str(count) for count in counts))
    open_ones = [item for item in told["obligations"] if not item["met"]]
    lines = [Text(f"  ○ {display(item['message'])}  ({item['code']})") for item in open_ones]
    return "earmark status", Group(table, Text(f"risk: {told['risk']}", style="bold"), *lines)


def _commit(told: dict[str, Any]) -> tuple[str, Group]:
    shown = [("commit message", told["message"]), ("refs/notes/ai", told["note"])]
    panels = [
        Panel(Text(display_lines(text)), title=title, title_align="left", border_style="dim") for title, text in shown
    ]
    return "git commit: the hooks write the trailers, the note records the lines", Group(*panels)


def _gate(told: dict[str, Any]) -> Group:
    verdict = Text("accepted", style="bold green") if told["ok"] else Text("refused", style="bold red")
    head = Text.assemble("phase merge: ", verdict, Text(f"   {told['checked']} commit(s) checked", style="dim"))
    rows: list[Any] = [head]
    paths: dict[tuple[str, str, str], list[str]] = {}
    for found in told["violations"]:
        paths.setdefault((found["code"], found["message"], found["fix"]), []).append(found["path"])
    for (code, message, fix), files in paths.items():
        rows.append(Text.assemble("  ", (code, "bold"), f"  {display(message)}"))
        rows.append(Text(f"      in {display(', '.join(filter(None, files)))}", style="dim"))
        rows.append(Text(f"      fix: {display(fix)}", style="dim"))
    return Group(*rows)


def _review(told: dict[str, Any]) -> tuple[str, Group]:
    requests: list[Any] = []
    for item in told["requests"]:
        line = " ".join(item["push"]) if "push" in item else f"{item['method']} {item['url']}"
        requests.append(Text(display(line), style="bold"))
    bodies = [request["body"] for request in told["requests"] if isinstance(request.get("body"), dict)]
    document = next((str(body["body"]) for body in bodies if "body" in body), told["text"])
    body = Panel(Syntax(document, "markdown", theme="ansi_dark", word_wrap=True), border_style="dim")
    return "The review request, exactly as it would be sent (nothing was)", Group(*requests, body)


def display_lines(text: str) -> str:
    """`display` line by line, so that line ends stay."""
    return "\n".join(display(line) for line in text.strip().split("\n"))


_CHAPTERS: dict[str, Callable[[Any], tuple[str, RenderableType]]] = {
    "repository": _repository,
    "editor": _editor,
    "status": _status,
    "commit": _commit,
    "refused": lambda told: ("earmark check, before merge", Padding(_gate(told), (0, 0))),
    "review": _review,
    "second edit": lambda told: ("A second, harmless edit", Group(*[_edit(step) for step in told])),
    "second commit": _commit,
    "accepted": lambda told: ("earmark check, for the second commit", Padding(_gate(told), (0, 0))),
}
