"""Matching paths against a policy's globs: the syntax of gitignore(5), run on RE2."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

EVERYTHING = ("**",)


def matcher(patterns: Sequence[str]) -> Callable[[str], bool]:
    """A function that says whether a repo-relative path matches `patterns`; of several, the last that matches decides,
    and one that begins with `!` takes back. Raises ValueError for a pattern gitignore does not know."""
    return _matcher(tuple(patterns))


def matching(patterns: Sequence[str], paths: Iterable[str]) -> tuple[str, ...]:
    """The `paths` that match, in their order."""
    matches = matcher(patterns)
    return tuple(path for path in paths if matches(path))


@lru_cache(maxsize=4096)
def _matcher(patterns: tuple[str, ...]) -> Callable[[str], bool]:
    if patterns == EVERYTHING:
        return lambda _: True
    if not patterns:
        return lambda _: False
    from pathspec import GitIgnoreSpec

    spec = GitIgnoreSpec.from_lines(patterns, backend="re2")
    return lambda path: spec.match_file(_plain(path))


def _plain(path: str) -> str:
    """`path` as RE2 can read it: bytes that are no UTF-8, and line feeds, become U+FFFD."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "replace").replace("\n", "\ufffd")
