"""A repository's own rule packs and incident reports, looked at as what they are: whether they are fit to be used."""

from __future__ import annotations

from earmark.risk import incidents, user_packs
from earmark.risk.finding import Finding
from earmark.risk.rules import RuleSet

_CHECK = "unfit"


def unfit(text: bytes, path: str, rules: RuleSet) -> tuple[Finding, ...]:
    """What keeps the pack or report at `path` (relative to the repository's top) from being used, on its first line;
    nothing for other files and for fit ones."""
    said = _why(text, path)
    if not said:
        return ()
    rule = next(r for r in rules.pack("incidents.toml") if _CHECK in r.matchers[0].patterns)
    end = text.find(b"\n")
    return (
        Finding(rule.id, rule.category, rule.severity, 0, end if end >= 0 else len(text), rule.why, rule.hint, said),
    )


def _why(text: bytes, path: str) -> str:
    try:
        if incidents.is_report(path):
            incidents.parse_report(path, text)
        elif user_packs.is_pack(path):
            user_packs.checked(user_packs.Pack(path, text.decode("utf-8", "replace")), ())
    except ValueError as problem:
        return str(problem).removeprefix(f"{path}: ")
    return ""
