"""Comparing two values of one setting, and two signatures of one function."""

from __future__ import annotations

from earmark.risk.places import regex


def number(text: str) -> float | None:
    """The number a setting's text begins with, units applied; infinity for "no limit"; None when it is none."""
    match = regex(r"^[\"'(]*(-?\d[\d_]*(?:\.\d+)?)\s*([a-zA-Z%]{0,3}i?)\b?").search(text)
    if match is None:
        return (
            float("inf")
            if text.strip("'\"").lower() in ("none", "null", "nil", "-1", "infinity", "unlimited")
            else None
        )
    value = float(match.group(1).replace("_", ""))
    scale = {"k": 1e3, "Ki": 1024, "Mi": 1 << 20, "Gi": 1 << 30, "M": 1e6, "G": 1e9, "m": 1 if "min" in text else 1e-3}
    times = regex(r"^\D*\d[\d_]*\s*\*\s*(\d[\d_]*)").search(text)
    return value * scale.get(match.group(2), 1) * (float(times.group(1).replace("_", "")) if times else 1)


def looser(was: float, now: float, down: bool) -> bool:
    """Twice as much (half as much for a lower bound), or a value that means "no limit"."""
    if was == now:
        return False
    if down:
        return 0 <= now <= was / 2
    return now >= 2 * was > 0 or now in (0, -1) or now == float("inf")


def required(signature: str) -> list[str]:
    """Parameters a caller must give, by order; annotations and defaults aside."""
    inner = signature.strip()[1:-1]
    depth, begin, parts = 0, 0, []
    for index, char in enumerate(inner):
        depth += (char in "([{<") - (char in ")]}>")
        if char == "," and not depth:
            parts.append(inner[begin:index])
            begin = index + 1
    parts.append(inner[begin:])
    names = [p.split(":")[0].strip() for p in parts if "=" not in p and "?" not in p]
    return [
        n for n in names if n and n not in ("self", "cls", "/", "*", "&self", "&mut self") and not n.startswith("*")
    ]
