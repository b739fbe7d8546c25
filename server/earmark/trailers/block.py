"""The block of trailers that declares a change (DESIGN §8)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from earmark.trailers import vocabulary as words


class Declaration(NamedTuple):
    """What is declared about one commit.

    `tools` are (tool slug, model slug) pairs as recorded, foreign text allowed; `ai_lines` of `lines` added lines are
    AI's; `removed` lines were removed by AI. `risk` is one of low, medium, high, critical; `rollout` is one of direct,
    flag, canary, or empty when nothing is asked; `digest` is `v1:sha256:<64 hex>`. With `assisted` false nothing else
    is read.
    """

    assisted: bool
    tools: tuple[tuple[str, str], ...] = ()
    ai_lines: int = 0
    lines: int = 0
    removed: int = 0
    risk: str = "low"
    review: bool = False
    rollout: str = ""
    digest: str = ""


def compose(declaration: Declaration, preset: str = "earmark") -> str:
    """The trailer lines, each ended by a newline; empty when the preset has no words for it.

    `earmark` writes the whole block. The other presets write a community's own line and nothing else: Linux since 7.3
    (`Assisted-by: LLM`) and through 7.2 (`Assisted-by: AGENT:MODEL`), Fedora (`Assisted-by: NAME MODEL`) and the ASF
    (`Generated-by: NAME MODEL`); they have no way to say "no". Raises ValueError for a value outside the vocabulary,
    which is a caller's mistake, never foreign text.
    """
    if preset not in words.PRESETS:
        raise ValueError(f"no trailer preset {preset!r}; one of {', '.join(words.PRESETS)}")
    if preset != "earmark":
        return _convention(declaration, preset)
    if not declaration.assisted:
        return f"{words.ASSISTED}: no\n"
    pairs = [(words.ASSISTED_BY, value) for value in _limited(_pairs(declaration.tools))]
    counts = [(words.LINES, f"{declaration.ai_lines}/{declaration.lines}")]
    if declaration.removed:
        counts.append((words.REMOVED, str(declaration.removed)))
    verdict = [
        (words.RISK, declaration.risk),
        (words.REVIEW, "required" if declaration.review else "not-required"),
    ]
    if declaration.rollout:
        verdict.append((words.ROLLOUT, declaration.rollout))
    lines = [(words.ASSISTED, "yes"), *pairs, *counts, *verdict, (words.PROVENANCE, declaration.digest)]
    for key, value in lines:
        if not words.is_value(key, value):
            raise ValueError(f"{value!r} is no value of the trailer {key}")
    return "".join(f"{key}: {value}\n" for key, value in lines)


def _pairs(tools: Iterable[tuple[str, str]]) -> list[str]:
    pairs = {f"{words.tool_name(tool)}:{words.display(model)}" for tool, model in tools}
    return sorted(pairs or {"unknown:unknown"})


def _limited(values: list[str]) -> list[str]:
    rest = len(values) - words.MAX_TOOLS
    return values if rest <= 0 else [*values[: words.MAX_TOOLS], f"other:{rest}"]


def _convention(declaration: Declaration, preset: str) -> str:
    if not declaration.assisted:
        return ""
    if preset == "kernel-7.3":
        return f"{words.ASSISTED_BY}: LLM\n"
    values = _limited(_pairs(declaration.tools))
    if preset == "kernel-7.2":
        return "".join(f"{words.ASSISTED_BY}: {value}\n" for value in values)
    key = words.GENERATED_BY if preset == "apache" else words.ASSISTED_BY
    names = (value.removesuffix(":unknown").replace(":", " ", 1) for value in values)
    return "".join(f"{key}: {name}\n" for name in names)
