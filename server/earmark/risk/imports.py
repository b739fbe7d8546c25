"""What a file's names stand for: alias -> full dotted name, by language.

Read from the text with linear expressions rather than from the tree, so that a half-typed file still resolves.
Go packages keep their path (`m "math/rand"` gives `m` -> `math/rand`); a leading `node:` is dropped.
"""

from __future__ import annotations

from functools import cache
from typing import Any

# Imports stand at the top; an edit deep in a large file must not cost a pass over all of it.
_REACH = 64 << 10


@cache
def _pattern(expression: str) -> Any:
    import re2

    return re2.compile(expression)


def aliases(text: bytes, language: str) -> dict[str, str]:
    """Alias -> dotted name for the imports in `text`; empty for languages whose names need none."""
    read = _READERS.get(language)
    return read(text[:_REACH].decode("utf-8", "replace")) if read else {}


def _python(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for match in _pattern(r"(?m)^[ \t]*import[ \t]+([^\n#;]+)").finditer(text):
        for item in match.group(1).split(","):
            words = item.split()
            if len(words) == 3 and words[1] == "as":
                found[words[2]] = words[0]
            elif len(words) == 1:
                found[words[0].split(".")[0]] = words[0].split(".")[0]
    every = r"(?m)^[ \t]*from[ \t]+([\w.]+)[ \t]+import[ \t]+(\([^)]*\)|[^\n#;]+)"
    for match in _pattern(every).finditer(text):
        module = match.group(1)
        for item in match.group(2).strip("()").split(","):
            words = item.split("#")[0].split()
            if len(words) == 3 and words[1] == "as":
                found[words[2]] = f"{module}.{words[0]}"
            elif len(words) == 1 and words[0] != "*":
                found[words[0]] = f"{module}.{words[0]}"
    return found


def _javascript(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    forms = (
        r"""import\s+(?:type\s+)?([^'"();=]+?)\s+from\s*['"]([^'"\n]+)['"]""",
        r"""(?:const|let|var)\s+([\w$]+|\{[^}=]*\})\s*=\s*(?:await\s+import|require)\s*\(\s*['"]([^'"\n]+)['"]\s*\)(?:\.promises)?""",
        r"""import\s+([\w$]+)\s*=\s*require\s*\(\s*['"]([^'"\n]+)['"]""",
    )
    for form in forms:
        for match in _pattern(form).finditer(text):
            module = match.group(2).removeprefix("node:")
            _javascript_names(match.group(1), module, found)
    member = r"""(?:const|let|var)\s+([\w$]+)\s*=\s*require\s*\(\s*['"]([^'"\n]+)['"]\s*\)\.([\w$]+)"""
    for match in _pattern(member).finditer(text):
        found[match.group(1)] = f"{match.group(2).removeprefix('node:')}.{match.group(3)}"
    return found


def _javascript_names(clause: str, module: str, found: dict[str, str]) -> None:
    outside, brace, inside = clause.partition("{")
    for item in outside.split(","):
        words = item.split()
        if words[:2] == ["*", "as"] and len(words) == 3:
            found[words[2]] = module
        elif len(words) == 1:
            found[words[0]] = module
    if brace:
        for item in inside.rstrip("} \t\n").split(","):
            words = item.replace(":", " as ").split()
            if len(words) == 3 and words[1] == "as":
                found[words[2]] = f"{module}.{words[0]}"
            elif len(words) == 1:
                found[words[0]] = f"{module}.{words[0]}"


def _go(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    line = r'(?m)^[ \t]*(?:import[ \t]+)?(?:([\w.]+)[ \t]+)?"([\w./~-]+)"[ \t]*(?:;[ \t]*)?(?://.*)?$'
    for match in _pattern(line).finditer(text):
        path = match.group(2)
        parts = path.split("/")
        last = parts[-2] if len(parts) > 1 and parts[-1][:1] == "v" and parts[-1][1:].isdigit() else parts[-1]
        found[match.group(1) or last] = path
    return found


def _rust(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for match in _pattern(r"(?m)^[ \t]*(?:pub(?:\([a-z]+\))?[ \t]+)?use[ \t]+([^;]+);").finditer(text):
        _rust_tree("".join(match.group(1).replace(" as ", "@").split()), "", found, 8)
    return found


def _rust_tree(tree: str, prefix: str, found: dict[str, str], depth: int) -> None:
    head, brace, rest = tree.partition("{")
    if brace and depth:
        for item in _split_outside(rest.rsplit("}", 1)[0]):
            _rust_tree(item, prefix + head, found, depth - 1)
        return
    name, _, alias = (prefix + tree).partition("@")
    dotted = name.replace("::", ".").removesuffix(".self")
    if not dotted.endswith("*"):
        found[alias or dotted.rsplit(".", 1)[-1]] = dotted


def _split_outside(text: str) -> list[str]:
    parts, depth, begin = [], 0, 0
    for index, char in enumerate(text):
        depth += (char == "{") - (char == "}")
        if char == "," and not depth:
            parts.append(text[begin:index])
            begin = index + 1
    return [*parts, text[begin:]]


def _kotlin(text: str) -> dict[str, str]:
    found = {}
    for match in _pattern(r"(?m)^[ \t]*import[ \t]+([\w.]+)[ \t]+as[ \t]+(\w+)").finditer(text):
        found[match.group(2)] = match.group(1)
    return found


def _csharp(text: str) -> dict[str, str]:
    found = {}
    for match in _pattern(r"(?m)^[ \t]*using[ \t]+(\w+)[ \t]*=[ \t]*([\w.]+)[ \t]*;").finditer(text):
        found[match.group(1)] = match.group(2)
    return found


_READERS = {
    "python": _python,
    "javascript": _javascript,
    "typescript": _javascript,
    "tsx": _javascript,
    "go": _go,
    "rust": _rust,
    "kotlin": _kotlin,
    "csharp": _csharp,
}
