"""A verdict for its readers: people, machines, code-scanning services and runners.

Each module has `render(verdict) -> str` and its own `display`, the only way foreign text (paths, messages, people's
names) reaches that sink. `render` ends with a newline or is empty.
"""

from __future__ import annotations

from importlib import import_module

from earmark.gate.facts import Verdict

FORMATS = ("text", "json", "sarif", "github", "gitlab")


def render(verdict: Verdict, name: str) -> str:
    """`verdict` in the format `name`, one of FORMATS."""
    rendered: str = import_module(f"{__name__}.{name}").render(verdict)
    return rendered
