"""Findings that stood before: a file of them, so that only new ones are shown.

A finding is known by its rule, its file and the words of the line it begins at, never by its place, so that it stays
known while lines above it move; the same line twice counts twice. The file is JSON: `{"version": 1, "findings":
{"PATH": {"RULE": {"FINGERPRINT": count}}}}`, sorted, so that it merges and reads as a diff.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

VERSION = 1
_HEX = 16

Key = tuple[str, str, str]


class BaselineError(ValueError):
    """The file is no baseline; the message says why."""


def fingerprint(text: bytes, start: int) -> str:
    """16 hex digits for the line of byte `start`, its white space aside."""
    begin, end = text.rfind(b"\n", 0, start) + 1, text.find(b"\n", start)
    words = b" ".join(text[begin : end if end >= 0 else len(text)].split())
    return hashlib.sha256(words).hexdigest()[:_HEX]


class Baseline:
    """Known findings, each of which hides one like it."""

    def __init__(self, keys: Iterable[Key] = ()) -> None:
        self._left = Counter(keys)

    @classmethod
    def parse(cls, data: bytes) -> Baseline:
        """The baseline in a file's bytes. Raises `BaselineError`."""
        try:
            document: Any = json.loads(data)
        except (ValueError, RecursionError) as problem:
            raise BaselineError(f"it is no JSON ({problem})") from None
        if not isinstance(document, dict) or document.get("version") != VERSION:
            raise BaselineError(f"its version is not {VERSION}")
        known = cls()
        try:
            for path, rules in document["findings"].items():
                for rule, lines in rules.items():
                    for line, count in lines.items():
                        known._left[path, rule, line] += int(count)
        except (AttributeError, KeyError, TypeError, ValueError):
            raise BaselineError("its findings are not path, rule, fingerprint and count") from None
        return known

    def hides(self, key: Key) -> bool:
        """Whether a finding is known; each known one hides one."""
        if self._left[key] <= 0:
            return False
        self._left[key] -= 1
        return True

    def dump(self) -> bytes:
        """The file."""
        findings: dict[str, dict[str, dict[str, int]]] = {}
        for (path, rule, line), count in sorted(self._left.items()):
            findings.setdefault(path, {}).setdefault(rule, {})[line] = count
        return json.dumps({"version": VERSION, "findings": findings}, indent=1).encode() + b"\n"
